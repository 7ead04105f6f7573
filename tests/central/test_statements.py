"""A member's statement: PDF and workbook are read back, their figures are the run's, and data is never evaluated."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from central.cli import main
from central.register.opening import Run, open_run
from central.statements.document import Column, Document, Figure, Row, Table, plain_text
from central.statements.gathering import told_of
from central.statements.layout import document
from central.statements.pdf import pdf
from central.statements.statement import Statement, statement
from central.statements.told import Told
from central.statements.workbook import xlsx
from central.statements.writing import write_statements
from metering.period import utc_text
from tests.central.made_books import make_books
from tests.central.made_month import MONTH, RATES, drawn, injected, make_month, month_stands
from tests.central.made_runs import CLUSTER, make_runs

EXAMPLE = Path(__file__).parents[2] / "docs" / "example"
FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = [
    one.name
    for kind in ("zones-1", "storage-1", "time-5")
    for one in FOLDER.glob(f"{kind}-*")
    if not (one / "given" / "stands.csv").exists()
]
EVIL = '#import "x.typ": * $a_1$ \\ #{panic()} *b* <l> @r =HYPERLINK("http://x","y")'


def central(*words: object, code: int = 0) -> str:
    """Run ``klaster-central`` in this process; gives what it printed."""
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def asked(*words: object, code: int = 0) -> Any:
    """The same with ``--json``."""
    return json.loads(central(*words, "--json", code=code))


def text_of(file: Path) -> str:
    """What a reader of the PDF gets, with plain blanks and without the marks above the line."""
    if shutil.which("pdftotext") is None:
        said = "there is no pdftotext (apt-get install poppler-utils)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True)
    return re.sub("[†‡\u200b]", "", done.stdout).replace("\u00a0", " ")


def polish(value: Decimal | int | str, digits: int = 2) -> str:
    return f"{Decimal(value):,.{digits}f}".replace(",", " ").replace(".", ",").replace("-", "−")


def line_with(text: str, *figures: str) -> bool:
    """Whether a line has these figures, in this order."""
    pattern = r"\s+".join(re.escape(figure) for figure in figures)
    return any(re.search(rf"(?<!\S){pattern}(?!\S)", line) for line in text.splitlines())


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with a run of the example, and everybody's statements."""
    folder = tmp_path_factory.mktemp("statements")
    readings = [word for name in ("hours", "quarters") for word in ("--readings", EXAMPLE / f"readings-{name}.csv")]
    central(
        "run", "--cluster", EXAMPLE / "cluster.toml", "--rates", EXAMPLE / "rates.toml", *readings,
        "--register", folder / "register", "--month", "2026-10", "--kind", "preliminary",
    )  # fmt: skip
    central("statement", folder / "register", "--run", "2026-10-preliminary-1", "--all", "--out", folder / "out")
    return folder


def run_of(example: Path) -> Run:
    return open_run(example / "register" / "runs" / "2026-10-preliminary-1")


def file_of(example: Path, member: str, ending: str) -> Path:
    return example / "out" / f"zestawienie-2026-10-preliminary-1-{member}.{ending}"


@pytest.mark.parametrize("member", ["gmina", "nowak", "wodociagi"])
def test_the_pdf_has_the_figures_of_the_runs_tables_to_the_grosz(example: Path, member: str) -> None:
    outputs = run_of(example).outputs()
    text = text_of(file_of(example, member, "pdf"))
    rows = [row for row in outputs["charges"].to_pylist() if row["member"] == member]
    assert len(rows) == 4
    for row in rows:
        money = [polish(row[name]) for name in ("full_zl", "relief_zl", "charge_zl")]
        assert any(
            re.search(rf"{polish(row['drawn_wh'] / Decimal(1000), 3)}\s+{polish(row['relieved_wh'] / Decimal(1000), 3)}"
                      rf"\s+{polish(row['rate'], 4)}\s+\d+\s+{money[0]}\s+{money[1]}\s+{money[2]}(?!\S)", line)
            for line in text.splitlines()
        ), row  # fmt: skip
    (total,) = [row for row in outputs["totals"].to_pylist() if row["member"] == member]
    assert line_with(text, "bez klastra", *(polish(total[f"full_{name}"]) for name in ("zl", "vat_zl", "gross_zl")))
    assert line_with(text, "w klastrze", *(polish(total[f"charge_{name}"]) for name in ("zl", "vat_zl", "gross_zl")))
    shares = [row for row in outputs["shares"].to_pylist() if row["member"] == member]
    for name, said in (("drawn_wh", "pobrana z sieci"), ("allocated_wh", "przydzielona z klastra"),
                       ("relieved_wh", "objęta ulgą")):  # fmt: skip
        assert line_with(text, said, polish(sum(row[name] for row in shares) / Decimal(1000), 3))
    assert run_of(example).row.manifest in text
    for said in ("Obliczenie kontrolne, nie faktura.", "Symulacja.", "rozliczenie wstępne nr 1", "tier_base = covered",
                 "kwota opiera się na stawce przykładowej"):  # fmt: skip
        assert said in text


