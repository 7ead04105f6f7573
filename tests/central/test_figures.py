"""The operator's and the seller's figures: entered whole or not at all, kept in versions, compared, never taken for 0."""

from __future__ import annotations

import io
import shutil
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from central.figures.cells import rows_of
from central.figures.columns import NAMES
from central.figures.comparing import ALL_ZONES, Compared, Tolerance, compare
from central.figures.documents import parse
from central.figures.entering import Report, enter
from central.figures.figure import OTHERS, RECKONED, Document, Figure, Party
from central.figures.figures_file import FIGURES, FiguresFile, current
from central.figures.figures_file import entered as of_file
from central.figures.ours import charged_wh, ours_of
from central.figures.polish import COMPONENTS
from central.imports.found import NotReadError
from central.register.opening import Run, open_run
from metering.period import Month
from tests.central.made_money import CLUSTER, FREE, PRICES, make_run, rate
from tests.central.made_month import asked, central

NOVEMBER = Month(2026, 11)
NOW = datetime(2026, 12, 5, tzinfo=UTC)
HEAD = "party,document,month,point,zone,component,quantity_kwh,net_zl"
OURS = {
    "network_variable": ("720", "139.32"),
    "quality": ("720", "23.06"),
    "oze": ("252", "1.84"),
    "chp": ("252", "0.76"),
}
"""A1 draws 1 kWh in each of 720 hours, and 0.65 kWh are injected in each: 468 kWh are relieved, at the step of 0.95.

Network 720 x 0.2 - 468 x 0.2 x 0.05 = 144.00 - 4.68; quality 23.83 - 0.77; OZE 5.26 - 3.42 on 720 - 468 = 252 kWh.
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with a run of that month."""
    return make_run(tmp_path_factory.mktemp("run"), NOVEMBER, 1000, 650)


@pytest.mark.parametrize(
    ("word", "component"),
    [
        *((word, name) for name, word in COMPONENTS.items()),
        ("Opłata  kogeneracyjna", "chp"),
        ("kogeneracyjna", "chp"),
        ("opłata sieciowa zmienna", "network_variable"),
        ("opłata jakościowa", "quality"),
        ("OZE", "oze"),
    ],
)
def test_a_component_may_be_called_as_invoices_and_complaints_call_it(word: str, component: str) -> None:
    parsed = parse(rows_of(f"{HEAD}\noperator,FV,2026-11,A1,,{word},1,2.00\n".encode()), {"A1"})
    assert (parsed.bad, [one.component for one in parsed.documents[0].figures]) == ([], [component])


@pytest.fixture
def register(made: Path, tmp_path: Path) -> Path:
    """The same for one test alone."""
    return Path(shutil.copytree(made, tmp_path / "register"))


def run_of(register: Path) -> Run:
    return open_run(register / "runs" / "2026-11-preliminary-1")


def invoice(
    number: str = "FV/1", party: str = "operator", corrects: str = "", **changed: tuple[str, str] | None
) -> Document:
    """What klaster reckons, as a document; ``changed``: components with other kWh and zł, or left out."""
    said = {name: changed.get(name, pair) for name, pair in {**OURS, **changed}.items()}
    figures = tuple(
        Figure(
            month="2026-11",
            point="A1",
            component=name,
            quantity_wh=Decimal(pair[0]) * 1000 if pair[0] else None,
            net_zl=Decimal(pair[1]) if pair[1] else None,
        )
        for name, pair in said.items()
        if pair is not None
    )
    return Document(party=Party(party), document=number, corrects=corrects, figures=figures)


def csv_of(*documents: Document) -> str:
    rows = [
        f"{one.party.value},{one.document},{figure.month},{figure.point},{figure.zone},{figure.component},"
        f"{'' if figure.quantity_wh is None else figure.quantity_wh / 1000},{figure.net_zl or ''},{one.corrects}"
        for one in documents
        for figure in one.figures
    ]
    return "\n".join([f"{HEAD},corrects", *rows]) + "\n"


