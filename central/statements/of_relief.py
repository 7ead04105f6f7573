"""Why allocated energy has no relief: point by point, in words."""

from __future__ import annotations

from central.explaining.telling import sentence
from central.statements.document import Column, Figure, Row, Table, plain_text
from central.statements.saying import Saying
from central.web.words import WORDS


def without(by: Saying) -> Table | None:
    """Each point and its reasons; None where all that is allocated has relief."""
    if not by.one.without_relief:
        return None
    words = WORDS[by.language]
    rows = []
    for one in by.one.without_relief:
        said = [plain_text(sentence(words, reason.key, reason.facts).unescape()) for reason in one.reasons]
        why = "; ".join(said) or by.say("no_reason")
        rows.append(Row([plain_text(one.point), Figure(one.periods), by.kwh(one.wh), why]))
    columns = [
        Column(by.say("ppe"), width=5),
        Column(by.say("periods"), right=True, width=2),
        Column(by.say("kwh"), right=True, width=3),
        Column(by.say("why"), width=9),
    ]
    return Table(by.say("without_relief"), by.say("without_sheet"), columns, rows, by.say("without_intro"))
