"""``deadline_near``, ``deadline_missed``: what is due soon by the cluster's calendar, or was and isn't done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from central.finding import Finding
from central.found import found
from central.papers.duties import Duty, DutyState, Who
from central.papers.duty_words import WHO, WORDS
from central.reports.note import Note
from central.sentence import Fact, counted, joined, sentence
from metering.period import day_start

TOLD_ELSEWHERE: Final = ("agreement_end", "operator_data")
"""The agreement's end is told with the conditions, an operator's data with completeness."""
_AMENDED: Final = "ask for the amended contracts, and enter contract_amended in the cluster file"
WAYS_OUT: Final = {
    "entry": "ask URE; registered_from in the cluster file says that it is done",
    "change": "`papers register-change` makes the draft; enter it in [[filings]] once it is sent",
    "operator_contracts": _AMENDED,
    "seller_60": _AMENDED,
    "seller_90": _AMENDED,
    "remote_read": "ask the operator, and enter remote_read of the point's [[meters]]",
    "annual_report": "`papers annual-report` makes the draft; enter it in [[filings]] once it is sent",
    "call": "`papers call-file` has what was asked for; enter answered in [[calls]]",
    "switch": "`klaster-central conditions` shows what art. 184l ust. 2 asks from the next day on",
    "relief_ends": "nothing can be done: relief by art. 184k ends by law",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinesSeen:
    """The calendar of the cluster's deadlines as it is today."""

    today: date
    """The local day."""
    duties: Sequence[Duty]
    cluster_file: str = ""
    filed: bool = True
    """Whether any filing of a change is entered."""


def check(seen: DeadlinesSeen) -> Iterator[Finding]:
    """One for each duty that is late, or due within its days of warning.

    Where no filing of a change is entered at all, late ones are one finding: nobody began to enter them.
    """
    unfiled = [one for one in seen.duties if one.kind == "change" and one.state is DutyState.LATE and not seen.filed]
    if len(unfiled) > 1:
        yield _no_filings(unfiled, seen)
    for duty in seen.duties:
        if duty.kind in TOLD_ELSEWHERE or (len(unfiled) > 1 and duty in unfiled):
            continue
        left = (duty.due - seen.today).days
        if duty.state is DutyState.LATE:
            yield _finding(
                "deadline_missed", duty, seen, left, counted("findings.late", -left, "day late", "days late")
            )
        elif duty.state is DutyState.OPEN and 0 <= left <= max(duty.warn_days) and duty.begins <= seen.today:
            said = Note("findings.due_today", "due today")
            if left:
                said = counted("findings.left", left, "day left", "days left")
            yield _finding("deadline_near", duty, seen, left, said)


def _finding(kind: str, duty: Duty, seen: DeadlinesSeen, left: int, said: Note) -> Finding:
    whose = [] if duty.who is Who.NOBODY else [Note(f"findings.whose.{duty.who}", f"{WHO['en'][duty.who]}'s")]
    # Which points lack a meter changes from day to day: it is the same duty all the same.
    subject = "" if duty.kind == "remote_read" else duty.subject
    return found(
        kind=kind,
        what=_what(duty),
        where=seen.cluster_file,
        since=day_start(duty.begins),
        until=day_start(duty.due + timedelta(days=1)),
        first=str(abs(left)),
        unit="days",
        text=joined([_duty(duty), sentence("findings.due", "due {day}, {said}", day=str(duty.due), said=said), *whose]),
        way_out=Note(f"findings.duty_way.{duty.kind}", WAYS_OUT[duty.kind]),
        identity=(duty.kind, subject, duty.due.isoformat()),
    )


def _no_filings(late: Sequence[Duty], seen: DeadlinesSeen) -> Finding:
    first, last = min(one.due for one in late), max(one.due for one in late)
    return found(
        kind="deadline_missed",
        what=Note("findings.filings", "filings"),
        where=seen.cluster_file,
        since=day_start(min(one.begins for one in late)),
        until=day_start(last + timedelta(days=1)),
        first=str((seen.today - first).days),
        second=str((seen.today - last).days),
        unit="days",
        text=sentence(
            "findings.no_filings",
            "no filing of a change is entered: the deadlines of {count_num} changes of the register's data have "
            "passed, the first on {first}, the last on {last}",
            count_num=str(len(late)),
            first=str(first),
            last=str(last),
        ),
        way_out=Note(
            "findings.no_filings_way",
            "enter what was sent in [[filings]], with its day; a change of the register meets all before it. "
            "`klaster-central deadlines` lists them, `papers register-change` drafts what wasn't sent",
        ),
        identity=("no filings",),
    )


def _what(duty: Duty) -> Note:
    name = Note(f"findings.duty_name.{duty.kind}", duty.kind.replace("_", " "))
    return sentence("findings.of_duty", "{duty} {subject}", duty=name, subject=duty.subject) if duty.subject else name


def _duty(duty: Duty) -> Note:
    facts: dict[str, Fact] = {
        "article": duty.article,
        "duty": Note(f"findings.duty.{duty.kind}", WORDS[duty.kind]["en"]),
    }
    if not duty.subject:
        return sentence("findings.deadline", "{article}: {duty}", **facts)
    return sentence("findings.deadline_of", "{article}: {duty}: {subject}", subject=duty.subject, **facts)
