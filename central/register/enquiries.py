"""What the page and the API ask of the register; heavy ones settle a month, so a worker process answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec
import pyarrow.csv as pacsv

from central.config import CentralConfig, load_config
from central.enquiry import Enquiry, EnquiryError
from central.group_sums import sums_by
from central.register.closing import closing
from central.register.comparing import Comparison, compare_sides, side_of
from central.register.corrections import propose
from central.register.exporting import export
from central.register.keeping import Register
from central.register.opening import Run
from central.register.readings_changed import reading_rows
from central.register.verifying import verify
from central.reports.diff_text import change_cells, diff_row, from_where, origins
from central.reports.note import plain
from central.reports.register_text import closing_row, run_rows, shown, verified_row
from central.reports.settlement_csv import columns_of, text_tables
from central.standing import standing_books
from metering.period import Month, utc_text

Table = Literal["hours", "shares", "charges", "totals"]
TABLES: Final[tuple[Table, ...]] = ("hours", "shares", "charges", "totals")
"""Results of a run that are given as CSV."""
SHOWN: Final = 50
"""So many changes of each kind are told; all are counted."""
_ENERGIES: Final = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")
_MONEY: Final = ("full_zl", "relief_zl", "charge_zl")


def _register(config_file: Path) -> Register:
    return Register(load_config(config_file).register)


class RunList(Enquiry, frozen=True):
    """Every run, in the order of making; as ``runs --json``."""

    of_register: ClassVar[bool] = True

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        return {"now": utc_text(now), "runs": run_rows(_register(config_file))}


class OneRun(Enquiry, frozen=True):
    """A run: ``shown`` as ``runs show --json``, its members' sums, its rates and the runs of its month."""

    of_register: ClassVar[bool] = True
    run: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        register = _register(config_file)
        run = register.run(self.run)
        month = Month.parse(run.manifest.month)
        return {
            "now": utc_text(now),
            "shown": shown(run),
            "binding": run.settings.regime_status == "binding",
            "members": _members(run),
            "rates": _rates(run),
            "of_month": [one.run for one in register.of_month(month) if one.what == "run"],
        }


class VerifyRun(Enquiry, frozen=True):
    """Whether a run is what it says, as ``verify --json``."""

    of_register: ClassVar[bool] = True
    run: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        return {"now": utc_text(now), **verified_row(verify(_register(config_file).run(self.run)))}


class RunDifference(Enquiry, frozen=True):
    """What changed from one run to another."""

    of_register: ClassVar[bool] = True
    before: str
    after: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        register = _register(config_file)
        runs = [register.run(name) for name in (self.before, self.after)]
        try:
            found = compare_sides(*map(side_of, runs))
        except ValueError as error:
            raise EnquiryError(str(error)) from error
        return {"now": utc_text(now), "month": runs[0].manifest.month, **_difference(found, runs[0].period.length)}


class Correction(Enquiry, frozen=True):
    """What the books know now against the run that stands for a month; ``none`` where there is no final."""

    month: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        books, register = standing_books(config_file), _register(config_file)
        month = Month.parse(self.month)
        found = propose(books, register, month)
        about = {"now": utc_text(now), "month": self.month, "none": found is None}
        return about if found is None else about | _difference(found, books.cluster.period.length)


class Closing(Enquiry, frozen=True):
    """The list that must hold before a month's final, as ``closing --json``."""

    month: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        config: CentralConfig = load_config(config_file)
        month = Month.parse(self.month)
        lines = closing(standing_books(config_file), Register(config.register), month, now)
        return {"now": utc_text(now), **closing_row(month, lines)}


class WriteRun(msgspec.Struct, frozen=True):
    """A run as a file: exported whole, or one of its tables as CSV."""

    run: str
    table: Table | None = None
    """None: the whole run."""

    def __call__(self, config_file: Path, out: Path) -> None:
        """Write it to ``out``, which isn't there yet; raises as ``Enquiry.answer``."""
        run = _register(config_file).run(self.run)
        if self.table is None:
            export(run, out)
            return
        table = run.outputs().get(self.table)
        if table is None:
            raise EnquiryError(f"{self.run} has no table {self.table}: it was made by an older klaster")
        names = columns_of(self.table, table)
        if lacking := sorted(set(names) - {*table.schema.names, "local"}):
            raise EnquiryError(f"{self.run}: {self.table} has no {lacking[0]}: it was made by an older klaster")
        with out.open("xb") as sink:
            sink.write(f"{','.join(names)}\n".encode())
            for part in text_tables(self.table, table):
                pacsv.write_csv(part, sink, pacsv.WriteOptions(include_header=False, quoting_style="none"))


def _members(run: Run) -> list[dict[str, Any]]:
    """Each member's energies and money; null where nothing is known, or a rate is missing."""
    outputs = run.outputs()
    names = {one.id: one.name for one in run.cluster.members}
    money: dict[str, dict[str, Decimal | None]] = {}
    for row in outputs["charges"].select(["member", "drawn_wh", *_MONEY]).to_pylist():
        if row["drawn_wh"] is None:
            continue
        mine = money.setdefault(row["member"], dict.fromkeys(_MONEY, Decimal(0)))
        for name in _MONEY:
            held, more = mine[name], row[name]
            mine[name] = None if held is None or more is None else held + Decimal(more)
    found = []
    for member, sums in sums_by(outputs["shares"], "member", _ENERGIES).items():
        zl = money.get(member, dict.fromkeys(_MONEY))
        texts = {name: None if value is None else f"{value:.2f}" for name, value in zl.items()}
        found.append({"member": member, "name": names.get(member, ""), **sums, **texts})
    return found


def _rates(run: Run) -> list[dict[str, Any]]:
    """The rates that the run was made with."""
    found = []
    for row in run.inputs()["rates"].to_pylist():
        wanted = ("component", "tariff", "zone", "zl_per_kwh", "status", "source")
        plain = {name: row.get(name) for name in wanted}
        found.append(plain | {name: row[name] and utc_text(row[name]) for name in ("valid_from", "valid_to")})
    return found


def _difference(found: Comparison, length: timedelta) -> dict[str, Any]:
    """The difference without what is too long for a page: the first of each kind, and how many there are."""
    whole = diff_row(msgspec.structs.replace(found, results={}, readings=[]), length)
    readings = reading_rows(found.readings, length)
    changed = {**found.master, **found.rates, "settings": found.settings}
    return whole | {
        "equal": found.equal,
        "readings": [
            {**row, "from_where": from_where(row), "origins": plain(origins(row))} for row in readings[:SHOWN]
        ],
        "readings_count": len(readings),
        "data": [_changed(name, rows) for name, rows in changed.items() if rows],
        "results": [_changed(name, rows) for name, rows in found.results.items() if rows],
    }


def _changed(name: str, rows: list[Any]) -> dict[str, Any]:
    return {"name": name, "count": len(rows), "rows": [list(row) for row in change_cells(rows[:SHOWN])]}