def test_hours_by_step_are_the_runs_and_add_up_to_what_the_member_drew(example: Path) -> None:
    run = run_of(example)
    one = statement(told_of(run), "wodociagi")
    hours = run.outputs()["hours"].to_pylist()
    counts: dict[str, int] = {}
    for row in hours:
        counts[row["multiplier"] or "none"] = counts.get(row["multiplier"] or "none", 0) + 1
    assert {step.multiplier: step.periods for step in one.steps} == counts
    assert sum(step.drawn_wh or 0 for step in one.steps) == one.energy.drawn_wh
    assert sum(step.relieved_wh or 0 for step in one.steps) == one.energy.relieved_wh
    assert [row.number for row in one.money.rates] == list(range(1, len(one.money.rates) + 1))
    assert all(row.rate_no is not None for row in one.money.rows)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_energies_of_points_and_zones_are_those_that_their_charges_are_of(name: str, tmp_path: Path) -> None:
    given_, when = FOLDER / name / "given", tomllib.loads((FOLDER / name / "when.toml").read_text(encoding="utf-8"))
    words = ["--cluster", given_ / "cluster.toml", "--rates", given_ / "rates.toml", "--from", when["from"], "--to",
             when["to"], "--register", tmp_path, "--kind", "preliminary"]  # fmt: skip
    words += [word for file in sorted(given_.glob("*.csv")) for word in ("--readings", file)]
    central("run", *words, code=when.get("exit", 0))
    zones = 0
    for folder in sorted((tmp_path / "runs").iterdir()):
        told = told_of(open_run(folder))
        for one in (statement(told, member) for member in told.members):
            for point in one.points:
                rows = [row for row in one.money.rows if row.point == point.point and row.drawn_wh is not None]
                for component in {row.component for row in rows}:
                    mine = [row for row in rows if row.component == component]
                    drawn_wh = (point.drawn_wh or 0) + (point.storage_charge_wh or 0)
                    assert sum(row.drawn_wh or 0 for row in mine) == drawn_wh
                    assert sum(row.relieved_wh or 0 for row in mine) == (point.relieved_wh or 0)
                    if len(point.zones) > 1 and component == "network_variable":
                        zones += 1
                        for zone in point.zones:
                            assert sum(row.drawn_wh or 0 for row in mine if row.zone == zone.zone) == zone.drawn_wh
            assert one.money.whole.charge_zl == sum(
                (row.charge_zl for row in one.money.rows if row.charge_zl is not None), Decimal(0)
            ) or one.money.whole.charge_zl is None  # fmt: skip
            assert pdf(document(one, "pl"), one.run.made, "").startswith(b"%PDF")
    assert zones or not name.startswith("zones-1")


def test_allocated_energy_has_relief_or_a_reason_why_not(example: Path) -> None:
    told = told_of(run_of(example))
    for member in told.members:
        one = statement(told, member)
        assert one.energy.allocated_wh == (one.energy.relieved_wh or 0) + sum(row.wh for row in one.without_relief)
        assert all(row.reasons for row in one.without_relief)
    text = " ".join(text_of(file_of(example, "nowak", "pdf")).split())
    assert "Energia przydzielona bez ulgi" in text
    assert "rozlicza się w systemie net_metering (art. 184k ust. 4)" in text
    assert "Energia przydzielona bez ulgi" not in text_of(file_of(example, "gmina", "pdf"))


