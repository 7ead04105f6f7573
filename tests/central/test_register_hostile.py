"""Exported runs from anyone: no changed byte passes, no container does harm, and no changed number is ever 'equal'."""

from __future__ import annotations

import io
import os
import resource
import zipfile
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.register.cli import verify as command
from central.register.digests import digests
from central.register.manifest import ChangedError, Entry, Kept, RunError, encode, sealed, sha256
from central.register.opening import ROW, open_run
from central.register.tables_file import parquet_bytes
from central.register.verifying import verify
from tests.central.made_runs import exported, packed, resealed

TABLES = ("in/energies", "in/points", "in/periods", "in/rates", "out/hours", "out/shares", "out/charges", "out/totals")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def honest(place: Path) -> dict[str, bytes]:
    return exported(place)


@pytest.fixture(scope="module")
def whole(honest: dict[str, bytes]) -> bytes:
    return packed(honest)


def written(place: Path, content: bytes) -> Path:
    path = place / "it.klaster"
    path.write_bytes(content)
    return path


PLACES = st.floats(0, 1, exclude_max=True)


@settings(max_examples=300, deadline=None)
@given(PLACES, st.sampled_from(["flip", "insert", "remove", "cut", "append", "twice"]), st.binary(min_size=1))
def test_any_changed_byte_of_an_exported_run_is_found(
    place: Path, whole: bytes, at: float, how: str, some: bytes
) -> None:
    i = int(at * len(whole))
    end = i + len(some)
    flipped = whole[:i] + bytes([whole[i] ^ (some[0] or 1)]) + whole[i + 1 :]
    changed = {
        "flip": flipped,
        "insert": whole[:i] + some + whole[i:],
        "remove": whole[:i] + whole[end:],
        "cut": whole[:i],
        "append": whole + some,
        "twice": whole[:end] + whole[i:],
    }[how]
    if changed == whole:
        return
    with pytest.raises(RunError):
        verify(open_run(written(place, changed)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_changed_in_a_container_made_anew_is_named(
    place: Path, honest: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(set(honest) - {"row.json", "run.json"})))
    changed = mutated(honest[name], data)
    with pytest.raises(ChangedError, match=name):
        verify(open_run(written(place, packed({**honest, name: changed}))))


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_table_changed_with_all_digests_of_bytes_made_anew_never_passes_with_another_number(
    place: Path, honest: dict[str, bytes], data: st.DataObject
) -> None:
    table = data.draw(st.sampled_from(TABLES))
    name = f"{table}.parquet"
    changed = mutated(honest[name], data)
    before = open_run(written(place, packed(honest)))
    kept = msgspec.structs.replace(before.manifest.files[name], sha256=sha256(changed), size=len(changed))
    path = place / "changed.klaster"
    path.write_bytes(packed(resealed({**honest, name: changed}, {name: kept})))
    try:
        found = verify(open_run(path))
    except RunError:
        return
    if found.equal:
        where, key = table.split("/")
        one, other = ((run.inputs() if where == "in" else run.outputs())[key] for run in (before, open_run(path)))
        assert one.to_pylist() == other.to_pylist()


def mutated(content: bytes, data: st.DataObject) -> bytes:
    i = data.draw(st.integers(0, len(content) - 1))
    return content[:i] + bytes([content[i] ^ data.draw(st.integers(1, 255))]) + content[i + 1 :]


def with_table(honest: dict[str, bytes], name: str, table: pa.Table, content: bytes | None = None) -> dict[str, bytes]:
    """A table put in the place of another, with every digest made anew: of bytes, columns, run and row."""
    content = bytes(parquet_bytes(table)) if content is None else content
    kept = Kept(
        sha256=sha256(content),
        size=len(content),
        rows=table.num_rows,
        columns=digests(table, name.split("/")[1]),
    )
    return resealed({**honest, f"{name}.parquet": content}, {f"{name}.parquet": kept})


@pytest.mark.parametrize(
    ("name", "column", "row", "value"),
    [
        ("out/hours", "covered_wh", 12, 7),
        ("out/shares", "relieved_wh", 40, 7),
        ("out/charges", "full_zl", 0, "1000000.00"),
        ("in/energies", "wh", 0, 7),
        ("in/points", "member", 2, "F"),
        ("in/rates", "zl_per_kwh", 0, "0.3"),
    ],
)
def test_wrong_numbers_whose_digests_all_agree_are_found_by_settling(
    place: Path, honest: dict[str, bytes], name: str, column: str, row: int, value: int | str
) -> None:
    run = open_run(written(place, packed(honest)))
    where, key = name.split("/")
    table = (run.inputs() if where == "in" else run.outputs())[key]
    field, values = table.schema.field(column), table[column].to_pylist()
    assert values[row] != value
    values[row] = value
    forged = table.set_column(table.schema.names.index(column), field, pa.array(values, field.type))
    found = verify(open_run(written(place, packed(with_table(honest, name, forged)))))
    assert not found.equal
    assert found.differences


def strange_containers(honest: dict[str, bytes], whole: bytes) -> dict[str, tuple[bytes, int]]:
    """By what is strange: the bytes and the exit code."""

    def zipped(*rows: tuple[str, bytes], mode: int = 0o644, how: int = zipfile.ZIP_STORED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", how) as file:
            for name, content in rows:
                info = zipfile.ZipInfo(name)
                info.external_attr, info.compress_type = mode << 16, how
                file.writestr(info, content)
        return out.getvalue()

    huge = bytearray(whole)
    huge[18:26] = b"\xff" * 8
    many = {f"a{i}.json": b"{}" for i in range(200)}
    without = {name: content for name, content in honest.items() if name != "in/energies.parquet"}
    empty = pa.table({"point": pa.nulls(60_000_000, pa.string())})
    lying = pq.read_table(io.BytesIO(honest["in/points.parquet"])).slice(0, 0)
    nulls = bytes(parquet_bytes(empty))
    kept = Kept(sha256=sha256(nulls), size=len(nulls), rows=60_000_000)
    long = pa.table({"start": pa.array(range(0, 3600 * 4_000, 3600)).cast(pa.timestamp("s", "UTC"))})
    long = long.append_column("month", pa.repeat(pa.scalar("2026-10"), 4_000))
    return {
        "a zip bomb": (zipped(("row.json", b"0" * 30_000_000), how=zipfile.ZIP_DEFLATED), 1),
        "a name that leads out": (zipped(("../../row.json", b"{}")), 1),
        "an absolute name": (zipped(("/etc/row.json", b"{}")), 1),
        "a symlink": (zipped(("row.json", b"/etc/passwd"), mode=0o120777), 1),
        "one name twice": (packed(honest)[:-22] + packed(honest), 1),
        "a huge declared size": (bytes(huge), 1),
        "no run in it": (packed({"rates.json": b"[]"}), 2),
        "too many files": (packed(many), 2),
        "a missing member": (packed(without), 1),
        "an empty zip": (zipped(), 2),
        "nothing": (b"", 2),
        "something else": (os.urandom(3000), 2),
        "text": (b"[cluster]\nname = 1\n", 2),
        "a row that is no row": (packed({**honest, "row.json": b"[" * 100_000}), 2),
        "a table of other columns": (packed(with_table(honest, "in/points", empty.slice(0, 3))), 1),
        "a table without rows": (packed(with_table(honest, "in/cluster", lying)), 1),
        "many rows in few bytes": (
            packed(resealed({**honest, "in/points.parquet": nulls}, {"in/points.parquet": kept})),
            1,
        ),
        "more periods than a month has": (packed(with_table(honest, "in/periods", long)), 1),
    }


def test_a_strange_container_gives_one_message_an_exit_code_and_takes_little_memory(
    place: Path, honest: dict[str, bytes], whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = strange_containers(honest, whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what, (content, code) in cases.items():
        with pytest.raises(SystemExit) as ended:
            command.main([str(written(place, content))], standalone_mode=False)
        said = capsys.readouterr()
        assert ended.value.code == code, (what, said.err)
        assert said.err.count("\n") == 1, (what, said.err)
        assert not said.out, (what, said.out)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 2e9


def test_what_is_no_file_gives_one_message(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(place / "pipe")
    (place / "link").symlink_to(place / "nowhere")
    for path in (place / "pipe", place / "link", place / "absent", place, Path("/dev/zero")):
        with pytest.raises(SystemExit) as ended:
            command.main([str(path)], standalone_mode=False)
        said = capsys.readouterr().err
        assert ended.value.code == 2, (path, said)
        assert str(path) in said.replace("\n", "")


def test_a_run_of_a_newer_klaster_is_called_so_whatever_else_is_new_in_it(
    place: Path, honest: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    newer = honest["run.json"].replace(b'"format":1', b'"format":2,"what_is_new":[1]')
    row = msgspec.structs.replace(msgspec.json.decode(honest[ROW], type=Entry), manifest=sha256(newer))
    content = packed({**honest, "run.json": newer, ROW: encode(sealed(row))})
    with pytest.raises(SystemExit) as ended:
        command.main([str(written(place, content))], standalone_mode=False)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert "its format is 2, this klaster knows 1: a newer klaster reads it" in said.err
