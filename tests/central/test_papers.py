"""Statutory papers: what is written is read back, nothing is invented, gaps are named and counted."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from central.cluster import load_cluster
from central.conditions.hours import PointSums
from central.papers.annual_report import Generated, Relieved, Year, annual_report
from central.papers.call_file import call_file
from central.papers.demand import demand
from central.papers.entry import Entry, entry_at
from central.papers.facts import changed
from central.papers.gathering import at_end_of
from central.papers.paper import DRAFT, Gap, Paper, Sheet, kwh
from central.papers.public_extract import public_extract
from central.papers.register_application import STATEMENT, register_application
from central.papers.register_change import register_change
from central.papers.settlement_application import MemberDemand, seller_application, sellers
from central.papers.writing import csv_text, layout, shown, write_paper, xlsx
from central.register.opening import open_run
from metering.period import Month, utc_text
from tests.central.made_books import FARM, make_books
from tests.central.made_month import asked, central, drawn, injected, make_month

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "cluster.toml"
DAY = date(2026, 10, 15)


def entry(day: date = DAY) -> Entry:
    return entry_at(load_cluster(EXAMPLE), at_end_of(day), "cluster.toml")


def cells(paper: Paper) -> list[list[str]]:
    return [[shown(cell) for cell in row] for sheet in paper.sheets for row in layout(paper, sheet)]


def read_xlsx(path: Path) -> list[list[str]]:
    book = openpyxl.load_workbook(path)
    found = []
    for page in book.worksheets:
        for row in page.iter_rows():
            texts = []
            for cell in row:
                assert cell.data_type != "f"
                number = isinstance(cell.value, float | int) and cell.number_format != "0"
                text = (
                    f"{cell.value:.3f}".replace(".", ",") if number else "" if cell.value is None else str(cell.value)
                )
                texts.append(text)
            found.append(texts)
    return found


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    out = []
    for row in rows:
        last = max((i for i, text in enumerate(row, 1) if text), default=0)
        if last:
            out.append(row[:last])
    return out


def as_three_decimals(rows: list[list[str]], paper: Paper) -> list[list[str]]:
    numbers = {shown(cell): shown(cell.quantize(Decimal("0.001"))) for sheet in paper.sheets for row in sheet.rows
               for cell in row if isinstance(cell, Decimal)}  # fmt: skip
    return [[numbers.get(text, text) for text in row] for row in rows]


@pytest.mark.parametrize("make", [register_application, public_extract])
def test_workbook_and_csv_say_the_same_as_the_paper(make, tmp_path: Path) -> None:
    paper = make(entry(), DAY)
    book, text = write_paper(paper, tmp_path)
    read = list(csv.reader(text.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert trimmed(read) == trimmed(cells(paper))
    assert trimmed(as_three_decimals(read_xlsx(book), paper)) == trimmed(as_three_decimals(cells(paper), paper))
    assert DRAFT == "PROJEKT – układ własny, urzędowy wzór nie był dostępny"
    assert [page["A1"].value for page in openpyxl.load_workbook(book)] == [DRAFT] * len(paper.sheets)


def test_an_application_has_the_statement_and_names_what_is_missing() -> None:
    paper = register_application(entry(), DAY)
    texts = [text for row in cells(paper) for text in row]
    assert STATEMENT in texts
    assert "233 § 6" in STATEMENT
    assert "[[members]] nowak: address w cluster.toml" in paper.gaps
    assert "brak – uzupełnij: [[members]] nowak: address w cluster.toml" in texts
    assert "590322499000000045" in texts


def test_the_public_extract_shows_neither_addresses_nor_seats_nor_nips() -> None:
    texts = " ".join(text for row in cells(public_extract(entry(), DAY)) for text in row)
    for hidden in ("Rynek", "1217032", "9990000008", "dz. 12/3"):
        assert hidden not in texts
    assert "Wodociągi Dolina" in texts


def test_names_from_the_cluster_file_are_never_formulas() -> None:
    evil = '=HYPERLINK("http://x","y")'
    paper = Paper("p", evil, "b", DAY, (Sheet("S", ("a",), [(evil,), ("+1",), ("-2",), (Decimal("-2.500"),)]),))
    read = list(csv.reader(csv_text(paper).decode("utf-8-sig").splitlines(), delimiter=";"))
    assert [row[0] for row in read[5:]] == [f"'{evil}", "'+1", "'-2", "-2,500"]
    import io

    page = openpyxl.load_workbook(io.BytesIO(xlsx(paper))).active
    assert page is not None
    assert [(page[f"A{i}"].data_type, page[f"A{i}"].value) for i in (6, 9)] == [("s", evil), ("n", -2.5)]


def test_what_changed_between_two_days_is_told_by_field() -> None:
    before, after = entry(date(2025, 3, 15)), entry(date(2025, 4, 15))
    found = {
        (one.fact.section, one.fact.subject, one.fact.field): (one.before, one.after) for one in changed(before, after)
    }
    assert found["członek", "slonce", "nazwa"] == (None, "Słońce Doliny sp. z o.o.")
    assert found["instalacja", "farma", "moc zainstalowana [kW]"] == (None, "980")
    assert found["punkt", "590322499000000045", "rodzaj punktu"] == (None, "wprowadzanie")
    assert not [key for key in found if key[1] == "gmina"]
    paper = register_change(before, after, date(2025, 3, 15), date(2025, 4, 15), "x")
    assert len(paper.sheets[1].rows) == len(found)
    assert changed(after, after) == []


def test_a_seller_gets_its_own_points_and_its_members_demand() -> None:
    one = entry()
    assert sellers(one) == ["Energia Doliny", "Tauron Sprzedaż"]
    needs = [
        MemberDemand("gmina", 2025, 12_345_678, metered=True),
        MemberDemand("wodociagi", 2025, None, metered=False),
    ]
    paper = seller_application(one, DAY, needs, [], "Energia Doliny")
    points = next(sheet for sheet in paper.sheets if sheet.title == "Punkty")
    assert [row[1] for row in points.rows] == ["590322499000000014"]
    wanted = next(sheet for sheet in paper.sheets if sheet.title == "Zapotrzebowanie")
    assert [row[1:4] for row in wanted.rows] == [
        ("Gmina Dolina", Decimal("12345.678"), "dane pomiarowe z roku 2025"),
        ("Razem", Decimal("12345.678"), ""),
    ]
    other = seller_application(one, DAY, needs, [], "Tauron Sprzedaż")
    wanted = next(sheet for sheet in other.sheets if sheet.title == "Zapotrzebowanie")
    assert isinstance(wanted.rows[0][2], Gap)
    assert wanted.rows[-1][2] == "nie ustalono"


def test_demand_is_metered_only_where_the_whole_year_is() -> None:
    one = entry()
    points = {
        "590322499000000014,gmina": PointSums(drawn_wh=1000, drawn_periods=8760),
        "590322499000000021,wodociagi": PointSums(drawn_wh=500, drawn_periods=8759),
    }
    found = {row.member: row for row in demand(one, 2025, points, 8760)}
    assert (found["gmina"].wh, found["gmina"].metered) == (1000, True)
    assert (found["wodociagi"].wh, found["wodociagi"].metered) == (None, False)
    assert (found["slonce"].wh, found["slonce"].metered) == (0, True)


def test_the_annual_report_marks_what_is_only_injected_and_names_open_months() -> None:
    made = [
        Generated("A", "slonce", res=True, wh=1500, basis="injected_only"),
        Generated("B", "nowak", res=True, wh=700, basis="injected_part"),
    ]
    year = Year(2025, made, [Relieved("gmina", "Gmina", 900, 10)], [("2025-11", "r", True), ("2025-12", "r", False)])
    paper = annual_report(entry(date(2025, 12, 31)), date(2025, 12, 31), year)
    assert not any("symulacja" in gap for gap in paper.gaps)
    simulated = replace(year, simulated=["2025-12"], relieved=[Relieved("gmina", "Gmina", 900, 10, 70)])
    report = annual_report(entry(date(2025, 12, 31)), date(2025, 12, 31), simulated)
    assert any(gap.endswith("symulacja: 2025-12") for gap in report.gaps)
    told = next(sheet for sheet in report.sheets if sheet.title == "Energia art. 184k")
    assert told.rows[-1] == (None, "Razem", Decimal("0.900"), None, Decimal("0.070"))
    assert "nie wykazuje się" in told.notes[1]
    totals = next(sheet for sheet in paper.sheets if sheet.title == "Energia wytworzona").rows
    assert totals[0] == ("Energia wytworzona łącznie przez członków klastra [kWh]", Decimal("2.200"),
                         "wartość niepełna: patrz arkusz Wytwarzanie")  # fmt: skip
    assert "ostateczne rozliczenie miesięcy: 2025-12" in paper.gaps
    unknown = replace(year, generated=[*made, Generated("C", "x", res=False, wh=None, basis="none")])
    totals = next(
        sheet for sheet in annual_report(entry(), DAY, unknown).sheets if sheet.title == "Energia wytworzona"
    ).rows
    assert isinstance(totals[0][1], Gap)


def test_a_call_is_due_fourteen_days_after_it_was_served() -> None:
    cluster = load_cluster(EXAMPLE)
    paper = call_file(entry(date(2025, 2, 20)), date(2025, 2, 20), cluster.calls[0])
    told = dict(paper.sheets[0].rows)
    assert told["Termin uzupełnienia (14 dni od doręczenia)"] == date(2025, 2, 28)
    assert told["Skutek bezskutecznego upływu"] == "pozostawienie wniosku bez rozpoznania"
    assert told["Stan"] == "udzielono odpowiedzi"


def klaster(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "central", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_writes_drafts_counts_gaps_and_refuses_what_it_cannot_make(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    made.day()
    shutil.copy(EXAMPLE, tmp_path / "cluster.toml")
    out = tmp_path / "out"
    found = klaster("papers", made.config, "annual-report", "--year", 2026, "--out", out, "--json")
    assert found.returncode == 3, found.stderr
    answer = json.loads(found.stdout)
    assert [Path(name).name for name in answer["files"]] == [
        "sprawozdanie-roczne-2026.xlsx",
        "sprawozdanie-roczne-2026.csv",
    ]
    assert any("ostateczne rozliczenie" in gap for gap in answer["papers"][0]["gaps"])
    assert klaster("papers", made.config, "call-file", "--out", out, "--json").returncode == 0
    for words, said in (
        (("no-such",), "there is no paper"),
        (("register-change", "--out", out), "--since"),
        (("seller-applications", "--seller", "=x", "--out", out), "no point is supplied by"),
        (("call-file", "--call", "x", "--out", out), "no such call"),
    ):
        refused = klaster("papers", made.config, *words)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_year_is_gathered_from_the_books(tmp_path: Path) -> None:
    from central.books import Books
    from central.papers.gathering import year_of_books

    made = make_books(tmp_path)
    made.day()
    year = year_of_books(Books.open(made.config), 2026, datetime(2026, 7, 1, tzinfo=UTC))
    relieved = {one.member: one for one in year.relieved}
    assert relieved["A"].hours == 24
    # A simulation: the provision was applied to nothing yet (art. 48 of the Act of 17.08.2023).
    assert relieved["A"].wh == 0
    assert relieved["A"].simulated_wh > 0
    assert "2026-06" in year.simulated
    binding = 'kind = "gmina"\ncontract_amended = 2025-01-01'
    text = (tmp_path / "cluster.toml").read_text(encoding="utf-8").replace('kind = "gmina"', binding)
    text += '[settings]\nregime_status = "binding"\nec_outcome = "compatible"\nec_outcome_date = 2025-01-01\n'
    (tmp_path / "cluster.toml").write_text(text, encoding="utf-8")
    applied = year_of_books(Books.open(made.config), 2026, datetime(2026, 7, 1, tzinfo=UTC))
    assert not applied.simulated
    (row,) = [one for one in applied.relieved if one.member == "A"]
    assert (row.wh, row.simulated_wh) == (relieved["A"].simulated_wh, 0)
    farm = next(one for one in year.generated if one.point == "F1")
    assert farm.basis == "incomplete"
    assert kwh(farm.wh) is not None
    assert "2026-06" in year.open_months


def test_the_annual_report_of_final_runs_says_their_relieved_energy_by_member_and_names_the_other_months(
    tmp_path: Path,
) -> None:
    made = make_month(tmp_path)
    rows = ["point,direction,start,wh"]
    for month in (Month(2026, 8), Month(2026, 9)):
        for i, period in enumerate(month.periods()):
            start = utc_text(period.start)
            rows += [f"A1,drawn,{start},{drawn(i) + month.number}", f"F1,injected,{start},{injected(i)}"]
    (tmp_path / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    register = tmp_path / "data" / "register"
    options = ["--cluster", tmp_path / "cluster.toml", "--rates", tmp_path / "rates.toml", "--readings",
               tmp_path / "readings.csv", "--register", register, "--from", "2026-08", "--to", "2026-09"]  # fmt: skip
    central("run", *options, "--kind", "preliminary")
    for month in ("2026-08", "2026-09"):
        central("approve", register, f"{month}-preliminary-1", "--by", "Ola")
    central("run", *options, "--kind", "final", "--by", "Ola")
    (paper,) = asked("papers", made.config, "annual-report", "--year", "2026", "--out", tmp_path / "out", code=3)[
        "papers"
    ]
    sheets = {sheet["title"]: sheet["rows"] for sheet in paper["sheets"]}
    # January to July and October are as the books are now: nothing is known of them, so nothing is added.
    finals = [open_run(register / "runs" / f"{month}-final") for month in ("2026-08", "2026-09")]
    wanted = sum(
        row["relieved_wh"] for run in finals for row in run.outputs()["shares"].to_pylist() if row["member"] == "A"
    )
    assert wanted == sum(run.manifest.totals.relieved_wh or 0 for run in finals) > 0
    # Both runs are simulations: the energy that would be relieved stands apart from what was.
    said = {row[1]: (row[2], row[4]) for row in sheets["Energia art. 184k"]}
    would = "0.000", f"{wanted / 1000:.3f}"
    assert said == {"Town hall": would, FARM: ("0.000", "0.000"), "Razem": would}
    final = {row[0]: row[2] for row in sheets["Źródła"]}
    assert [month for month, state in final.items() if state == "tak"] == ["2026-08", "2026-09"]
    (gap,) = [one for one in paper["gaps"] if one.startswith("ostateczne rozliczenie miesięcy")]
    assert gap == "ostateczne rozliczenie miesięcy: " + ", ".join(
        f"2026-{n:02d}" for n in (*range(1, 8), *range(10, 13))
    )
    # After a change of the cluster's name its finals don't count, and the paper says which they are and whose.
    file = tmp_path / "cluster.toml"
    name = finals[0].manifest.cluster
    file.write_text(
        file.read_text(encoding="utf-8").replace(f'name = "{name}"', 'name = "Renamed"', 1), encoding="utf-8"
    )
    (paper,) = asked("papers", made.config, "annual-report", "--year", "2026", "--out", tmp_path / "renamed", code=3)[
        "papers"
    ]
    sources = {row[0]: row[1:] for sheet in paper["sheets"] if sheet["title"] == "Źródła" for row in sheet["rows"]}
    assert f"2026-08-final w rejestrze jest klastra „{name}” i nie liczy się tutaj" in sources["2026-08"][0]
    assert sources["2026-08"][1] != "tak"
