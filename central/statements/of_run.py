"""Which run and whom a statement is about, what must be read first, and how to check a number. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta

from central.finding import when
from central.statements.document import Facts, plain_text
from central.statements.saying import Saying
from metering.period import Month, local_text


def boxes(by: Saying) -> Iterator[tuple[str, str]]:
    """What must be read first."""
    one = by.one
    yield by.say("control"), by.say("control_text")
    if one.regime_status == "simulation":
        yield by.say("simulation"), by.say("simulation_text")
    else:
        outcome = by.texts.get(one.ec_outcome, one.ec_outcome)
        yield by.say("binding"), by.say("binding_text", day=one.ec_outcome_date, outcome=outcome)
    if one.complete < one.periods:
        lacking, unit = one.periods - one.complete, by.say(by.unit)
        yield by.say("incomplete"), by.say("incomplete_text", lacking=lacking, all=one.periods, unit=unit)
    if letters := by.marks_of(None, "drawn", "injected"):
        yield by.say("doubted"), by.say("doubted_text", letters=", ".join(letters))
    if any(rate.status == "illustrative" for rate in one.money.rates):
        yield by.say("illustrative_box"), by.say("illustrative_text")


def who(by: Saying, month: str, kind: str) -> Facts:
    """Cluster, member and run; ``month`` and ``kind`` in words."""
    one, run = by.one, by.one.run
    rows = [
        ("cluster", [one.cluster.name, one.cluster.number and by.say("register_number", number=one.cluster.number)]),
        ("coordinator", [one.coordinator.name, _nip(by, one.coordinator.nip)] if one.coordinator.name else []),
        ("member", [one.member.name, by.say("member_id", id=one.member.id), _nip(by, one.member.nip)]),
        ("month", [month]),
        ("kind", [kind]),
        ("run", [run.run]),
        ("made", [by.say("made_by", at=when(run.made), by=run.by or by.texts["nobody"])]),
        ("reason", [run.reason]),
        ("corrects" if run.kind == "correction" else "rests_on", [run.rests_on]),
        ("approved", [_approved(by)]),
        ("digest", [run.digest]),
        ("code", [run.code]),
        ("version", [f"klaster {run.klaster}"]),
    ]  # fmt: skip
    optional = {"reason", "corrects", "rests_on"}
    shown_rows = []
    for key, words in rows:
        text = " · ".join(plain_text(word) for word in words if word)
        if text or key not in optional:
            shown_rows.append((by.say(key), text or by.say("nobody")))
    return Facts(by.say("who"), shown_rows)


def _nip(by: Saying, nip: str) -> str:
    return by.say("nip", nip=nip) if nip else ""


def _approved(by: Saying) -> str:
    run = by.one.run
    if run.approved_at is None:
        return by.say("approved_as", run=run.rests_on) if run.kind == "final" else by.say("not_approved")
    return by.say("made_by", at=when(run.approved_at), by=run.approved_by or by.texts["nobody"])


def checking(by: Saying) -> Facts:
    """The commands that make a number anew from its parts."""
    one = by.one
    config, run = by.texts["config"], shlex.quote(one.run.run)
    explain = f"klaster-central explain {config} --run {run} --month {one.run.month}"
    member = shlex.quote(plain_text(one.member.id))
    rows = [("explain_relief", f"{explain} --member {member}")]
    drawing = [point for point in one.points if "drawn" in point.directions]
    hour = local_text(Month.parse(one.run.month).start + timedelta(hours=12))
    if drawing:
        point = shlex.quote(plain_text(drawing[0].point))
        at = f"klaster-central explain {config} --run {run} --hour '{hour}'"
        rows += [
            ("explain_charge", f"{explain} --point {point} --quantity charge"),
            ("explain_relieved", f"{explain} --point {point} --quantity relieved"),
            ("explain_hour", f"{at} --point {point}"),
            ("explain_ratio", f"{at} --quantity ratio"),
        ]
    rows.append(("explain_verify", f"klaster-central verify {config} {run} --digest {one.run.digest}"))
    return Facts(by.say("explain"), [(by.say(key), code) for key, code in rows], code=True,
                 intro=by.say("explain_intro"))  # fmt: skip
