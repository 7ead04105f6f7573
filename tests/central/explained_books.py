"""A made-up cluster whose stands came through the keeper, so that the journal has their bytes: two days of June 2026."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from central.books import Books
from central.config import CentralConfig, load_config
from central.journal import Message
from central.keeper import Keeper
from metering.period import HOUR, day_periods, day_start
from metering.wire import StandOnWire, StandsMessage, encode
from tests.central.made_books import EXPORT, IMPORT, stand

DAY = date(2026, 6, 17)
DAYS = 2
CLUSTER = """
[cluster]
name = "Klaster"
registered_from = 2024-10-01
[settings]
excluded_regimes = ["art4_1"]
[[members]]
id = "A"
name = "Town"
kind = "gmina"
[[members]]
id = "B"
name = "Net metering <b>"
kind = "company"
regime = "net_metering"
[[members]]
id = "F"
name = "Farm"
kind = "company"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-17
valid_to = 2026-06-19
[[points]]
id = "A2"
member = "A"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-17
valid_to = 2026-06-19
[[points]]
id = "B1"
member = "B"
directions = ["drawn", "injected"]
source = "pv"
tariff = "C11"
valid_from = 2026-06-17
valid_to = 2026-06-19
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "pv"
valid_from = 2026-06-17
valid_to = 2026-06-19
[[meters]]
serial = "M1"
point = "A1"
role = "settlement"
multiplier = 40
[[meters]]
serial = "M2"
point = "A2"
role = "settlement"
[[meters]]
serial = "M3"
point = "B1"
role = "settlement"
[[meters]]
serial = "M4"
point = "F1"
role = "settlement"
"""
RATES = """
[[rates]]
component = "network_variable"
tariff = "C11"
zl_per_kwh = "0.2345"
source = "made up"
status = "illustrative"
[[rates]]
component = "quality"
zl_per_kwh = "0.0314"
source = "made up"
status = "illustrative"
[[rates]]
component = "oze"
zl_per_kwh = "0.0073"
source = "made up"
status = "verified"
[[rates]]
component = "chp"
zl_per_kwh = "0.0061"
source = "made up"
status = "unverified"
"""
REGISTERS = (("M1", IMPORT), ("M2", IMPORT), ("M3", IMPORT), ("M3", EXPORT), ("M4", EXPORT))


def shown(meter: str, register: str, hour: int) -> int:
    """How much a register counts in an hour of the two days, Wh as shown; uneven, so that remainders fall out."""
    of_day = hour % 24
    sun = max(0, 6 - abs(of_day - 12))
    return {
        ("M1", IMPORT): 31 + 7 * (hour % 5),
        ("M2", IMPORT): 997 + 13 * (hour % 11) if of_day != 3 else 0,
        ("M3", IMPORT): 401 + hour,
        ("M3", EXPORT): 173 * sun,
        ("M4", EXPORT): 1009 * sun + (hour % 3),
    }[meter, register]


@dataclass
class Explained:
    """A folder with a configuration, books and a journal."""

    folder: Path

    @property
    def config_file(self) -> Path:
        return self.folder / "central.toml"

    @property
    def config(self) -> CentralConfig:
        return load_config(self.config_file)

    def books(self) -> Books:
        return Books.open(self.config_file)

    def stands(self) -> list[StandOnWire]:
        """The stands of the two days."""
        starts = [one.start for day in range(DAYS) for one in day_periods(DAY + timedelta(days=day))]
        found = []
        for meter, register in REGISTERS:
            wh = 1000
            for hour, at in enumerate([*starts, starts[-1] + HOUR]):
                found.append(stand(meter, register, at, wh))
                wh += shown(meter, register, hour)
        return found

    def take(self, stands: list[StandOnWire], *, gateway: str = "g1") -> None:
        """Let stands come by messages of a few each, as a gateway sends them."""
        import msgspec

        keeper = Keeper(self.config)
        numbered = [msgspec.structs.replace(one, sequence=i) for i, one in enumerate(stands, 1)]
        for first in range(0, len(numbered), 7):
            message = StandsMessage(gateway=gateway, outbox="o", stands=tuple(numbered[first : first + 7]))
            at = datetime(2026, 6, 19, 1, tzinfo=day_start(DAY).tzinfo)
            keeper.take([Message(received=at, gateway=gateway, payload=encode(message))], at)
        keeper.close()


def explained_books(folder: Path, cluster: str = CLUSTER) -> Explained:
    """A configuration without any readings yet."""
    made = Explained(folder)
    text = '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\nrates = "rates.toml"\n'
    made.config_file.write_text(text, encoding="utf-8")
    (folder / "cluster.toml").write_text(cluster, encoding="utf-8")
    (folder / "rates.toml").write_text(RATES, encoding="utf-8")
    return made
