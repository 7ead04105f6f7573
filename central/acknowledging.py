"""A finding that no data can repair, closed by somebody's word; beside a running service or without one."""

from __future__ import annotations

from datetime import datetime

from central.config import CentralConfig
from central.findings_file import FindingsFile, NotAcknowledgedError, Record
from central.sqlite_file import has_table


def acknowledge(config: CentralConfig, id_: str, by: str, reason: str, now: datetime) -> Record:
    """Close a recorded finding for ever.

    Raises:
        NotAcknowledgedError: it can't be; the message says why, and nothing was changed.
        sqlite3.Error: the records can't be read or written.
    """
    if not has_table(config.findings_file, "looks"):
        raise NotAcknowledgedError(f"{config.findings_file}: nothing is recorded yet; klaster-central serve records")
    file = FindingsFile(config.findings_file)
    try:
        return file.acknowledge(id_, by, reason, now)
    finally:
        file.close()
