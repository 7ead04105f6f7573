"""Writes rows of the outbox, and the names that they mean."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from gateway.observation import Accepted
from gateway.stand_row import Life, Machine, to_life_row, to_row
from metering.wire import StandOnWire

_STAND = """
INSERT INTO stands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (at, life) DO NOTHING
"""
_LIFE = "INSERT OR REPLACE INTO lives VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM lives WHERE life <> ? AND life IN (SELECT id FROM epochs WHERE meter = ? AND register = ?)"


class Writer:
    """Writes rows and the names that they mean, inside its owner's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Begin with the names that the file has."""
        self._connection = connection
        self.lives: dict[Life, int] = {}
        self.machines: dict[Machine, int] = {}
        self.read()

    def read(self) -> None:
        """Read the names again, after a transaction that came to nothing too."""
        found = self._connection.execute("SELECT id, meter, register, epoch FROM epochs")
        self.lives = {(meter, register, epoch): number for number, meter, register, epoch in found}
        found = self._connection.execute("SELECT id, boot, clock FROM machines")
        self.machines = {(boot, clock): number for number, boot, clock in found}

    def stand(self, stand: StandOnWire, made_at: datetime, state: int = 0, reason: str = "") -> bool:
        """Write a stand; whether it is new (of the same meter, register, instant and epoch the first one stays)."""
        life = self.life_number((stand.meter, stand.register, stand.epoch))
        row = to_row(stand, life, self.machine_number((stand.boot, stand.clock.value)), made_at)
        return bool(self._connection.execute(_STAND, (*row, state, reason)).rowcount)

    def life(self, name: Life, last: Accepted) -> None:
        """Write what is remembered of a register, instead of what was."""
        number = self.life_number(name)
        self._connection.execute(_LIFE, to_life_row(number, name, last))
        self._connection.execute(_FORGET, (number, *name[:2]))

    def life_number(self, name: Life) -> int:
        """The row of ``epochs`` that means this life; made where there is none."""
        if name not in self.lives:
            insert = "INSERT INTO epochs (meter, register, epoch) VALUES (?, ?, ?)"
            self.lives[name] = int(self._connection.execute(insert, name).lastrowid or 0)
        return self.lives[name]

    def machine_number(self, name: Machine) -> int:
        """The row of ``machines`` that means this boot and clock; made where there is none."""
        if name not in self.machines:
            insert = "INSERT INTO machines (boot, clock) VALUES (?, ?)"
            self.machines[name] = int(self._connection.execute(insert, name).lastrowid or 0)
        return self.machines[name]
