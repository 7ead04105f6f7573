"""A run as one file, which a third party verifies with nothing but klaster itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from central.register.manifest import CORRECTED, MANIFEST, RunError, encode
from central.register.opening import APPROVAL, ROW, Run, parcel_order
from central.register.parcel import Sink, write_parcel
from central.register.writing import sync_folder


def export(run: Run, out: Path, *, alone: bool = False) -> int:
    """Write a run of a register as one file; gives its size in bytes. Each export of it is the same, byte for byte.

    A correction takes along the export of the run that it corrects, which may be a correction too, unless ``alone``.

    Raises:
        RunError: the run was changed, there is such a file, or it can't be written; nothing is left then.
    """
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    if out.exists():
        raise RunError(f"{out}: is there already; name another file")
    try:
        with draft.open("xb") as file:
            _write(run, None if alone else run.corrected, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(out)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError):
            raise RunError(f"{out}: can't be written: {error.strerror or error}") from error
        raise
    sync_folder(out.parent)
    return out.stat().st_size


def _write(run: Run, corrected: Run | None, sink: Sink) -> None:
    rows = {ROW: encode(run.row), MANIFEST: encode(run.manifest)}
    if run.approval is not None:
        rows[APPROVAL] = encode(run.approval)
    order = parcel_order(run.manifest, approved=run.approval is not None, corrected=corrected is not None)

    def files() -> Iterator[tuple[str, bytes]]:
        for name in order:
            if name == CORRECTED and corrected is not None:
                content = _Bytes()
                _write(corrected, corrected.corrected, content)
                yield name, bytes(content)
            else:
                yield name, rows[name] if name in rows else run.bytes_of(name)

    write_parcel(files(), sink)


class _Bytes(bytearray):
    """Memory to write to."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""
        self.extend(data)
