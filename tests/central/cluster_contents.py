"""Contents of cluster files as Hypothesis makes them: every table and key, with values that a file may have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import strategies as st

from central.settings import CHOICES

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Cn", "Co")), min_size=1, max_size=12)
FREE = st.one_of(
    WORDS, st.sampled_from(["=1+1", "-x", "+48", "@a", "'x", "''", "_x0041_", '"a";b', "a  b", "Łąka; ż", "none"])
)
FREE = FREE.filter(lambda text: text.isprintable())
IDS = st.sampled_from(["a", "=b", "-c", "@d", "Gmina Łąka", "'e", "_x0041_", "007", "1e5", "f/g", "h / i"])
CODES = st.sampled_from(["PL_ZEBB_1", "480548", "=old", "007"])
GMINY = ("1217032", "1217011", "121102", "1261011")
AMOUNT = st.one_of(st.integers(0, 10_000), st.decimals(0, 1000, places=2).map(abs))
DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=2))])
HOURS = st.builds(
    lambda day, hour, zone: datetime(day.year, day.month, day.day, hour, tzinfo=zone), DAYS, st.integers(0, 23), ZONES
)


@st.composite
def spans(draw, rows):
    """Some of ``rows``' keys, with the validities of rows that follow one another."""
    count = draw(st.integers(0, 3))
    bounds = sorted(draw(st.lists(st.one_of(DAYS, HOURS), min_size=count + 1, max_size=count + 1)), key=at)
    found = []
    for i, (first, last) in enumerate(pairwise(bounds)):
        if at(last) - at(first) < timedelta(days=2):
            continue
        row = dict(draw(rows))
        if i or draw(st.booleans()):
            row["valid_from"] = first
        if i < count - 1 or draw(st.booleans()):
            row["valid_to"] = last
        found.append(row)
    return found


def at(bound: date | datetime) -> datetime:
    return bound if isinstance(bound, datetime) else datetime(bound.year, bound.month, bound.day, tzinfo=UTC)


def some(**optional):
    return st.fixed_dictionaries({}, optional=optional)


REGIMES = spans(st.fixed_dictionaries({"regime": st.sampled_from(["none", "net_metering", "net_billing"])}))
KINDS = st.sampled_from(["comprehensive", "separate"])
CONTRACTS = spans(some(operator=FREE, seller=FREE, contract=KINDS, contract_amended=DAYS))
INDUSTRIAL = spans(st.fixed_dictionaries({"industrial_pct": st.sampled_from([15, 25, 60, 80])}))
PRICES = spans(
    st.fixed_dictionaries(
        {"zl_per_kwh": st.decimals(0, 99, places=4).map(abs)}, optional={"zone": st.just("day"), "source": FREE}
    )
)
ALIASES = st.lists(CODES, max_size=2, unique=True)

NAMES = st.lists(IDS, max_size=2, unique=True)
FILINGS = NAMES.flatmap(
    lambda names: st.tuples(
        *(
            st.fixed_dictionaries(
                {"id": st.just(name), "kind": st.just("seller_application"), "sent": DAYS},
                optional={"addressee": FREE, "note": FREE},
            )
            for name in names
        )
    ).map(list)
)


@st.composite
def contents(draw):
    members = [
        {"id": name}
        | draw(some(name=FREE, kind=st.sampled_from(["gmina", "person", "jst_union"]), nip=st.just("1234563218")))
        | draw(some(address=FREE))
        | draw(some(seat=st.sampled_from(GMINY), contract_amended=DAYS))
        | draw(st.one_of(some(regime=st.just("net_billing")), some(regimes=REGIMES)))
        for name in draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    ]
    names = [member["id"] for member in members]
    codes = iter(f"{code}{i}" for i, code in enumerate(draw(st.lists(CODES, min_size=9, max_size=9))))
    points, meters = [], []
    for i in range(draw(st.integers(1, 3))):
        injects = draw(st.booleans())
        point = {"id": f"P{i}", "member": draw(st.sampled_from(names))}
        point |= {"directions": ["drawn", "injected"] if injects else ["drawn"]}
        point |= {"source": "pv"} if injects else {}
        point |= draw(some(tariff=FREE, voltage_kv=AMOUNT, gmina=st.sampled_from(GMINY), contracted_kw=AMOUNT))
        point |= draw(some(cross_border=st.booleans(), remote_read_requested=DAYS))
        point |= draw(st.one_of(some(operator=FREE, seller=FREE, contract=KINDS), some(contracts=CONTRACTS)))
        point |= draw(st.one_of(some(regime=st.just("none")), some(regimes=REGIMES)))
        point |= draw(some(industrial=INDUSTRIAL, prices=PRICES))
        point |= {"aliases": [{"code": next(codes)} for _ in range(draw(st.integers(0, 2)))]}
        points.append(point)
        for row in draw(spans(some(remote_read=st.booleans(), gateway=st.just("g1")))):
            more = {"multiplier": draw(AMOUNT.filter(bool))} if draw(st.booleans()) else {}
            meters.append({"serial": f"00{i}", "point": f"P{i}", "role": "settlement"} | row | more)
    settings = {name: draw(st.sampled_from(CHOICES[name])) for name in draw(st.sets(st.sampled_from(sorted(CHOICES))))}
    outcomes = {"compatible", "not_aid"}
    if settings.get("regime_status") == "binding" and settings.get("ec_outcome") not in outcomes:
        settings["ec_outcome"] = draw(st.sampled_from(sorted(outcomes)))
    if settings.get("ec_outcome") in outcomes:
        settings["ec_outcome_date"] = draw(DAYS)
    made = {
        "cluster": {"name": draw(FREE), "registered_from": draw(DAYS)}
        | draw(some(register_number=FREE, activity=FREE, area=FREE))
        | draw(some(applied_to_operator=DAYS, struck_off=st.one_of(DAYS, HOURS))),
        "settings": {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()},
        "members": members,
        "points": points,
        "meters": meters,
        "installations": [
            {"id": name, "point": "P0", "kind": "pv"}
            | draw(some(power_kw=AMOUNT, storage_kwh=AMOUNT, chp=st.booleans(), location=FREE))
            for name in draw(st.lists(IDS, max_size=2, unique=True))
        ],
        "agreements": [
            {"id": name}
            | draw(some(signed=DAYS, written=st.booleans(), elements=st.lists(st.integers(1, 6), unique=True)))
            for name in draw(st.lists(IDS, max_size=2, unique=True))
        ],
        "authorisations": [{"member": names[0]} | row for row in draw(spans(some(document=FREE)))],
        "eligibility": [
            {"member": names[0], "eligible": draw(st.booleans())} | row for row in draw(spans(some(reason=FREE)))
        ],
        "conditions_failed": draw(spans(st.fixed_dictionaries({"reason": FREE}))),
        "coordinator": draw(some(name=FREE, address=FREE, nip=st.just("1234563218"), krs=st.just("0000123456"))),
        "filings": draw(FILINGS),
        "calls": [{"id": name, "served": draw(DAYS)} | draw(some(subject=FREE)) for name in draw(NAMES)],
        "adjacency": [{"gmina": "1217032", "neighbour": "121102"}] if draw(st.booleans()) else [],
    }
    return {table: value for table, value in made.items() if value}


def plain(content: dict) -> dict:
    """The same without lists that hold no rows: a sheet can't tell them from absent ones."""
    return {
        table: [
            {
                k: v
                for k, v in row.items()
                if not (v == [] and k in {"regimes", "contracts", "aliases", "industrial", "prices"})
            }
            for row in rows
        ]
        if isinstance(rows, list)
        else rows
        for table, rows in content.items()
    }
