"""With what a run is made: versions, and a digest of the arithmetic's own sources."""

from __future__ import annotations

import hashlib
import platform
import re
import zoneinfo
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from central.free_days import RULE
from central.register.manifest import Made

_ROOT: Final = Path(__file__).parents[2]
_START: Final = "central.settlement"
_IMPORT: Final = re.compile(rb"^from ((?:central|metering)[\w.]*) import ([^\n]*)", re.MULTILINE)


@cache
def made_with() -> Made:
    """The versions of this installation."""
    return Made(
        klaster=version("klaster"),
        code=code_digest(),
        python=platform.python_version(),
        numpy=version("numpy"),
        pyarrow=version("pyarrow"),
        tzdata=_time_zones(),
        holidays=RULE,
    )


@cache
def code_digest() -> str:
    """SHA-256 over the modules that ``settle`` rests on, by name; what they import counts too."""
    found = hashlib.sha256()
    for name, content in sorted(arithmetic().items()):
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def arithmetic() -> dict[str, bytes]:
    """The sources of ``settle``: its module and all of ours that it imports, directly or not."""
    found: dict[str, bytes] = {}
    open_ = [_START]
    while open_:
        name = open_.pop()
        if name in found or (file := _file(name)) is None:
            continue
        found[name] = file.read_bytes()
        for module, names in _IMPORT.findall(found[name]):
            parent = module.decode()
            open_ += [parent, *(f"{parent}.{one}" for one in re.findall(r"\w+", names.decode()))]
    return found


def _file(name: str) -> Path | None:
    place = _ROOT.joinpath(*name.split("."))
    return next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file()), None)


def _time_zones() -> str:
    """Of the time zones that are used: the system's go before the package's."""
    for folder in zoneinfo.TZPATH:
        if (Path(folder) / "Europe" / "Warsaw").is_file():
            try:
                head = (Path(folder) / "tzdata.zi").open(encoding="utf-8").readline()
            except (OSError, UnicodeDecodeError):
                head = ""
            return head.removeprefix("# version ").strip() or f"{folder}, version not known"
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return "not known"
