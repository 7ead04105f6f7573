"""How much more renewable energy a period would have needed for the next step (art. 184k ust. 1 pkt 2)."""

from __future__ import annotations

from typing import NamedTuple

from central.explaining.case import Case
from central.explaining.step import Fact, Said
from central.explaining.sums import STEPS, TOP, Sums, ratio, step_of


class Next(NamedTuple):
    """The next step of a period."""

    missing_wh: int | None
    """At least so much more renewable energy would have reached it; None where none would."""
    off: int
    """Twentieths off then; those of now where there is no next step."""
    rule: Said


def next_step(case: Case, sums: Sums) -> Next:
    """What is missing: the steps begin strictly above 60, 70, 80 and 90 % and at exactly 100 %."""
    over, under = ratio(case, sums)
    off, _ = step_of(case, over, under)
    if under == 0:
        return Next(None, off, Said("rule.nothing_drawn"))
    if off >= TOP:
        return Next(None, off, Said("rule.top_step"))
    tenths = next(
        (tenths for tenths, twentieths in sorted(STEPS) if twentieths > off and over * 10 <= tenths * under), 0
    )
    wanted = tenths * under // 10 + 1 if tenths else under
    facts: dict[str, Fact] = {
        "wanted_wh": wanted,
        "under_wh": under,
        "over_wh": sums.res_wh,
        "tenth_pct": str(10 * (tenths or 10)),
    }
    covered = case.settings.ratio_numerator == "covered"
    if wanted <= sums.res_wh or (covered and wanted > sums.drawn_wh):
        return Next(None, off, Said("rule.no_next_step", facts))
    counted = min(wanted, sums.drawn_wh) if covered else wanted
    then, _ = step_of(case, counted, under)
    return Next(wanted - sums.res_wh, then, Said("rule.to_next" if tenths else "rule.to_next_all", facts))


def less_drawn(case: Case, sums: Sums) -> tuple[int | None, Said]:
    """The least by which the draw would have to fall for the next step, all else being as it was; None: it can't."""
    following, (_, under) = next_step(case, sums), ratio(case, sums)
    if following.missing_wh is None:
        return None, following.rule
    # Of the steps that begin above tenths each has its own; the last one begins at all of it.
    tenths = next((tenths for tenths, off in STEPS if off == following.off), 0)
    most = (10 * sums.res_wh - 1) // tenths if tenths else sums.res_wh
    facts: dict[str, Fact] = {"under_wh": under, "most_wh": most, "over_wh": sums.res_wh}
    if sums.res_wh <= 0 or most <= 0 or under - most > sums.drawn_wh:
        return None, Said("rule.no_less_drawn", facts)
    facts["tenth_pct"] = str(10 * (tenths or 10))
    return under - most, Said("rule.less_drawn" if tenths else "rule.less_drawn_all", facts)
