"""A run as one file, which a third party verifies with nothing but klaster itself."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from central.register.manifest import MANIFEST, RunError, encode
from central.register.opening import APPROVAL, ROW, Run, parcel_order
from central.register.parcel import write_parcel
from central.register.writing import sync_folder


def export(run: Run, out: Path) -> int:
    """Write a run of a register as one file; gives its size in bytes. Each export of it is the same, byte for byte.

    Raises:
        RunError: the run was changed, there is such a file, or it can't be written; nothing is left then.
    """
    rows = {ROW: encode(run.row), MANIFEST: encode(run.manifest)}
    if run.approval is not None:
        rows[APPROVAL] = encode(run.approval)
    order = parcel_order(run.manifest, approved=run.approval is not None)
    files = ((name, rows[name] if name in rows else run.bytes_of(name)) for name in order)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    if out.exists():
        raise RunError(f"{out}: is there already; name another file")
    try:
        with draft.open("xb") as file:
            write_parcel(files, file)
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
