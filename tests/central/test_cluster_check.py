"""The statutory checks of a cluster file: met, not met, not known, each in its stretch of time."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from central.cluster import load_cluster
from central.cluster.statutory import verdicts
from central.cluster.verdict import Verdict
from metering.period import day_start
from metering.point import ppe_check_digit
from runtime.config import ConfigError

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)


def ppe(number: int, operator: str = "3224") -> str:
    first = f"590{operator}{number:010d}"
    return first + str(ppe_check_digit(first))


HEAD = '[cluster]\nname = "T"\nregistered_from = 2026-01-01\n'


def member(name: str, more: str = 'kind = "company"') -> str:
    return f'[[members]]\nid = "{name}"\n{more}\n'


def point(number: int, of: str, more: str = "", *, gmina: str = "1217032", operator: str = "Tauron") -> str:
    told = f'gmina = "{gmina}"\noperator = "{operator}"\nvoltage_kv = 0.4\ncross_border = false\n'
    return f'[[points]]\nid = "{ppe(number)}"\nmember = "{of}"\ndirections = ["drawn"]\n{told}{more}\n'


def read(tmp_path: Path, text: str) -> list[Verdict]:
    (tmp_path / "cluster.toml").write_text(HEAD + text, encoding="utf-8")
    return verdicts(load_cluster(tmp_path / "cluster.toml"), NOW)


def of(found: list[Verdict], rule: str) -> list[tuple[str, str, str | None, str | None]]:
    """State, subject, first and last day or instant of a rule's verdicts."""

    def shown(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return [(one.state.value, one.subject, *map(shown, one.span)) for one in found if one.rule == rule]


def start(year: int, month: int, day: int) -> str:
    return day_start(date(year, month, day)).isoformat()


def test_a_gap_without_a_public_party_is_named_with_its_hours(tmp_path: Path) -> None:
    text = member("g1", 'kind = "gmina"\nvalid_to = 2026-03-01T15:00:00+01:00')
    text += member("g2", 'kind = "powiat"\nvalid_from = 2026-04-01') + member("x") + point(1, "x")
    assert of(read(tmp_path, text), "public_party") == [
        ("met", "", start(2026, 1, 1), "2026-03-01T14:00:00+00:00"),
        ("not_met", "", "2026-03-01T14:00:00+00:00", start(2026, 4, 1)),
        ("met", "", start(2026, 4, 1), None),
    ]


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ('kind = "jst_company"\nseat = "1217032"', "met"),
        ('kind = "jst_company"\nseat = "1217011"', "met"),
        ('kind = "jst_company"\nseat = "1261011"', "not_met"),
        ('kind = "jst_company"', "not_known"),
        ('kind = "jst_subsidiary"', "met"),
        ('kind = "jst_union"', "not_met"),
        ('kind = "company"', "not_met"),
    ],
)
def test_a_municipal_company_counts_where_its_seat_lies_in_the_area(tmp_path: Path, about: str, state: str) -> None:
    found = read(tmp_path, member("a", about) + point(1, "a"))
    assert [row[0] for row in of(found, "public_party")] == [state]


def test_a_second_operator_is_found_in_the_stretch_in_which_it_is_there(tmp_path: Path) -> None:
    contracts = "".join(
        f'[[points.contracts]]\noperator = "{name}"\nvalid_{way} = 2026-05-01\n'
        for name, way in (("Tauron", "to"), ("PGE Dystrybucja", "from"))
    )
    text = member("g", 'kind = "gmina"') + point(1, "g")
    text += f'[[points]]\nid = "{ppe(2)}"\nmember = "g"\ndirections = ["drawn"]\n{contracts}'
    found = read(tmp_path, text)
    assert [row[0] for row in of(found, "one_operator")] == ["met", "not_met"]
    assert of(found, "one_operator")[1][2] == start(2026, 5, 1)
    assert [(row[0], row[1]) for row in of(found, "ppe")] == [("notice", ppe(2))]


def test_voltage_and_borders_are_not_known_where_nobody_said(tmp_path: Path) -> None:
    bare = f'[[points]]\nid = "{ppe(2)}"\nmember = "g"\ndirections = ["drawn"]\n'
    found = read(tmp_path, member("g", 'kind = "gmina"') + point(1, "g") + bare)
    for rule in ("below_110_kv", "no_cross_border_connection", "one_operator", "area"):
        assert [row[0] for row in of(found, rule)] == ["not_known"], rule
    high = bare + "voltage_kv = 110\ncross_border = true\n"
    found = read(tmp_path, member("g", 'kind = "gmina"') + point(1, "g") + high)
    for rule in ("below_110_kv", "no_cross_border_connection"):
        assert [row[:2] for row in of(found, rule)] == [("not_met", ppe(2))], rule


