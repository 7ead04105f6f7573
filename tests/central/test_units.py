"""The units, the example configuration and the access list that are shipped go together."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"


def unit(name: str) -> list[str]:
    return [line for line in (UNITS / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def test_all_that_the_service_writes_lies_where_its_unit_lets_it_write() -> None:
    lines = unit("klaster-central.service")
    assert "ProtectSystem=strict" in lines
    (folder,) = [line.partition("=")[2] for line in lines if line.startswith("StateDirectory=")]
    example = tomllib.loads((ROOT / "deploy" / "examples" / "central.toml").read_text(encoding="utf-8"))["central"]
    place = Path("/var/lib") / folder
    assert Path(example["data_dir"]) == place
    # The history of the cluster file lies beside it.
    assert Path(example["cluster"]).parent == place


def test_the_unit_of_one_of_several_clusters_is_as_strict_and_has_its_own_user_folder_and_configuration() -> None:
    one, several = unit("klaster-central.service"), unit("klaster-central@.service")
    assert sorted(set(several) - set(one)) == [
        "Description=klaster central of cluster %i: journal, readings, balance and page",
        "ExecStart=/usr/bin/klaster-central serve /etc/klaster/%i/central.toml",
        "StateDirectory=klaster-central/%i",
        "User=klaster-%i",
    ]
    assert len(one) == len(several)


def test_no_line_of_a_clusters_access_list_reaches_another_cluster() -> None:
    for line in (ROOT / "deploy" / "mosquitto" / "cluster.acl").read_text(encoding="utf-8").splitlines():
        words = line.removeprefix("# ").split()
        if words[:1] == ["topic"]:
            assert words[2].startswith("klaster/v1/CLUSTER/")
        elif words[:1] == ["user"]:
            assert words[1].startswith("CLUSTER/")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with programs that are there: nothing else of them is changed."""
    for file in UNITS.iterdir():
        text = file.read_text(encoding="utf-8").replace("/usr/bin/klaster-", f"{Path(sys.executable).parent}/klaster-")
        (tmp_path / file.name.replace("@.", "@alfa.")).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_understands_every_line_of_every_unit(installed: Path) -> None:
    for name in sorted(one.name for one in installed.iterdir()):
        done = analyze("verify", f"./{name}", folder=installed)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), name
    broken = installed / "broken.service"
    broken.write_text((installed / "klaster-central.service").read_text(encoding="utf-8").replace("=strict", "=most"))
    assert "protect system" in analyze("verify", "./broken.service", folder=installed).stderr


@pytest.mark.parametrize(
    ("name", "tenths"),
    [("klaster-central.service", 15), ("klaster-central@alfa.service", 15), ("klaster-gateway.service", 21)],
)
def test_no_unit_is_more_exposed_than_it_was(installed: Path, name: str, tenths: int) -> None:
    """In tenths of systemd's own measure, from 0 (nothing) to 100 (everything)."""
    words = ("security", "--offline=true", "--no-pager", f"--threshold={tenths}", f"./{name}")
    done = analyze(*words, folder=installed)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
