"""Read a cluster file: all problems of all tables at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from central.cluster.beside import contradictions_beside
from central.cluster.contradictions import contradictions
from central.cluster.model import Cluster, ClusterFile
from central.limits import read_limits
from central.settings import read_settings
from runtime.config import ConfigError, build, read_toml


def load_cluster(path: Path) -> Cluster:
    """Read a cluster file.

    Raises:
        ConfigError: with every problem in it.
    """
    return cluster_of(read_toml(path), str(path))


def cluster_of(content: dict[str, Any], file: str) -> Cluster:
    """The cluster of parsed TOML, or of sheets that say the same; ``file`` is named in problems.

    Raises:
        ConfigError: with every problem in it.
    """
    content = dict(content)
    settings, problems = read_settings(content.pop("settings", {}), file)
    limits, unfit = read_limits(content.pop("validation", {}), file)
    problems += unfit
    try:
        read = build(content, ClusterFile, file)
    except ConfigError as error:
        beside = contradictions_beside(content, error.problems, file)
        raise ConfigError(problems + error.problems + beside) from error
    problems += contradictions(read, file)
    if problems:
        raise ConfigError(problems)
    return Cluster(
        name=read.cluster.name,
        period=read.cluster.period,
        registered_from=read.cluster.registered_from,
        applied_to_operator=read.cluster.applied_to_operator,
        settings=settings,
        limits=limits,
        members=read.members,
        points=read.points,
        meters=read.meters,
        installations=read.installations,
        agreements=read.agreements,
        authorisations=read.authorisations,
        eligibility=read.eligibility,
        adjacency=read.adjacency,
        coordinator=read.coordinator,
        calls=read.calls,
        filings=read.filings,
        register_number=read.cluster.register_number,
        activity=read.cluster.activity,
        area=read.cluster.area,
        full_load_hours=read.full_load_hours,
        demand_estimates=read.demand_estimates,
        availability=read.availability,
        conditions_failed=read.conditions_failed,
        struck_off=read.cluster.struck_off,
    )
