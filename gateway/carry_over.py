"""An outbox of an earlier layout, written anew in the present one."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from gateway.observation import Accepted
from gateway.outbox_file import STATES, NewFile, finish
from gateway.outbox_writer import Writer
from metering.stand import Quality
from metering.wire import ClockState, StandOnWire

_EARLIER: Final = ("1", "2")


def carry_over(path: Path) -> bool:
    """Write a file of an earlier layout anew in the present one, which takes its place; whether it was one.

    Raises:
        sqlite3.Error, OSError: it can't be read or written; it is there as it was.
    """
    if not path.exists():
        return False
    old = sqlite3.connect(path, isolation_level=None)
    try:
        found = old.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()
        if found is None or found[0] not in _EARLIER:
            return False
        outbox = old.execute("SELECT value FROM meta WHERE key = 'outbox'").fetchone()[0]
        with NewFile(path, outbox) as new:
            _copy(old, new.connection)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return False
        raise
    finally:
        old.close()
    finish(path, keep=False)
    return True


def _copy(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    rows = old.execute(
        "SELECT sequence, meter, register, wh, resolution, at, before, after, quality, epoch, boot, monotonic_ms,"
        " clock, made_at, state, reason FROM rows ORDER BY sequence"
    )
    writer = Writer(new)
    for (
        sequence,
        meter,
        register,
        wh,
        resolution,
        at,
        before,
        after,
        quality,
        epoch,
        boot,
        ms,
        clock,
        made,
        *end,
    ) in rows:
        stand = StandOnWire(
            sequence=sequence, meter=meter, register=register, wh=wh, resolution=resolution,
            at=datetime.fromisoformat(at), before=datetime.fromisoformat(before), after=datetime.fromisoformat(after),
            quality=Quality(quality), epoch=epoch, boot=boot, monotonic_ms=ms, clock=ClockState(clock),
        )  # fmt: skip
        writer.stand(stand, datetime.fromisoformat(made), STATES.index(end[0]), end[1])
    columns = {name for _, name, *_ in old.execute("PRAGMA table_info(lives)")}
    later = "wraps, scale" if "wraps" in columns else "0, ''"
    select = f"SELECT meter, register, epoch, wh, step, sent, received, {later} FROM lives"  # noqa: S608
    for meter, register, epoch, wh, step, sent, received, wraps, scale in old.execute(select):
        last = Accepted(
            epoch, Decimal(wh), Decimal(step), datetime.fromisoformat(sent), datetime.fromisoformat(received), wraps,
            Decimal(scale) if scale else None,
        )  # fmt: skip
        writer.life((meter, register, epoch), last)
