"""What every result says of the relief itself: simulation or binding, and what ends it for all or for some."""

from __future__ import annotations

from central.cluster import Cluster
from central.reports.note import Note
from central.settings import Settings
from central.validity import Span, instant, span_text, valid_instants
from metering.period import local_text
from metering.point import Direction

SIMULATION = (
    "This is a simulation: the relief of art. 184k ust. 1 of the RES Act is suspended until the European Commission "
    "has decided (art. 48 of the Act of 17.08.2023). The operator and the seller charge; these figures are a control."
)
BINDING = (
    "Binding: the relief of art. 184k ust. 1 of the RES Act, suspended until the European Commission decided (art. 48 "
    "of the Act of 17.08.2023), counts from its outcome of {day} on ({outcome}). The operator and the seller charge; "
    "these figures are a control."
)
OUTCOMES = {"compatible": "compatible with the internal market", "not_aid": "not state aid"}
STRUCK_OFF = "Struck off the register: no relief from {at} on (art. 38ac ust. 14)."
UNRECORDED = "No relief at {count}, of which nobody recorded the amended contract (contract_amended): {names}."
FAILED = "The coordinator recorded what art. 184l asks as not met: {spans}. {effect}"
EFFECT = {
    "warn": "That changes no figure (conditions_fail).",
    "no_relief": "There is no relief in that time (conditions_fail).",
}
_NAMED = 5
"""So many points are named."""


def relief_notes(cluster: Cluster) -> list[Note]:
    """Sentences, the first always: whether the figures are a simulation or binding."""
    found = [status_note(cluster.settings)]
    if cluster.struck_off is not None:
        at = local_text(instant(cluster.struck_off))
        found.append(Note("struck_off", STRUCK_OFF.format(at=at), {"at": at}))
    if cluster.settings.regime_status == "binding" and (lacking := _unrecorded(cluster)):
        count = f"{len(lacking)} point" + "s" * (len(lacking) > 1)
        names = ", ".join(lacking[:_NAMED]) + " …" * (len(lacking) > _NAMED)
        text = UNRECORDED.format(count=count, names=names)
        found.append(Note("unrecorded", text, {"n": len(lacking), "names": names}))
    if cluster.conditions_failed:
        spans = [_failed(valid_instants(row), row.reason) for row in cluster.conditions_failed]
        chosen = cluster.settings.conditions_fail
        effect = Note(f"effect_{chosen}", EFFECT[chosen])
        text = FAILED.format(spans="; ".join(one.text for one in spans), effect=effect.text)
        found.append(Note("failed", text, {"spans": list(spans), "effect": [effect]}))
    return found


def _failed(span: Span, reason: str) -> Note:
    """A stretch in which art. 184l wasn't met, and why."""
    names = ("since", "until")
    facts = {name: local_text(at) for name, at in zip(names, span, strict=True) if at is not None}
    key = f"failed_{'_'.join(facts) or 'always'}"
    return Note(key, f"{span_text(span)}: {reason}", {**facts, "reason": reason})


def status_note(settings: Settings) -> Note:
    """Whether figures are a simulation or binding, and the suspension."""
    if settings.regime_status == "simulation":
        return Note("simulation", SIMULATION)
    outcome = Note(f"outcome_{settings.ec_outcome}", OUTCOMES.get(settings.ec_outcome, "none"))
    day = str(settings.ec_outcome_date)
    return Note("binding", BINDING.format(day=day, outcome=outcome.text), {"day": day, "outcome": [outcome]})


def _unrecorded(cluster: Cluster) -> list[str]:
    amended = {member.id for member in cluster.members if member.contract_amended}
    return [
        point.id
        for point in cluster.points
        if Direction.DRAWN in point.directions
        and point.member not in amended
        and not any(one.contract_amended for one in point.supplied)
    ]
