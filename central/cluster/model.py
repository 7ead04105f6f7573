"""What a cluster file holds: a struct for each table, in the words of the file. Nothing is checked here but types."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec

from central.cluster.dealings import Call, Coordinator, Filing
from central.limits import Limits
from central.settings import Settings
from metering.period import HOUR, QUARTER
from metering.point import Direction, Role, Source

MAX_MULTIPLIER = 100_000
"""The largest mnożna: with stands below 10^13 Wh the product stays in 63 bits."""


class PeriodName(StrEnum):
    """The period that is balanced: the law's hour, or the quarter of comparable schemes."""

    HOUR = "hour"
    QUARTER = "quarter"

    @property
    def length(self) -> timedelta:
        """The period's length."""
        return HOUR if self is PeriodName.HOUR else QUARTER


class Kind(StrEnum):
    """What a member is (art. 2 pkt 15a)."""

    GMINA = "gmina"
    POWIAT = "powiat"
    WOJEWODZTWO = "wojewodztwo"
    JST_COMPANY = "jst_company"
    """A capital company formed by a unit of local government (art. 9 ust. 1 of the communal economy Act)."""
    JST_SUBSIDIARY = "jst_subsidiary"
    """A capital company with more than half of the capital of such a company (lit. c)."""
    JST_UNION = "jst_union"
    """A union of gminy or powiaty: by kind not itself a unit of local government."""
    COMPANY = "company"
    COOPERATIVE = "cooperative"
    PERSON = "person"
    OTHER = "other"


class Regime(StrEnum):
    """How a prosumer is settled by the operator: net_metering is art. 4 ust. 1, net_billing ust. 1a."""

    NONE = "none"
    NET_METERING = "net_metering"
    NET_BILLING = "net_billing"


class ContractKind(StrEnum):
    """How a point is supplied: one contract with the seller (kompleksowa), or distribution apart (rozdzielona)."""

    COMPREHENSIVE = "comprehensive"
    SEPARATE = "separate"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table with a validity: a local day, or an instant on the full hour; None is open."""

    KEY: ClassVar[tuple[str, ...]] = ()
    """The columns that name a row; where several have the same, they follow one another in time."""

    valid_from: date | datetime | None = None
    valid_to: date | datetime | None = None


class ClusterTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[cluster]``."""

    name: str
    registered_from: date
    """First local day in the URE register: no relief before it."""
    period: PeriodName = PeriodName.HOUR
    register_number: str = ""
    """Number of its entry in the URE register."""
    activity: str = ""
    """The object of its activity (art. 38ac ust. 5)."""
    area: str = ""
    """Its area in words."""
    applied_to_operator: date | None = None
    """The day on which the operator got the complete application (art. 184l ust. 3): its 90 days begin."""
    struck_off: date | datetime | None = None
    """When the decision struck the cluster off the register: relief ends at once (art. 38ac ust. 14)."""


class DatedRegime(Row, frozen=True, kw_only=True):
    """``[[members.regimes]]`` and ``[[points.regimes]]``."""

    regime: Regime


class Member(Row, frozen=True, kw_only=True):
    """``[[members]]``."""

    KEY = ("id",)

    id: str
    name: str = ""
    kind: Kind = Kind.OTHER
    nip: str = ""
    seat: str = ""
    """TERYT code of the gmina of its seat."""
    address: str = ""
    """Where it does business, or its seat (art. 38ac ust. 5)."""
    regime: Regime | None = None
    """Always; None where ``regimes`` says, and none where nothing does."""
    regimes: tuple[DatedRegime, ...] = ()
    contract_amended: date | None = None
    """First day of the amended contracts of its points (arts. 38ae, 38af) that say none themselves."""


class Alias(Row, frozen=True, kw_only=True):
    """``[[points.aliases]]``: another code under which the point was or is known."""

    KEY = ("code",)

    code: str


class Contract(Row, frozen=True, kw_only=True):
    """``[[points.contracts]]``: who operates the network, who sells, and by what kind of contract."""

    operator: str = ""
    seller: str = ""
    contract: ContractKind | None = None
    contract_amended: date | None = None
    """First day on which it is amended for the cluster's settlement; None: its member's."""


