"""Made-up files of operators, written by their formats' own rules and not by klaster's code: every value is invented."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl

POINT = "590543599000000012"
"""Made up; its check digit is right."""
ENEA_POINT = "590310699000000013"
SUMMER_DAY, SPRING_DAY, AUTUMN_DAY = date(2026, 6, 1), date(2026, 3, 29), date(2026, 10, 25)
DAYS = [SUMMER_DAY, SPRING_DAY, AUTUMN_DAY]

Key = tuple[str, str, int]
"""Direction, kind and start in seconds since 1970."""


def local_starts(day: date, minutes: int = 60) -> list[datetime]:
    """The instants at which the day's periods begin, by counting on from its midnight."""
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Warsaw")).astimezone(UTC)
    starts = []
    while at.astimezone(ZoneInfo("Europe/Warsaw")).date() == day:
        starts.append(at)
        at += timedelta(minutes=minutes)
    return starts


def wall(at: datetime) -> datetime:
    """The wall's clock, without its offset."""
    return at.astimezone(ZoneInfo("Europe/Warsaw")).replace(tzinfo=None)


def drawn(place: int) -> int:
    """Wh of the day's period with this place."""
    return 310 + 7 * place


def injected(place: int) -> int:
    return max(0, 40 * (place - 8))


def wh(direction: str, kind: str, place: int) -> int:
    balance = drawn(place) - injected(place)
    if kind == "netted":
        return max(0, balance if direction == "drawn" else -balance)
    return drawn(place) if direction == "drawn" else injected(place)


def expected(
    day: date, series: Sequence[tuple[str, str]], minutes: int = 60, without: Sequence[int] = ()
) -> dict[Key, str]:
    """What a file of the day must give: without the places that it can't hold."""
    return {
        (direction, kind, int(at.timestamp())): str(wh(direction, kind, place))
        for direction, kind in series
        for place, at in enumerate(local_starts(day, minutes))
        if place not in without
    }


def kwh(value: int, mark: str = ",") -> str:
    return f"{value // 1000}{mark}{value % 1000:03}"


def ending(at: datetime) -> tuple[date, int]:
    """Day and hour of an hour-ending label: 24 belongs to the day that ends."""
    return wall(at).date(), wall(at).hour + 1


def lines(rows: Sequence[str], end: str = "\n") -> bytes:
    return (end.join(rows) + end).encode()


def tauron(day: date, release: str, mark: str = ",", end: str = "\n") -> bytes:
    header = {
        "a": "Data, godzina;Pobór energii [kWh];Oddanie [kWh];",
        "b": "Data; Wartość kWh;Rodzaj;",
        "c": "Data; Wartość kWh;Rodzaj;",
        "d": "Data; Strefa; Wartość kWh;Rodzaj;",
        "e": "Data; Strefa; Wartość ;Rodzaj;Status;",
    }[release]
    kinds = {
        ("drawn", "raw"): "pobór",
        ("injected", "raw"): "oddanie",
        ("drawn", "netted"): "pobrana po zbilansowaniu",
        ("injected", "netted"): "oddana po zbilansowaniu",
    }
    rows = [header]
    starts = local_starts(day)
    if release == "a":
        for place, at in enumerate(starts):
            on, hour = ending(at)
            rows.append(f"{on} {hour}:00;{kwh(drawn(place), mark)};{kwh(injected(place), mark)};")
        return (end.join(rows) + end).encode("cp1250")
    for (direction, kind), word in kinds.items():
        for place, at in enumerate(starts):
            on, hour = ending(at)
            value = kwh(wh(direction, kind, place), mark)
            written = f"{on:%d.%m.%Y} {hour}:00" if release == "b" else f"{on} {hour}:00"
            zone = ";T1" if release in "de" else ""
            tail = f"{word} [kWh]; licznik; " if release == "e" else f"{word};"
            rows.append(f"{written}{zone};{value};{tail}")
    return lines(rows, end)


def tauron_like(day: date) -> bytes:
    rows = ["Licznik;Data i godzina;Wartosc[kWh/kvar];Rodzaj energii"]
    for direction, word in (("drawn", "energia czynna pobrana"), ("injected", "energia czynna oddana")):
        for place, at in enumerate(local_starts(day)):
            on, hour = ending(at)
            rows.append(f"17;{on} {hour:02}:00;{kwh(wh(direction, 'raw', place))};{word}")
    rows.append(f"17;{day} 01:00;0,555;energia bierna indukcyjna")
    return lines(rows)


