"""The evidence of a complaint, read back from its files: sums, hours, rates with sources, digests, and what it is not."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from metering.period import Month
from tests.central.made_money import CLUSTER, FREE, PRICES, make_run, rate
from tests.central.made_month import asked, central

NOVEMBER = Month(2026, 11)
REST = PRICES[PRICES.index("[[rates]]", 5) :]
ZONED = rate("network_variable", "0.31", 'zone = "peak"\ndecision_no = "DRE.1"') + rate(
    "network_variable", "0.1234", 'zone = "off_peak"\nsource = "a page"\n', 'status = "illustrative"\n'
)
FIGURES = """party,document,month,point,zone,component,quantity_kwh,net_zl,note
operator,FV/7,2026-11,A1,,oze,720,5.26,=cmd|' /C calc'!A0
operator,FV/7,2026-11,A1,,chp,252,0.76,
operator,FV/7,2026-11,A1,,quality,720,23.06,
operator,FV/7,2026-11,A1,peak,network_variable,60,18.45,
"""
"""A1 draws 1 kWh in each of 720 hours and 0.65 kWh of it are relieved in each: OZE is due on 252 kWh, 1.84 zł.

At the peak 60 kWh x 0.31 = 18.60, less 5 % of 39 kWh x 0.31 = 0.6045 = 0.60: 18.00 zł. Nothing is said of off_peak.
"""


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("complaint")
    made = make_run(folder, NOVEMBER, 1000, 650, FREE + ZONED + REST)
    (folder / "f.csv").write_text(FIGURES, encoding="utf-8")
    central("figures", "import", made, folder / "f.csv", "--by", "Ola")
    return made


@pytest.fixture(scope="module")
def written(register: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of the complaint to the operator."""
    out = tmp_path_factory.mktemp("written")
    answer = asked("complaint", register, "--month", "2026-11", "--party", "operator", "--out", out, code=3)
    # 5.26 - 1.84 = 3.42 and 18.45 - 18.00 = 0.45; what isn't charged off the peak is in no sum.
    assert (answer["difference_zl"], answer["differing"], answer["not_compared"]) == ("3.87", 2, 1)
    return out


def rows_of(page: Any) -> list[dict[str, Any]]:
    """The rows of a sheet below its header, which is in row 4, up to the empty row before the notes."""
    rows = list(page.iter_rows(min_row=4, values_only=True))
    found = []
    for row in rows[1:]:
        if not any(row):
            break
        found.append(dict(zip(rows[0], row, strict=True)))
    return found


def test_the_evidence_says_what_was_charged_what_is_reckoned_and_all_it_rests_on(written: Path, register: Path) -> None:
    book = openpyxl.load_workbook(written / "reklamacja-2026-11-operator-a1.xlsx")
    differences = {(row["składnik"], row["strefa"]): row for row in rows_of(book["Różnice"])}
    oze = differences["opłata OZE", None]
    assert (oze["naliczono zł netto"], oze["obliczenie kontrolne zł netto"], oze["różnica zł netto"]) == (
        5.26,
        1.84,
        3.42,
    )
    assert (oze["różnica kWh"], oze["wynik"]) == (468, "różnica, jak bez klastra")
    assert oze["podstawa"] == "art. 184k ust. 1 pkt 1 lit. a"
    off = differences["składnik zmienny stawki sieciowej", "off_peak"]
    assert (off["naliczono zł netto"], off["różnica zł netto"]) == (None, None)
    assert off["czego nie porównano"] == "żaden wprowadzony dokument tego nie nalicza"
    hours = rows_of(book["Godziny"])
    assert len(hours) == 720
    assert sum(Decimal(str(row["z ulgą kWh"])) for row in hours) == 468
    # 20 workdays that aren't free, 3 hours each.
    assert sum(row["strefa"] == "peak" for row in hours) == 60
    reckoned = rows_of(book["Obliczenie kontrolne"])
    assert sum(Decimal(str(row["opłata zł"])) for row in reckoned if row["strefa"] == "peak") == Decimal("18.00")
    rates = {(row["składnik"], row["strefa"]): row for row in rows_of(book["Stawki"])}
    assert rates["składnik zmienny stawki sieciowej", "peak"]["nr decyzji"] == "DRE.1"
    off_peak = rates["składnik zmienny stawki sieciowej", "off_peak"]
    assert (off_peak["źródło"], off_peak["status"]) == ("a page", "przykładowe, nie operatora")
    assert {row["źródło"] for row in rows_of(book["Strefy"])} == {"a test"}
    digests = {row["co"]: row["wartość"] for row in rows_of(book["Przebieg i skróty"])}
    assert digests["skrót przebiegu (sha256 pliku run.json)"] == asked("runs", register)["runs"][0]["digest"]
    assert len(digests["plik in/energies.parquet"]) == 64
    for page in book.worksheets[1:]:
        assert "SYMULACJA" in page["A1"].value
        assert "Obliczenie kontrolne koordynatora" in page["A1"].value


