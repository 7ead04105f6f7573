"""What the law asks of a cluster, point by point, from the cluster file alone: met, not met, or not known.

Findings, not refusals: a settlement is made all the same. Articles are of the RES Act (t.j. Dz.U. 2024 poz. 1361).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from central.cluster.area import area_verdicts
from central.cluster.codes import gmina_of, operator_hint, powiat_of
from central.cluster.metering_duty import remote_read_verdicts
from central.cluster.model import Cluster, Kind, Member, Point, Regime
from central.cluster.papers import agreement_verdicts, authorisation_verdicts
from central.cluster.prices import price_verdicts
from central.cluster.spans import contract_at, members_at, points_at, runs, stretches
from central.cluster.verdict import State, Verdict
from central.reports.note import Note, named, said
from central.validity import Dated, instant, valid_instants
from metering.period import WARSAW, day_start

LIMIT_KV = 110
_LOCAL_GOVERNMENT = frozenset({Kind.GMINA, Kind.POWIAT, Kind.WOJEWODZTWO})
_PPE_DIGITS = 18


def verdicts(cluster: Cluster, now: datetime) -> list[Verdict]:
    """Every requirement, from the cluster's registration on; what has a term is reckoned at ``now`` (UTC)."""
    start = day_start(cluster.registered_from)
    return [
        *_public_party(cluster, start),
        *_one_operator(cluster, start),
        *_voltage(cluster),
        *area_verdicts(cluster, start),
        *_cross_border(cluster),
        *agreement_verdicts(cluster, start, now),
        *authorisation_verdicts(cluster, start, now),
        *remote_read_verdicts(cluster, now),
        *_changes_of_regime(cluster),
        *price_verdicts(cluster),
        *_codes(cluster),
    ]


def _public_party(cluster: Cluster, start: datetime) -> Iterator[Verdict]:
    """At least one unit of local government, or a company of one, is a member at every instant."""
    rule, article = "public_party", "art. 2 pkt 15a"
    rows: list[Dated] = [*cluster.members, *cluster.points]

    def found(at: datetime) -> tuple[State, Note] | None:
        there = members_at(cluster, at)
        if not there:
            return None
        area = {gmina_of(point.gmina) for point in points_at(cluster, at) if point.gmina}
        states = {member.id: _is_public(member, area) for member in there}
        if public := [name for name, state in states.items() if state is State.MET]:
            members = named(public)
            return State.MET, said("verdicts.public_party", f"public party: {members.text}", members=[members])
        if maybe := [name for name, state in states.items() if state is State.NOT_KNOWN]:
            members = named(maybe)
            text = f"nobody said whether the seat of {members.text} lies in the cluster's area"
            return State.NOT_KNOWN, said("verdicts.seat_unknown", text, members=[members])
        text = "no gmina, powiat, wojewodztwo or company of one is a member"
        return State.NOT_MET, said("verdicts.no_public_party", text)

    for span, (state, note) in runs(stretches(rows, start), found):
        yield Verdict(rule=rule, article=article, state=state, said=note, span=span)


def _is_public(member: Member, area: set[str]) -> State:
    """A company formed by local government counts where its seat lies in the area (art. 2 pkt 15a)."""
    if member.kind in _LOCAL_GOVERNMENT or member.kind is Kind.JST_SUBSIDIARY:
        return State.MET
    if member.kind is not Kind.JST_COMPANY:
        return State.NOT_MET
    if not member.seat or not area:
        return State.NOT_KNOWN
    whole_powiat = {powiat_of(gmina) for gmina in area} == {powiat_of(member.seat)}
    return State.MET if gmina_of(member.seat) in area or whole_powiat else State.NOT_MET


def _one_operator(cluster: Cluster, start: datetime) -> Iterator[Verdict]:
    rule, article = "one_operator", "art. 38ab ust. 1"
    rows: list[Dated] = [*cluster.members, *cluster.points]
    rows += [row for point in cluster.points for row in point.supplied]

    def found(at: datetime) -> tuple[State, Note] | None:
        by_name: dict[str, list[str]] = {}
        for point in points_at(cluster, at):
            by_name.setdefault(contract_at(point, at).operator, []).append(point.id)
        unknown = by_name.pop("", [])
        if len({name.casefold() for name in by_name}) > 1:
            shown = [_of_operator(name, points) for name, points in sorted(by_name.items())]
            text = f"points of several operators: {'; '.join(one.text for one in shown)}"
            return State.NOT_MET, said("verdicts.several_operators", text, operators=shown)
        if unknown:
            points = named(unknown)
            text = f"nobody said who operates the network of {points.text}"
            return State.NOT_KNOWN, said("verdicts.operator_unknown", text, points=[points])
        if not by_name:
            return None
        operator = next(iter(by_name))
        return State.MET, said("verdicts.operator", f"operator: {operator}", operator=operator)

    for span, (state, note) in runs(stretches(rows, start), found):
        yield Verdict(rule=rule, article=article, state=state, said=note, span=span)


