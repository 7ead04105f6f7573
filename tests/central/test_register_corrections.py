"""A correction that is exported holds what it corrects: a third party sees what changed, and nothing can be put in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from central.register.exporting import export
from central.register.keeping import Register
from central.register.lineage import verify_lineage
from central.register.making import Asked
from central.register.manifest import CORRECTED, ChangedError, Entry, RunError, encode, read_manifest, sealed, sha256
from central.register.opening import ROW, open_run
from central.register.parcel import read_parcel
from tests.central.made_month import asked, central
from tests.central.made_runs import NOW, make_runs, packed


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with an approved final and two corrections of it, and the exports of each."""
    folder = tmp_path_factory.mktemp("corrected")
    register = Register(folder / "register")
    first = make_runs(folder)
    register.approve(register.run(first), "Ola", "", NOW)
    make_runs(folder, asked=Asked(kind="final", by="Ola"))
    for change in (500, 900):
        make_runs(folder, change, asked=Asked(kind="correction", by="Jan", reason="a late stand"))
    for name in ("final", "correction-1", "correction-2"):
        export(register.run(f"2026-10-{name}"), folder / f"{name}.klaster")
    return folder


def files_of(path: Path) -> dict[str, bytes]:
    return {name: bytes(content) for name, content in read_parcel(memoryview(path.read_bytes()), "made").items()}


def test_a_third_party_verifies_an_exported_correction_its_base_and_the_difference_with_the_program_alone(
    corrected: Path, tmp_path: Path
) -> None:
    shutil.copy(corrected / "correction-2.klaster", tmp_path / "it.klaster")
    program = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    clean = {"PATH": os.defpath, "NO_COLOR": "1", "COLUMNS": "200"} | program

    def alone(*words: str, code: int = 0) -> str:
        return central(*words, code=code, cwd=tmp_path, env=clean)

    answer = json.loads(alone("verify", "it.klaster", "--json"))
    assert answer["equal"]
    assert answer["run"] == "2026-10-correction-2"
    assert [(one["run"], one["equal"]) for one in answer["corrected"]] == [
        ("2026-10-correction-1", True),
        ("2026-10-final", True),
    ]
    assert answer["corrected"][-1]["approved_by"] == "Ola"
    assert [one["effect"]["drawn_wh"] for one in answer["changes"]] == [400, 500]
    assert [[step["cause"] for step in one["steps"]] for one in answer["changes"]] == [["readings"], ["readings"]]
    said = json.loads(alone("diff", "it.klaster", "--json", code=1))
    assert (said["before"], said["after"]) == ("2026-10-correction-1", "2026-10-correction-2")
    (reading,) = said["causes"]["readings"]
    assert reading["after_wh"] - reading["before_wh"] == 400
    text = alone("verify", "it.klaster")
    assert "corrects 2026-10-correction-1; not approved" in text
    assert "2026-10-final → 2026-10-correction-1" in text
    # What lies inside is the very export of the run that is corrected.
    assert files_of(corrected / "correction-1.klaster")[CORRECTED] == (corrected / "final.klaster").read_bytes()


def test_a_correction_exported_alone_verifies_and_says_what_it_lacks(corrected: Path, tmp_path: Path) -> None:
    """So is every correction that an older klaster exported."""
    place, out = corrected / "register", tmp_path / "alone.klaster"
    assert asked("runs", "export", place, "2026-10-correction-1", "--alone", "--out", out)["with"] == []
    answer = asked("verify", out)
    assert (answer["equal"], answer["corrected"], answer["corrected_lacking"]) == (True, [], "2026-10-final")
    assert "isn't in the file" in central("diff", out, code=2)
    asked("diff", corrected / "final.klaster", out, code=1)
    asked("diff", place, "2026-10-correction-1", code=1)
    assert "corrects none" in central("diff", corrected / "final.klaster", code=2)


def test_a_correction_of_an_older_klaster_which_names_its_base_without_a_digest_verifies(
    corrected: Path, tmp_path: Path
) -> None:
    files = files_of(corrected / "correction-1.klaster")
    path = tmp_path / "older.klaster"
    path.write_bytes(packed(undigested(files)))
    found = verify_lineage(open_run(path))
    assert found.equal
    assert [one.run for one in found.verified] == ["2026-10-correction-1", "2026-10-final"]


def test_no_other_run_can_be_put_in_the_place_of_the_one_that_is_corrected(corrected: Path, tmp_path: Path) -> None:
    """Neither a final that is honest in itself, nor anything in a run that corrects nothing."""
    other = tmp_path / "other"
    other.mkdir()
    register = Register(other / "register")
    register.approve(register.run(make_runs(other, 7)), "Ola", "", NOW)
    make_runs(other, 7, asked=Asked(kind="final", by="Ola"))
    export(register.run("2026-10-final"), other / "final.klaster")
    assert verify_lineage(open_run(other / "final.klaster")).equal
    honest = files_of(corrected / "correction-1.klaster")
    path = tmp_path / "forged.klaster"

    def refused(files: dict[str, bytes], match: str) -> None:
        path.write_bytes(packed(files))
        with pytest.raises(ChangedError, match=match):
            verify_lineage(open_run(path))

    refused(honest | {CORRECTED: (other / "final.klaster").read_bytes()}, "put in from elsewhere")
    own = (corrected / "correction-1.klaster").read_bytes()
    refused(undigested(honest) | {CORRECTED: own}, "put in from elsewhere")
    refused(files_of(corrected / "final.klaster") | {CORRECTED: own}, "aren't those that the run names")


def test_a_changed_byte_of_the_run_inside_is_found(corrected: Path, tmp_path: Path) -> None:
    files = files_of(corrected / "correction-1.klaster")
    inner, path = files[CORRECTED], tmp_path / "changed.klaster"
    for i in range(0, len(inner), len(inner) // 60):
        path.write_bytes(packed({**files, CORRECTED: inner[:i] + bytes([inner[i] ^ 1]) + inner[i + 1 :]}))
        with pytest.raises(RunError, match=CORRECTED):
            verify_lineage(open_run(path))


def undigested(files: dict[str, bytes]) -> dict[str, bytes]:
    """As a klaster wrote it that didn't say the digest of what is corrected, with every digest made anew."""
    manifest = read_manifest(files["run.json"], "made")
    assert manifest.corrects_digest != msgspec.UNSET
    content = encode(msgspec.structs.replace(manifest, corrects_digest=msgspec.UNSET))
    assert b"corrects_digest" not in content
    row = msgspec.structs.replace(msgspec.json.decode(files[ROW], type=Entry), manifest=sha256(content))
    return {**files, "run.json": content, ROW: encode(sealed(row))}
