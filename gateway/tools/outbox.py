"""``klaster-gateway outbox``: what waits, what was refused; rows as CSV or JSON; rows sent again."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.config import GatewayConfig
from gateway.config import read as read_config
from gateway.control_wire import Done, Refused, Replay
from gateway.outbox import Outbox, OutboxError, RowState
from gateway.outbox_rows import Kept, Rows
from gateway.tools.access import DEFAULT_CONFIG, ToolError, json_option, service_of
from gateway.tools.run import run
from metering.period import WARSAW, local_text, utc_text
from metering.wire import ResendRequest
from runtime.clock import make_clock
from runtime.console import Exit, config_errors, err, fail, print_json, say, table

_COLUMNS = ("sequence", "meter", "register", "at", "wh", "resolution", "quality", "before", "after", "epoch", "clock",
            "state", "reason", "decayed")  # fmt: skip


class Instant(click.ParamType[datetime]):
    """A day or an instant, in local time where no offset is given."""

    name = "time"

    def __init__(self, *, last: bool) -> None:
        """``last``: a day means its end."""
        self._last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant."""
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r}: write 2026-10-01 or 2026-10-01T12:00 (local), or an instant with its offset", param, ctx
            )
        if len(str(value)) == len("2026-10-01") and self._last:
            at += timedelta(days=1)
        return at if at.tzinfo else at.replace(tzinfo=WARSAW)


@click.command("outbox")
@click.argument("config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, envvar="KLASTER_GATEWAY_CONFIG")
@click.option("--from", "first", type=Instant(last=False), help="Stands from this day or instant on.")
@click.option("--to", "last", type=Instant(last=True), help="Up to this day's end or this instant, itself included.")
@click.option("--meter", "meters", multiple=True, help="Of this meter; may be given several times.")
@click.option("--export", "form", type=click.Choice(["csv", "json"]), help="Print the rows themselves.")
@click.option("--replay", is_flag=True, help="Send these stands again, though central has receipted them.")
@json_option
def command(
    config: Path,
    first: datetime | None,
    last: datetime | None,
    meters: tuple[str, ...],
    form: str | None,
    replay: bool,
    as_json: bool,
) -> None:
    """Show what CONFIG's outbox holds, export rows, or send them again. May be run beside a running gateway.

    Exit codes: 0, 1 a row has decayed on the disk (--export), 2 bad input or an outbox that can't be used.
    """

    if replay and not form:
        run(lambda _: _replayed(config, first, last, meters))
        return
    with config_errors():
        settings = read_config(config)
        try:
            if form:
                sys.exit(_export(settings, form, first, last, meters))
            _show(settings, first, last, meters, as_json=as_json)
        except OutboxError as error:
            fail(str(error))


async def _replayed(config: Path, first: datetime | None, last: datetime | None, meters: tuple[str, ...]) -> Exit:
    try:
        say(await _replay(read_config(config), first, last, meters))
    except OutboxError as error:
        raise ToolError(str(error)) from error
    return Exit.DONE


def _export(
    config: GatewayConfig, form: str, first: datetime | None, last: datetime | None, meters: tuple[str, ...]
) -> Exit:
    """Row by row: 450 days of them need no memory."""
    rows = Rows(config.outbox_path, first, last, meters)
    code = Exit.DONE
    write = _csv() if form == "csv" else _json
    try:
        for kept in rows:
            write(kept)
            code = Exit.DIFFERS if kept.decayed else code
    finally:
        rows.close()
    if rows.unreadable:
        err.print(f"{rows.unreadable} rows decayed on the disk and hold no stand any more.")
        code = Exit.DIFFERS
    return code


def _csv() -> Callable[[Kept], None]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)

    def write(kept: Kept) -> None:
        one = kept.stand
        writer.writerow((
            one.sequence, one.meter, one.register, utc_text(one.at), one.wh, one.resolution, one.quality.value,
            utc_text(one.before), utc_text(one.after), one.epoch, one.clock.value, kept.state, kept.reason,
            "yes" if kept.decayed else "",
        ))  # fmt: skip

    return write


def _json(kept: Kept) -> None:
    """One JSON document a line."""
    click.echo(msgspec.json.encode(kept).decode())


async def _replay(config: GatewayConfig, first: datetime | None, last: datetime | None, meters: tuple[str, ...]) -> str:
    if not (first or last or meters):
        raise ToolError("Say which stands: --from, --to or --meter. All of them is --from 2000-01-01.")
    async with service_of(config) as service:
        if service is not None:
            answer = await service.ask(Replay(first=first, last=last, meters=meters))
            if isinstance(answer, Done):
                return f"The running gateway sends them after its backlog (request {answer.what})."
            raise ToolError(f"The running gateway refuses: {answer.reason if isinstance(answer, Refused) else '?'}.")
    outbox = Outbox.open(config.outbox_path)
    try:
        request = f"tool-{int(make_clock(None).now().timestamp())}"
        outbox.ask(ResendRequest(id=request, first=first, last=last, meters=meters))
    finally:
        outbox.close()
    return f"The gateway will send them after its backlog when it runs again (request {request})."


def _show(
    config: GatewayConfig, first: datetime | None, last: datetime | None, meters: tuple[str, ...], *, as_json: bool
) -> None:
    box = Outbox.look(config.outbox_path)
    summary = box.summary()
    box.close()
    rows = Rows(config.outbox_path, first, last, meters)
    spans = rows.spans()
    rows.close()
    counts = {state.value: summary.count(state) for state in RowState}
    if as_json:
        print_json(msgspec.to_builtins(msgspec.structs.replace(summary, counts=counts)) | {"registers": spans})
        return
    say(f"Outbox of {config.gateway.id}: {config.outbox_path}")
    table("", ("state", "rows"), list(counts.items()), right=("rows",))
    say(f"oldest waiting: {summary.oldest_waiting or 'none'}")
    if spans:
        shown = [
            (one.meter, one.register, one.rows, one.waiting, local_text(one.first), local_text(one.last))
            for one in spans
        ]
        table("", ("meter", "register", "rows", "waiting", "first", "last"), shown, right=("rows", "waiting"))
    if summary.aside:
        refused = [(row.sequence, row.meter, row.register, row.at, row.wh, row.reason) for row in summary.aside]
        table("Set aside: central refused them", ("row", "meter", "register", "at", "Wh", "reason"), refused)