def test_a_member_sees_no_other_members_name_point_or_figures(example: Path) -> None:
    outputs = run_of(example).outputs()
    answer = asked(
        "statement", example / "register", "--run", "2026-10-preliminary-1", "--member", "wodociagi", "--out",
        example / "again",
    )  # fmt: skip
    text = text_of(file_of(example, "wodociagi", "pdf")) + str(answer["statements"])
    for hidden in ("590322499000000014", "590322499000000038", "590322499000000045", "Nowak", "Słońce", "nowak"):
        assert hidden not in text
    for row in outputs["totals"].to_pylist():
        if row["member"] != "wodociagi":
            assert polish(row["full_zl"]) not in text
            assert row["full_zl"] not in text


def test_the_workbook_has_the_same_numbers_and_no_formula(example: Path) -> None:
    book = openpyxl.load_workbook(file_of(example, "gmina", "xlsx"))
    numbers = set()
    for page in book.worksheets:
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, int | float):
                    numbers.add(round(cell.value, 6))
    (total,) = [row for row in run_of(example).outputs()["totals"].to_pylist() if row["member"] == "gmina"]
    assert {float(value) for name, value in total.items() if name.endswith("_zl") and "full_vat" not in name} <= numbers
    assert len(book.worksheets) >= 9


def test_the_same_run_gives_the_same_bytes_from_the_register_and_from_an_exported_file(example: Path) -> None:
    exported = example / "run.klaster"
    central("runs", "export", example / "register", "2026-10-preliminary-1", "--out", exported)
    central("statement", "--run", exported, "--member", "nowak", "--out", example / "elsewhere")
    for ending in ("pdf", "xlsx"):
        again = example / "elsewhere" / file_of(example, "nowak", ending).name
        assert again.read_bytes() == file_of(example, "nowak", ending).read_bytes()


def test_what_cant_be_asked_is_told_and_nothing_is_written(example: Path) -> None:
    register, out = example / "register", example / "nothing"
    said = central("statement", register, "--run", "2026-10-preliminary-1", "--member", "x", "--out", out, code=2)
    assert "no point of a member 'x' is in the run; members: gmina, nowak, slonce, wodociagi" in said
    assert "there are: 2026-10-preliminary-1" in central(
        "statement", register, "--run", "2026-10-final", "--all", "--out", out, code=2
    )
    assert "give --member ID for one member's statement, or --all" in central(
        "statement", register, "--run", "r", "--out", out, code=2
    )
    assert not out.exists()


def test_a_disk_that_fills_while_everybodys_statements_are_written_leaves_none_of_them(
    example: Path, tmp_path: Path
) -> None:
    told = told_of(open_run(example / "register" / "runs" / "2026-10-preliminary-1"))
    there = tmp_path / "there"
    there.mkdir()
    (there / "kept.txt").write_text("kept", encoding="utf-8")

    def until_full() -> Iterator[Statement]:
        yield statement(told, "gmina")
        raise OSError(errno.ENOSPC, "No space left on device", "a file")

    for folder in (tmp_path / "new", there):
        with pytest.raises(OSError, match="No space left"):
            write_statements(until_full(), folder, "pl")
    assert [file.name for file in tmp_path.rglob("*")] == ["there", "kept.txt"]
    assert [file.suffix for file in write_statements([statement(told, "gmina")], there, "pl")] == [".pdf", ".xlsx"]


# A made-up month with names that would be markup


