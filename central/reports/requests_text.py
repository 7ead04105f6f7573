"""Requests for stands as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from central.ask_again import Answer
from metering.period import local_text
from runtime import console


def print_request(answer: Answer) -> None:
    """What became of one request so far."""
    sent = answer.stands or 0
    match answer.state:
        case "done":
            console.say(f"{answer.gateway}: {sent} stands were sent again, and all are receipted.")
        case "under way":
            console.say(f"{answer.gateway}: {sent} stands were sent again so far; the rest follows by itself.")
        case "asked" if answer.online:
            console.say(f"{answer.gateway}: asked, but no answer yet. Is klaster-central serve running?")
        case "asked":
            console.say(f"{answer.gateway} is offline: it is asked when it is back.")


def print_requests(answers: Sequence[Answer]) -> None:
    """All requests as a table."""
    if not answers:
        console.say("No stands were asked for again.")
        return
    rows = [
        (
            one.gateway,
            local_text(one.first) if one.first else "",
            local_text(one.last) if one.last else "",
            ", ".join(one.meters) or "all",
            one.state if one.online or one.state == "done" else f"{one.state}, offline",
            one.stands,
            local_text(one.asked),
        )
        for one in answers
    ]
    columns = ("gateway", "from", "to", "meters", "state", "stands", "asked")
    console.table("Stands asked for again", columns, rows, right=("stands",))