def entered(folder: Path, register: Path, *documents: Document) -> Report:
    file = folder / "figures.csv"
    file.write_text(csv_of(*documents), encoding="utf-8")
    figures = FiguresFile(register / FIGURES)
    found = enter(file, {"A1"}, figures, "Ola", NOW)
    figures.close()
    return found


def compared(register: Path, **more: str) -> Compared:
    documents = [one.document for one in current(of_file(register / FIGURES)).values()]
    return compare(run_of(register), documents, Tolerance(), **more)


def test_figures_that_say_what_klaster_reckons_are_alike(tmp_path: Path, register: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(csv_of(invoice()), encoding="utf-8")
    asked("figures", "import", register, file, "--by", "Ola")
    found = asked("figures", "compare", register, "--month", "2026-11")
    assert {line["component"]: line["state"] for line in found["lines"]} == dict.fromkeys(OURS, "alike")
    assert found["run"] == "2026-11-preliminary-1"


def test_oze_charged_on_all_energy_differs_by_the_relieved_energy_and_looks_like_no_cluster(
    tmp_path: Path, register: Path
) -> None:
    entered(tmp_path, register, invoice(oze=("720", "5.26")))
    found = compared(register)
    line = next(one for one in found.lines if one.component == "oze")
    assert (line.state, line.seems, line.member) == ("differs", "without_cluster", "A")
    assert (line.difference_wh, line.difference_zl) == (468_000, Decimal("3.42"))
    whole = next(one for one in found.sums["member"] if one.name == "A" and not one.component)
    # Ours: 139.32 + 23.06 + 1.84 + 0.76 = 164.98.
    assert [str(one) for one in (whole.ours_zl, whole.theirs_zl, whole.difference_zl)] == ["164.98", "168.40", "3.42"]
    said = central("figures", "compare", register, "--month", "2026-11", code=1)
    assert "as without the cluster" in said
    assert "This is a simulation" in said


def test_what_no_document_charges_is_said_and_never_counted_as_zero(tmp_path: Path, register: Path) -> None:
    entered(tmp_path, register, invoice(chp=None, quality=("", "23.06")))
    found = compared(register)
    lines = {one.component: one for one in found.lines}
    chp, quality = lines["chp"], lines["quality"]
    assert (chp.state, chp.theirs_zl, chp.difference_zl) == ("not_compared", None, None)
    assert chp.why == "no document charges it"
    assert (quality.difference_zl, quality.difference_wh) == (0, None)
    assert "doesn't say the quantity" in quality.why
    whole = next(one for one in found.sums["member"] if not one.component)
    # Of ours only what is compared: 139.32 + 23.06 + 1.84.
    assert (whole.ours_zl, whole.difference_zl, whole.not_compared) == (Decimal("164.22"), 0, 2)


def test_without_any_document_nothing_is_compared(register: Path) -> None:
    found = asked("figures", "compare", register, "--month", "2026-11", code=3)
    assert {one["why"] for one in found["lines"]} == {"no document charges it"}
    assert {one["difference_zl"] for one in found["sums"]["component"]} == {None}


def test_a_month_without_a_run_is_told_with_the_way_out(register: Path) -> None:
    assert "klaster-central run makes one" in central("figures", "compare", register, "--month", "2026-12", code=2)


def test_a_difference_within_the_tolerance_is_none(made: Path) -> None:
    run, documents = run_of(made), [invoice(oze=("252.4", "1.86"))]
    states = [
        compare(run, documents, Tolerance(wh=Decimal(wh), zl=Decimal(zl))).differing
        for wh, zl in ((0, "0"), (400, "0.01"), (399, "0.02"), (400, "0.02"))
    ]
    assert states == [1, 1, 1, 0]


def test_a_newer_document_of_the_same_number_takes_its_place_and_the_old_one_is_kept(
    tmp_path: Path, register: Path
) -> None:
    wrong, right = invoice(oze=("720", "5.26")), invoice()
    assert entered(tmp_path, register, wrong).documents[0].state == "new"
    assert entered(tmp_path, register, wrong).state == "same"
    assert entered(tmp_path, register, right).documents[0].state == "replaces"
    found = asked("figures", "list", register)["documents"]
    assert [(one["version"], one["counts"], one["net_zl"]) for one in found] == [
        (1, False, "168.40"),
        (2, True, "164.98"),
    ]
    assert compared(register).differing == 0
    db = sqlite3.connect(register / "figures.sqlite")
    for change in ("UPDATE documents SET body = '{}'", "DELETE FROM documents"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            db.execute(change)
    db.close()


def test_a_correction_is_added_and_one_of_a_document_that_isnt_there_cant_be_compared(made: Path) -> None:
    run, nothing = run_of(made), dict.fromkeys(("network_variable", "quality", "chp"))
    wrong = invoice(oze=("720", "5.26"))
    correction = invoice("K/1", corrects="FV/1", oze=("-468", "-3.42"), **nothing)
    assert compare(run, [wrong, correction], Tolerance()).differing == 0
    alone = {one.component: one for one in compare(run, [correction], Tolerance()).lines}
    assert (alone["oze"].state, alone["oze"].difference_zl) == ("not_compared", None)
    assert "FV/1 wasn't entered" in alone["oze"].why


def test_two_documents_that_charge_the_same_are_added_and_that_is_said(made: Path) -> None:
    found = compare(run_of(made), [invoice(), invoice("FV/2")], Tolerance())
    assert {(one.seems, one.documents) for one in found.lines if one.component != "chp"} >= {
        ("several_documents", ("FV/1", "FV/2"))
    }
    assert sum((one.difference_zl or 0 for one in found.lines), Decimal(0)) == Decimal("164.98")


def test_zones_of_one_side_alone_are_compared_as_their_sum(tmp_path: Path) -> None:
    zoned = rate("network_variable", "0.31", 'zone = "peak"') + rate("network_variable", "0.1234", 'zone = "off_peak"')
    rest = PRICES[PRICES.index("[[rates]]", 5) :]
    run = run_of(make_run(tmp_path, NOVEMBER, 1000, 0, FREE + zoned + rest))
    # 60 kWh x 0.31 = 18.60 at the peak, 660 x 0.1234 = 81.444 = 81.44 off it (central/test_money.py).
    one = compare(run, [invoice(network_variable=("720", "100.05"))], Tolerance()).lines
    line = next(one for one in one if one.component == "network_variable")
    assert (line.zone, line.ours_zl, line.difference_zl) == (ALL_ZONES, Decimal("100.04"), Decimal("0.01"))
    peak = Figure(month="2026-11", point="A1", zone="peak", component="network_variable", net_zl=Decimal("18.60"))
    by_zone = compare(run, [Document(party=Party.OPERATOR, document="F", figures=(peak,))], Tolerance()).lines
    told = {one.zone: (one.difference_zl, one.why) for one in by_zone if one.component == "network_variable"}
    assert told["peak"] == (Decimal("0.00"), "a document doesn't say the quantity")
    assert told["off_peak"] == (None, "no document charges it")


@pytest.mark.parametrize(("contract", "party"), [("comprehensive", "seller"), ("separate", "operator")])
def test_the_one_who_charges_a_point_is_known_from_its_contract(tmp_path: Path, contract: str, party: str) -> None:
    text = CLUSTER.replace('operator = "Sieć S.A."', f'operator = "Sieć S.A."\ncontract = "{contract}"')
    run = run_of(make_run(tmp_path, NOVEMBER, 1000, 0, cluster=text))
    assert {one.party for one in compare(run, [], Tolerance()).lines} == {party}
    other = "operator" if party == "seller" else "seller"
    assert compare(run, [], Tolerance(), other).lines == []


def test_the_oze_fee_of_an_industrial_consumer_is_compared_on_its_per_cent() -> None:
    # 1000 kWh drawn, 400 relieved, fee on 25 %: 250 kWh x 0.0073 = 1.825; relief 100 x 0.0073 = 0.73; 150 kWh charged.
    row = {"component": "oze", "drawn_wh": 10**6, "relieved_wh": 4 * 10**5, "rate": "0.0073"}
    assert charged_wh(row | {"full_exact_zl": "1.825", "relief_exact_zl": "0.73"}) == 150_000
    free = row | {"rate": "0", "full_exact_zl": "0", "relief_exact_zl": "0"}
    assert charged_wh(free) == 600_000
    # At a rate of 0, as in 2024, the money doesn't tell the per cent: of an industrial consumer it isn't known.
    free |= {
        "member": "A",
        "point": "A1",
        "zone": "",
        "rate_status": "verified",
        "full_zl": "0.00",
        "charge_zl": "0.00",
    }
    charges = pa.Table.from_pylist([free])
    (known,), (unknown,) = ours_of(charges).values(), ours_of(charges, {"A1"}).values()
    assert (known.charged_wh, known.why) == (600_000, "")
    assert (unknown.charged_wh, unknown.charge_zl) == (None, 0)
    assert unknown.why


GOOD = "operator,FV/9,2026-11,A1,,oze,252,1.84"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("operator,FV/9,2026-11,A1,,oze,NaN,1.84", "quantity_kwh 'NaN': isn't a number"),
        ("operator,FV/9,2026-11,A1,,oze,252,Infinity", "net_zl 'Infinity'"),
        ("operator,FV/9,2026-11,A1,,oze,252,-1.84", "net_zl is below zero"),
        ("operator,FV/9,2026-11,A1,,oze,-252,1.84", "quantity_kwh is below zero"),
        (f"operator,FV/9,2026-11,A1,,oze,252,1{'0' * 30}", "net_zl"),
        (f"operator,FV/9,2026-11,A1,,oze,1{'0' * 30},1.84", "quantity_kwh"),
        ("operator,FV/9,2026-11,A1,,oze,1e3,1.84", "has an exponent"),
        ("operator,FV/9,2026-11,A1,,oze,252,1.845", "at most two decimals"),
        ("operator,FV/9,2026-11,A1,,oze,252,=1+1", "net_zl '=1+1'"),
        ("operator,FV/9,2026-11,590322499000000015,,oze,252,1.84", "check digit"),
        ("operator,FV/9,2026-11,A9,,oze,252,1.84", "the cluster has no point"),
        ("operator,FV/9,2026-13,A1,,oze,252,1.84", "expected a month"),
        ("osd,FV/9,2026-11,A1,,oze,252,1.84", "expected operator or seller"),
        ("operator,FV/9,2026-11,A1,,wind,252,1.84", "expected one of"),
        ("operator,FV/9,2026-11,A1,,oze,,", "neither quantity_kwh nor net_zl"),
        ("operator,,2026-11,A1,,oze,252,1.84", "document is empty"),
        ("operator,FV/9,2026-11,A1,,oze,252,1.84,7", "has 9 cells, the header 8"),
    ],
)
def test_a_row_that_cant_be_a_figure_is_refused_with_line_and_reason(row: str, reason: str) -> None:
    parsed = parse(rows_of(f"{HEAD}\n{GOOD}\n{row}\n".encode()), {"A1"})
    assert [bad.line for bad in parsed.bad] == [3]
    assert reason in parsed.bad[0].reason