class Industrial(Row, frozen=True, kw_only=True):
    """``[[points.industrial]]``: when its consumer is an industrial one by art. 96 ust. 2."""

    industrial_pct: int
    """Of the energy drawn, the per cent on which the OZE fee is charged."""


class Price(Row, frozen=True, kw_only=True):
    """``[[points.prices]]``: what the seller asks for energy: whether it moved with an amendment (art. 38af)."""

    KEY = ("zone",)

    zl_per_kwh: int | Decimal
    """Net, without distribution."""
    zone: str = ""
    """A zone of the seller's price list; empty: all hours."""
    source: str = ""
    """Contract, price list or invoice."""


class Point(Row, frozen=True, kw_only=True):
    """``[[points]]``."""

    KEY = ("id",)

    id: str
    member: str
    directions: tuple[Direction, ...]
    source: str = ""
    """One of ``Source`` where the point injects; ignored elsewhere."""
    tariff: str = ""
    regime: Regime | None = None
    regimes: tuple[DatedRegime, ...] = ()
    aliases: tuple[Alias, ...] = ()
    operator: str = ""
    seller: str = ""
    contract: ContractKind | None = None
    contract_amended: date | None = None
    contracts: tuple[Contract, ...] = ()
    industrial: tuple[Industrial, ...] = ()
    prices: tuple[Price, ...] = ()
    voltage_kv: int | Decimal | None = None
    gmina: str = ""
    """TERYT code."""
    contracted_kw: int | Decimal | None = None
    cross_border: bool | None = None
    """Whether it is connected with a neighbouring country; None: nobody said."""
    remote_read_requested: date | None = None
    """The day from which the operator has 90 days for a remote-read meter; None: the cluster's."""

    @property
    def injects_res(self) -> bool:
        """Whether what it injects is renewable."""
        return Direction.INJECTED in self.directions and Source(self.source).is_res

    @property
    def injects_stored(self) -> bool:
        """Whether what it injects is a storage's discharge."""
        return Direction.INJECTED in self.directions and self.source == Source.STORAGE

    @property
    def generates(self) -> bool:
        """Whether it injects, and not only what a storage gives."""
        return Direction.INJECTED in self.directions and not self.injects_stored

    @property
    def supplied(self) -> tuple[Contract, ...]:
        """Operator, seller and kind of contract in time; one row that is always valid where they are not dated."""
        if self.contracts or not (self.operator or self.seller or self.contract or self.contract_amended):
            return self.contracts
        always = Contract(
            operator=self.operator,
            seller=self.seller,
            contract=self.contract,
            contract_amended=self.contract_amended,
        )
        return (always,)


class Installation(Row, frozen=True, kw_only=True):
    """``[[installations]]``: what generates or stores, as it stands in the application to URE (art. 38ac ust. 5)."""

    KEY = ("id",)

    id: str
    point: str
    kind: Source
    power_kw: int | Decimal = 0
    """Installed electric power by nameplate (art. 2 pkt 19b: of PV the modules'); 0 for a storage alone."""
    storage_power_kw: int | Decimal = 0
    storage_kwh: int | Decimal = 0
    """The storage's capacity."""
    chp: bool = False
    """Whether it makes heat and electricity together."""
    res_pct: int | None = None
    """Of several fuels: how much of what it generates is renewable, %; None: all or nothing, by its kind."""
    gmina: str = ""
    """TERYT code; empty: its point's."""
    location: str = ""


class Agreement(Row, frozen=True, kw_only=True):
    """``[[agreements]]``: the cluster's agreement and its term."""

    KEY = ("id",)

    id: str
    signed: date | None = None
    written: bool | None = None
    """Whether it is in writing (art. 38aa ust. 2: void otherwise); None: nobody said."""
    elements: tuple[int, ...] | None = None
    """The points (pkt) of art. 38aa ust. 2 that it contains; None: nobody looked."""


class Authorisation(Row, frozen=True, kw_only=True):
    """``[[authorisations]]``: a member's leave for the coordinator to have its data (art. 38aa ust. 2 pkt 6)."""

    KEY = ("member",)

    member: str
    document: str = ""


