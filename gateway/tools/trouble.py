"""From how requests ended to what is wrong with a line: the rules, as data. Pure.

Sources: Modbus over Serial Line V1.02, chapter 3 (termination, polarisation, grounding, masters); FTDI AN232B-04
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from gateway.tally import Ending

_LEAST: Final = 5
"""From fewer requests nothing is concluded."""
_RARELY: Final = 0.01
_MOSTLY: Final = 0.6
_BYTES: Final = (Ending.CUT, Ending.DAMAGED, Ending.NOISE, Ending.OTHER_UNIT, Ending.ECHO, Ending.WRONG)


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """What is probably wrong, why it seems so, and what to do."""

    cause: str
    unit: int | None
    """Which unit's trouble it is; None: the whole line's."""
    because: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the requests on one line ended, by unit."""

    serial: bool
    counts: Mapping[int, Counter[Ending]]
    latency_ms: int | None = None
    """The latency timer of the line's FTDI adapter."""
    total: Counter[Ending] = field(init=False)

    def __post_init__(self) -> None:
        """Sum the units."""
        total: Counter[Ending] = Counter()
        for one in self.counts.values():
            total.update(one)
        object.__setattr__(self, "total", total)

    def asked(self, unit: int | None = None) -> int:
        """How many requests were made; what came late belongs to one of them."""
        counts = self.total if unit is None else self.counts[unit]
        return sum(count for how, count in counts.items() if how not in {Ending.LATE, Ending.LINK_DOWN})

    def share(self, *how: Ending, unit: int | None = None) -> float:
        """Which share of the requests ended so."""
        counts, asked = self.total if unit is None else self.counts[unit], self.asked(unit)
        return sum(counts[one] for one in how) / asked if asked else 0.0

    def works(self, unit: int) -> bool:
        """Whether a unit answers nearly always."""
        return self.share(Ending.ANSWERED, Ending.EXCEPTION, unit=unit) >= 1 - 5 * _RARELY


def suspicions(pattern: Pattern) -> list[Suspicion]:
    """What the pattern points to: the line as a whole first; where that explains all, its units aren't accused."""
    if pattern.total[Ending.LINK_DOWN] and not pattern.asked():
        return [_said("line", None, "the line can't be opened", _RULES_OUT["line"])]
    if pattern.asked() < _LEAST:
        return []
    for rule in _LINE_RULES:
        if found := rule(pattern):
            return [found]
    return [found for unit in sorted(pattern.counts) if (found := _of_unit(pattern, unit))]


_RULES_OUT: Final[Mapping[str, str]] = {
    "line": "klaster-gateway ports: is the adapter plugged in, may this user open it, does another program hold it? "
    "Over TCP: host, port, cable, and whether the device takes another connection.",
    "echo": "The adapter hears what it sends: switch its echo off, or its receiver off while it sends (jumper or "
    "driver; RS-485 direction by RTS or automatic).",
    "speed or parity": "Compare speed, parity and stop bits with the meter's menu, or stop the gateway and let "
    "klaster-gateway scan try them (--baud, --parity). If they are right: exchange A and B.",
    "latency timer": "echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB*/latency_timer, and a udev rule to keep it.",
    "direction": "The adapter switches its direction too late or too early: take one with automatic direction, or "
    "set its turn-around; look for a loose wire too.",
    "termination": "120 ohms between A and B at both ends of the line and nowhere else, a common wire (C/GND), one "
    "cable from meter to meter without stars, away from power cables; a slower speed helps meanwhile.",
    "nobody answers": "Power and wiring first, then A and B exchanged, unit ids, speed and parity (klaster-gateway "
    "scan). Nothing comes back when the adapter doesn't switch its direction either.",
    "unit silent": "Is it powered and wired, and is its unit id the configured one? klaster-gateway scan shows which "
    "unit ids answer.",
    "address clash": "Two devices with one unit id answer at once: take one off the line, and give it another unit id "
    "in its menu.",
    "time limit": "Its answers come too late: raise timeout_s of the bus. Behind a converter, its own time limit too.",
    "second master": "Another master asks on this line (an inverter, a controller, an old logger): only one may.",
    "wrong model": "The device refuses what its profile asks: is it another model, or set to another register map? "
    "klaster-gateway scan tells which profiles fit; klaster-gateway raw shows its answers.",
    "converter": "The converter answers that nothing behind it does (exception 10 or 11): wiring and unit ids behind "
    "it, and its own speed and parity.",
    "disturbed": "Look at this meter's own terminals: loose wires, A and B, the common wire; then termination.",
    "wrong answers": "Answers don't fit the requests: a converter that mixes up two clients, or firmware. "
    "klaster-gateway raw shows them.",
}


