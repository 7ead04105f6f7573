"""A correction beside the run that it corrects. Pure."""

from __future__ import annotations

from central.statements.document import Column, Row, Table, Words
from central.statements.saying import Saying, lacks
from central.statements.words import COMPARED


def difference(by: Saying) -> Table | Words | None:
    """Both, number by number; None where it is no correction."""
    found = by.one.difference
    if found is None:
        return None
    title = by.say("difference", run=found.run)
    if found.missing:
        return Words(title, [by.say("difference_missing", run=found.run)])
    rows = []
    for row in found.rows:
        name, _, component = row.name.partition("/")
        said = COMPARED[by.language][name]
        if component:
            said = by.say("relief_of", component=by.component(component))
        values = (row.before, row.after, row.difference)
        if name.endswith("_wh"):
            cells = [by.kwh(value, signed=i == 2) for i, value in enumerate(values)]
        else:
            cells = [by.zl(value, signed=i == 2) for i, value in enumerate(values)]
        rows.append(Row([said, *cells]))
    columns = [Column(by.say("quantity"), width=4)]
    columns += [Column(by.say("before", run=found.run), right=True, width=2)]
    columns += [Column(by.say(name), right=True, width=2) for name in ("after", "change")]
    notes = [by.say("mark_not_measured")] if lacks(rows) else []
    return Table(title, by.say("change"), columns, rows, notes=notes)
