"""A cluster's data as a run keeps them, ``cluster.json``, read again as what they were. Pure; nothing is trusted.

msgspec writes them but can't read them: it knows no union of a day and an instant, which a bound of a validity is.
"""

from __future__ import annotations

import functools
import typing
from datetime import date, datetime
from typing import Any

import msgspec

from central.cluster.model import Cluster
from central.settings import Settings


def kept_cluster(content: object, settings: Settings) -> Cluster:
    """The cluster of parsed JSON; ``settings`` are the run's own.

    What an older klaster didn't know yet has its default, what a newer one knows besides is left out.

    Raises:
        ValueError, TypeError: it isn't a cluster's data: which value, and why.
    """
    if not isinstance(content, dict):
        raise TypeError("isn't a table")
    # The run names its settings itself, and an older run's may lack some of today's.
    plain = {name: value for name, value in content.items() if name != "settings"}
    return typing.cast("Cluster", _struct(plain, Cluster, "", {"settings": settings}))


def _struct(content: object, kind: type[Any], where: str, given: dict[str, object]) -> object:
    if not isinstance(content, dict):
        raise TypeError(f"{where or 'it'} isn't a table")
    values = dict(given)
    for name, (encoded, hint, required) in _fields(kind).items():  # type: ignore[arg-type]  # a class can be hashed
        if encoded in content:
            values[name] = _value(content[encoded], hint, f"{where}.{encoded}".lstrip("."))
        elif required and name not in given:
            raise ValueError(f"{f'{where}.{encoded}'.lstrip('.')} is missing")
    return kind(**values)


@functools.cache
def _fields(kind: type[Any]) -> dict[str, tuple[str, Any, bool]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {one.name: (one.encode_name, hints[one.name], one.required) for one in msgspec.structs.fields(kind)}


def _value(content: object, hint: Any, where: str) -> object:
    arguments = typing.get_args(hint)
    if content is None and type(None) in arguments:
        return None
    if {date, datetime} <= set(arguments):
        return _bound(content, where)
    kinds = [one for one in (hint, *arguments) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    if kinds and typing.get_origin(hint) is tuple:
        if not isinstance(content, list):
            raise TypeError(f"{where} isn't a list")
        return tuple(_struct(one, kinds[0], f"{where}[{i}]", {}) for i, one in enumerate(content, 1))
    if kinds:
        return _struct(content, kinds[0], where, {})
    try:
        return msgspec.convert(content, hint)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {error}") from error


def _bound(content: object, where: str) -> date | datetime:
    """A local day, or an instant with its offset."""
    if not isinstance(content, str):
        raise TypeError(f"{where} isn't a day or an instant")
    try:
        if len(content) == len("2026-10-01"):
            return date.fromisoformat(content)
        found = datetime.fromisoformat(content)
    except ValueError as error:
        raise ValueError(f"{where}: {content[:40]!r} isn't a day or an instant") from error
    if found.tzinfo is None:
        raise ValueError(f"{where}: {content[:40]!r} has no offset")
    return found