def _said(cause: str, unit: int | None, because: str, way_out: str = "") -> Suspicion:
    return Suspicion(cause=cause, unit=unit, because=because, way_out=way_out or _RULES_OUT[cause])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def _echo(pattern: Pattern) -> Suspicion | None:
    share = pattern.share(Ending.ECHO)
    return _said("echo", None, f"{_percent(share)} of the requests came back themselves") if share > 0.3 else None


def _second_master(pattern: Pattern) -> Suspicion | None:
    share = pattern.share(Ending.OTHER_UNIT)
    late = pattern.total[Ending.LATE]
    strangers = {unit for unit in pattern.counts if not pattern.asked(unit) and pattern.counts[unit][Ending.LATE]}
    if share > _RARELY or len(strangers) > 0:
        because = f"answers of units came that weren't asked ({pattern.total[Ending.OTHER_UNIT] + late} of them)"
        return _said("second master", None, because)
    return None


def _settings(pattern: Pattern) -> Suspicion | None:
    share = pattern.share(Ending.NOISE)
    if share > 0.3 and pattern.share(Ending.ANSWERED, Ending.EXCEPTION) < _RARELY:
        return _said("speed or parity", None, f"{_percent(share)} of the answers are no answers, none is intact")
    return None


def _latency(pattern: Pattern) -> Suspicion | None:
    share = pattern.share(Ending.CUT)
    if pattern.latency_ms is not None and pattern.latency_ms > 2 and share > _RARELY:
        because = (
            f"{_percent(share)} of the answers broke off, and the adapter holds bytes back {pattern.latency_ms} ms"
        )
        return _said("latency timer", None, because)
    return None


def _direction(pattern: Pattern) -> Suspicion | None:
    share = pattern.share(Ending.CUT)
    if share > 0.05 and share > 2 * pattern.share(Ending.DAMAGED, Ending.NOISE) and _shared(pattern, Ending.CUT):
        return _said("direction", None, f"{_percent(share)} of the answers broke off, of all units alike")
    return None


def _termination(pattern: Pattern) -> Suspicion | None:
    bad = (Ending.DAMAGED, Ending.CUT, Ending.NOISE)
    share = pattern.share(*bad)
    if share > _RARELY and _shared(pattern, *bad):
        return _said("termination", None, f"{_percent(share)} of the answers of all units came damaged")
    return None


def _nobody(pattern: Pattern) -> Suspicion | None:
    if pattern.share(Ending.SILENT) == 1 and (len(pattern.counts) > 1 or pattern.serial):
        return _said("nobody answers", None, f"not one byte came to {pattern.asked()} requests")
    return None


def _shared(pattern: Pattern, *how: Ending) -> bool:
    """Whether at least two units have the trouble, and most of those that were asked often enough."""
    asked = [unit for unit in pattern.counts if pattern.asked(unit) >= _LEAST]
    struck = [unit for unit in asked if pattern.share(*how, unit=unit) > _RARELY]
    return len(struck) >= 2 and len(struck) >= _MOSTLY * len(asked)


_LINE_RULES: Final[tuple[Callable[[Pattern], Suspicion | None], ...]] = (
    _echo,
    _nobody,
    _settings,
    _latency,
    _second_master,
    _direction,
    _termination,
)
"""The first that applies is told."""


def _of_unit(pattern: Pattern, unit: int) -> Suspicion | None:
    """What is wrong with one unit, while the line as a whole works."""
    counts, asked = pattern.counts[unit], pattern.asked(unit)
    if asked < _LEAST:
        return None
    silent, late = pattern.share(Ending.SILENT, unit=unit), counts[Ending.LATE]
    broken = pattern.share(Ending.DAMAGED, Ending.NOISE, Ending.CUT, unit=unit)
    if late >= max(2, 0.3 * counts[Ending.SILENT]) and silent > _RARELY:
        return _said("time limit", unit, f"{counts[Ending.SILENT]} answers weren't there in time, {late} came after it")
    if silent == 1:
        return _said("unit silent", unit, f"not one byte came to {asked} requests, while the line works")
    if broken > 0.2:
        return _said("address clash", unit, f"{_percent(broken)} of its answers came damaged, those of others don't")
    if broken > _RARELY:
        return _said("disturbed", unit, f"{_percent(broken)} of its answers came damaged, those of others don't")
    refused = pattern.share(Ending.EXCEPTION, unit=unit)
    if refused > _MOSTLY:
        cause = "wrong model" if pattern.serial else "converter"
        way_out = _RULES_OUT[cause] if pattern.serial else f"{_RULES_OUT['wrong model']} {_RULES_OUT['converter']}"
        return _said("wrong model", unit, f"{_percent(refused)} of the requests were answered by an exception", way_out)
    if pattern.share(Ending.WRONG, unit=unit) > _RARELY:
        return _said("wrong answers", unit, f"{counts[Ending.WRONG]} answers don't fit their requests")
    if silent > _RARELY:
        return _said("unit silent", unit, f"no answer to {_percent(silent)} of the requests")
    return None
