"""How the law's open questions were answered, and how a statement's numbers are rounded. Pure."""

from __future__ import annotations

from central.readings_of_law.questions import QUESTIONS
from central.statements.document import Column, Row, Table, Words, plain_text
from central.statements.readings import ANSWERS
from central.statements.saying import Saying


def settings(by: Saying) -> Table:
    """Each question and its answer."""
    rows = []
    for one in by.one.settings:
        question = QUESTIONS[one.name][by.place]
        answer = ANSWERS[one.name].get(one.value)
        said = answer[by.place] if answer else plain_text(one.value)
        rows.append(Row([question, f"{said}{'' if one.default else ' *'}", f"{one.name} = {plain_text(one.value)}"]))
    columns = [Column(by.say("question"), width=6), Column(by.say("answer"), width=4),
               Column(by.say("setting"), width=4)]  # fmt: skip
    return Table(by.say("settings"), by.say("setting"), columns, rows, by.say("settings_intro"))


def rounding(by: Saying) -> Words:
    """The rule of rounding."""
    return Words(by.say("rounding"), [by.say(f"rounding_{i}") for i in (1, 2, 3)])
