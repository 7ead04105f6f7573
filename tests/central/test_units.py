"""The units, the example configuration and the access list that are shipped go together."""

from __future__ import annotations

import tomllib
from pathlib import Path

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
