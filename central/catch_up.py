"""From the journal to a readings store on a server, in a thread of its own: the only one that waits for that server."""

from __future__ import annotations

from central.config import CentralConfig
from central.intake import put_in
from central.journal import Journal
from central.opened import open_store

_BATCH = 200


class CatchUp:
    """Brings the store to where the journal is. Not thread-safe: its owner calls it from one thread."""

    def __init__(self, config: CentralConfig) -> None:
        """Open journal and store; the server is spoken to by ``step``.

        Raises:
            OSError, sqlite3.Error: a file can't be opened.
        """
        self._journal = Journal(config.journal, read_only=True)
        self._store = open_store(config)

    def behind(self) -> int:
        """How many journalled messages the store lacks."""
        return self._journal.count_after(self._store.position())

    def step(self) -> int:
        """Put the next messages in; gives their number, 0 when the store has everything.

        Raises:
            StoreDownError: the server can't be used now; the same messages come again next time.
            sqlite3.Error: a file can't be read or written.
        """
        for batch in self._journal.after(self._store.position(), _BATCH):
            put_in(self._store, batch)
            return len(batch)
        return 0

    def close(self) -> None:
        """Close journal and store."""
        self._journal.close()
        self._store.close()
