"""One question to the books, asked in a worker process: what can be sent there and back is plain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from central import answers
from central.answers import Span
from central.books import Books
from central.completeness_now import completeness_now
from central.month import month
from central.trouble import TROUBLES, trouble_text
from runtime.config import ConfigError

Question = Literal[
    "balance",
    "shares",
    "sums",
    "findings",
    "findings_ever",
    "findings_everywhere",
    "findings_ever_everywhere",
    "gateways",
    "stands",
    "day",
    "month",
    "completeness",
]


class Answer(msgspec.Struct, frozen=True):
    """What the books say, or why they can't be read."""

    value: dict[str, Any] | None
    trouble: str = ""


def ask(
    question: Question,
    config_file: Path,
    span: Span,
    now: datetime,
    opened: Callable[[Path], Books] = Books.open,
) -> Answer:
    """Open the books and answer; trouble that was anticipated is a text, not an exception."""
    try:
        books = opened(config_file)
        match question:
            case "balance":
                return Answer(answers.balance(books, span, now))
            case "shares":
                return Answer(answers.shares(books, span, now))
            case "sums":
                return Answer(answers.shares(books, span, now, rows=False))
            case "findings" | "findings_ever" | "findings_everywhere" | "findings_ever_everywhere":
                closed, everywhere = "ever" in question.split("_"), question.endswith("everywhere")
                return Answer(answers.findings(books, span, now, closed=closed, everywhere=everywhere))
            case "gateways":
                return Answer(answers.gateways(books, now))
            case "stands":
                return Answer(answers.stands(books, span))
            case "day":
                return Answer(answers.day(books, span, now))
            case "month":
                return Answer(month(books, span, now))
            case "completeness":
                return Answer(completeness_now(books, span, now))
    except ConfigError as error:
        return Answer(None, error.told("nothing was reckoned"))
    except TROUBLES as error:
        return Answer(None, trouble_text(error))