def borders(*pairs: tuple[str, str]) -> str:
    return "".join(f'[[adjacency]]\ngmina = "{a}"\nneighbour = "{b}"\n' for a, b in pairs)


A, B, C = "1217032", "1211022", "1210013"


@pytest.mark.parametrize(
    ("pairs", "reading", "state"),
    [
        ((), "connected", "not_known"),
        (((A, B), (B, C)), "connected", "met"),
        (((A, B), (B, C)), "pairwise", "not_met"),
        (((A, B), (B, C), (C, A)), "pairwise", "met"),
        (((A, B),), "connected", "not_known"),
        (((A, B), (C, "1210062")), "connected", "not_met"),
    ],
)
def test_gminy_of_several_powiaty_must_border_on_one_another(
    tmp_path: Path, pairs: tuple, reading: str, state: str
) -> None:
    text = f'[settings]\nadjacency = "{reading}"\n' + member("g", 'kind = "gmina"')
    text += "".join(point(i, "g", gmina=gmina) for i, gmina in enumerate((A, B, C))) + borders(*pairs)
    assert [row[0] for row in of(read(tmp_path, text), "area")] == [state]


def test_one_powiat_may_have_many_gminy_and_town_and_country_of_one_gmina_are_one(tmp_path: Path) -> None:
    head = member("g", 'kind = "gmina"')
    one = "".join(point(i, "g", gmina=f"12170{i}2") for i in range(1, 8))
    assert [row[0] for row in of(read(tmp_path, head + one), "area")] == ["met"]
    six = "".join(point(i, "g", gmina=f"12{i:02d}012") for i in range(1, 7))
    assert [row[0] for row in of(read(tmp_path, head + six), "area")] == ["not_met"]
    parts = point(1, "g", gmina="1217034") + point(2, "g", gmina="1217035") + point(3, "g", gmina="1211022")
    found = read(tmp_path, head + parts + borders(("121703", "121102")))
    assert [row[0] for row in of(found, "area")] == ["met"]


def test_the_operators_90_days_run_from_the_application(tmp_path: Path) -> None:
    def state(more: str, meter: str = "remote_read = false") -> tuple[str, str]:
        text = member("g", 'kind = "gmina"') + point(1, "g", more)
        text += f'[[meters]]\nserial = "1"\npoint = "{ppe(1)}"\nrole = "settlement"\n{meter}\n'
        found = [one for one in read(tmp_path, text) if one.rule == "remote_read_meter"]
        assert len(found) == 1
        return found[0].state.value, found[0].text

    assert state("", "remote_read = true")[0] == "met"
    assert state("")[0] == "not_known"
    # 2026-06-01 is the 90th day after 2026-03-03, and the 91st after 2026-03-02.
    assert state("remote_read_requested = 2026-03-03")[0] == "notice"
    assert "0 days left" in state("remote_read_requested = 2026-03-03")[1]
    assert state("remote_read_requested = 2026-03-02")[0] == "not_met"
    assert "1 day over" in state("remote_read_requested = 2026-03-02")[1]
    assert state("remote_read_requested = 2026-03-02", "")[0] == "not_known"


def test_agreement_and_authorisations_have_terms(tmp_path: Path) -> None:
    text = member("g", 'kind = "gmina"') + point(1, "g")
    text += '[[agreements]]\nid = "a"\nwritten = true\nelements = [1, 2, 4, 5, 6]\nvalid_to = 2026-07-01\n'
    text += '[[authorisations]]\nmember = "g"\nvalid_from = 2026-02-01\n'
    found = read(tmp_path, text)
    assert [row[0] for row in of(found, "agreement")] == ["met", "notice"]
    assert [row[0] for row in of(found, "written_form")] == ["met"]
    elements = next(one for one in found if one.rule == "elements")
    assert (elements.state.value, elements.text) == ("not_met", "lacks pkt 3")
    ends = next(one for one in found if one.rule == "agreement_ends")
    assert "ends in 30 days" in ends.text
    assert of(found, "authorisation") == [
        ("not_met", "g", start(2026, 1, 1), start(2026, 2, 1)),
        ("met", "g", start(2026, 2, 1), None),
    ]


