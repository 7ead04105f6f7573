"""Which rows of the outbox a request of central's means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.stand_row import Life, micros
from metering.spans import gaps, joined
from metering.wire import HELD, ResendRequest, Span

_MOST = 2**53
_SECOND_US = 1_000_000


@dataclass(slots=True)
class Resend:
    """A request being answered."""

    request: ResendRequest
    after: int = 0
    """All rows up to this sequence have been looked at."""
    stands: int = 0
    """So many were found."""
    read: bool = False
    """All of them were."""


def selections(resend: Resend, lives: Mapping[Life, int]) -> Iterator[tuple[str, list[int]]]:
    """For each span of rows beyond ``after``, in order, the SQL condition of those that are meant, and its values.

    What waits goes by itself. What was refused goes again only when someone asks for it.
    """
    request = resend.request
    clauses = ["sequence BETWEEN ? AND ?", "state IN (1, 2, 3)" if request.id == HELD else "state <> 0"]
    values: list[int] = []
    if request.first is not None:
        clauses.append("at >= ?")
        values.append(-(-micros(request.first) // _SECOND_US))
    if request.last is not None:
        clauses.append("at <= ?")
        values.append(micros(request.last) // _SECOND_US)
    if request.meters:
        wanted = [number for (meter, _, _), number in lives.items() if meter in request.meters]
        clauses.append(f"life IN ({', '.join('?' * len(wanted))})")
        values += wanted
    condition = " AND ".join(clauses)
    for first, last in _spans(request):
        if last > resend.after:
            yield condition, [max(first, resend.after + 1), last, *values]


def _spans(request: ResendRequest) -> Iterator[Span]:
    """The rows meant by their numbers: in order, none twice."""
    asked = [(0, _MOST)] if request.sequences is None else joined(request.sequences)
    left = list(gaps(request.held or (), _MOST))
    for first, last in asked:
        for gap_first, gap_last in left:
            if max(first, gap_first) <= min(last, gap_last):
                yield max(first, gap_first), min(last, gap_last)
