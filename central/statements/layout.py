"""A statement laid out as a document, in Polish or English. Pure."""

from __future__ import annotations

from central.statements.document import Document, Facts, Table, Words
from central.statements.of_difference import difference
from central.statements.of_energy import energies, energy_result, steps
from central.statements.of_money import charges, components, money_result, points_money
from central.statements.of_origins import where_from
from central.statements.of_rates import rates
from central.statements.of_relief import without
from central.statements.of_run import boxes, checking, who
from central.statements.of_settings import rounding, settings
from central.statements.saying import Saying
from central.statements.statement import Statement
from central.statements.words import KINDS, MONTHS
from metering.period import Month


def document(one: Statement, language: str) -> Document:
    """The document; ``language`` is pl or en."""
    by = Saying(one, language)
    month = Month.parse(one.run.month)
    name = f"{MONTHS[language][month.number - 1]} {month.year}"
    kind = KINDS[language][one.run.kind].format(version=one.run.version)
    blocks: list[Table | Facts | Words | None] = [
        who(by, name, kind),
        energy_result(by),
        money_result(by),
        difference(by),
        energies(by),
        without(by),
        components(by),
        charges(by),
        points_money(by),
        steps(by),
        rates(by),
        where_from(by),
        settings(by),
        rounding(by),
        checking(by),
    ]
    return Document(
        language=language,
        title=by.say("title"),
        subtitle=f"{name} · {kind}",
        head=by.say("head", cluster=one.cluster.name, member=one.member.name or one.member.id),
        foot=by.say("foot", run=one.run.run, digest=one.run.digest[:16]),
        page=by.texts["page"],
        boxes=list(boxes(by)),
        blocks=[block for block in blocks if block is not None],
    )