def _of_operator(name: str, ids: list[str]) -> Note:
    points = named(ids)
    return said("verdicts.of_operator", f"{name}: {points.text}", operator=name, points=[points])


def _voltage(cluster: Cluster) -> Iterator[Verdict]:
    rule, article = "below_110_kv", "art. 38ab ust. 1"
    unknown = []
    high = False
    for point in cluster.points:
        if point.voltage_kv is None:
            unknown.append(point.id)
        elif point.voltage_kv >= LIMIT_KV:
            high = True
            text = f"connected at {point.voltage_kv} kV: it must be below {LIMIT_KV} kV"
            note = said("verdicts.high_voltage", text, kv_num=str(point.voltage_kv), limit=LIMIT_KV)
            span = valid_instants(point)
            yield Verdict(rule=rule, article=article, state=State.NOT_MET, said=note, subject=point.id, span=span)
    if unknown:
        points = named(unknown)
        note = said("verdicts.voltage_unknown", f"nobody said the voltage of {points.text}", points=[points])
        yield Verdict(rule=rule, article=article, state=State.NOT_KNOWN, said=note)
    elif not high:
        note = said("verdicts.all_below", f"all points are below {LIMIT_KV} kV", limit=LIMIT_KV)
        yield Verdict(rule=rule, article=article, state=State.MET, said=note)


def _cross_border(cluster: Cluster) -> Iterator[Verdict]:
    rule, article = "no_cross_border_connection", "art. 38ab ust. 2"
    crossing = [point for point in cluster.points if point.cross_border]
    for point in crossing:
        note = said("verdicts.cross_border", "is connected with a neighbouring country")
        span = valid_instants(point)
        yield Verdict(rule=rule, article=article, state=State.NOT_MET, said=note, subject=point.id, span=span)
    if unknown := [point.id for point in cluster.points if point.cross_border is None]:
        points = named(unknown)
        text = f"nobody said whether {points.text} is connected with a neighbouring country"
        note = said("verdicts.cross_border_unknown", text, points=[points])
        yield Verdict(rule=rule, article=article, state=State.NOT_KNOWN, said=note)
    elif not crossing:
        note = said("verdicts.no_cross_border", "no point is connected with another country")
        yield Verdict(rule=rule, article=article, state=State.MET, said=note)


def _changes_of_regime(cluster: Cluster) -> Iterator[Verdict]:
    """A prosumer leaves net-metering for net-billing from the first day of a quarter."""
    holders: list[tuple[str, Member | Point]] = [(member.id, member) for member in cluster.members]
    holders += [(point.id, point) for point in cluster.points]
    for name, holder in holders:
        for row in holder.regimes:
            if row.regime is not Regime.NET_BILLING or row.valid_from is None:
                continue
            at = instant(row.valid_from)
            before = [one for one in holder.regimes if one.valid_to is not None and instant(one.valid_to) == at]
            there = at.astimezone(WARSAW)
            on_quarter = there.month % 3 == 1 and at == day_start(there.date().replace(day=1))
            if any(one.regime is Regime.NET_METERING for one in before) and not on_quarter:
                text = f"changes to net_billing at {there.isoformat()}, which is not the first day of a quarter"
                yield Verdict(
                    rule="change_of_regime",
                    article="art. 4 ust. 1b",
                    state=State.NOT_MET,
                    subject=name,
                    said=said("verdicts.change_of_regime", text, day=there.isoformat()),
                    span=valid_instants(row),
                )


def _codes(cluster: Cluster) -> Iterator[Verdict]:
    """A PPE passed its check digit when the file was read; its operator's digits are a hint and no more."""
    for point in cluster.points:
        article = "GS1, operator's code list"
        if not (len(point.id) == _PPE_DIGITS and point.id.isdigit()):
            note = said("verdicts.no_ppe", "isn't a PPE of 18 digits: no check digit shows a mistyped one")
            yield Verdict(rule="ppe", article=article, state=State.NOTICE, said=note, subject=point.id)
            continue
        hint = operator_hint(point.id)
        for row in point.supplied:
            if hint and row.operator and hint.split("-")[0].split()[0].casefold() not in row.operator.casefold():
                digits = point.id[3:7]
                text = f"its digits {digits} were seen with {hint}, but its operator is {row.operator}: a hint"
                note = said("verdicts.ppe_operator", text, digits=digits, hint=hint, operator=row.operator)
                span = valid_instants(row)
                yield Verdict(rule="ppe", article=article, state=State.NOTICE, said=note, subject=point.id, span=span)