def test_a_file_with_one_bad_row_enters_nothing_and_another_file_is_entered_all_the_same(
    tmp_path: Path, register: Path
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    # The second row says again what the first one said.
    bad.write_text(f"{HEAD}\n{GOOD.replace('FV/9', 'FV/8')}\n{GOOD.replace('FV/9', 'FV/8')}\n", encoding="utf-8")
    said = central("figures", "import", register, good, bad, "--by", "Ola", code=3)
    assert "line 3: stands already in line 2" in said
    assert [one["document"] for one in asked("figures", "list", register)["documents"]] == ["FV/9"]
    assert "there is no such file" in central(
        "figures", "import", register, tmp_path / "none.csv", "--by", "Ola", code=2
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"party,month\n", "the column document is missing"),
        (b"party,document,month,point,component,price\n", "unknown column 'price'"),
        (b"PK\x03\x04nonsense", "workbook"),
        (b"\xd0\xcf\x11\xe0", "before 2007"),
    ],
)
def test_a_file_that_isnt_one_of_figures_is_refused_as_a_whole(content: bytes, reason: str) -> None:
    with pytest.raises(NotReadError, match=reason):
        list(rows_of(content))


def test_formulas_and_rounded_ppe_in_a_workbook_are_refused_by_row_and_column() -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(HEAD.split(","))
    page.append(["operator", "FV/9", "2026-11", "A1", None, "oze", 252, 1.84])
    page.append(["operator", "FV/9", "2026-11", "A1", None, "chp", 252, "=0.5+0.26"])
    page.append(["operator", "FV/9", "2026-11", 590322499000000014, None, "chp", 252, 0.76])
    page.append(["operator", '=HYPERLINK("http://x")', "2026-11", "A1", None, "chp", 252, 0.76])
    made = io.BytesIO()
    book.save(made)
    parsed = parse(rows_of(made.getvalue()), None)
    assert [(bad.line, bad.reason.partition(":")[0]) for bad in parsed.bad] == [
        (3, "column 8"),
        (4, "column 4"),
        (5, "column 2"),
    ]
    assert parsed.documents[0].figures[0].net_zl == Decimal("1.84")


