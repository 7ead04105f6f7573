"""Runs a tool's coroutine from the command line: one message for trouble, Ctrl-C as a wish to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.tools.access import ToolError
from runtime.console import Exit, config_errors, fail
from runtime.log import LogSettings, configure
from runtime.tasks import stopped_by_signals


def run(tool: Callable[[asyncio.Event], Coroutine[Any, Any, Exit]]) -> None:
    """Run ``tool``, which is told by the event that it should stop, and exit with its code."""

    async def stoppable() -> Exit:
        stop = asyncio.Event()
        with stopped_by_signals(stop):
            return await tool(stop)

    configure(LogSettings(level="ERROR"))
    with config_errors():
        try:
            code = asyncio.run(stoppable())
        except ToolError as error:
            fail(str(error), error.code)
    if code is not Exit.DONE:
        raise SystemExit(int(code))
