"""What is asked to be explained; read from text that may be anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from metering.period import WARSAW, Month, day_start, local_text, on_grid

MONEY: Final = ("relief", "charge", "full")
"""zł of a month."""
OF_POINTS: Final = ("drawn", "injected", "allocated", "relieved")
"""Wh of points, of members and of the cluster."""
OF_CLUSTER: Final = ("covered", "surplus", "deficit", "injected_res", "injected_other", "from_grid", "to_grid")
"""Wh of the whole cluster alone."""
SHARES: Final = ("share", "part")
"""% of a month, day or period: what of the drawn energy is covered; what of the allocated one is one's part."""
OF_DAY: Final = (*OF_POINTS, *OF_CLUSTER, *SHARES)
"""What can be asked of a day: of its complete periods."""
OF_HOUR: Final = ("ratio", "multiplier", "to_next", "less_drawn", "gross")
STEP_WORTH: Final = "step_worth"
"""zł of one period, of the whole cluster or a point: what the next step would have been worth."""
"""Of one period of the whole cluster."""
OF_STORAGES: Final = ("storage_charge", "storage_discharge")
"""Wh of one period, of the whole cluster or of one storage."""
OF_STORAGE: Final = ("storage_res", "stock", "stock_res")
"""Wh of one period and one storage."""
GROSS: Final = ("relief_gross", "charge_gross", "full_gross", "charge_vat", "full_vat")
"""zł of a month with VAT, and the VAT."""
CHARGED: Final = "charged"
"""Wh of a month or period on which one component is charged at one point."""
QUANTITIES: Final = (
    *MONEY,
    *GROSS,
    CHARGED,
    STEP_WORTH,
    *OF_POINTS,
    *OF_CLUSTER,
    *SHARES,
    *OF_HOUR,
    *OF_STORAGES,
    *OF_STORAGE,
)
MAX_TEXT: Final = 200
"""The longest id that is looked at."""


class QuestionError(ValueError):
    """What is asked can't be asked; the message says why and what can."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one local month, one of its days or periods."""

    month: Month
    quantity: str
    member: str = ""
    point: str = ""
    component: str = ""
    zone: str | None = None
    """None: all."""
    start: int | None = None
    """The period's start, seconds since 1970; None: the whole month, or day."""
    day: str = ""
    """A local day of the month, like ``2026-10-05``; empty: a period, or the whole month."""

    @property
    def span(self) -> tuple[float, float]:
        """The first instant of the month or day that is asked for, and the one after it; seconds since 1970."""
        if not self.day:
            return self.month.start.timestamp(), self.month.end.timestamp()
        day = date.fromisoformat(self.day)
        return day_start(day).timestamp(), day_start(day + timedelta(days=1)).timestamp()

    def covers(self, start: int) -> bool:
        """Whether a period's start is in the month or day that is asked for."""
        first, after = self.span
        return first <= start < after

    def query(self) -> dict[str, str]:
        """The same as text, as ``asked`` reads it."""
        found = {"month": str(self.month), "quantity": self.quantity}
        found |= {name: getattr(self, name) for name in ("member", "point", "component") if getattr(self, name)}
        if self.zone is not None:
            found["zone"] = self.zone
        if self.start is not None:
            found["hour"] = local_text(datetime.fromtimestamp(self.start, UTC))
        if self.day:
            found["day"] = self.day
        return found

    def but(self, **changes: object) -> dict[str, str]:
        """The query of another question near this one."""
        return msgspec.structs.replace(self, **changes).query()


def asked(
    *,
    month: str | None = None,
    day: str | None = None,
    hour: str | None = None,
    member: str | None = None,
    point: str | None = None,
    component: str | None = None,
    zone: str | None = None,
    quantity: str | None = None,
    length: timedelta,
    components: Iterable[str],
) -> Asked:
    """Read a question; ``length`` is the cluster's period, ``components`` are those that its charges have.

    Raises:
        QuestionError: it can't be asked.
    """
    for name, text in (("member", member), ("point", point), ("component", component), ("zone", zone)):
        if text and (len(text) > MAX_TEXT or not text.isprintable()):
            raise QuestionError(f"{name}: expected printable text, at most {MAX_TEXT} characters")
    start = None if not hour else start_of(hour, length)
    if day and hour:
        raise QuestionError("give a day or an hour, not both")
    on = _day(day) if day else None
    if month:
        try:
            of = Month.parse(month)
        except ValueError as error:
            raise QuestionError(
                f"month: {month[:40]!r} is not a month like 2026-10, from 2000-01 to 2199-12"
            ) from error
        if start is not None and not of.start.timestamp() <= start < of.end.timestamp():
            raise QuestionError(f"hour: {str(hour)[:40]!r} is not in the month {of}")
        if on is not None and (on.year, on.month) != (of.year, of.number):
            raise QuestionError(f"day: {on} is not in the month {of}")
    elif on is not None:
        of = Month(on.year, on.month)
    elif start is not None:
        of = Month.of(datetime.fromtimestamp(start, UTC))
    else:
        raise QuestionError("give a month like 2026-10, a day like 2026-10-05, or an hour like 2026-10-05T13")
    chosen = quantity or _usual(short=start is not None or on is not None, some=bool(member or point))
    if on is not None and chosen in QUANTITIES and chosen not in OF_DAY:
        raise QuestionError(f"quantity: {chosen} is not a day's: a day has {', '.join(OF_DAY)}")
    _fits(chosen, start, member or "", point or "", component or "", zone, sorted(components))
    return Asked(
        month=of,
        quantity=chosen,
        member=member or "",
        point=point or "",
        component=component or "",
        zone=zone,
        start=start,
        day=str(on or ""),
    )


