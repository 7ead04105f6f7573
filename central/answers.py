"""The answers to what a coordinator asks, as plain values: printed by the CLI, served by the API, drawn by the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central import unauthorised_marks, value_sources
from central.balance import multiplier_text, ratio_text
from central.books import Books, Settled
from central.estimated_marks import of_periods, of_shares
from central.evidence import GatewaySeen
from central.finding import Finding
from central.findings import finding_row, findings_now
from central.gateway_clocks import clocks_lately
from central.grid import seconds
from central.group_sums import sums_by
from central.reports.money_sum import MoneySum, of_money
from central.reports.settlement_csv import COLUMNS, columns_of
from central.reports.summary import exact_sum
from central.sources import injected_at
from central.tables import GROSS, HOUR_ENERGIES, MORE_ENERGIES
from central.tier import tiers
from central.validity import begins, valid_instants
from metering.period import Month, day_start, local_text, utc_text
from metering.point import Source

SHARE_ENERGIES = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")
"""What is summed of a member and of a point, Wh."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: a local month, or one local day of it."""

    month: Month
    day: date | None = None

    @classmethod
    def of_day(cls, day: date) -> Span:
        """One local day."""
        return cls(month=Month(day.year, day.month), day=day)

    @property
    def start(self) -> datetime:
        """The first instant (UTC)."""
        return self.month.start if self.day is None else day_start(self.day)

    @property
    def end(self) -> datetime:
        """The first instant after it (UTC)."""
        return self.month.end if self.day is None else day_start(self.day + timedelta(days=1))

    def __str__(self) -> str:
        """``2026-10`` or ``2026-10-05``."""
        return str(self.month) if self.day is None else self.day.isoformat()


def balance(books: Books, span: Span, now: datetime) -> dict[str, Any]:
    """The balance of every period of the span that ended before ``now``, and the sums of the complete ones.

    Energies in Wh; null where not known. ``estimated``, ``own`` and ``operator``: how many values of the periods are
    estimates, from the cluster's own stands and from operators' files.
    """
    settled = books.settled(span.month)
    hours = _ended(settled.hours, settled, span, now)
    complete = hours.filter(pc.equal(hours["status"], "complete"))
    # Without a complete period nothing is known: no sum is 0 then.
    known = complete.num_rows > 0
    energies = [name for name in (*HOUR_ENERGIES, *MORE_ENERGIES) if name in hours.schema.names]
    sums = {name: exact_sum(complete[name]) if known else None for name in energies}
    covered, drawn = sums["covered_wh"], sums["drawn_wh"]
    rows = _rows(hours, columns_of("hours", hours))
    for row, count in zip(rows, of_periods(settled.estimated, seconds(hours["start"])), strict=True):
        row["estimated"] = count
    ended = value_sources.of_shares(
        _ended(settled.shares, settled, span, now), settled.tables["energies"], settled.estimated
    )
    for row, counts in zip(rows, value_sources.of_periods(ended, seconds(hours["start"])), strict=True):
        row.update(counts)
    return _about(settled, span, now, money=False) | {
        "periods": hours.num_rows,
        "complete": complete.num_rows,
        "sums": sums,
        "covered_pct": None if covered is None or drawn is None else ratio_text(covered, drawn),
        "estimated": sum(row["estimated"] for row in rows),
        "hours": _with_sources(_with_next_step(rows, hours, settled), hours, settled),
    }


def shares(books: Books, span: Span, now: datetime, *, rows: bool = True) -> dict[str, Any]:
    """Each member's and point's sums over the complete periods of the span, the rows they rest on, and the charges.

    A sum is null where nothing of the kind is measured or no period is complete. Charges are a month's: for one day
    they are left out.
    """
    settled = books.settled(span.month)
    found = share_rows(books, span, now)
    energies = [
        name for name in (*SHARE_ENERGIES, "charge_wh", "estimated", "unauthorised") if name in found.schema.names
    ]
    names = {member.id: member.name for member in settled.cluster.members}
    answer: dict[str, Any] = _about(settled, span, now, money=span.day is None) | {
        "members": [
            {"member": member, "name": names.get(member, ""), **sums}
            for member, sums in sums_by(found, "member", energies).items()
        ],
        "points": _of_points(found, settled, energies),
    }
    if rows:
        answer["rows"] = _rows(found, columns_of("shares", found))
        answer["sources"] = value_sources.told(found, books.archived(), [one.estimate for one in settled.outcomes])
    if span.day is None:
        money = {member.member: member.relief_zl for member in settled.summary.members}
        for row in answer["members"]:
            row["relief_zl"] = money[row["member"]]
        answer["charges"] = _rows(settled.charges, COLUMNS["charges"])
        answer["relief_zl"] = settled.summary.relief_zl
        answer["rates"] = settled.summary.rates
        answer |= _money(settled)
    return answer