def evil_run(folder: Path, points: int = 1) -> Run:
    """A run of a town hall with many points, whose names are Typst's own language."""
    make_books(folder)
    text = (folder / "cluster.toml").read_text(encoding="utf-8")
    text = text.replace('name = "Town hall"', f"name = '{EVIL}'")
    more = [f"P{i:03d}_{'X' * 30}" for i in range(points - 1)]
    for name in more:
        text += f'\n[[points]]\nid = "{name}"\nmember = "A"\ndirections = ["drawn"]\ntariff = "C11 $x$"\n'
    (folder / "cluster.toml").write_text(text, encoding="utf-8")
    (folder / "rates.toml").write_text(RATES.replace("a test", "= *source* #emoji.face"), encoding="utf-8")
    rows = ["point,direction,start,wh"]
    for i, period in enumerate(MONTH.periods()):
        start = utc_text(period.start)
        rows += [f"A1,drawn,{start},{drawn(i)}", f"F1,injected,{start},{injected(i)}"]
        rows += [f"{name},drawn,{start},{drawn(i) + at}" for at, name in enumerate(more)]
    (folder / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    options = [word for name, file in (("cluster", "cluster.toml"), ("rates", "rates.toml"), ("readings", "readings.csv"))
               for word in (f"--{name}", folder / file)]  # fmt: skip
    central("run", *options, "--register", folder / "register", "--month", MONTH, "--kind", "preliminary")
    return open_run(folder / "register" / "runs" / f"{MONTH}-preliminary-1")


def test_markup_and_formulas_in_a_cluster_file_are_printed_as_they_are(tmp_path: Path) -> None:
    run = evil_run(tmp_path, points=40)
    out = tmp_path / "out"
    central("statement", tmp_path / "register", "--run", run.id, "--all", "--out", out)
    (file,) = out.glob(f"*{run.id}-a-*.pdf")
    text = text_of(file)
    joined = "".join(text.split())
    assert "".join(EVIL.split()) in joined
    assert f"P007_{'X' * 30}" in joined
    assert "C11 $x$" in text
    assert "= *source* #emoji.face" in " ".join(text.split())
    # The table of charges goes over several pages: each begins with its heads.
    pages = [
        page for page in text.split("\f") if re.search(r"opłata kogeneracyjna\s+[\d ]+,\d{3}\s+[\d ]+,\d{3}\s", page)
    ]
    assert len(pages) > 2
    assert all(re.search(r"pobór, kWh\s+z ulgą, kWh", page) for page in pages)
    book = openpyxl.load_workbook(file.with_suffix(".xlsx"))
    assert not [cell for page in book.worksheets for row in page.iter_rows() for cell in row if cell.data_type == "f"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_printed_and_is_one_line(word: str) -> None:
    kept = plain_text(word)
    assert kept == " ".join(kept.split())
    table = Table("t", "t", [Column("a"), Column("b", right=True)], [Row([kept, Figure(Decimal("1.50"), 2, "‡")])])
    laid = Document("pl", "t", "s", kept, "f", "{n} z {all}", [(kept, kept)], [table])
    made = open_at()
    assert pdf(laid, made, kept).startswith(b"%PDF")
    assert xlsx(laid, made)[:2] == b"PK"


def open_at() -> Any:
    return MONTH.start


# From books: what is missing, estimated, corrected


def test_missing_hours_estimates_and_authorisations_are_told_and_marked(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", 50), ("M1", 80)])
    with (tmp_path / "cluster.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[authorisations]]\nmember = "A"\nvalid_from = 2026-09-02\n[[authorisations]]\nmember = "F"\n')
    central(
        "estimate", made.config, "--point", "A1", "--method", "linear", "--from", "2026-09-03T01", "--to",
        "2026-09-03T03", "--reason", "a *cable*", "--by", "Ola",
    )  # fmt: skip
    asked("run", made.config, "--month", MONTH, "--kind", "preliminary", code=3)
    answer = asked(
        "statement", made.config, "--run", f"{MONTH}-preliminary-1", "--member", "A", "--out", tmp_path / "out", code=3
    )
    (one,) = answer["statements"]
    found = {(row["source"], row["quality"]): row["periods"] for row in one["origins"]}
    assert found == {("own", "measured"): 716, ("estimate", "E1"): 2, ("missing", ""): 2}
    assert (one["periods"], one["complete"]) == (720, 718)
    assert one["unauthorised"] == [{"since": "2026-08-31T22:00:00Z", "until": "2026-09-01T22:00:00Z"}]
    text = " ".join(text_of(Path(answer["files"][0])).split())
    assert "W 2 z 720 godzin w klastrze brakuje co najmniej jednej wartości" in text
    assert "E1 (metoda liniowa; a *cable*; Ola)" in text
    assert "s – część wartości jest oszacowana albo zastępcza." in text
    assert "Bez ważnego upoważnienia do danych (art. 38aa ust. 2 pkt 6): 2026-09-01 00:00+02:00" in text
    assert "litery s, u przy energii" in text
    known = sum(drawn(i) for i in range(720)) - drawn(79) - drawn(80)
    assert one["energy"]["drawn_wh"] == known


def test_a_correction_shows_its_difference_to_the_run_that_it_corrects(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", 50)])
    gap = "A1/drawn/2026-09-03T01:00..2026-09-03T03:00=the meter was exchanged"
    run = ("run", made.config, "--month", MONTH, "--by", "Ola", "--kind")
    central(*run, "preliminary", "--accept-gap", gap, code=3)
    central("approve", made.config, f"{MONTH}-preliminary-1", "--by", "Ola")
    central(*run, "final")
    made.keep([month_stands()[2 * 50]])
    effect = asked("correction", "propose", made.config, "--month", MONTH, code=1)["members"]["A"]
    central(*run, "correction", "--reason", "a late stand")
    words = ("statement", made.config, "--member", "A", "--out", tmp_path / "out", "--run")
    (one,) = asked(*words, f"{MONTH}-correction-1")["statements"]
    rows = {row["name"]: Decimal(row["after"]) - Decimal(row["before"]) for row in one["difference"]["rows"]
            if row["before"] is not None}  # fmt: skip
    assert {name: rows[name] for name in ("drawn_wh", "relieved_wh", "full_zl", "relief_zl", "charge_zl")} == {
        name: Decimal(effect[name]) for name in ("drawn_wh", "relieved_wh", "full_zl", "relief_zl", "charge_zl")
    }
    text = text_of(tmp_path / "out" / f"zestawienie-{MONTH}-correction-1-A.pdf".replace("-A", f"-{stem('A')}"))
    assert f"Różnica względem {MONTH}-final" in text
    assert f"+{polish(Decimal(effect['drawn_wh']) / 1000, 3)}" in text
    # The final tells the gap that was accepted; a correction exported alone can't tell the difference, and says so.
    (final,) = asked(*words, f"{MONTH}-final", code=3)["statements"]
    assert [gap["reason"] for gap in final["accepted"]] == ["the meter was exchanged"]
    central("runs", "export", made.config, f"{MONTH}-correction-1", "--out", tmp_path / "w.klaster")
    (whole,) = asked("statement", "--run", tmp_path / "w.klaster", "--member", "A", "--out", tmp_path / "w")[
        "statements"
    ]
    assert whole["difference"] == one["difference"]
    central("runs", "export", made.config, f"{MONTH}-correction-1", "--alone", "--out", tmp_path / "c.klaster")
    (alone,) = asked("statement", "--run", tmp_path / "c.klaster", "--member", "A", "--out", tmp_path / "x")[
        "statements"
    ]
    assert alone["difference"] == {"run": f"{MONTH}-final", "rows": [], "missing": True}


def stem(member: str) -> str:
    """How a file's name tells a member."""
    from hashlib import blake2b

    return f"{member.casefold()}-{blake2b(member.encode(), digest_size=4).hexdigest()}"


def test_both_languages_have_every_block(example: Path) -> None:
    one: Statement = statement(told_of(run_of(example)), "gmina")
    shapes = [[type(block).__name__ for block in document(one, language).blocks] for language in ("pl", "en")]
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) == 13


def test_why_an_industrial_consumers_oze_fee_isnt_energy_times_rate_is_told(tmp_path: Path) -> None:
    assert CLUSTER.count("industrial_pct = 60") == 1
    until = CLUSTER.replace("industrial_pct = 60", "industrial_pct = 60\nvalid_to = 2026-10-09")
    for name, cluster, said in (
        ("all", CLUSTER, "point B1 is charged on 60 % of its energy"),
        ("part", until, "point B1 until 2026-10-09 00:00+02:00 is charged on 60 % of its energy"),
    ):
        (folder := tmp_path / name).mkdir()
        told = told_of(open_run(folder / "register" / "runs" / make_runs(folder, cluster=cluster)))
        notes = {member: " ".join(charges_of(told, member).notes) for member in ("A", "B")}
        assert said in notes["B"]
        assert "of its energy" not in notes["A"]


def charges_of(told: Told, member: str) -> Table:
    title = "Charges by point, component, zone and rate"
    blocks = document(statement(told, member), "en").blocks
    return next(one for one in blocks if isinstance(one, Table) and one.title == title)
