"""OBIS codes of the registers klaster knows (IEC 62056-61), as A-B:C.D.E without the billing suffix."""

from __future__ import annotations

import re
from typing import Final

ACTIVE_IMPORT: Final = "1-0:1.8.0"
"""A+, active energy drawn from the grid, total (Wh)."""
ACTIVE_EXPORT: Final = "1-0:2.8.0"
"""A-, active energy injected into the grid, total (Wh)."""
REACTIVE_IMPORT: Final = "1-0:3.8.0"
"""R+, reactive energy, total (varh)."""
REACTIVE_EXPORT: Final = "1-0:4.8.0"
"""R-, reactive energy, total (varh)."""

PATTERN: Final = r"\A[0-9]{1,3}-[0-9]{1,3}:[0-9A-Z]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\Z"
"""The shape of a code as klaster writes it."""


def is_code(text: str) -> bool:
    """Whether ``text`` has the shape A-B:C.D.E."""
    return re.fullmatch(PATTERN, text) is not None
