"""A cluster's data in a run are read again as what they were, whatever they are; and nothing strange passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.cluster import Cluster, load_cluster
from central.cluster.kept import kept_cluster
from central.cluster.loading import cluster_of
from runtime.config import ConfigError
from tests.central.cluster_contents import contents

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "cluster.toml"


def kept(cluster: Cluster) -> Any:
    """As a run has them."""
    return msgspec.json.decode(msgspec.json.encode(cluster))


@settings(max_examples=150, deadline=None)
@given(contents())
def test_any_cluster_is_read_again_as_it_was(content: dict[str, Any]) -> None:
    try:
        cluster = cluster_of(content, "made.toml")
    except ConfigError:
        return
    assert kept_cluster(kept(cluster), cluster.settings) == cluster


def test_the_example_is_read_again_whatever_an_older_klaster_lacks_or_a_newer_one_has_besides() -> None:
    cluster = load_cluster(EXAMPLE)
    content = kept(cluster)
    assert kept_cluster(content, cluster.settings) == cluster
    for row in content["points"]:
        row["of_tomorrow"] = 7
    older = {name: value for name, value in content.items() if name not in {"limits", "availability", "settings"}}
    found = kept_cluster(older, cluster.settings)
    assert found.points == cluster.points
    assert found.settings == cluster.settings
    assert found.availability == ()


@given(st.data())
def test_a_value_of_another_kind_is_refused_by_its_name_and_never_taken_for_something_else(data: st.DataObject) -> None:
    cluster = load_cluster(EXAMPLE)
    content = kept(cluster)
    table = data.draw(st.sampled_from(["members", "points", "meters"]))
    row = data.draw(st.sampled_from(content[table]))
    row["valid_from"] = data.draw(st.sampled_from([7, "soon", "2026-13-01", "2026-10-01T00:00:00", [], {}]))
    with pytest.raises((ValueError, TypeError), match=rf"{table}\[\d+\]\.valid_from"):
        kept_cluster(content, cluster.settings)


@pytest.mark.parametrize("content", [None, [], {}, {"name": "x"}, {"name": 7}])
def test_what_is_no_cluster_is_refused(content: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        kept_cluster(content, load_cluster(EXAMPLE).settings)
