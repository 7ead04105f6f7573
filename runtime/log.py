"""Structured logs on standard error: an event's name and its fields, never a secret."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Literal, cast

import msgspec
import structlog

from runtime.clock import monotonic_s
from runtime.sluice import Sluice


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[log]`` table of a configuration."""

    json: bool = False
    """One JSON object a line, instead of readable lines."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    lines_an_hour: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 2000
    """Of each event at most; what is held back is counted. 0: no limit."""


_quiet = False


def be_quiet(quiet: bool) -> None:
    """Tell warnings and errors only, or all of the configured level again: a disk that is nearly full is for data."""
    global _quiet  # noqa: PLW0603 - as the logging it belongs to, of the whole program
    _quiet = quiet


def _only_trouble(_: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if _quiet and method in {"debug", "info"}:
        raise structlog.DropEvent
    return event


def configure(settings: LogSettings) -> None:
    """Set up structlog for the program."""
    number = logging.getLevelNamesMapping()[settings.level]
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    logging.getLogger("klaster.mqtt").setLevel(logging.CRITICAL)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    sluice = [Sluice(settings.lines_an_hour, monotonic_s)] if settings.lines_an_hour else []
    structlog.configure(
        processors=[
            _only_trouble,
            *sluice,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one module."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(name))