class Meter(Row, frozen=True, kw_only=True):
    """``[[meters]]``: which device hung at which point, for what, and its multiplier (mnożna)."""

    KEY = ("serial",)

    serial: str
    point: str
    role: Role
    multiplier: int | Decimal = 1
    gateway: str = ""
    """The only gateway whose stands of this meter count; empty: any."""
    remote_read: bool | None = None
    """Whether the operator reads it from afar; None: nobody said."""
    private_wire: bool = False
    """Whether what it counts as drawn is delivered by a private wire (linia bezpośrednia), past the operator's grid."""
    opening: dict[str, str] = {}
    """What people read at ``valid_from``: register to kWh as the display showed it."""
    closing: dict[str, str] = {}
    """And at ``valid_to``."""


class Eligibility(Row, frozen=True, kw_only=True):
    """``[[eligibility]]``: when a member, or one of its points, may have relief at all, besides its regime."""

    KEY = ("member", "point")

    member: str
    point: str = ""
    """Empty: all points of the member."""
    eligible: bool
    reason: str = ""


class ConditionsFailed(Row, frozen=True, kw_only=True):
    """``[[conditions_failed]]``: when the coordinator found a condition of art. 184l not met."""

    KEY = ("reason",)

    reason: str
    """What was found, and by whom."""


class Adjacency(msgspec.Struct, frozen=True, kw_only=True):
    """``[[adjacency]]``: two gminy that border on each other."""

    KEY: ClassVar[tuple[str, ...]] = ("gmina", "neighbour")

    gmina: str
    neighbour: str


class FullLoadHours(msgspec.Struct, frozen=True, kw_only=True):
    """``[[full_load_hours]]``: how long a year a kind would run at full power for what it can give (art. 184l)."""

    KEY: ClassVar[tuple[str, ...]] = ("kind",)

    kind: Source
    hours: int | Decimal
    source: str = ""
    """Where the number is from; the law gives none."""


class DemandEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """``[[demand_estimates]]``: a member's yearly demand where it isn't metered (art. 184l ust. 4 pkt 1)."""

    KEY: ClassVar[tuple[str, ...]] = ("member", "year")

    member: str
    year: int | None = None
    """The year of the demand; None: any year that has no row of its own."""
    kwh: int | Decimal
    source: str = ""


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """``[[availability]]``: how much of its power a kind has at hand in each hour of the local day, %."""

    KEY: ClassVar[tuple[str, ...]] = ("kind", "month")

    kind: Source
    month: int | None = None
    """1 to 12; None: every month that has no row of its own."""
    pct: tuple[int, ...]
    """24 numbers, from the hour that begins at 0:00."""
    source: str = ""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster file as read; nothing in it contradicts itself."""

    name: str
    period: PeriodName
    registered_from: date
    settings: Settings
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    meters: tuple[Meter, ...]
    installations: tuple[Installation, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    authorisations: tuple[Authorisation, ...] = ()
    eligibility: tuple[Eligibility, ...] = ()
    adjacency: tuple[Adjacency, ...] = ()
    coordinator: Coordinator | None = None
    calls: tuple[Call, ...] = ()
    filings: tuple[Filing, ...] = ()
    register_number: str = ""
    activity: str = ""
    area: str = ""
    full_load_hours: tuple[FullLoadHours, ...] = ()
    demand_estimates: tuple[DemandEstimate, ...] = ()
    availability: tuple[Availability, ...] = ()
    conditions_failed: tuple[ConditionsFailed, ...] = ()
    applied_to_operator: date | None = None
    struck_off: date | datetime | None = None
    limits: Limits = Limits()
    """From where on a value is doubted."""


class ClusterFile(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of a cluster file, but for ``[settings]`` and ``[validation]``."""

    cluster: ClusterTable
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    installations: tuple[Installation, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    authorisations: tuple[Authorisation, ...] = ()
    meters: tuple[Meter, ...] = ()
    eligibility: tuple[Eligibility, ...] = ()
    adjacency: tuple[Adjacency, ...] = ()
    coordinator: Coordinator | None = None
    calls: tuple[Call, ...] = ()
    filings: tuple[Filing, ...] = ()
    full_load_hours: tuple[FullLoadHours, ...] = ()
    demand_estimates: tuple[DemandEstimate, ...] = ()
    availability: tuple[Availability, ...] = ()
    conditions_failed: tuple[ConditionsFailed, ...] = ()
