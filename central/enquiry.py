"""A question beside the books' answers, to the register, the conditions or the calendar: asked in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from central.ask import Answer
from central.cluster.history import HistoryError
from central.places import folders_of, told, without_places
from central.register.manifest import RunError, UnknownRunError
from central.trouble import TROUBLES, trouble_text
from runtime.config import ConfigError


class EnquiryError(Exception):
    """What is asked for can't be asked; the message says why and what can."""


class Enquiry(msgspec.Struct, frozen=True):
    """One question; equal ones have one answer."""

    of_register: ClassVar[bool] = False
    """Whether it rests on the register alone, and not on the books."""

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """Plain values.

        Raises:
            EnquiryError: it can't be asked.
            RunError, ConfigError, HistoryError, StoreDownError, OSError, sqlite3.Error: what it rests on can't be read.
        """
        raise NotImplementedError


def enquire(enquiry: Enquiry, config_file: Path, now: datetime) -> Answer:
    """Answer; trouble that was anticipated is a text, and one that begins with ``?`` is of the question itself.

    No place on the disk is told.
    """
    return without_places(Answer(*_told(lambda: enquiry.answer(config_file, now))), config_file)


def write_file(write: Callable[[Path, Path], None], config_file: Path, out: Path) -> str:
    """Write a file; gives why it can't be done as ``enquire`` does, or nothing."""

    def written() -> dict[str, Any]:
        write(config_file, out)
        return {}

    return told(_told(written)[1], folders_of(config_file))


def _told(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    try:
        return work(), ""
    except (EnquiryError, UnknownRunError) as error:
        return None, f"?{error}"
    except (ConfigError, HistoryError, RunError) as error:
        return None, str(error)
    except TROUBLES as error:
        return None, trouble_text(error)