def _money(settled: Settled) -> dict[str, Any]:
    """Without the cluster and with it: by point, by member and in all, with what each sum rests on."""
    summary = settled.summary
    members = [(row.member, row.money) for row in summary.members if isinstance(row.money, MoneySum)]
    return {
        "totals": _rows(settled.totals, COLUMNS["totals"]),
        "money": {
            "members": [{"member": member, **msgspec.to_builtins(money)} for member, money in members],
            "cluster": msgspec.to_builtins(summary.money),
        },
        "zones": summary.zones,
        "rates_missing": summary.rates_missing,
    }


def _of_points(rows: pa.Table, settled: Settled, energies: Sequence[str]) -> list[dict[str, Any]]:
    """Each point's sums; those of a point that changed hands for each of its owners, in time."""
    owners: dict[str, list[str]] = {}
    for row in sorted(settled.cluster.points, key=begins):
        if row.member not in owners.setdefault(row.id, []):
            owners[row.id].append(row.member)
    found = []
    for point, sums in sums_by(rows, "point", energies).items():
        if len(owners[point]) == 1:
            found.append({"point": point, "member": owners[point][0], **sums})
            continue
        mine = rows.filter(pc.equal(rows["point"].cast(pa.string()), point))
        of_member = sums_by(mine, "member", energies)
        found += [{"point": point, "member": one, **of_member[one]} for one in owners[point] if one in of_member]
    return found


def share_rows(books: Books, span: Span, now: datetime) -> pa.Table:
    """The rows that ``shares`` rests on, as SHARES has them, and how many values of each are estimates.

    ``unauthorised``: 1 where the member's data have no valid authorisation in the period. ``drawn_source`` and
    ``injected_source``: where the values are from (``central.value_sources``).
    """
    settled = books.settled(span.month)
    rows = of_shares(settled.estimated, _ended(settled.shares, settled, span, now))
    rows = unauthorised_marks.of_shares(settled.unauthorised, rows)
    return value_sources.of_shares(rows, settled.tables["energies"], settled.estimated)


def findings(
    books: Books, span: Span, now: datetime, *, closed: bool = False, everywhere: bool = False
) -> dict[str, Any]:
    """What isn't as it should be in the span, and in the intake; heaviest first.

    With ``closed`` also what was; with ``everywhere`` whatever its time, other months as they were last looked at.
    """
    known, unread = findings_now(books, span.month, now, closed=closed)
    rows = [finding_row(one) for one in known if everywhere or _is_of(one.finding, span)]
    named = "all months" if everywhere else str(span)
    return {"span": named, "now": utc_text(now), "unread": unread, "findings": rows}


def gateways(books: Books, now: datetime) -> dict[str, Any]:
    """Every gateway as central last saw it; ``clock``: what it last said of it, null without stands lately."""
    clocks = clocks_lately(books, now)
    seen = books.gateways()
    rows = [_gateway(one) | {"clock": clocks.get(one.gateway)} | _not_taken_in(one, now) for one in seen]
    return {"now": utc_text(now), "gateways": rows}


def stands(books: Books, span: Span) -> dict[str, Any]:
    """The stands of the span, both ends included, as they were sent: no multiplier applied."""
    table = books.stands(span.start, span.end)
    return {"span": str(span), "stands": _rows(table, table.schema.names)}


def day(books: Books, span: Span, now: datetime) -> dict[str, Any]:
    """Balance, members' sums, gateways and findings of one settlement and one instant: they agree with one another."""
    return {
        "balance": balance(books, span, now),
        "shares": shares(books, span, now, rows=False),
        "gateways": gateways(books, now),
        "findings": findings(books, span, now),
    }


_OF_NOW = ("store_behind", "store_down", "another_central")
"""Findings that are told whatever span is asked for: its answer isn't whole."""


def _is_of(one: Finding, span: Span) -> bool:
    return one.kind in _OF_NOW or one.since is None or one.until is None or _touches(one.since, one.until, span)