def test_no_cell_of_the_evidence_is_a_formula_and_the_csv_guards_what_looks_like_one(written: Path) -> None:
    book = openpyxl.load_workbook(written / "reklamacja-2026-11-operator-a1.xlsx")
    cells = [cell for page in book.worksheets for row in page.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    noted = [cell.value for cell in cells if isinstance(cell.value, str) and cell.value.startswith("=cmd")]
    assert noted == ["=cmd|' /C calc'!A0"]
    text = (written / "reklamacja-2026-11-operator-a1-dokumenty.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    told = {row[4]: dict(zip(rows[3], row, strict=False)) for row in rows[4:] if len(row) == len(rows[3])}
    assert told["opłata OZE"]["uwagi"] == "'=cmd|' /C calc'!A0"
    assert told["opłata OZE"]["netto zł"] == "5,26"


def test_the_text_names_documents_differences_articles_and_the_suspension(written: Path) -> None:
    text = (written / "reklamacja-2026-11-operator-a1.txt").read_text(encoding="utf-8")
    for said in (
        "SYMULACJA",
        "Adresat: Sieć S.A.",
        "FV/7, wersja 1 (plik f.csv",
        "A1, opłata OZE: naliczono 5,26 zł, obliczenie 1,84 zł, różnica 3,42 zł",
        "Razem: 3,87 zł netto",
        "Nie porównano: A1, składnik zmienny stawki sieciowej, strefa off_peak",
        "art. 184m ust. 1",
        "decyzja DRE.1",
        "SIMULATION",
    ):
        assert said in text


def test_a_workbook_alone_is_written_where_a_file_is_named(tmp_path: Path, register: Path) -> None:
    out = tmp_path / "dowody.xlsx"
    asked("complaint", register, "--month", "2026-11", "--party", "operator", "--point", "A1", "--out", out, code=3)
    assert [one.name for one in tmp_path.iterdir()] == ["dowody.xlsx"]
    assert "Pismo" in openpyxl.load_workbook(out).sheetnames


def test_nothing_is_written_where_nothing_differs_or_the_point_isnt_there(tmp_path: Path, register: Path) -> None:
    words = ("complaint", register, "--month", "2026-11", "--party", "operator")
    assert "no such point" in central(*words, "--point", "A9", "--out", tmp_path / "a", code=2)
    assert "only a workbook" in central(*words, "--out", tmp_path / "a.pdf", code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_binding_settlement_is_no_simulation_on_its_face(tmp_path: Path) -> None:
    binding = CLUSTER.replace("[settings]\n", '[settings]\nregime_status = "binding"\n')
    binding = binding.replace('operator = "Sieć S.A."', 'operator = "Sieć S.A."\ncontract_amended = 2026-01-01')
    made = make_run(tmp_path, NOVEMBER, 1000, 650, cluster=binding)
    central("complaint", made, "--month", "2026-11", "--party", "seller", "--out", tmp_path / "out", code=3)
    text = (tmp_path / "out" / "reklamacja-2026-11-sprzedawca-a1.txt").read_text(encoding="utf-8")
    assert "SYMULACJA" not in text
    assert "nie wprowadzono żadnego dokumentu" in text
    assert "Obliczenie kontrolne koordynatora klastra" in text


def test_no_seller_gets_what_is_anothers(tmp_path: Path) -> None:
    sold = CLUSTER.replace('operator = "Sieć S.A."', 'seller = "Obrót X"').replace(
        '["injected"]', '["drawn", "injected"]\nseller = "Obrót Y"\ntariff = "C11"'
    )
    made = make_run(tmp_path, NOVEMBER, 1000, 650, cluster=sold, also="F1,drawn")
    words = ("complaint", made, "--month", "2026-11", "--party", "seller", "--out", tmp_path / "out")
    assert "2 addressees (Obrót X, Obrót Y)" in central(*words, code=2)
    assert not (tmp_path / "out").exists()
    central(*words, "--point", "A1", code=3)
    (text,) = (tmp_path / "out").glob("*.txt")
    assert "Obrót Y" not in text.read_text(encoding="utf-8")
