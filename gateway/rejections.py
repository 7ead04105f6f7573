"""Which values of a meter were last not believed, for the gateway's status: central makes findings of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from gateway.counter import Counter, Judgement
from gateway.observation import Observation
from gateway.words import plain
from metering.wire import MAX_REJECTED, Rejected

_LONGEST = 64


@dataclass(slots=True)
class Rejections:
    """One meter's: for each register the newest stretch of rejected values, gone on or over."""

    _of: dict[str, Rejected] = field(default_factory=dict)

    def note(self, obis: str, before: Counter, seen: Observation, judged: Judgement) -> None:
        """Take what a counter judged of an observation."""
        known = self._of.get(obis)
        lasting = known if known is not None and known.until is None else None
        if judged.accepted:
            if lasting is not None and _was_true(before, seen, judged):
                del self._of[obis]
            elif lasting is not None:
                self._of[obis] = msgspec.structs.replace(lasting, until=seen.received)
        elif lasting is not None:
            self._of[obis] = msgspec.structs.replace(lasting, count=lasting.count + 1)
        else:
            # The newest goes to the end: it is the last to be left out.
            self._of.pop(obis, None)
            self._of[obis] = _rejected(obis, before, seen, judged)

    def told(self) -> tuple[Rejected, ...] | msgspec.UnsetType:
        """The newest, as many as a status may hold."""
        return tuple(self._of.values())[-MAX_REJECTED:] or msgspec.UNSET


def _rejected(obis: str, before: Counter, seen: Observation, judged: Judgement) -> Rejected:
    problems = [event.fields["problem"] for event in judged.events if "problem" in event.fields]
    return Rejected(
        register=obis,
        problem=problems[0] if problems else "not plausible",
        value="" if seen.wh is None else _short(seen.wh),
        last_value="" if before.last is None else _short(before.last.wh),
        at=seen.received,
    )


def _was_true(before: Counter, seen: Observation, judged: Judgement) -> bool:
    """Whether what was doubted at first is what is believed now: in the same life, by a second reading."""
    last, now, witness = before.last, judged.accepted[-1], before.witnesses[-1:]
    if last is None or now.epoch != last.epoch or not witness or witness[0].wh is None or seen.wh is None:
        return False
    turned = now.wraps > last.wraps
    return witness[0].wh <= seen.wh and (turned or witness[0].wh >= last.wh - last.wraps * (seen.modulus or 0))


def _short(value: Decimal) -> str:
    """A float can hold a number of 300 digits."""
    text = plain(value)
    return text if len(text) <= _LONGEST else f"{value:.9e}"
