"""``operator_differs``: the operator's value and the gateway's for one period, too far apart."""

from __future__ import annotations

from collections.abc import Iterator

from central.differing import differing
from central.finding import Finding
from central.series import Series


def check(series: Series) -> Iterator[Finding]:
    """Only periods that both have; nothing is told of those that one lacks."""
    yield from differing(
        series,
        "operator_differs",
        "own",
        "operator",
        "findings.operator_differs",
        "the gateway {one_num} Wh, the operator {other_num} Wh",
        "compare both meters' stands at its ends, and the multiplier; [settings] precedence says whose counts",
    )
