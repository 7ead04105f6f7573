"""Line protocol: one line of text for each point of a series.

Source: docs.influxdata.com, "Line protocol reference". Timestamps are whole seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

import pyarrow as pa

from central.admissions import unix_seconds
from central.interval_versions import Row
from central.readings import Entry

STAND: Final = "stand"
"""The measurement of stands. Tags: ``STAND_TAGS``. Fields: ``wh`` (whole Wh, cut), ``text`` (the exact decimal, only
where ``wh`` doesn't say all of it: tag ``whole`` = 0), ``before_us`` and ``after_us`` (the polls around the instant,
microseconds from it), ``journal``."""
STAND_TAGS: Final = ("clock", "epoch", "fill", "gateway", "meter", "quality", "register", "resolution", "whole")

INTERVAL: Final = "interval"
"""The measurement of operators' values of periods. Tags: ``INTERVAL_TAGS``; ``version`` keeps one value from
overwriting another. Fields: ``wh`` and ``text`` as a stand's, ``file`` (the archived file), ``word`` (percent-encoded
status, where there is one)."""
INTERVAL_TAGS: Final = ("direction", "fill", "kind", "length", "point", "quality", "version")

_MICROSECOND = timedelta(microseconds=1)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]+")


@lru_cache(4096)
def exact(text: str) -> str:
    """A tag's value that ``words`` gives back exactly, whatever is in it."""
    return quote(text, safe=":/+ ").replace(" ", "\\ ")


@lru_cache(4096)
def readable(text: str) -> str:
    """A tag's value for people to read: what a line can't hold becomes a space."""
    plain = _UNPRINTABLE.sub(" ", text).strip() or "-"
    return plain.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def words(column: pa.ChunkedArray) -> pa.Array:
    """A column of tags as they were before ``exact``, as a dictionary."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    plain = [unquote(word) for word in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(plain, pa.string()))


def stand_line(fill: str, entry: Entry) -> str:
    """A stand as a line; the same entry gives the same line."""
    stand = entry.stand
    cut = int(stand.wh.partition(".")[0])
    whole = str(cut) == stand.wh
    text = "" if whole else f'text="{stand.wh}",'
    quality, clock = stand.quality.value, stand.clock.value
    tags = _tags(clock, stand.epoch, fill, entry.gateway, stand.meter, quality, stand.register, stand.resolution, whole)
    return (
        f"{STAND}{tags} after_us={(stand.after - stand.at) // _MICROSECOND}i,"
        f"before_us={(stand.before - stand.at) // _MICROSECOND}i,journal={entry.journal}i,{text}wh={cut}i "
        f"{unix_seconds(stand.at)}"
    )


def interval_line(fill: str, row: Row) -> str:
    """A value of a period as a line; the same value gives the same line."""
    point, direction, kind, start, length, version, file, wh, quality, word = row
    cut = int(wh.partition(".")[0])
    text = "" if str(cut) == wh else f'text="{wh}",'
    said = f',word="{quote(word)}"' if word else ""
    tags = _interval_tags(direction, fill, kind, str(length), point, quality, str(version))
    return f"{INTERVAL}{tags} file={file}i,{text}wh={cut}i{said} {start}"


@lru_cache(65_536)
def _interval_tags(*values: str) -> str:
    return "".join(f",{name}={exact(value)}" for name, value in zip(INTERVAL_TAGS, values, strict=True))


@lru_cache(65_536)
def _tags(*values: str | bool) -> str:
    """Of a series; in the order of ``STAND_TAGS``, which is that of their names."""
    words = (str(int(value)) if isinstance(value, bool) else exact(value) for value in values)
    return "".join(f",{name}={word}" for name, word in zip(STAND_TAGS, words, strict=True))


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, int | float | None], at: int) -> str:
    """Any other line: integers as integers, decimals as floats, absent values left out.

    ``tags`` in the order of their names (the server sorts them otherwise); ``at`` in seconds since 1970.
    """
    keys = "".join(f",{name}={readable(value)}" for name, value in tags.items())
    values = ",".join(
        f"{name}={value}i" if isinstance(value, int) else f"{name}={value!r}"
        for name, value in fields.items()
        if value is not None
    )
    return f"{measurement}{keys} {values} {at}"
