"""What the commands of papers print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from central.papers.duties import Duty
from central.papers.duty_words import STATES, WHO, title
from central.papers.paper import Paper
from central.reports.spoken import Spoken
from runtime import console


def print_list(papers: Mapping[str, tuple[Any, ...]], *, as_json: bool) -> None:
    """The papers that there are."""
    rows = [{"name": name, "what": what, "basis": basis} for name, (what, basis, _) in papers.items()]
    if as_json:
        console.print_json({"papers": rows})
    else:
        console.table("", ("name", "what", "basis"), [tuple(row.values()) for row in rows])


def print_written(papers: Sequence[Paper], files: Sequence[Path], *, as_json: bool) -> None:
    """What was written, and what is missing in it."""
    if as_json:
        console.print_json({"files": [str(path) for path in files], "papers": [one.answer() for one in papers]})
        return
    for path in files:
        console.say(f"written: {path}")
    for one in papers:
        if one.gaps:
            console.say(f"{one.name}: facts that are missing: {len(one.gaps)}, marked yellow in the workbook")
            for gap in one.gaps:
                console.say(f"  {gap}")


def print_duties(cluster: str, duties: Sequence[Duty], today: date, *, as_json: bool, language: str = "en") -> None:
    """The calendar, in the order of the due days; the table in a language."""
    if as_json:
        rows = [one.answer(today) | {"text": title(one, "en"), "text_pl": title(one, "pl")} for one in duties]
        console.print_json({"cluster": cluster, "today": today.isoformat(), "deadlines": rows})
        return
    shown = [
        (one.due, (one.due - today).days, STATES[language][one.state], WHO[language][one.who], title(one, language),
         one.article,
         one.begins, one.done_by)
        for one in duties
    ]  # fmt: skip
    say = Spoken(language)
    keys = ("deadlines.due", "deadlines.left", "column.state", "deadlines.whose", "deadlines.what", "deadlines.article",
            "deadlines.begins", "deadlines.done_by")  # fmt: skip
    heads = [say(key) for key in keys]
    console.table("", heads, shown, right=heads[1:2])