def _day(text: str) -> date:
    # As strict as a month: date.fromisoformat also reads weeks.
    try:
        if re.fullmatch(r"2[01]\d{2}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise QuestionError(f"day: {text[:40]!r} is not a day like 2026-10-05, from 2000-01-01 to 2199-12-31")


def _usual(*, short: bool, some: bool) -> str:
    if not short:
        return "relief"
    return "relieved" if some else "covered"


def _fits(
    quantity: str, start: int | None, member: str, point: str, component: str, zone: str | None, components: list[str]
) -> None:
    if quantity not in QUANTITIES:
        raise QuestionError(f"quantity: {quantity[:40]!r} is none; known: {', '.join(QUANTITIES)}")
    if quantity in (*OF_HOUR, STEP_WORTH, *OF_STORAGES, *OF_STORAGE) and start is None:
        raise QuestionError(f"quantity: {quantity} is one period's: give an hour like 2026-10-05T13")
    if quantity in OF_STORAGE and not point:
        raise QuestionError(f"quantity: {quantity} is one storage's: give its point")
    if quantity in OF_STORAGES and member and not point:
        raise QuestionError(f"quantity: {quantity} is a storage's or the cluster's: give a point, or leave member out")
    if quantity in GROSS and start is not None:
        raise QuestionError(
            f"quantity: {quantity} is a month's: leave the hour out, or ask for {quantity.partition('_')[0]}"
        )
    if quantity == STEP_WORTH and member and not point:
        raise QuestionError(f"quantity: {quantity} is the cluster's or a point's: give a point, or leave member out")
    if quantity == "part" and not (member or point):
        raise QuestionError("quantity: part is a member's or a point's: give one of them")
    if quantity in (*OF_HOUR, *OF_CLUSTER, "share") and (member or point):
        raise QuestionError(f"quantity: {quantity} is the whole cluster's: leave member and point out")
    if quantity == CHARGED and not (point and component):
        raise QuestionError("quantity: charged is of one component at one point: give point and component")
    if (component or zone is not None) and quantity not in (*MONEY, CHARGED):
        raise QuestionError(f"component and zone go with {', '.join((*MONEY, CHARGED))}")
    if component and component not in components:
        raise QuestionError(f"component: {component[:40]!r} is none; known: {', '.join(components)}")
    if quantity in MONEY and start is not None and not point:
        raise QuestionError(f"quantity: {quantity} of one hour is a point's: give a point")


def start_of(text: str, length: timedelta) -> int:
    """The start of a period like ``2026-10-05T13``, seconds since 1970.

    Local time of Warsaw; ``2026-10-25T02+01:00`` tells the second of two equal hours, ``…Z`` is UTC.

    Raises:
        QuestionError: it is no such instant, isn't on the period's grid, or the clock skips it.
    """
    shape = re.fullmatch(
        r"(2[01]\d\d-\d\d-\d\d)[T ](\d\d)(?::?(\d\d)(?::00)?)?\s?([+ ]0[12]:?00|[+ ]00:?00|Z)?", text, re.ASCII
    )
    said = f"hour: {text[:40]!r} is not the start of a period like 2026-10-05T13 or 2026-10-25T02+01:00"
    if not shape:
        raise QuestionError(said)
    day, hours, minutes, offset = shape.groups()
    # A plus sign in an address is a blank.
    offset = (offset or "").replace(" ", "+")
    try:
        found = datetime.fromisoformat(f"{day}T{hours}:{minutes or '00'}:00{offset}")
    except ValueError as error:
        raise QuestionError(said) from error
    if not offset:
        found = found.replace(tzinfo=WARSAW)
        if found.astimezone(UTC).astimezone(WARSAW).replace(tzinfo=None) != found.replace(tzinfo=None):
            raise QuestionError(f"hour: {text[:40]!r} doesn't exist: the clock is put forward then")
        if found.utcoffset() != found.replace(fold=1).utcoffset():
            raise QuestionError(
                f"hour: {text[:40]!r} is there twice: write it as {local_text(found.astimezone(UTC))} "
                f"or {local_text(found.replace(fold=1).astimezone(UTC))}"
            )
    found = found.astimezone(UTC)
    if not on_grid(found, length):
        raise QuestionError(f"hour: {text[:40]!r} is not the start of a period of the cluster")
    return int(found.timestamp())
