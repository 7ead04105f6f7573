"""Shares in per cent: what of the drawn energy is covered, and what of the allocated one is a member's or point's."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from central.explaining.case import Case, at_text
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, named
from central.explaining.sums import four_decimals

MADE_OF = {"share": ("covered", "drawn"), "part": ("allocated", "allocated")}
"""What stands above and below: of the same, but of the whole cluster the latter."""
Energies = Callable[[Case, Asked, View], Step]


def percents(case: Case, asked: Asked, view: View, energies: Energies) -> Step:
    """One share; ``energies`` explains the two it is made of."""
    above, below = MADE_OF[asked.quantity]
    of = msgspec.structs.replace(asked, quantity=above)
    whole = msgspec.structs.replace(asked, quantity=below, member="", point="")
    parts = tuple(energies(case, one, view.deeper) for one in (of, whole))
    over, under = (None if one.value is None else int(one.value) for one in parts)
    value = None if over is None or under is None else four_decimals(over, under)
    facts: dict[str, Fact] = {"over_wh": over, "under_wh": under}
    if over is None or under is None:
        how = Said("rule.share_unknown")
    else:
        how = Said(f"rule.{asked.quantity}" if under else f"rule.{asked.quantity}_of_nothing", facts)
    return Step(
        what=_what(case, asked),
        value=value,
        unit="%",
        how=(how,),
        parts=parts if view.depth > 0 else (),
        ask=asked.query(),
    )


def _what(case: Case, asked: Asked) -> Said:
    of = "point" if asked.point else "member" if asked.member else "cluster"
    facts: dict[str, Fact] = {"point": asked.point, "member": asked.member, "cluster": case.about["cluster"]}
    told: dict[str, Fact] = {of: facts[of]}
    if asked.start is not None:
        where = "hour" if of == "cluster" else f"{of}_hour"
        return named(where, asked.quantity, {**told, "start_at": at_text(asked.start)})
    if asked.day:
        return named(f"{of}_day", asked.quantity, {**told, "day": asked.day})
    return named(f"{of}_month", asked.quantity, {**told, "month": case.month})
