"""Numbers of a month explained down to the bytes of the journal; what doesn't add up is told, whatever is asked."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from central.cli import main
from central.explaining.answer import explained
from central.explaining.case import Case, Tables
from central.explaining.evidence import BooksEvidence, case_of
from central.explaining.explain import explain
from central.explaining.question import QUANTITIES, Asked, QuestionError, asked
from central.explaining.step import Raw, Step, View
from central.explaining.stored import OF_ROW
from central.explaining.telling import plain
from metering.period import Month, day_start, local_text
from metering.wire import StandOnWire, digest
from tests.central.explained_books import CLUSTER, DAY, DAYS, Explained, explained_books
from tests.central.made_books import AFTER, EXPORT, IMPORT, Made, StoppedClock, served, stand
from tests.central.test_storage_books import BATTERY
from tests.central.test_storage_books import CLUSTER as STORING

MONTH = Month(2026, 6)
ALL = View(12, None)
POINTS, MEMBERS = ("A1", "A2", "B1", "F1"), ("A", "B", "F")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    books = explained_books(tmp_path_factory.mktemp("explained"))
    books.take(books.stands())
    return books


@pytest.fixture(scope="module")
def case(made: Explained) -> Case:
    return case_of(made.books(), MONTH)


def start(hour: int) -> int:
    return int((day_start(DAY) + timedelta(hours=hour)).timestamp())


def below(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from below(part)


def raws(step: Step) -> list[Raw]:
    return [one.raw for one in below(step) if one.raw is not None]


def test_every_relief_of_the_month_adds_up_from_groszy_to_stands(case: Case) -> None:
    tree = explain(case, Asked(month=MONTH, quantity="relief"), ALL)
    assert tree.disagreements == []
    charges = case.tables.outputs["charges"]
    known = [Decimal(text) for text in charges["relief_zl"].to_pylist() if text is not None]
    assert tree.value == f"{sum(known):.2f}"
    assert Decimal(tree.value) > 0
    assert len(raws(tree)) > 100


@pytest.mark.parametrize("seed", range(6))
def test_a_random_number_is_followed_down_to_bytes_in_the_journal(made: Explained, case: Case, seed: int) -> None:
    chance = random.Random(seed)
    point, hour = chance.choice(POINTS[:2]), chance.randrange(24 * DAYS)
    query = {"point": point, "hour": local_text(day_start(DAY) + timedelta(hours=hour)), "quantity": "allocated"}
    tree = explained(made.books(), None, query, None)
    assert tree.disagreements == []
    (share,) = [row for row in case.shares_at(start(hour)) if row["point"] == point]
    assert tree.value == str(share["allocated_wh"])
    with sqlite3.connect(made.config.journal) as journal:
        kept = dict(journal.execute("SELECT id, payload FROM messages").fetchall())
    found = raws(tree)
    assert len(found) == 2
    stands = [msgspec.json.decode(kept[raw.row][raw.first : raw.last], type=StandOnWire) for raw in found]
    for raw, sent in zip(found, stands, strict=True):
        assert hashlib.sha256(kept[raw.row]).hexdigest() == raw.digest
        assert raw.digest.startswith(digest(kept[raw.row]))
        assert (raw.payload, raw.sequence) == (kept[raw.row], sent.sequence)
    multiplier = 40 if point == "A1" else 1
    later, earlier = sorted(stands, key=lambda one: one.at, reverse=True)
    assert (int(later.wh) - int(earlier.wh)) * multiplier == share["drawn_wh"]
    assert earlier.at == day_start(DAY) + timedelta(hours=hour)


@settings(max_examples=40, deadline=None)
@given(
    quantity=st.sampled_from(QUANTITIES),
    point=st.sampled_from(("", *POINTS)),
    member=st.sampled_from(("", *MEMBERS)),
    hour=st.none() | st.integers(0, 24 * DAYS - 1),
)
def test_whatever_is_asked_adds_up_or_is_refused(
    case: Case, quantity: str, point: str, member: str, hour: int | None
) -> None:
    when = None if hour is None else local_text(day_start(DAY) + timedelta(hours=hour))
    try:
        question = asked(
            month=str(MONTH), hour=when, member=member, point=point, quantity=quantity,
            length=timedelta(hours=1), components=("oze",),
        )  # fmt: skip
        tree = explain(case, question, View(8, 3))
    except QuestionError:
        return
    assert tree.disagreements == []
    assert msgspec.json.encode(plain(tree, payload=True))
    for one in below(tree):
        if one.ask is not None:
            assert asked(**one.ask, length=timedelta(hours=1), components=("chp", "network_variable", "oze", "quality"))


def test_a_table_that_was_changed_does_not_add_up(case: Case) -> None:
    shares = case.tables.outputs["shares"]
    values = shares["relieved_wh"].to_pylist()
    place = next(i for i, wh in enumerate(values) if wh)
    values[place] += 1
    row = shares.slice(place, 1).to_pylist()[0]
    changed = shares.set_column(shares.schema.get_field_index("relieved_wh"), "relieved_wh", pa.array(values))
    tables = Tables(case.tables.inputs, {**case.tables.outputs, "shares": changed}, case.settings, None, None)
    other = Case(tables, case.evidence, str(MONTH))
    at = int(row["start"].timestamp())
    tree = explain(other, Asked(month=MONTH, quantity="relieved", point=row["point"], start=at), ALL)
    assert [one.what.key for one in tree.disagreements] == ["at.point_hour"]
    money = explain(other, Asked(month=MONTH, quantity="relief", point=row["point"]), View(2, 3))
    assert money.disagreements


def test_who_has_no_relief_is_told_why(case: Case) -> None:
    tree = explain(case, Asked(month=MONTH, quantity="relieved", point="B1", start=start(10)), ALL)
    assert tree.value == "0"
    assert [one.key for one in tree.how] == ["rule.no_relief", "why.own_regime"]


def test_a_proved_zero_names_both_stands_and_its_periods(tmp_path: Path) -> None:
    books = explained_books(tmp_path)
    stands = [
        one for one in books.stands() if not (one.meter == "M4" and one.at == day_start(DAY) + timedelta(hours=2))
    ]
    books.take([msgspec.structs.replace(one, wh="1000") if one.meter == "M4" else one for one in stands])
    of = Asked(month=MONTH, quantity="injected", point="F1", start=start(1))
    tree = explain(case_of(books.books(), MONTH), of, ALL)
    assert tree.disagreements == []
    assert tree.value == "0"
    (proof,) = [one for one in below(tree) if any(how.key == "rule.proved_zero" for how in one.how)]
    assert proof.how[0].facts["count_n"] == 2
    assert len(raws(tree)) == 2


def test_a_missing_value_is_missing_and_the_stands_around_it_are_named(tmp_path: Path) -> None:
    books = explained_books(tmp_path)
    gone = day_start(DAY) + timedelta(hours=5)
    books.take([one for one in books.stands() if not (one.meter == "M1" and one.at == gone)])
    of = Asked(month=MONTH, quantity="relieved", point="A2", start=start(5))
    case = case_of(books.books(), MONTH)
    tree = explain(case, of, ALL)
    assert (tree.value, tree.how[0].key, tree.how[0].facts["points"]) == (None, "rule.incomplete", "A1")
    tree = explain(case, Asked(month=MONTH, quantity="drawn", point="A1", start=start(5)), ALL)
    assert tree.value is None
    assert tree.disagreements == []
    keys = [how.key for one in below(tree) for how in one.how]
    assert {"rule.missing", "why.only_sum", "why.last_before", "why.first_after"} <= set(keys)


def at_hour(books: Explained, point: str, hour: int, quantity: str = "drawn") -> Step:
    tree = explain(
        case_of(books.books(), MONTH), Asked(month=MONTH, quantity=quantity, point=point, start=start(hour)), ALL
    )
    assert tree.disagreements == []
    for one in below(tree):
        assert plain(one)
    return tree


def said(tree: Step) -> dict[str, dict[str, object]]:
    return {one.key: one.facts for step in below(tree) for one in (*step.how, *step.notes)}


def run(*words: str | Path) -> None:
    ran = CliRunner().invoke(main, [str(word) for word in words])
    assert ran.exit_code == 0, ran.output


def test_an_estimate_is_named_with_author_bounds_and_sum_until_later_data_take_its_place(tmp_path: Path) -> None:
    books = explained_books(tmp_path)
    late = [one for one in books.stands() if one.meter == "M2" and one.at in {day_start(DAY) + timedelta(hours=5)}]
    books.take([one for one in books.stands() if one not in late])
    words = ["--point", "A2", "--from", "2026-06-17T04:00", "--to", "2026-06-17T06:00", "--method", "linear"]
    run("estimate", books.config_file, *words, "--by", "Anna Kowalska", "--reason", "the line was cut")
    tree = at_hour(books, "A2", 5)
    facts = said(tree)
    assert (facts["rule.estimated_by"]["by"], facts["rule.estimated_by"]["reason"]) == (
        "Anna Kowalska",
        "the line was cut",
    )
    stands = {one.at: int(one.wh) for one in books.stands() if one.meter == "M2"}
    proved = stands[day_start(DAY) + timedelta(hours=6)] - stands[day_start(DAY) + timedelta(hours=4)]
    assert (facts["rule.estimate_fitted"]["sum_wh"], facts["rule.estimate_fitted"]["left_wh"]) == (proved, proved)
    books.take(late)
    facts = said(at_hour(books, "A2", 5))
    assert facts["note.estimate_overtaken"]["id"] == "E1"
    assert "rule.difference" in facts
    run("estimate", books.config_file, "--undo", "E1", "--by", "Jan", "--reason", "the stand came")
    assert said(at_hour(books, "A2", 5))["note.estimate_undone"]["who"] == "Jan"


@pytest.mark.parametrize("formation", ["quarters", "as_given"])
@pytest.mark.parametrize("precedence", ["operator", "own"])
def test_an_operators_hour_and_quarters_under_an_old_code_say_which_counts(
    tmp_path: Path, formation: str, precedence: str
) -> None:
    settings = f'[settings]\nhour_formation = "{formation}"\nprecedence = "{precedence}"'
    text = CLUSTER.replace("[settings]", settings)
    text = text.replace('id = "A2"', 'id = "A2"\naliases = [{code = "old-A2"}]')
    books = explained_books(tmp_path, text)
    gone = day_start(DAY) + timedelta(hours=9)
    books.take([one for one in books.stands() if not (one.meter == "M2" and one.at == gone)])
    starts = [day_start(DAY) + timedelta(hours=hour) for hour in (8, 10)]
    for i, length in enumerate((60, 15)):
        rows = [
            f"old-A2,drawn,{local_text(at + timedelta(minutes=minute))},{500 + length}"
            for at in starts
            for minute in range(0, 60, length)
        ]
        (tmp_path / f"{i}.csv").write_text("\n".join(["point,direction,start,wh", *rows, ""]), encoding="utf-8")
        run("import", books.config_file, tmp_path / f"{i}.csv", "--by", "Anna")
    tree = at_hour(books, "A2", 8)
    facts = said(tree)
    assert tree.value == ("2060" if formation == "quarters" else "560")
    assert {"rule.operator_file", f"rule.both_{formation}", "rule.aliases"} <= set(facts)
    assert facts["rule.value"]["line_n"]
    both = said(at_hour(books, "A2", 10))
    assert ("rule.operator_file" in both) == (precedence == "operator")
    assert ("note.own_stands" in both) == (precedence == "operator")


@pytest.mark.parametrize("nearest", [9, 10])
def test_a_meter_that_was_exchanged_names_entered_stands_by_each_multiplier(tmp_path: Path, nearest: int) -> None:
    given = 'serial = "M1"\npoint = "A1"\nrole = "settlement"\nmultiplier = 40\n'
    old = f'valid_to = 2026-06-17T09:00:00+02:00\nclosing = {{"{IMPORT}" = "2"}}\n'
    new = f'valid_from = 2026-06-17T09:00:00+02:00\nopening = {{"{IMPORT}" = "0.01"}}\n'
    changed = f"{given}{old}[[meters]]\n{given.replace('M1', 'N1').replace('40', '50')}{new}"
    assert given in CLUSTER
    books = explained_books(tmp_path, CLUSTER.replace(given, changed))
    first = day_start(DAY) + timedelta(hours=nearest)
    stands = [one for one in books.stands() if one.meter != "M1" or one.at < day_start(DAY) + timedelta(hours=9)]
    last = max((one for one in stands if one.meter == "M1"), key=lambda one: one.at)
    books.take(stands + [stand("N1", IMPORT, first + timedelta(hours=hour), 17 + hour) for hour in range(3)])
    up_to, since = (2000 - int(last.wh)) * 40, (17 - 10) * 50
    if nearest == 9:
        tree = at_hour(books, "A1", 8)
        assert (tree.value, said(tree)["rule.exchanged"]["new"]) == (str(up_to + since), "N1")
        assert len(raws(tree)) == 2
    else:
        assert [at_hour(books, "A1", hour).value for hour in (8, 9)] == [str(up_to), str(since)]
        assert "rule.entered" in said(at_hour(books, "A1", 9))


@pytest.mark.parametrize("origin", ["by_meter", "grid_until_shown"])
@pytest.mark.parametrize("denominator", ["drawn", "gross"])
def test_a_storages_stock_and_renewable_part_go_down_to_its_meters_bytes(
    tmp_path: Path, origin: str, denominator: str
) -> None:
    chosen = f'[settings]\nstorage_origin = "{origin}"\nratio_denominator = "{denominator}"\n'
    solar = '[[points]]\nid = "P1"\nmember = "N"\ndirections = ["drawn", "injected"]\nsource = "pv"\n'
    for serial, role in (("EDGE2", "settlement"), ("SUN2", "generation"), ("BATTERY2", "storage")):
        solar += f'[[meters]]\nserial = "{serial}"\npoint = "P1"\nrole = "{role}"\n'
    books = explained_books(tmp_path, STORING + BATTERY + solar + chosen)
    counts = {
        ("TOWN", IMPORT): (900, 800, 700), ("EDGE", IMPORT): (500, 100, 0), ("EDGE", EXPORT): (0, 50, 300),
        ("SUN", EXPORT): (200, 120, 0), ("BATTERY", IMPORT): (600, 200, 0), ("BATTERY", EXPORT): (0, 10, 320),
        ("EDGE2", IMPORT): (0, 30, 80), ("EDGE2", EXPORT): (400, 100, 260), ("SUN2", EXPORT): (700, 90, 0),
        ("BATTERY2", IMPORT): (150, 0, 0), ("BATTERY2", EXPORT): (0, 20, 111),
    }  # fmt: skip
    stands = []
    for (meter, register), energies in counts.items():
        for hour in range(4):
            stands.append(stand(meter, register, day_start(DAY) + timedelta(hours=hour), 1000 + sum(energies[:hour])))
    books.take(stands)
    case = case_of(books.books(), MONTH)
    for hour in range(3):
        for name in ("storage_discharge", "storage_res", "stock", "stock_res"):
            for point in ("S1", "P1"):
                tree = explain(case, Asked(month=MONTH, quantity=name, point=point, start=start(hour)), ALL)
                assert tree.disagreements == []
                assert tree.value == str(case.storage_rows(point)[start(hour)][OF_ROW[name]])
                assert raws(tree)
        for name in ("ratio", "injected_res", "injected_other", "storage_charge", "storage_discharge", "gross"):
            tree = explain(case, Asked(month=MONTH, quantity=name, start=start(hour)), ALL)
            assert tree.disagreements == []
    assert case.hours[start(2)]["status"] == "complete"
    discharged = explain(case, Asked(month=MONTH, quantity="storage_res", point="P1", start=start(2)), ALL)
    assert (int(discharged.value or 0) > 0) == (origin == "by_meter")
    assert any("BATTERY2" in raw.payload[raw.first : raw.last].decode() for raw in raws(discharged))


def test_an_operators_value_names_file_digest_and_line(tmp_path: Path) -> None:
    books = explained_books(tmp_path)
    books.take(books.stands())
    hours = [local_text(day_start(DAY) + timedelta(hours=hour)) for hour in (7, 8)]
    file = tmp_path / "operator.csv"
    rows = [f"A2,drawn,{at},{wh}" for at, wh in zip(hours, (1500, 1600), strict=True)]
    file.write_text("\n".join(["point,direction,start,wh", *rows, ""]), encoding="utf-8")
    ran = CliRunner().invoke(main, ["import", str(books.config_file), str(file), "--by", "Anna"])
    assert ran.exit_code == 0, ran.output
    tree = explain(case_of(books.books(), MONTH), Asked(month=MONTH, quantity="drawn", point="A2", start=start(8)), ALL)
    assert (tree.value, tree.disagreements) == ("1600", [])
    facts = {how.key: how.facts for one in below(tree) for how in one.how}
    assert facts["rule.operator_file"]["digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert facts["rule.operator_file"]["name"] == "operator.csv"
    assert (facts["rule.value"]["line_n"], facts["rule.value"]["version_n"]) == (3, 1)


def test_a_value_of_a_file_without_lines_is_named_by_its_place_in_the_list(tmp_path: Path) -> None:
    books = explained_books(tmp_path)
    books.take(books.stands())
    starts = [int((day_start(DAY) + timedelta(hours=hour)).timestamp()) * 1000 for hour in (7, 8)]
    chart = [{"tm": str(at), "zones": [1.6], "est": False, "cplt": True} for at in starts]
    answer = {"success": True, "response": {"meterObject": "1-0:1.8.0*255", "unit": "kWh", "mainChart": chart}}
    (tmp_path / "energa.json").write_text(json.dumps(answer), encoding="utf-8")
    run("import", books.config_file, tmp_path / "energa.json", "--point", "A2", "--by", "Anna")
    facts = said(at_hour(books, "A2", 8))
    assert facts["rule.value_place"]["line_n"] == 2
    assert "rule.value" not in facts


def test_without_the_journal_the_chain_says_where_it_ends(made: Explained, case: Case) -> None:
    class Lost(BooksEvidence):
        def message(self, row: int, stand: dict[str, object]) -> Raw | None:
            return None

    lost = Case(case.tables, Lost(made.config), str(MONTH))
    tree = explain(lost, Asked(month=MONTH, quantity="drawn", point="A1", start=start(9)), ALL)
    assert tree.disagreements == []
    assert "end.not_in_journal" in {how.key for one in below(tree) for how in one.how}


HOSTILE = [
    {"month": "2026-13"},
    {"month": "2026-06", "point": "\x1b[31m"},
    {"month": "2026-06", "point": "x" * 5000},
    {"month": "2026-06", "point": "nobody's"},
    {"month": "2026-06", "member": "../../etc/passwd"},
    {"month": "2026-06", "hour": "2026-07-01T13"},
    {"hour": "2026-06-17T13:17"},
    {"hour": "2026-03-29T02"},
    {"hour": "2026-10-25T02"},
    {"hour": "9999-99-99T99"},
    {"month": "2026-06", "quantity": "'; DROP TABLE messages"},
    {"month": "2026-06", "quantity": "ratio"},
    {"month": "2026-06", "quantity": "covered", "point": "A1"},
    {"month": "2026-06", "component": "gold"},
    {"month": "2026-06", "zone": "no such zone"},
    {},
]


@pytest.mark.parametrize("query", HOSTILE, ids=str)
def test_what_cannot_be_asked_is_refused_in_one_sentence(made: Explained, query: dict[str, str]) -> None:
    with pytest.raises(QuestionError) as refused:
        explained(made.books(), None, query, None)
    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


def test_the_command_prints_a_tree_and_the_bytes(made: Explained) -> None:
    words = ["explain", str(made.config_file), "--point", "A1", "--hour", "2026-06-17T13"]
    ran = CliRunner().invoke(main, [*words, "--json", "--bytes"])
    assert ran.exit_code == 0, ran.output
    answer = msgspec.json.decode(ran.stdout)
    assert answer["agrees"] is True
    assert answer["step"]["what"]["text"].startswith("Energy with relief, point A1")
    assert CliRunner().invoke(main, [*words[:-1], "never"]).exit_code == 2
    assert CliRunner().invoke(main, ["explain"]).exit_code == 2


@pytest.mark.asyncio
async def test_page_and_api_explain_in_both_languages(made: Explained) -> None:

    async with served(Made(made.folder), StoppedClock(AFTER)) as url, httpx.AsyncClient(timeout=60) as client:
        query = {"point": "A1", "hour": "2026-06-17T13:00:00+02:00", "quantity": "relieved"}
        answer = (await client.get(f"{url}/api/v1/explain", params=query)).json()
        assert (answer["agrees"], answer["step"]["value"]) == (True, "2080")
        for language, words in (("pl", "Energia z ulgą"), ("en", "Energy with relief")):
            page = await client.get(f"{url}/explain", params={**query, "lang": language})
            assert page.status_code == 200
            assert words in page.text
            assert "36daf90611f66fcdc76508f11c0f245e" in page.text
        for hostile in ({"point": "<script>alert(1)</script>", "month": "2026-06"}, {"month": "x" * 3000}, {}):
            refused = await client.get(f"{url}/explain", params=hostile)
            assert refused.status_code == 400
            assert "<script>alert" not in refused.text
            assert (await client.get(f"{url}/api/v1/explain", params=hostile)).status_code == 400