def tauron_json(day: date) -> bytes:
    def row(place: int, at: datetime, value: int) -> dict[str, str]:
        on, hour = ending(at)
        again = place > 0 and wall(at).hour == wall(at - timedelta(hours=1)).hour
        extra = "T" if again else "N"
        return {"EC": kwh(value, "."), "Date": str(on), "Hour": str(hour), "Status": "0", "Extra": extra, "Zone": "1"}

    chart = [row(place, at, drawn(place)) for place, at in enumerate(local_starts(day))]
    oze = {str(place): row(place, at, injected(place)) for place, at in enumerate(local_starts(day))}
    return json.dumps({"dane": {"chart": chart, "OZE": oze}, "ok": 1}).encode()


def _wide_cells(day: date, value: Callable[[int], str]) -> list[str]:
    """24 cells by the wall's clock: in autumn the second of the doubled hour is lost."""
    cells = [""] * 24
    for place, at in enumerate(local_starts(day)):
        if not cells[wall(at).hour]:
            cells[wall(at).hour] = value(place)
    return cells


def pge_rows(day: date) -> list[list[str]]:
    rows = [["KodPP", "DataOdczytu", "Kierunek", *(f"H{hour:02}" for hour in range(1, 25))]]
    for direction, word in (("drawn", "En.Czynna Pobrana"), ("injected", "En.Czynna Oddana")):
        cells = _wide_cells(day, lambda place, direction=direction: kwh(wh(direction, "raw", place)))
        rows.append([POINT, f"{day:%Y%m%d}", word, *cells])

    def balance(place: int) -> str:
        value = drawn(place) - injected(place)
        return ("-" if value < 0 else "") + kwh(abs(value))

    rows.append([POINT, f"{day:%Y%m%d}", "En. Czynna zbilansowana", *_wide_cells(day, balance)])
    return rows


def pge(day: date) -> bytes:
    return lines([";".join(row) for row in pge_rows(day)])


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def pge_workbook(day: date) -> bytes:
    """Numbers as numbers; the PPE as text."""
    rows = [
        [*row[:3], *(float(cell.replace(",", ".")) if cell else None for cell in row[3:])] for row in pge_rows(day)[1:]
    ]
    return workbook([pge_rows(day)[0], *rows])


ENEA_HEADER = ";".join(
    [
        "Data",
        *(
            f'"Wolumen energii elektrycznej {way} {when} bilansowaniem godzinowym"'.replace(
                "po bilansowaniem", "po bilansowaniu"
            )
            for when in ("przed", "po")
            for way in ("pobranej z sieci", "oddanej do sieci")
        ),
    ]
)


def enea(day: date, form: str = "guard") -> bytes:
    rows = [ENEA_HEADER]
    for place, at in enumerate(local_starts(day)):
        local = wall(at)
        cell = {
            "guard": f'"=""{local:%Y-%m-%d %H}:59"""',
            "nul": f'\0"=""{local:%Y-%m-%d %H}:59"""\0',
            "plain": f"{local:%Y-%m-%d %H}:59",
            "old": f'"{local:%Y.%m.%d %H}:00:00" ',
        }[form]
        values = [wh(*what, place) for what in ALL_FOUR]
        rows.append(";".join([cell, *(f'"{kwh(value).rstrip("0").rstrip(",")}"' for value in values)]))
    return lines(rows, "\r\n")


ALL_FOUR = [("drawn", "raw"), ("injected", "raw"), ("drawn", "netted"), ("injected", "netted")]
BOTH_RAW = ALL_FOUR[:2]


