"""What each point pays for the components that the cluster touches: without the cluster, with it, net and with VAT.

VAT is rounded half-up to 0.01 zł once for each point and month, of the net sum of its rows of charges, at the rate
that is valid in the month's last period (a convention: an invoice of a point and month has one sum).
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Ints
from central.money import Whole, fixed, with_pct
from central.tables import TOTALS

STATUSES = ("verified", "unverified", "illustrative", "missing", "unknown")
"""How far a sum in zł may be trusted, the best first."""


def totals(charges: pa.Table, vat: pa.Table | None, starts: Ints) -> pa.Table:
    """The totals of a month's charges, in their order; ``starts`` are the month's periods.

    ``full``: what would be due without the cluster; ``charge``: with it; ``relief``: the difference.
    """
    count = charges.num_rows
    if not count:
        return TOTALS.empty_table()
    first = _firsts(charges)
    known = pc.is_valid(charges["drawn_wh"]).to_numpy()
    status = np.where(known, np.maximum(_places(charges["rate_status"]), _places(charges["zone_status"])), 0)
    worst = np.maximum.reduceat(status, first)
    worst[~np.logical_or.reduceat(known, first)] = STATUSES.index("unknown")
    full, relief = (np.add.reduceat(_groszy(charges[name]), first) for name in ("full_zl", "relief_zl"))
    pct = _pct(vat, starts)
    if pct is not None:
        worst = np.maximum(worst, STATUSES.index(pct[1]))
    there = worst < STATUSES.index("missing")
    about = charges.select(["cluster", "month", "member", "point"]).take(pa.array(first))
    columns = {name: about[name] for name in about.column_names}
    columns |= _money({"full": full, "relief": relief, "charge": full - relief}, pct and Decimal(pct[0]), there)
    columns["vat_pct"] = pa.repeat(pa.scalar(pct and pct[0], pa.string()), len(first))
    columns["status"] = pa.array([STATUSES[place] for place in worst.tolist()], pa.string())
    return pa.table({name: columns[name] for name in TOTALS.names}, schema=TOTALS)


def _firsts(charges: pa.Table) -> Ints:
    """The rows at which another point's, or another member's, begin."""
    first = np.zeros(charges.num_rows, dtype=np.bool_)
    first[0] = True
    for name in ("member", "point"):
        column = charges[name].combine_chunks()
        first[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(first)


def _money(net: dict[str, Whole], pct: Decimal | None, there: np.typing.NDArray[np.bool_]) -> dict[str, pa.Array]:
    sums = {f"{name}_zl": value for name, value in net.items()}
    found = {name: pa.nulls(len(there), pa.string()) for name in TOTALS.names if name.endswith("_zl")}
    if pct is not None:
        for name in ("full", "charge"):
            sums[f"{name}_vat_zl"] = with_pct(net[name], pct)
            sums[f"{name}_gross_zl"] = net[name] + sums[f"{name}_vat_zl"]
        sums["relief_gross_zl"] = sums["full_gross_zl"] - sums["charge_gross_zl"]
    none = pa.scalar(None, pa.string())
    return found | {name: pc.if_else(pa.array(there), fixed(value, 2), none) for name, value in sums.items()}


def _places(column: pa.ChunkedArray) -> Ints:
    """Each status' place among ``STATUSES``; a null is no doubt."""
    found: Ints = pc.fill_null(pc.index_in(column, value_set=pa.array(STATUSES)), 0).to_numpy().astype(np.int64)
    return found


def _groszy(column: pa.ChunkedArray) -> Ints:
    digits = pc.replace_substring(pc.fill_null(column, "0.00"), ".", "")
    found: Ints = digits.cast(pa.int64()).to_numpy()
    return found


def _pct(vat: pa.Table | None, starts: Ints) -> tuple[str, str] | None:
    """The rate in the month's last period, with its status."""
    for row in vat.to_pylist() if vat is not None else []:
        first = -np.inf if row["valid_from"] is None else row["valid_from"].timestamp()
        last = np.inf if row["valid_to"] is None else row["valid_to"].timestamp()
        if first <= starts[-1] < last:
            return row["pct"], row["status"]
    return None
