"""Draws pages: a template with the words of the language that is asked for, and what every page may use."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType

from central.explaining.telling import kwh as signed_kwh
from central.explaining.telling import number as signed_number
from central.web.begun import begun
from central.web.explaining import KEYS, asking_for, why_link
from central.web.words import LANGUAGES, WORDS, Words, chosen_language, last_day, local_day, percent_off, when
from metering.period import Month

_TEMPLATES = Path(__file__).parent / "templates"
_INDENT = re.compile(r"\n[ \n]+")
_YEAR_S = 365 * 86400
_KEPT = ("day", "month", "before", "after", "year", *KEYS)
"""What of the query stays when the language is changed."""


class Drawing:
    """The templates."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._templates = _environment()

    def page(self, request: Request[Any, Any, Any], name: str, status: int = 200, **content: Any) -> Response[str]:
        """A page as a response."""
        return response(request, self.draw(request, name, content), status)

    def draw(self, request: Request[Any, Any, Any], name: str, content: dict[str, Any]) -> str:
        """A page's text."""
        words, query = words_of(request), request.query_params
        text = self._templates.get_template(name).render(
            t=words,
            when=when,
            languages=[(one, WORDS[one].catalogue["name"]) for one in LANGUAGES],
            path=request.url.path,
            asked_for={key: query[key] for key in dict.fromkeys(_KEPT) if key in query},
            **_filters(words),
            **content,
        )
        # A page of a large cluster would be half as long again; what is preformatted stays as it is.
        return text if "<pre" in text else _INDENT.sub("\n", text)


def words_of(request: Request[Any, Any, Any]) -> Words:
    """The language that is asked for."""
    query, accepted = request.query_params, request.headers.get("Accept-Language")
    return WORDS[chosen_language(query.get("lang"), request.cookies.get("lang"), accepted)]


def response(request: Request[Any, Any, Any], text: str, status: int) -> Response[str]:
    """A drawn page; the language is kept where it was asked for by name."""
    language, asked = words_of(request).language, request.query_params.get("lang")
    headers = {
        "Cache-Control": "no-store, max-age=0",
        "Content-Language": language,
        "Vary": "Accept-Language, Cookie",
    }
    keep = [Cookie("lang", value=language, max_age=_YEAR_S, samesite="lax")] if asked == language else []
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers, cookies=keep)


def _filters(words: Words) -> dict[str, Callable[..., Any]]:
    """The language's ways of writing numbers and dates, by the names that the templates use."""
    return {
        "kwh": words.kwh,
        "number": words.number,
        "percent": words.percent,
        "step": words.step,
        "date": words.day,
        "date_short": words.short_day,
        "number_or_text": words.number_or_text,
        "begun": lambda said: begun(words, said),
        "stamp": lambda said, unit: _stamp(words, str(said), str(unit)),
        "asking_for": asking_for,
        "change_kwh": lambda wh: "" if wh is None else _signed(signed_kwh(words, str(wh))),
        "change": lambda text: "" if text is None else _signed(signed_number(words, str(text))),
        "signed_number": lambda text: "" if text is None else signed_number(words, str(text)),
        "step_off": percent_off,
        "local_day": local_day,
        "last_day": last_day,
        "month_name": lambda month: words.month(Month.parse(str(month))),
    }


def _stamp(words: Words, said: str, unit: str) -> str:
    """One number of a finding: an instant as the page writes it, a decimal, or anything else as it is."""
    if unit == "instant":
        with contextlib.suppress(ValueError):
            return when(said)
    return words.number_or_text(said)


def _signed(text: str) -> str:
    return f"+{text}" if text.strip("0.,") and not text.startswith("−") else text


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["why"] = why_link
    return made