def _touches(since: datetime, until: datetime, span: Span) -> bool:
    """Whether a stretch of time, or an instant, lies at least partly in the span."""
    return since < span.end and (until > span.start or since == until == span.start)


def _about(settled: Settled, span: Span, now: datetime, *, money: bool) -> dict[str, Any]:
    notes = [note for note in settled.summary.notes_said if money or not of_money(note)]
    return {
        "cluster": settled.cluster.name,
        "period": settled.cluster.period.value,
        "span": str(span),
        "now": utc_text(now),
        "notes": [note.text for note in notes],
        "notes_said": msgspec.to_builtins(notes),
    }


def _ended(table: pa.Table, settled: Settled, span: Span, now: datetime) -> pa.Table:
    start = table["start"]
    last = min(span.end, now + timedelta(seconds=1) - settled.cluster.period.length)
    first, after = (pa.scalar(at, start.type) for at in (span.start, last))
    return table.filter(pc.and_(pc.greater_equal(start, first), pc.less(start, after)))


def _with_next_step(rows: list[dict[str, Any]], hours: pa.Table, settled: Settled) -> list[dict[str, Any]]:
    """The rows of the hours with the next relief step and the renewable energy that was missing for it, Wh."""
    # The gross column is there where the ratio is of what is used, not of what is drawn.
    under = GROSS.name if settled.cluster.settings.ratio_denominator == "gross" else "drawn_wh"
    injected, drawn, whole = (
        pc.fill_null(hours[name], 0).to_numpy() for name in ("injected_res_wh", "drawn_wh", under)
    )
    found = tiers(injected, drawn, settled.cluster.settings, whole)
    for row, step, missing in zip(rows, found.next_step.tolist(), found.missing.tolist(), strict=True):
        known = row["status"] == "complete" and step >= 0
        row["next_multiplier"] = multiplier_text(step) if known else None
        row["to_next_wh"] = missing if known else None
    return rows


def _with_sources(rows: list[dict[str, Any]], hours: pa.Table, settled: Settled) -> list[dict[str, Any]]:
    """The rows of the hours with what was injected by photovoltaics, by storages' own points and by the rest, Wh."""
    place = {at: place for place, at in enumerate(seconds(settled.hours["start"]).tolist())}
    places = [place[at] for at in seconds(hours["start"]).tolist()]
    groups = {
        f"injected_{source.value}_wh": [
            (point.id, valid_instants(point)) for point in settled.cluster.points if point.source == source
        ]
        for source in (Source.PV, Source.STORAGE)
    }
    parts = {
        name: values[places].tolist()
        for name, values in injected_at(settled.tables, settled.cluster.settings, groups).items()
    }
    for i, row in enumerate(rows):
        known = row["status"] == "complete"
        for name, values in parts.items():
            row[name] = values[i] if known else None
        whole = (row["injected_res_wh"] + row["injected_other_wh"]) if known else None
        row["injected_rest_wh"] = None if whole is None else whole - sum(row[name] for name in parts)
    return rows


def _rows(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows as plain values; instants as text in UTC, ``local`` as the same in Europe/Warsaw."""
    found = []
    for row in table.to_pylist():
        plain: dict[str, Any] = {}
        for name in names:
            value = row["start"] if name == "local" else row[name]
            text: Callable[[datetime], str] = local_text if name == "local" else utc_text
            plain[name] = text(value) if isinstance(value, datetime) else value
        found.append(plain)
    return found


def _gateway(one: GatewaySeen) -> dict[str, Any]:
    return {
        "gateway": one.gateway,
        "heard": None if one.heard is None else utc_text(one.heard),
        "receipted": None if one.receipted is None else utc_text(one.receipted),
        "status": None if one.status is None else msgspec.to_builtins(one.status),
    }


def _not_taken_in(one: GatewaySeen, now: datetime) -> dict[str, Any]:
    """Why messages of it aren't taken in these minutes: the disk is short, or it sent more than it may; else null."""
    off, lately = one.put_off_lately(now), one.over_lately(now)
    return {
        "put_off": None if off is None else utc_text(off),
        "over_budget": None
        if lately is None
        else {
            "since": utc_text(lately.since),
            "at": utc_text(lately.at),
            "unit": lately.unit,
            "sent": lately.sent,
            "budget": lately.budget,
            "put_off": lately.put_off,
            "shut_until": None if lately.shut_until is None else utc_text(lately.shut_until),
        },
    }
