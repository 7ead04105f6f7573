"""Places on the machine's disk, which pages and API never show: a file is called by its name there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from central.ask import Answer
from central.config import load_config
from runtime.config import ConfigError

_ABSOLUTE: Final = re.compile(r"(?<![\w/.:~-])~?/(?:[^\s/:;,'\"()]+/)*(?=[^\s/:;,'\"()])")
"""What stands before the last name of an absolute path; addresses of servers are none."""


def folders_of(config_file: Path) -> tuple[str, ...]:
    """The folders of an installation, the longest first."""
    found = [config_file.parent, config_file.parent.absolute()]
    try:
        config = load_config(config_file)
        files = (config.cluster_file, *config.rates_files)
        found += [config.register, config.data_dir, *(file.parent for file in files)]
    except (ConfigError, OSError):
        pass
    return tuple(sorted({str(one) for one in found if one.is_absolute() and one.name}, key=len, reverse=True))


def told(text: str, folders: Sequence[str]) -> str:
    """A message without the folders of the files it names."""
    return _ABSOLUTE.sub("", _bare(text, folders))


def without_places(answer: Answer, config_file: Path) -> Answer:
    """The answer, its trouble and all its texts without folders."""
    folders = folders_of(config_file)
    value = None if answer.value is None else _all(answer.value, folders)
    return msgspec.structs.replace(answer, value=value, trouble=told(answer.trouble, folders))


def _bare(text: str, folders: Sequence[str]) -> str:
    for folder in folders:
        text = text.replace(f"{folder}/", "").replace(folder, folder.rpartition("/")[2])
    return text


def _all(value: Any, folders: Sequence[str]) -> Any:
    match value:
        case str():
            return _bare(value, folders) if "/" in value and any(one in value for one in folders) else value
        case dict():
            return {name: _all(one, folders) for name, one in value.items()}
        case list() | tuple():
            return [_all(one, folders) for one in value]
    return value