def test_an_agreement_that_has_ended_is_not_met(tmp_path: Path) -> None:
    text = member("g", 'kind = "gmina"') + point(1, "g") + '[[agreements]]\nid = "a"\nvalid_to = 2026-05-01\n'
    found = read(tmp_path, text)
    assert [row[0] for row in of(found, "agreement")] == ["met", "not_met"]
    assert of(found, "agreement")[1][2] == start(2026, 5, 1)


def test_a_change_to_net_billing_within_a_quarter_is_told(tmp_path: Path) -> None:
    def change(day: str) -> list:
        regimes = f'[[members.regimes]]\nregime = "net_metering"\nvalid_to = {day}\n'
        regimes += f'[[members.regimes]]\nregime = "net_billing"\nvalid_from = {day}\n'
        return of(read(tmp_path, member("p", f'kind = "person"\n{regimes}') + point(1, "p")), "change_of_regime")

    assert change("2026-04-01") == []
    assert [row[:2] for row in change("2026-05-01")] == [("not_met", "p")]
    assert [row[:2] for row in change("2026-04-01T01:00:00+02:00")] == [("not_met", "p")]


def problems(tmp_path: Path, text: str) -> str:
    (tmp_path / "cluster.toml").write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_cluster(tmp_path / "cluster.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (member("a", "valid_from = 2026-01-01T10:30:00+01:00"), "off the full hour"),
        (member("a", "valid_from = 2026-01-01T10:00:00"), "needs an offset"),
        (member("a", 'valid_from = "2026-01-01"'), "without quotes"),
        (member("a", 'nip = "1234563219"'), "its check digit is 9, but 123456321 needs 8"),
        (member("a", 'seat = "0117032"'), "TERYT"),
        (member("a", 'regime = "none"\n[[members.regimes]]\nregime = "none"'), "only one of both"),
        (
            member("a", '[[members.regimes]]\nregime = "none"\n[[members.regimes]]\nregime = "net_billing"'),
            "members[1].regimes[2].regime",
        ),
        (member("a") + member("b") + point(1, "a") + point(1, "b"), "stands already in points[1] (member a)"),
        (member("a") + point(1, "b"), "no member has this id: give the member's row back"),
        (member("a") + point(1, "a", f'[[points.aliases]]\ncode = "{ppe(1)}"'), "is the id of points[1]"),
        (member("a") + '[[eligibility]]\nmember = "a"\npoint = "x"\neligible = true\n', "no point has this id"),
        (member("a") + borders((A, A)), "is the gmina itself"),
        (member("a") + '[[agreements]]\nid = "x"\nelements = [7]\n', "art. 38aa ust. 2"),
    ],
)
def test_what_cannot_be_so_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    if "[[points]]" not in text:
        text += point(9, "a")
    assert said in problems(tmp_path, text)


def test_problems_of_all_tables_come_at_once(tmp_path: Path) -> None:
    text = member("a", 'nip = "1"') + point(1, "z", "contracted_kw = -1") + borders((A, A))
    text += '[[authorisations]]\nmember = "q"\n'
    said = problems(tmp_path, text)
    for place in ("members[1].nip", "points[1].member", "points[1].contracted_kw", "adjacency[1]", "authorisations[1]"):
        assert place in said


def test_the_command_exits_1_where_something_is_not_met(tmp_path: Path) -> None:
    def run(text: str) -> tuple[int, dict]:
        (tmp_path / "cluster.toml").write_text(HEAD + text, encoding="utf-8")
        command = [sys.executable, "-m", "central", "cluster", "check", str(tmp_path / "cluster.toml"), "--json"]
        done = subprocess.run([*command, "--day", "2026-06-01"], capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    code, answer = run(member("g", 'kind = "gmina"') + point(1, "g"))
    assert code == 0
    assert {row["state"] for row in answer["verdicts"]} == {"met", "not_known"}
    code, answer = run(member("x") + point(1, "x"))
    assert code == 1
    unmet = [row for row in answer["verdicts"] if row["state"] == "not_met"]
    assert [(row["rule"], row["from"]) for row in unmet] == [("public_party", "2026-01-01T00:00:00+01:00")]
