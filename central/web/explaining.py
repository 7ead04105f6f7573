"""Why a number is what it is, asked over HTTP; answered in the worker process that keeps the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Router, get
from litestar.exceptions import ClientException, ServiceUnavailableException
from markupsafe import Markup, escape

from central.ask import Answer
from central.explaining.answer import ASKED, Asking
from central.explaining.telling import amount, sentence
from central.web.words import Words

Why = Callable[[Asking], Awaitable[Answer]]
KEYS = (*ASKED, "run")


async def nothing_explained(_: Asking) -> Answer:
    """Where nobody explains."""
    return Answer(None, "numbers aren't explained here")


def asking_of(query: Mapping[str, Any], *, payload: bool = False) -> Asking:
    """A question from a query, whatever else is in it."""
    return Asking({name: str(query[name]) for name in KEYS if query.get(name)}, query.get("all") == "1", payload)


def asking_for(**facts: object) -> Markup:
    """The address that asks why a number is so, but for the quantity's name at its end: made once for many numbers."""
    return escape(f"/explain?{urlencode({name: str(fact) for name, fact in facts.items()})}&quantity=")


def why_link(of: Markup, quantity: str, text: object) -> Markup | str:
    """A number that leads to its explanation, ``of`` being what ``asking_for`` gave; nothing where nothing is known."""
    # Thousands on a page: put together by hand, with all that comes from outside escaped.
    return Markup(f'<a class="why" href="{of}{quantity}">{escape(text)}</a>') if text else ""  # noqa: S704


def explain_router(why: Why) -> Router:
    """``/api/v1/explain``."""

    @get(
        "/explain", summary="Why a number is what it is, down to the bytes in which its stands came; as explain --json"
    )
    async def explain(request: Request[Any, Any, Any]) -> dict[str, Any]:
        answer = await why(asking_of(request.query_params, payload=request.query_params.get("bytes") == "1"))
        if answer.value is not None:
            return {name: answer.value[name] for name in ("cluster", "run", "asked", "agrees", "step")}
        if answer.trouble.startswith("?"):
            raise ClientException(answer.trouble[1:])
        raise ServiceUnavailableException(answer.trouble)

    return Router("/api/v1", route_handlers=[explain], tags=["books"])


def explain_content(answer: Answer, words: Words) -> tuple[int, dict[str, Any]]:
    """The page's status and content."""
    filters = {
        "say": lambda one: sentence(words, one["key"], one["facts"]),
        "amount": lambda value, unit: amount(words, value, unit),
    }
    if answer.value is None:
        refused = answer.trouble.startswith("?")
        return 400 if refused else 503, {"problem": answer.trouble.removeprefix("?"), **filters}
    value = answer.value
    run = {"run": value["run"]} if value["run"] else {}
    about = {"answer": value["step"], "agrees": value["agrees"], "asked_now": value["asked"], "with_run": run}
    return 200, {"problem": "", **about, **filters}