AMOUNTS = st.decimals(0, 10**8, places=2)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
ROWS = st.builds(
    Figure,
    month=st.sampled_from(["2026-11", "2027-01"]),
    point=st.sampled_from(["A1", "590322499000000014"]),
    zone=st.sampled_from(["", "peak"]),
    component=st.sampled_from((*RECKONED, *OTHERS)),
    quantity_wh=st.none() | st.decimals(0, 10**9, places=0),
    net_zl=AMOUNTS,
    note=st.just("") | TEXTS,
)
DOCUMENTS = st.lists(
    st.builds(
        Document,
        party=st.sampled_from(Party),
        issuer=st.just("") | TEXTS,
        document=TEXTS,
        figures=st.lists(ROWS, min_size=1, max_size=4, unique_by=lambda one: one.key).map(
            lambda rows: tuple(sorted(rows, key=lambda one: one.key))
        ),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one.key,
)


@given(DOCUMENTS)
def test_a_workbook_of_text_cells_gives_back_the_documents_it_was_written_from(documents: list[Document]) -> None:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    page = book.add_worksheet()
    rows = [list(NAMES)]
    for one in documents:
        for figure in one.figures:
            wh = "" if figure.quantity_wh is None else format(figure.quantity_wh / 1000, "f")
            about = [one.party.value, one.issuer, one.document, one.corrects, figure.month, figure.point, figure.zone]
            rows.append([*about, figure.component, wh, str(figure.net_zl), "", "", figure.note])
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            page.write_string(i, j, text)
    book.close()
    assert parse(rows_of(made.getvalue()), None).documents == documents


def test_figures_need_a_register_with_a_run_where_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    said = central("figures", "import", tmp_path, tmp_path / "figures.csv", "--by", "Ola", code=2)
    assert "make a run first" in said
    assert not (tmp_path / FIGURES).exists()


def test_a_document_that_was_tampered_with_is_told_and_nothing_is_entered(tmp_path: Path, register: Path) -> None:
    entered(tmp_path, register, invoice())
    db = sqlite3.connect(register / FIGURES)
    db.executescript("DROP TRIGGER documents_no_update; UPDATE documents SET body = '{';")
    db.close()
    assert "can't be read" in central("figures", "compare", register, "--month", "2026-11", code=2)
    assert "can't be read" in central("figures", "import", register, tmp_path / "figures.csv", "--by", "Ola", code=2)
