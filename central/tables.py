"""The schemas of the tables that pass between the steps of a settlement; the first column is always the cluster.

Instants are seconds of UTC. Energies are whole Wh; a null is a value that is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

INSTANT: Final = pa.timestamp("s", "UTC")
LABEL: Final = pa.dictionary(pa.int32(), pa.string())


def _schema(*columns: tuple[str, pa.DataType], long: bool = False) -> pa.Schema:
    return pa.schema([("cluster", LABEL if long else pa.string()), *columns])


def labels(words: Sequence[str], places: npt.NDArray[Any]) -> pa.Array:
    """A ``LABEL`` column: each row's word by its place among ``words``."""
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32, copy=False)), pa.array(words, pa.string()))


CLUSTER: Final = _schema(("period", pa.string()), ("registered_from", INSTANT), ("struck_off", INSTANT))
"""One row: ``period`` is hour or quarter; no relief before ``registered_from``, nor from ``struck_off`` on."""

PERIODS: Final = _schema(("month", pa.string()), ("start", INSTANT))
"""Every period of one local month, in order."""

MEMBERS: Final = _schema(("member", pa.string()), ("regime", pa.string()))
"""``regime``: in all periods in which ``REGIMES`` says nothing of the member."""

REGIMES: Final = _schema(
    ("member", pa.string()),
    ("point", pa.string()),
    ("regime", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""Regimes that are valid in time: a member's (``point`` is null), or one point's own. None of one holder overlap."""

ALIASES: Final = _schema(
    ("code", pa.string()),
    ("point", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""Other codes of points; none names two points at one time, none is a point's id."""

ELIGIBILITY: Final = _schema(
    ("member", pa.string()),
    ("point", pa.string()),
    ("eligible", pa.bool_()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""When a member (``point`` is null), or one of its points, may have relief at all, besides its regime."""

AMENDMENTS: Final = _schema(
    ("point", pa.string()),
    ("amended", INSTANT),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""Contracts of points, valid in time, and since when each is amended (arts. 38ae, 38af)."""

INDUSTRIAL: Final = _schema(
    ("point", pa.string()),
    ("pct", pa.int64()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""When a point is an industrial consumer's, and the per cent of its energy on which the OZE fee is charged."""

CONDITIONS_FAILED: Final = _schema(("valid_from", INSTANT), ("valid_to", INSTANT))
"""When a condition of art. 184l was found not met."""

POINTS: Final = _schema(
    ("point", pa.string()),
    ("member", pa.string()),
    ("drawn", pa.bool_()),
    ("injected", pa.bool_()),
    ("res", pa.bool_()),
    ("tariff", pa.string()),
    ("regime", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
    ("storage", pa.bool_()),
)
"""``drawn`` and ``injected``: what the settlement meter measures. ``res``: what the point injects is renewable.
``storage``: it is a storage's discharge; null is no. ``regime``: the point's own; null where it has none.
``valid_from``, ``valid_to``: when point and member are both valid; null is open."""

ENERGIES: Final = _schema(
    ("point", LABEL),
    ("direction", LABEL),
    ("start", INSTANT),
    ("wh", pa.int64()),
    long=True,
)
"""At most one row for a point, direction and period; an absent row is a missing value."""

METERED: Final = ENERGIES.append(pa.field("quality", LABEL))
"""Energies from stands; ``quality`` is measured, or interpolated where either stand is."""

BEHIND: Final = _schema(
    ("point", pa.string()),
    ("role", pa.string()),
    ("meter", pa.string()),
    ("direction", pa.string()),
    ("start", INSTANT),
    ("wh", pa.int64()),
)
"""What meters behind points counted, of the roles generation (``injected`` is its yield), storage (``drawn`` is its
charge, ``injected`` its discharge) and submeter. At most one row for a meter, direction and period."""

STOCKS: Final = _schema(("point", pa.string()), ("total_wh", pa.int64()), ("res_wh", pa.int64()))
"""What each point's storage holds by the books, and of it renewable; a storage without a row holds nothing."""

METERS: Final = _schema(
    ("serial", pa.string()),
    ("point", pa.string()),
    ("role", pa.string()),
    ("multiplier", pa.string()),
    ("gateway", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
    ("opening", pa.map_(pa.string(), pa.string())),
    ("closing", pa.map_(pa.string(), pa.string())),
)
"""``multiplier`` is an exact decimal; an empty ``gateway`` is any. ``opening`` and ``closing``: what people read at
``valid_from`` and ``valid_to``, register to exact decimal Wh; null is nothing."""

DOUBLES: Final = pa.schema(
    [
        ("point", pa.string()),
        ("direction", pa.string()),
        ("start", INSTANT),
        ("low_wh", pa.int64()),
        ("high_wh", pa.int64()),
    ]
)
"""Periods for which two lives of registers (two gateways, two epochs) give different energies: none of them counts."""

LIVES: Final = pa.schema(
    [
        ("point", pa.string()),
        ("direction", pa.string()),
        ("meter", pa.string()),
        ("gateway", pa.string()),
        ("epoch", pa.string()),
        ("first", INSTANT),
        ("last", INSTANT),
        ("first_wh", pa.int64()),
        ("last_wh", pa.int64()),
    ]
)
"""The lives of settlement registers with their first and last stand, multiplied."""

GAPS: Final = pa.schema(
    [
        ("point", pa.string()),
        ("direction", pa.string()),
        ("meter", pa.string()),
        ("since", INSTANT),
        ("until", INSTANT),
        ("first_wh", pa.int64()),
        ("then_wh", pa.int64()),
        ("proved", pa.bool_()),
    ]
)
"""Neighbouring stands, multiplied, whose difference is the proved sum of several periods, or (not ``proved``) none."""

RATES: Final = _schema(
    ("component", pa.string()),
    ("tariff", pa.string()),
    ("zone", pa.string()),
    ("zl_per_kwh", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
    ("source", pa.string()),
    ("status", pa.string()),
    ("dso", pa.string()),
    ("decision_no", pa.string()),
)
"""``zl_per_kwh`` is an exact decimal; an empty (or null) ``tariff``, ``zone`` or ``dso`` (operator) means all."""

ZONES: Final = _schema(
    ("tariff", pa.string()),
    ("dso", pa.string()),
    ("zone", pa.string()),
    ("months", pa.string()),
    ("days", pa.string()),
    ("hours", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
    ("source", pa.string()),
    ("status", pa.string()),
    ("decision_no", pa.string()),
)
"""Calendars of zones, a row for each window; lists have commas between, an empty one is all. ``central.zones``."""

OPERATORS: Final = _schema(
    ("point", pa.string()),
    ("dso", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
)
"""Who operates the network of a point, and when; none of one point overlap."""

VAT: Final = _schema(
    ("pct", pa.string()),
    ("valid_from", INSTANT),
    ("valid_to", INSTANT),
    ("source", pa.string()),
    ("status", pa.string()),
)
"""The rate of VAT in percent, an exact decimal."""

HOUR_ENERGIES: Final = (
    "drawn_wh",
    "injected_res_wh",
    "injected_other_wh",
    "covered_wh",
    "surplus_wh",
    "deficit_wh",
    "from_grid_wh",
    "to_grid_wh",
)
"""An hour's energies, Wh."""

STORAGE_ENERGIES: Final = ("storage_charge_wh", "storage_discharge_wh")
"""Appended where a storage's charging is left out of drawn: what was left out, and what storages gave into the grid."""

GROSS: Final = pa.field("gross_wh", pa.int64())
"""Appended to the hours where the ratio's denominator is drawn energy with own use behind the meters."""
MORE_ENERGIES: Final = (*STORAGE_ENERGIES, GROSS.name)
"""All energies that an hour may have besides."""

HOURS: Final = _schema(
    ("month", pa.string()),
    ("start", INSTANT),
    *((name, pa.int64()) for name in HOUR_ENERGIES),
    ("ratio_pct", pa.string()),
    ("multiplier", pa.string()),
    ("status", pa.string()),
)
"""One row for each period. ``ratio_pct`` and ``multiplier`` are exact decimals."""

SHARES: Final = _schema(
    ("start", INSTANT),
    ("point", LABEL),
    ("member", LABEL),
    ("drawn_wh", pa.int64()),
    ("injected_wh", pa.int64()),
    ("allocated_wh", pa.int64()),
    ("relieved_wh", pa.int64()),
    ("status", LABEL),
    long=True,
)
"""One row for each period and point valid in it; by start, then point."""

HOURS_WITH_STORAGE: Final = pa.schema([*HOURS, *((name, pa.int64()) for name in STORAGE_ENERGIES)])
SHARES_WITH_STORAGE: Final = SHARES.append(pa.field("charge_wh", pa.int64()))
"""The same where a storage's charging is left out of drawn; ``charge_wh`` is null at points without such a storage."""

STORAGES: Final = _schema(
    ("start", INSTANT),
    ("point", pa.string()),
    ("charge_wh", pa.int64()),
    ("generation_wh", pa.int64()),
    ("discharge_wh", pa.int64()),
    ("traced_wh", pa.int64()),
    ("given_wh", pa.int64()),
    ("given_res_wh", pa.int64()),
    ("total_wh", pa.int64()),
    ("res_wh", pa.int64()),
    ("status", pa.string()),
)
"""One row for each storage and period in which its point is valid; by point, then start. ``generation_wh``: renewable,
behind the same point; null where none is metered. ``traced_wh``: the part of the discharge that is renewable by the
stocks. ``given_wh``: of the discharge, what the point injects; ``given_res_wh``: what of it counts as renewable.
``total_wh`` and ``res_wh``: the stocks after the period. ``status``: complete, incomplete, or unshown where the hour is
complete and the storage's own meter has no value."""

CHARGES: Final = _schema(
    ("month", pa.string()),
    ("member", pa.string()),
    ("point", pa.string()),
    ("zone", pa.string()),
    ("component", pa.string()),
    ("drawn_wh", pa.int64()),
    ("relieved_wh", pa.int64()),
    ("rate", pa.string()),
    ("full_zl", pa.string()),
    ("relief_zl", pa.string()),
    ("charge_zl", pa.string()),
    ("rate_status", pa.string()),
    ("full_exact_zl", pa.string()),
    ("relief_exact_zl", pa.string()),
    ("zone_status", pa.string()),
)
"""One row for each point that declares drawn, component, zone and rate of the month. Money is an exact decimal in zł
net. ``zone`` is empty where the rate has none; ``zone_status`` is its calendar's, null without a zone."""

TOTALS: Final = _schema(
    ("month", pa.string()),
    ("member", pa.string()),
    ("point", pa.string()),
    ("full_zl", pa.string()),
    ("relief_zl", pa.string()),
    ("charge_zl", pa.string()),
    ("vat_pct", pa.string()),
    ("full_vat_zl", pa.string()),
    ("charge_vat_zl", pa.string()),
    ("full_gross_zl", pa.string()),
    ("relief_gross_zl", pa.string()),
    ("charge_gross_zl", pa.string()),
    ("status", pa.string()),
)
"""One row for each point that declares drawn: the sums of its rows of charges, net, and with VAT. ``full`` is without
the cluster, ``charge`` with it, ``relief`` the difference. ``status``: the worst of what the sums rest on (verified,
unverified, illustrative); missing where a rate is, unknown where no period is complete: no sum is there then. Without a
rate of VAT there are no gross ones."""

INPUTS: Final[Mapping[str, pa.Schema]] = {
    "cluster": CLUSTER,
    "periods": PERIODS,
    "members": MEMBERS,
    "points": POINTS,
    "energies": ENERGIES,
    "rates": RATES,
}
OPTIONAL: Final[Mapping[str, pa.Schema]] = {
    "meters": METERS,
    "behind": BEHIND,
    "stocks": STOCKS,
    "regimes": REGIMES,
    "eligibility": ELIGIBILITY,
    "amendments": AMENDMENTS,
    "industrial": INDUSTRIAL,
    "conditions_failed": CONDITIONS_FAILED,
    "zones": ZONES,
    "operators": OPERATORS,
    "vat": VAT,
}
"""Inputs of clusters with storages, regimes that change, relief granted in time, zones, operators with rates of their
own, or sums with VAT; an absent table is an empty one."""
OUTPUTS: Final[Mapping[str, pa.Schema]] = {
    "hours": HOURS,
    "shares": SHARES,
    "charges": CHARGES,
    "totals": TOTALS,
    "storages": STORAGES,
    "stocks": STOCKS,
}
"""``stocks``: after the month. Of hours and shares the ``…_WITH_STORAGE`` where a storage's charging is left out."""
