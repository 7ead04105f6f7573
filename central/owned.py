"""Bytes in pyarrow's own memory.

One of its threads may be the last to let a buffer go. Were it Python's, and Python just ending, that thread would abort
the program ("terminate called without an active exception").
"""

from __future__ import annotations

import pyarrow as pa


def owned(content: bytes | memoryview) -> pa.Buffer:
    """A copy of bytes for pyarrow to read."""
    sink = pa.BufferOutputStream()
    sink.write(content)
    return sink.getvalue()
