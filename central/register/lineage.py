"""A correction with the runs that it corrects: each verified, and what each changed against the one before."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from central.register.comparing import Comparison, compare_sides, side_of
from central.register.opening import Run
from central.register.verifying import Verified, verify


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying a run and those before it gave."""

    verified: tuple[Verified, ...]
    """The run's own first, then those of the runs that it corrects, the final last."""
    changes: tuple[Comparison, ...]
    """What each changed against the run that it corrects, in the same order; one less, or none."""
    lacking: str
    """The run that is corrected and isn't at hand; else empty."""

    @property
    def equal(self) -> bool:
        """Whether every row of every run is the same."""
        return all(one.equal for one in self.verified)


def verify_lineage(run: Run) -> Lineage:
    """Verify a run and the runs that it corrects.

    Raises:
        RunError: one of them was changed, can't be recomputed, or isn't the one that is corrected.
    """
    runs = list(lineage(run))
    pairs = zip(runs[1:], runs, strict=False)
    return Lineage(
        verified=tuple(verify(one) for one in runs),
        changes=tuple(compare_sides(side_of(before), side_of(after)) for before, after in pairs),
        lacking=runs[-1].manifest.corrects,
    )


def lineage(run: Run) -> Iterator[Run]:
    """The run, the one that it corrects, the one that this corrects, …; raises RunError."""
    found: Run | None = run
    while found is not None:
        yield found
        found = found.corrected
