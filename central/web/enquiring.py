"""Pages and API of what is asked beside the books' answers: waited for a moment, and else shown as being made."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from litestar import Request, Response
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.response import Stream

from central.answers import Span
from central.ask import Answer
from central.enquiry import Enquiry
from central.marks import Marks
from central.web.drawing import Drawing
from central.web.fresh import Fresh, Seen
from metering.period import Month

Content = Callable[[dict[str, Any]], dict[str, Any]]
Write = Callable[[Callable[[Path, Path], None], Path], Awaitable[str]]
"""Lets a worker process write a file; gives why it can't be done, or nothing."""
_CHUNK = 256 * 1024
_OLD_S = 600.0
"""The register changes by its files alone."""
_ANY = Span(month=Month(2000, 1))
"""An enquiry says itself what it is of."""


class Enquiries:
    """Answers that are kept: those of the register as long as it is unchanged, others as the books' are."""

    def __init__(
        self,
        compute: Callable[[Enquiry, datetime], Awaitable[Answer]],
        register_marks: Callable[[], Marks],
        books_marks: Callable[[], Marks],
    ) -> None:
        """Nothing is kept yet."""

        async def made(enquiry: Enquiry, _: Span, at: datetime) -> Answer:
            return await compute(enquiry, at)

        self._register: Fresh[Enquiry] = Fresh(made, register_marks, _OLD_S)
        self._books: Fresh[Enquiry] = Fresh(made, books_marks)

    async def __call__(self, enquiry: Enquiry, at: datetime, *, wait: bool) -> Seen:
        """See ``Enquire``."""
        return await self._of(enquiry).look(enquiry, _ANY, at, wait=wait)

    def peek(self, enquiry: Enquiry, at: datetime) -> Answer | None:
        """See ``Enquire``."""
        return self._of(enquiry).peek(enquiry, _ANY, at)

    def _of(self, enquiry: Enquiry) -> Fresh[Enquiry]:
        return self._register if enquiry.of_register else self._books

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """Make what is wanted, for ever: to be run side by side."""
        return [self._register.run(), self._books.run()]


class NothingAsked:
    """Where nobody answers."""

    async def __call__(self, enquiry: Enquiry, at: datetime, *, wait: bool) -> Seen:
        """See ``Enquire``."""
        return Seen(Answer(None, "this isn't answered here"))

    def peek(self, enquiry: Enquiry, at: datetime) -> Answer | None:
        """See ``Enquire``."""
        return None


async def nothing_written(_: Callable[[Path, Path], None], __: Path) -> str:
    """Where nobody writes."""
    return "files aren't written here"


async def enquiry_page(
    drawing: Drawing, request: Request[Any, Any, Any], name: str, seen: Seen, content: Content
) -> Response[str]:
    """A page of an answer, or that it is being made, can't be asked, or can't be read."""
    answer = seen.answer
    if answer is None:
        return drawing.page(request, "waiting.html", 202)
    if answer.value is None:
        if answer.trouble.startswith("?"):
            return drawing.page(request, "not_there.html", 404, trouble=answer.trouble[1:])
        return drawing.page(request, "trouble.html", 503, trouble=answer.trouble)
    return drawing.page(request, name, newer=seen.newer, as_of=answer.value["now"], **content(answer.value))


def value_of(seen: Seen) -> dict[str, Any]:
    """An answer's value for the API.

    Raises:
        NotFoundException: there is no such thing.
        ServiceUnavailableException: it can't be read now.
    """
    answer = seen.answer
    if answer is not None and answer.value is not None:
        return answer.value
    trouble = answer.trouble if answer else ""
    if trouble.startswith("?"):
        raise NotFoundException(trouble[1:])
    raise ServiceUnavailableException(trouble)


async def file_of(write: Write, work: Callable[[Path, Path], None], name: str, media_type: str) -> Response[Any]:
    """A file that a worker process writes, sent in pieces; nothing of it is left.

    Raises:
        NotFoundException: there is no such thing.
        ServiceUnavailableException: it can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="klaster-file-") as folder:
        out = Path(folder) / "file"
        trouble = await write(work, out)
        if trouble.startswith("?"):
            raise NotFoundException(trouble[1:])
        if trouble:
            raise ServiceUnavailableException(trouble)
        # Open: what goes with the folder is its name alone.
        written: BinaryIO = out.open("rb")

    async def chunks() -> AsyncIterator[bytes]:
        with written:
            while chunk := written.read(_CHUNK):
                yield chunk

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store, max-age=0"}
    return Stream(chunks(), media_type=media_type, headers=headers)
