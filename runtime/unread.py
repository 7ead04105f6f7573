"""Why a file can't be read, as a person is told it after the file's name."""

from __future__ import annotations


def why_unread(error: OSError) -> str:
    """What an error of opening or reading a file means: that it isn't there, is a folder, or what the system says."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder; a file is expected"
    return f"can't be read: {error.strerror or error}"
