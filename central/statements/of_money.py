"""A statement's money: of the month, by component, by row, and by point with VAT. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from central.finding import when
from central.statements.document import Cell, Column, Figure, Row, Table, Words, plain_text
from central.statements.money import Charge, Sums, worst
from central.statements.saying import STATUS_MARKS, Saying, digits_of


def money_result(by: Saying) -> Table | Words:
    """The month's sums with and without the cluster."""
    whole = by.one.money.whole
    if not by.one.money.rows:
        return Words(by.say("money_result"), [by.say("no_charges")])
    relief_vat = (
        None if None in {whole.full_vat_zl, whole.charge_vat_zl} else _less(whole.full_vat_zl, whole.charge_vat_zl)
    )
    lines = [
        ("without", whole.full_zl, whole.full_vat_zl, whole.full_gross_zl, "plain"),
        ("relief", whole.relief_zl, relief_vat, whole.relief_gross_zl, "plain"),
        ("with", whole.charge_zl, whole.charge_vat_zl, whole.charge_gross_zl, "sum"),
    ]
    rows = [
        Row([by.say(name), *(by.zl(amount, whole.status) for amount in amounts)], kind)
        for name, *amounts, kind in lines
    ]
    columns = [Column(by.say("quantity"), width=3)]
    columns += [Column(by.say(name), right=True, width=2) for name in ("net", "vat", "gross")]
    notes = by.status_notes([whole.status])
    return Table(by.say("money_result"), by.say("money_result"), columns, rows,
                 by.say("result_intro"), [*notes, *_gross_notes(by, whole)])  # fmt: skip


def _gross_notes(by: Saying, whole: Sums) -> list[str]:
    if whole.charge_zl is None or whole.charge_gross_zl is not None:
        return []
    return [by.say("mark_vat" if by.one.money.has_totals else "mark_old")]


def components(by: Saying) -> Table | None:
    """The sums of each component."""
    money = by.one.money
    if not money.rows:
        return None
    rows = [
        Row([by.component(one.component), *(by.zl(amount, one.status) for amount in
             (one.full_zl, one.relief_zl, one.charge_zl))])
        for one in money.components
    ]  # fmt: skip
    amounts = (money.whole.full_zl, money.whole.relief_zl, money.whole.charge_zl)
    status = worst(one.status for one in money.components)
    rows.append(Row([by.say("together"), *(by.zl(amount, status) for amount in amounts)], "sum"))
    columns = [Column(by.say("component"), width=4)]
    columns += [Column(by.say(name), right=True, width=2) for name in ("without", "relief", "with")]
    notes = by.status_notes(one.status for one in money.components)
    return Table(by.say("components"), by.say("component"), columns, rows, notes=notes)


def charges(by: Saying) -> Table | None:
    """Every row of the run's charges."""
    money = by.one.money
    if not money.rows:
        return None
    rows, last = [], None
    for one in money.rows:
        if one.point != last:
            rows.append(Row([plain_text(one.point), *([""] * 7)], "group"))
            last = one.point
        rows.append(_charge(by, one))
    columns = [
        Column(by.say("component"), width=9),
        Column(by.say("drawn_kwh"), right=True, width=4),
        Column(by.say("relieved_kwh"), right=True, width=4),
        Column(by.say("rate"), right=True, width=3),
        Column(by.say("rate_no"), right=True, width=2),
        *(Column(by.say(name), right=True, width=4) for name in ("without", "relief", "with")),
    ]
    notes = [*by.status_notes(one.status for one in money.rows), *_industrial(by)]
    return Table(by.say("charges"), by.say("charges_sheet"), columns, rows, by.say("charges_intro"), notes)


def _industrial(by: Saying) -> Iterator[str]:
    """Why the OZE fee is less than energy times rate."""
    for one in by.one.money.industrial:
        since, until = (None if at is None else when(at) for at in (one.since, one.until))
        key = "_".join(["industrial", *(["since"] if since else []), *(["until"] if until else [])])
        yield by.say(key, point=plain_text(one.point), pct=one.pct, since=since, until=until)


def _charge(by: Saying, one: Charge) -> Row:
    name = by.component(one.component)
    name += f", {by.zone(one.zone)}" if one.zone else ""
    rate = Figure(one.rate, max(4, digits_of(one.rate)), STATUS_MARKS.get(one.status, ""))
    number: Cell = "" if one.rate_no is None else Figure(one.rate_no)
    return Row([name, by.kwh(one.drawn_wh), by.kwh(one.relieved_wh), rate, number,
                by.zl(one.full_zl, one.status), by.zl(one.relief_zl, one.status),
                by.zl(one.charge_zl, one.status)])  # fmt: skip


def points_money(by: Saying) -> Table | None:
    """The run's sums of each point."""
    money = by.one.money
    if not money.points:
        return None
    names = ("full_zl", "relief_zl", "charge_zl", "vat_pct", "charge_vat_zl", "full_gross_zl", "relief_gross_zl",
             "charge_gross_zl")  # fmt: skip

    def cells(of: Sums) -> list[Cell]:
        return [
            Figure(of.vat_pct, digits_of(of.vat_pct)) if name == "vat_pct"
            else by.zl(getattr(of, name), of.status)
            for name in names
        ]  # fmt: skip

    rows = [Row([plain_text(one.point), *cells(one)]) for one in money.points]
    if len(money.points) > 1:
        rows.append(Row([by.say("together"), *cells(money.whole)], "sum"))
    columns = [Column(by.say("ppe"), width=5)]
    heads = (
        "full_net",
        "relief_net",
        "charge_net",
        "vat_pct",
        "charge_vat",
        "full_gross",
        "relief_gross",
        "charge_gross",
    )
    columns += [Column(by.say(name), right=True, width=2 if name == "vat_pct" else 3) for name in heads]
    notes = by.status_notes(one.status for one in money.points)
    return Table(by.say("points_money"), by.say("points_sheet"), columns, rows,
                 notes=[*notes, *_gross_notes(by, money.whole)])  # fmt: skip


def _less(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other
