"""What verifying a run and those that it corrects gave, as a person reads it, and as plain values."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import msgspec

from central.register.lineage import Lineage
from central.reports.diff_text import print_steps
from central.reports.register_text import print_verified, verified_row
from runtime import console


def lineage_row(found: Lineage) -> dict[str, Any]:
    """The run's own answer; ``equal`` is of it and of those that it corrects."""
    first, *others = map(verified_row, found.verified)
    changes = [
        {name: msgspec.to_builtins(getattr(one, name)) for name in ("before", "after", "steps", "effect", "members")}
        for one in found.changes
    ]
    return first | {
        "equal": found.equal,
        "corrected": others,
        "corrected_lacking": found.lacking or None,
        "changes": changes,
    }


def print_lineage(found: Lineage, words: Sequence[str]) -> None:
    """Print it; ``words``: as the run was named, for what comes next."""
    for one in found.verified:
        print_verified(verified_row(one))
    if found.lacking:
        console.say(
            f"{found.lacking}, which it corrects, isn't in the file: what changed can't be told from it alone; "
            "klaster-central runs export writes both into one"
        )
    for change in found.changes:
        console.say(f"{change.before} → {change.after}", style="bold")
        print_steps(change)
    if found.changes:
        console.say(f"each changed number: klaster-central diff {shlex.join(words)}")
