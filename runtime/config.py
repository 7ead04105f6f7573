"""TOML to frozen structs, with all problems at once: each names file, key, value and what was expected."""

from __future__ import annotations

import functools
import tomllib
import typing
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

import msgspec

from runtime.unread import why_unread

T = TypeVar("T", bound=msgspec.Struct)

_SHOWN = 60
_SECRET_WORDS = ("password", "secret", "token")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a file."""

    file: str
    key: str
    """Where in the file: ``meters[2].serial``; empty when it is about the file as a whole."""
    value: str
    """The value as it stands there; empty when there is none."""
    expected: str

    def __str__(self) -> str:
        """One line: file, key, value, what was expected."""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where} = {self.value}: {self.expected}" if self.value else f"{where}: {self.expected}"


class ConfigError(Exception):
    """A configuration can't be used; ``problems`` holds every reason found."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep the problems and make one message of them."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def told(self, consequence: str) -> str:
        """The problems, and what became of the command; one problem is one line."""
        count = len(self.problems)
        if count == 1:
            return f"{self}; {consequence}"
        return f"{count} problems in the configuration; {consequence}:\n{self}"


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file; numbers with a point become Decimal.

    Raises:
        ConfigError: the file can't be read, isn't UTF-8 or isn't TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=_decimal)
    except OSError as error:
        raise ConfigError([Problem(str(path), "", "", why_unread(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), "", "", f"isn't UTF-8 (byte {error.start})")]) from error
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ConfigError([Problem(str(path), "", "", f"isn't TOML: {error}")]) from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} is not a number") from error


def load(path: Path, schema: type[T]) -> T:
    """Read a TOML file into ``schema``.

    Raises:
        ConfigError: with every problem of structure and type in the file.
    """
    return build(read_toml(path), schema, str(path))


def build(content: object, schema: type[T], file: str) -> T:
    """Make a struct of parsed TOML; see ``load``."""
    problems: list[Problem] = []
    made = _struct(content, schema, file, "", problems)
    if problems:
        raise ConfigError(problems)
    return typing.cast("T", made)


def _struct(content: object, schema: type[Any], file: str, key: str, problems: list[Problem]) -> object:
    if not isinstance(content, dict):
        problems.append(Problem(file, key, shown(key, content), "expected a table"))
        return None
    hints, fields = _described(schema)  # type: ignore[arg-type]  # a class can be hashed
    for name in content:
        if name not in fields:
            known = ", ".join(sorted(fields))
            problems.append(Problem(file, _join(key, name), "", f"unknown key; known here: {known}"))
    before = len(problems)
    values: dict[str, object] = {}
    for encoded, field in fields.items():
        if encoded in content:
            values[field.name] = _value(content[encoded], hints[field.name], file, _join(key, encoded), problems)
        elif field.required:
            problems.append(Problem(file, _join(key, encoded), "", "is missing"))
    if len(problems) > before:
        return None
    try:
        return schema(**values)
    except ValueError as error:
        problems.append(Problem(file, key, "", str(error)))
        return None


@functools.cache
def _described(schema: type[Any]) -> tuple[dict[str, Any], dict[str, msgspec.structs.FieldInfo]]:
    """A struct's types and fields; thousands of rows are of one struct."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(schema)}
    return typing.get_type_hints(schema, include_extras=True), fields


def _value(content: object, hint: object, file: str, key: str, problems: list[Problem]) -> object:
    kind = _struct_in(hint)
    if kind is not None and not _is_sequence(hint):
        return _struct(content, kind, file, key, problems)
    if kind is not None and isinstance(content, list):
        return tuple(_struct(item, kind, file, f"{key}[{i}]", problems) for i, item in enumerate(content, 1))
    if kind is not None:
        problems.append(Problem(file, key, "", f"expected a list of tables: write [[{key}]] for each"))
        return None
    if {date, datetime} <= set(typing.get_args(hint)):
        # msgspec knows no union of the two: a bound of a validity is either.
        if not isinstance(content, date):
            problems.append(Problem(file, key, shown(key, content), _BOUND))
        return content
    try:
        return msgspec.convert(content, typing.cast("type[Any]", hint), builtin_types=_BUILTIN)
    except msgspec.ValidationError as error:
        problems.append(Problem(file, key, shown(key, content), _expected(content, hint, str(error))))
        return None


def _expected(content: object, hint: object, said: str) -> str:
    """What would have been right, in words of the file rather than of the reader."""
    kinds = [hint, *typing.get_args(hint)]
    if choices := next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)), None):
        several = "a list of " if isinstance(hint, type) is False and typing.get_origin(hint) is tuple else ""
        return f"expected {several}{', '.join(str(choice.value) for choice in choices)}"
    if date in kinds and isinstance(content, str):
        return "expected a date like 2024-10-01, without quotes"
    return said


_BUILTIN = (Decimal, date, datetime, time)
_BOUND = "expected a date like 2024-10-01, or a full hour like 2024-10-01T14:00:00+02:00, without quotes"


def _struct_in(hint: object) -> type[Any] | None:
    """The struct that a hint holds: itself, an optional one, or a tuple of it."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) in {tuple, typing.Union, UnionType}:
        return next((found for argument in arguments if (found := _struct_in(argument))), None)
    return None


def _is_sequence(hint: object) -> bool:
    return typing.get_origin(hint) is tuple


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def shown(key: str, value: object) -> str:
    """A value as an error message may show it: short, and never a secret."""
    if any(word in key.lower() for word in _SECRET_WORDS) and not key.lower().endswith("_file"):
        return "(not shown)"
    if isinstance(value, dict | list):
        return "(a table)" if isinstance(value, dict) else "(a list)"
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
