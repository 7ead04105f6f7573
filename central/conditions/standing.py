"""What the law asks at every instant, whatever was metered: area, operator, voltage, public party, agreement.

The requirements are those of ``central.cluster.statutory``; here is what holds at one instant, and what is to come.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from central.cluster.model import Cluster
from central.cluster.statutory import verdicts
from central.cluster.verdict import State, Verdict

WATCHED: Final = (
    "public_party",
    "one_operator",
    "below_110_kv",
    "area",
    "no_cross_border_connection",
    "agreement",
    "agreement_ends",
)


def standing(cluster: Cluster, at: datetime) -> list[Verdict]:
    """What holds at an instant, and everything unmet that is recorded for later."""
    found = [one for one in verdicts(cluster, at) if one.rule in WATCHED]
    return [one for one in found if holds(one, at) or (one.state is not State.MET and _is_later(one, at))]


def holds(verdict: Verdict, at: datetime) -> bool:
    """Whether a verdict is of an instant."""
    first, last = verdict.span
    return (first is None or first <= at) and (last is None or at < last)


def _is_later(verdict: Verdict, at: datetime) -> bool:
    first, _ = verdict.span
    return first is not None and first > at
