"""Which central is which: restarts keep its name, copies and clones have another; two of them are a finding for a while."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from central import installation
from central.checks import of_intake
from central.evidence import IntakeSeen
from central.gateways import GatewayTable
from central.installation import central_name
from tests.central.stands import T0


def test_a_restart_keeps_the_name_and_every_copy_or_clone_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, boot = tmp_path / "data", tmp_path / "boot_id"
    data.mkdir()
    boot.write_text("one start\n", encoding="ascii")
    monkeypatch.setattr(installation, "_BOOT", boot)
    name = central_name(data)
    assert central_name(data) == name
    shutil.copytree(data, tmp_path / "copied")
    assert central_name(tmp_path / "copied") != name
    # A clone of the machine has the same folder with the same content, and was started on its own.
    boot.write_text("another start\n", encoding="ascii")
    assert central_name(data) != name
    boot.unlink()
    assert central_name(data) not in {name, ""}


@pytest.mark.parametrize("serving", [True, False])
def test_another_central_is_a_finding_with_both_names_until_it_is_unheard_for_five_minutes(
    tmp_path: Path, serving: bool
) -> None:
    table = GatewayTable(tmp_path / "gateways.sqlite")
    assert table.another() is None
    for minutes in (0, 2):
        table.another_came("here 11", "there 22", T0 + timedelta(minutes=minutes), serving=serving)
    for minutes, count in ((3, 1), (8, 0)):
        found = of_intake(IntakeSeen(now=T0 + timedelta(minutes=minutes), another=table.another()))
        assert [(one.kind, one.first, one.second) for one in found] == [
            ("another_central", "here 11", "there 22")
        ] * count
        assert [one.since for one in found] == [T0] * count
        said = "the other is kept off" if serving else "takes none in"
        assert all(said in one.text for one in found)
    table.close()
