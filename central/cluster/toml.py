"""The content of a cluster file as TOML text: tables and keys in one order, a table within a table after its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from central.cluster.columns import SHEETS, Sheet


def toml_text(content: Mapping[str, Any]) -> str:
    """The text that ``tomllib`` reads as ``content`` again.

    Raises:
        ValueError: the content has a table that no cluster file has.
    """
    if unknown := content.keys() - SHEETS.keys():
        raise ValueError(f"no table of a cluster file: {', '.join(sorted(unknown))}")
    parts = []
    for name, sheet in SHEETS.items():
        if sheet.parent or name not in content:
            continue
        if sheet.single:
            parts.append(_table(f"[{name}]", content[name], sheet))
            continue
        for row in content[name]:
            parts.append(_table(f"[[{name}]]", row, sheet))
            parts += [
                _table(f"[[{inner.name}]]", one, inner)
                for inner in SHEETS.values()
                if inner.parent == name
                for one in row.get(inner.table, ())
            ]
    return "\n".join(parts)


def _table(head: str, row: Mapping[str, Any], sheet: Sheet) -> str:
    lines = [f"{name} = {_value(row[name])}" for name in sheet.columns if name in row]
    return "\n".join([head, *lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text if "." in text else f"{text}.0"
    return str(value)
