"""The cluster's own data, valid in time: what stands in the cluster file (docs/cluster.md documents every key)."""

from central.cluster.loading import cluster_of, load_cluster
from central.cluster.model import (
    MAX_MULTIPLIER,
    Cluster,
    ClusterTable,
    Kind,
    Member,
    Meter,
    PeriodName,
    Point,
    Regime,
)

__all__ = [
    "MAX_MULTIPLIER",
    "Cluster",
    "ClusterTable",
    "Kind",
    "Member",
    "Meter",
    "PeriodName",
    "Point",
    "Regime",
    "cluster_of",
    "load_cluster",
]
