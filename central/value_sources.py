"""Where each value of an answer is from: own stands, an operator's file by its version, or an estimate by its method.

Words: ``own``, ``operator:12`` (the archive's number, which is the version) and ``estimate:E3:like_days``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.estimate import Estimate
from central.grid import Bools, Ints, seconds

WAYS: Final = ("drawn", "injected")
COUNTED: Final = ("own", "operator")
"""Counted of each period, beside the estimated ones."""
_KINDS: Final = ("own", "operator", "estimate")
_SHIFT: Final = 1 << 40
_ABSENT: Final = -1


def of_shares(shares: pa.Table, energies: pa.Table, estimated: pa.Table) -> pa.Table:
    """Shares with ``drawn_source`` and ``injected_source``; null where there is no value, or nothing is measured.

    ``energies`` are those of the settlement (``central.precedence.SOURCED``), ``estimated`` is
    ``central.estimated.ESTIMATED``.
    """
    points = pc.unique(shares["point"].cast(pa.string()))
    wanted = _keys(shares, points)
    pairs = zip(estimated["estimate"].to_pylist(), estimated["method"].cast(pa.string()).to_pylist(), strict=True)
    methods = dict(pairs)
    for way, other in zip(WAYS, reversed(WAYS), strict=True):
        codes = _found(energies, estimated, way, points, wanted)
        # A row of which the other direction alone has a value doesn't measure this one.
        codes[_null(shares, way) & ~_null(shares, other)] = _ABSENT
        unique, place = np.unique(codes, return_inverse=True)
        words = pa.array([_word(code, methods) for code in unique.tolist()], pa.string())
        column = words.take(pa.array(place.reshape(-1)))
        shares = shares.append_column(f"{way}_source", column.dictionary_encode())
    return shares


def of_periods(shares: pa.Table, starts: Ints) -> list[dict[str, int]]:
    """How many values of each period are from own stands and from operators' files; of shares with their sources."""
    found = [dict.fromkeys(COUNTED, 0) for _ in starts]
    place = {at: i for i, at in enumerate(starts.tolist())}
    for way in WAYS:
        kind = pc.utf8_slice_codeunits(shares[f"{way}_source"].cast(pa.string()), 0, 3)
        for name in COUNTED:
            chosen = shares["start"].filter(pc.equal(kind, name[:3]))
            for row in pc.value_counts(chosen).to_pylist():
                found[place[int(row["values"].timestamp())]][name] += row["counts"]
    return found


def told(shares: pa.Table, files: Mapping[int, Mapping[str, Any]], estimates: Iterable[Estimate]) -> dict[str, Any]:
    """What each word of the shares' sources stands for; ``files`` are what the archive says by number."""
    by_id = {one.id: one for one in estimates}
    words = {word for way in WAYS for word in pc.unique(shares[f"{way}_source"].cast(pa.string())).to_pylist() if word}
    found: dict[str, Any] = {}
    for word in sorted(words):
        kind, _, rest = word.partition(":")
        if kind == "operator":
            found[word] = {"kind": kind, "version": int(rest), **files.get(int(rest), {})}
        elif kind == "estimate":
            one = by_id.get(rest.partition(":")[0])
            said = {} if one is None else {"by": one.by, "reason": one.reason}
            found[word] = {"kind": kind, "id": rest.partition(":")[0], "method": rest.partition(":")[2], **said}
        else:
            found[word] = {"kind": kind}
    return found


def _found(energies: pa.Table, estimated: pa.Table, way: str, points: pa.Array, wanted: Ints) -> Ints:
    """The code of each wanted key's value."""
    rows = energies.filter(pc.equal(energies["direction"].cast(pa.string()), way))
    kind = pc.index_in(rows["source"].cast(pa.string()), value_set=pa.array(_KINDS)).to_numpy().astype(np.int64)
    number = pc.fill_null(rows["file"], 0).to_numpy().astype(np.int64)
    measured = kind != _KINDS.index("estimate")
    made = estimated.filter(pc.equal(estimated["direction"].cast(pa.string()), way))
    keys = np.concatenate([_keys(rows, points)[measured], _keys(made, points)])
    estimates = _KINDS.index("estimate") * _SHIFT + made["estimate"].to_numpy().astype(np.int64)
    codes = np.concatenate([(kind * _SHIFT + number)[measured], estimates])
    order = np.argsort(keys, kind="stable")
    keys, codes = keys[order], codes[order]
    found = np.full(len(wanted), _ABSENT, dtype=np.int64)
    if len(keys):
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = keys[at] == wanted
        found[hit] = codes[at[hit]]
    return found


def _word(code: int, methods: Mapping[int, str]) -> str | None:
    if code == _ABSENT:
        return None
    kind, number = _KINDS[code // _SHIFT], code % _SHIFT
    if kind == "estimate":
        return f"{kind}:E{number}:{methods.get(number, '')}"
    return f"{kind}:{number}" if kind == "operator" else kind


def _keys(table: pa.Table, points: pa.Array) -> Ints:
    """Point and period as one number; -1 for a point that isn't among them."""
    place = pc.fill_null(pc.index_in(table["point"].cast(pa.string()), value_set=points), -1).to_numpy()
    found: Ints = np.where(place >= 0, (place.astype(np.int64) << 34) + seconds(table["start"]), -1)
    return found


def _null(shares: pa.Table, way: str) -> Bools:
    found: Bools = pc.is_null(shares[f"{way}_wh"]).to_numpy()
    return found
