"""Sets of whole numbers as spans: sorted, apart from one another, both ends inclusive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Span = tuple[int, int]


def add(spans: Sequence[Span], numbers: Iterable[int]) -> list[Span]:
    """The spans with further numbers in them."""
    return joined([*spans, *((number, number) for number in numbers)])


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap made one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            if last > found[-1][1]:
                found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def gaps(spans: Iterable[Span], most: int) -> Iterator[Span]:
    """What spans leave of the numbers from 0 to ``most``, in order."""
    begin = 0
    for first, last in joined(spans):
        if first > begin:
            yield begin, first - 1
        begin = last + 1
    if begin <= most:
        yield begin, most
