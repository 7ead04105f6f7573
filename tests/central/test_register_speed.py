"""What makes runs fast changes nothing: rows in lines have the digests and the settlement that rows in any order have."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.register.digests import KEYS, canonical_order, digests
from central.register.opening import Run, open_run
from central.settlement import settle
from tests.central.made_runs import make_runs

HOUR = 3600
NAMES = st.text("AbZ0ż€", min_size=1, max_size=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("speed")
    return open_run(folder / "register" / "runs" / make_runs(folder))


def plainly(table: pa.Table, name: str) -> dict[str, str]:
    """The digests as their description says it, row by row in plain Python."""
    rows = table.to_pylist()
    keys = [key for key in KEYS.get(name, ()) if key in table.schema.names]
    order = [*keys, *(one for one in table.schema.names if one not in keys)]

    def rank(value: object) -> tuple[bool, object]:
        return (value is not None, value.encode() if isinstance(value, str) else value or 0)

    rows.sort(key=lambda row: tuple(rank(row[one]) for one in order))
    found = {}
    for field in table.schema:
        values = [row[field.name] for row in rows]
        content = bytearray()
        if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type):
            words = sorted({value.encode() for value in values if value is not None})
            for word in words:
                content += len(word).to_bytes(4, "little") + word
            if len(words) != 1 or None in values:
                for value in values:
                    place = -1 if value is None else words.index(value.encode())
                    content += place.to_bytes(4, "little", signed=True)
        else:
            nulls = [value is None for value in values]
            if any(nulls):
                bits = "".join(str(int(one)) for one in nulls)
                bits += "0" * (-len(bits) % 8)
                content += b"nulls" + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
            for value in values:
                number = int(value.timestamp()) if hasattr(value, "timestamp") else int(value or 0)
                content += number.to_bytes(8, "little", signed=True)
        found[field.name] = hashlib.sha256(content).hexdigest()
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["drawn", "injected"])), min_size=1, max_size=6, unique=True),
    st.integers(1, 40),
    st.sampled_from(["energies", "shares", "hours", "rates"]),
    st.booleans(),
    st.integers(0, 2**30),
)
def test_digests_are_those_of_the_plain_description_however_the_rows_lie(
    lines: list[tuple[str, str]], count: int, name: str, nulls: bool, seed: int
) -> None:
    r = random.Random(seed)
    rows = [
        {
            "point": point,
            "direction": way,
            "start": i * HOUR,
            "wh": None if nulls and r.random() < 0.2 else r.randrange(-3, 10**12),
            "status": None if nulls and r.random() < 0.2 else r.choice(["complete", "incomplete"]),
        }
        for point, way in lines
        for i in range(count)
    ]
    schema = pa.schema(
        [
            ("point", pa.dictionary(pa.int32(), pa.string())),
            ("direction", pa.string()),
            ("start", pa.timestamp("s", "UTC")),
            ("wh", pa.int64()),
            ("status", pa.string()),
        ]
    )
    lying = pa.Table.from_pylist(rows, schema)
    wanted = plainly(lying, name)
    assert digests(lying, name) == wanted
    assert digests(pa.concat_tables([lying.slice(0, 3), lying.slice(3)]), name) == wanted
    r.shuffle(rows)
    assert digests(pa.Table.from_pylist(rows, schema), name) == wanted
    order = canonical_order(lying, name)
    if name == "energies":
        ordered = (lying if order is None else lying.take(pa.array(order))).to_pylist()
        keys = [(one["point"].encode(), one["direction"], one["start"]) for one in ordered]
        assert all(one < other for one, other in pairwise(keys))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**30))
def test_energies_in_lines_are_settled_as_those_in_any_order(run: Run, seed: int) -> None:
    inputs = run.inputs()
    table = inputs["energies"].combine_chunks()
    order = list(range(table.num_rows))
    random.Random(seed).shuffle(order)
    lines = list(range(0, table.num_rows, 745))
    random.Random(seed).shuffle(lines)
    in_lines = table.take(pa.array([i + k for i in lines for k in range(745)])).combine_chunks()
    wanted = run.outputs()
    for energies in (in_lines, table.take(pa.array(order)), in_lines.cast(plain_schema(in_lines.schema))):
        made = settle({**inputs, "energies": energies}, run.settings)
        for name, kept in wanted.items():
            assert digests(made[name], name) == digests(kept, name), name


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Words as they are, without a dictionary."""
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in schema]
    )


def test_two_energies_for_one_hour_are_refused_in_lines_too(run: Run, tmp_path: Path) -> None:
    table = run.inputs()["energies"].combine_chunks()
    twice = pa.concat_tables([table, table.slice(0, 745)]).unify_dictionaries().combine_chunks()
    with pytest.raises(ValueError, match="two drawn energies"):
        settle({**run.inputs(), "energies": twice}, run.settings)
