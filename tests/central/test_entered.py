"""Stands that people read at an exchange, from the cluster file to the energies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from central.energies import energies_of
from central.master import load_master, master_tables
from central.readings import STANDS
from runtime.config import ConfigError
from tests.central.test_energies import stand

HEAD = """
[cluster]
name = "T"
registered_from = 2025-01-01
[[members]]
id = "A"
[[points]]
id = "P1"
member = "A"
directions = ["drawn"]
"""
OLD = """
[[meters]]
serial = "M1"
point = "P1"
role = "settlement"
valid_to = 2026-06-01T05:00:00+02:00
closing = { "1-0:1.8.0" = "5.16" }
"""
NEW = """
[[meters]]
serial = "M2"
point = "P1"
role = "settlement"
multiplier = 10
valid_from = 2026-06-01T05:00:00+02:00
opening = { "1-0:1.8.0" = "0.068" }
"""


def test_the_displays_kwh_at_an_exchange_make_its_hour_whole(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text(HEAD + OLD + NEW, encoding="utf-8")
    cluster, _ = load_master(file, None)
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter="M2"), stand(4, "80", meter="M2")]
    tables = {**master_tables(cluster, ()), "stands": pa.Table.from_pylist(stands, STANDS)}
    rows = energies_of(tables)["energies"].to_pylist()
    assert {row["start"]: row["wh"] for row in rows} == {
        datetime(2026, 6, 1, 1, tzinfo=UTC): 100,
        datetime(2026, 6, 1, 2, tzinfo=UTC): 60 + 20,
        datetime(2026, 6, 1, 3, tzinfo=UTC): 100,
    }


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('"5.16"', '"5,16"', 'meters[1].closing."1-0:1.8.0" = "5,16": expected kWh as the display shows them'),
        ('"5.16"', "5.16", "meters[1].closing"),
        (
            '"1-0:1.8.0" = "5.16"',
            '"1-0:3.8.0" = "5.16"',
            'meters[1].closing = "1-0:3.8.0": expected 1-0:1.8.0 or 1-0:2.8.0',
        ),
        ("valid_to = 2026-06-01T05:00:00+02:00\n", "", "meters[1].closing: is the stand at valid_to, which is missing"),
    ],
)
def test_an_entered_stand_that_cannot_be_one_is_named(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text(HEAD + OLD.replace(wrong, right), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_master(file, None)
    assert said in str(error.value)
