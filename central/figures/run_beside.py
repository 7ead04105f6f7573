"""The run of a month that figures are compared with."""

from __future__ import annotations

from central.register.keeping import Register
from central.register.manifest import UnknownRunError
from central.register.opening import Run
from metering.period import Month


def run_beside(register: Register, month: Month, name: str | None) -> Run | None:
    """The run of this name; without one the month's final or last correction, else its last preliminary, else None.

    Raises:
        UnknownRunError: there is no such run, or it is another month's.
        RunError: it was changed.
    """
    if name is not None:
        run = register.run(name)
        if run.manifest.month != str(month):
            raise UnknownRunError(f"{name} is a run of {run.manifest.month}, not of {month}")
        return run
    if (standing := register.standing(month)) is not None:
        return standing
    runs = [one.run for one in register.of_month(month) if one.what == "run"]
    return register.run(runs[-1]) if runs else None