def enea_operator(day: date, *, as_dates: bool = False, sum_row: bool = True) -> bytes:
    rows: list[list[object]] = [
        ["Raport zużycia"],
        [ENEA_POINT],
        [f"Energia czynna pobrana {day} - {day} w rozbiciu na strefy"],
        ["Jednostka: kWh"],
        [],
        [
            "Dzień",
            "Energia czynna pobrana (1.8.0) po bilansowaniu",
            "Energia czynna pobrana (1.8.1) po bilansowaniu",
            "Status",
        ],
    ]
    total = 0
    for place, at in enumerate(local_starts(day)):
        label: object = wall(at) + timedelta(hours=1)
        again = place > 0 and wall(at).hour == wall(at - timedelta(hours=1)).hour
        if not as_dates or again:
            label = f"{label:%Y-%m-%d %H:%M:%S}" + (" czasu zimowego" if again else "")
        value = wh("drawn", "netted", place)
        total += value
        cells: list[object] = [value / 1000, None] if place % 2 else [None, kwh(value)]
        rows.append([label, *cells, "Dane rzeczywiste" if place != 4 else "Dane szacowane"])
    if sum_row:
        odd = sum(wh("drawn", "netted", place) for place in range(len(local_starts(day))) if place % 2)
        rows.append(["Suma", odd / 1000, (total - odd) / 1000])
        rows.append(["Uwaga: wygenerowano automatycznie"])
    return workbook(rows)


def energa(day: date, direction: str = "drawn") -> bytes:
    chart = [
        {
            "tm": str(int(at.timestamp()) * 1000),
            "tarAvg": 0,
            "zones": [None, wh(direction, "raw", place) / 1000, None],
            "est": False,
            "cplt": True,
        }
        for place, at in enumerate(local_starts(day))
    ]
    name = {"drawn": "1-0:1.8.0*255", "injected": "1-0:2.8.0*255"}[direction]
    return json.dumps({"success": True, "response": {"meterObject": name, "unit": "kWh", "mainChart": chart}}).encode()


def ptpiree(day: date, minutes: int = 15, flag: str = "+") -> bytes:
    head = [POINT, "1", "2", "3", f"{day:%d-%m-%Y}", "5"]
    values = [f"{kwh(drawn(place), '.')},{flag}" for place in range(len(local_starts(day, minutes)))]
    return lines([*head, *values, "29B1"], "\r\n")


def cooperative(day: date, other_sum: int = 0) -> bytes:
    def cells(value: Callable[[int], int]) -> str:
        return ";".join(_wide_cells(day, lambda place: kwh(value(place), ".").lstrip("0") + ",+"))

    rows = ["kOSD;OSDX;;", "kSE;SEABC;;", "DCW;1;;", f"DD;{day:%d-%m-%Y};;", "VV;1;;"]
    rows += [f"{POINT};CP;;{cells(drawn)}", f"{POINT};CO;;{cells(injected)}", f"{POINT};CB;;{cells(drawn)}"]
    rows += [f"{ENEA_POINT};CP;;{cells(injected)}"]
    rows += [f"SEABC;CP;;{cells(lambda place: drawn(place) + injected(place) + other_sum)}"]
    return ("\r\n".join(rows) + "\r\n").encode("cp1250")


def csire(day: date, *, version: int = 1, add: int = 0, quality: str = "CK0031", product: str = "CK1128") -> bytes:
    starts = local_starts(day, 15)
    at = starts[0].astimezone(ZoneInfo("Europe/Warsaw")).isoformat()
    values = "".join(
        f"<EnergyProductMeasurement><SEQ>{place + 1}</SEQ><Volume>{kwh(drawn(place) + add, '.')}5</Volume><QQ>{quality}</QQ></EnergyProductMeasurement>"
        for place in range(len(starts))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Message xmlns="urn:pl:oire:unk_6_1_1_1:v1"><Payload><DailyMeteringPointMeasurements>'
        f"<MeteringPointData_Basic><MeteringPointCode>{POINT}</MeteringPointCode></MeteringPointData_Basic><BasicData>"
        f"<PeriodStart>{at}</PeriodStart><PeriodEnd>{at}</PeriodEnd><DataVersionNumber>{version}</DataVersionNumber>"
        f"<EnergyProduct><ProductType>{product}</ProductType><ResolutionDuration>CK0098</ResolutionDuration>{values}"
        "</EnergyProduct></BasicData></DailyMeteringPointMeasurements></Payload></Message>"
    ).encode()


def klaster_rows(day: date, minutes: int = 60) -> list[list[str]]:
    rows = [["start", "point", "direction", "wh"]]
    for direction in ("drawn", "injected"):
        for place, at in enumerate(local_starts(day, minutes)):
            rows.append([at.isoformat(), POINT, direction, str(wh(direction, "raw", place))])
    return rows


def klaster(day: date, minutes: int = 60) -> bytes:
    return lines([",".join(row) for row in klaster_rows(day, minutes)])
