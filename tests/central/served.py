"""The pages and the API of one configuration, answered at once in this process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from litestar import Litestar
from litestar.testing import AsyncTestClient

from central.answers import Span
from central.ask import Answer, Question
from central.enquiry import Enquiry, enquire, write_file
from central.explaining.answer import Asking, explain_standing
from central.reports.rows_csv import RowsTable, write_rows
from central.standing import ask_standing
from central.web.fresh import Seen
from central.web.server import make_app

Client = AsyncTestClient[Litestar]


class Asks:
    """Answers at once, and keeps what was verified."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.kept: dict[Enquiry, Answer] = {}

    async def __call__(self, enquiry: Enquiry, at: datetime, *, wait: bool) -> Seen:
        self.kept[enquiry] = enquire(enquiry, self.config, at)
        return Seen(self.kept[enquiry])

    def peek(self, enquiry: Enquiry, at: datetime) -> Answer | None:
        return self.kept.get(enquiry)


@contextlib.asynccontextmanager
async def served(config: Path, now: datetime) -> AsyncIterator[Client]:
    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        return Seen(ask_standing(question, config, span, at))

    async def rows_file(table: RowsTable, span: Span, at: datetime, out: Path) -> str:
        return write_rows(table, config, span, at, out)

    async def why(asking: Asking) -> Answer:
        return explain_standing(config, asking)

    async def write(work: Callable[[Path, Path], None], out: Path) -> str:
        return write_file(work, config, out)

    app = make_app(look, rows_file, lambda: now, why=why, asks=Asks(config), write=write)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as found:
        yield found
