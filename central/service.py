"""Builds everything that central runs, and runs it: the only place that starts tasks."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import aiomqtt

from central.allowance import Allowance
from central.budget import Budget
from central.catch_up import CatchUp
from central.cluster import load_cluster
from central.cluster.history import History, HistoryError
from central.config import CentralConfig
from central.downlink import Downlink
from central.evidence import OverBudget
from central.files_in import FilesIn, files_behind, take_in_files
from central.installation import central_name
from central.journal import Message
from central.keeper import Keeper
from central.live import LiveValues
from central.looking import Looked, look
from central.publish import Published, publish
from central.readings import StoreDownError
from central.trouble import unforeseen_text
from central.web.server import page_socket, serve_web
from central.workers import Workers
from metering.wire import GatewayStatus, ReceiptsMessage, ResendRequest
from runtime.broker import connection
from runtime.clock import Clock, make_clock, monotonic_s
from runtime.config import ConfigError
from runtime.log import logger
from runtime.notify import notify, watchdog_s
from runtime.tasks import stopped_by_signals, together, until

_log = logger("central.service")
_LOOK_S = 1.0
_FILL_S = 0.2
_NAMED = 5
_REST = 2.0
"""How many times as long as it took a look rests: at most a third of a processor."""
_RETRY_S = (1.0, 2.0, 4.0, 8.0, 15.0)
T = TypeVar("T")


class BusyError(Exception):
    """Another process writes to the same data folder."""


@contextlib.contextmanager
def sole_writer(config: CentralConfig) -> Iterator[None]:
    """Hold the data folder's lock.

    Raises:
        BusyError: another process holds it.
        OSError: the folder can't be made or written.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with (config.data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"{config.data_dir} is in use by another klaster-central") from error
        config.whose.write_text(f"{config.broker.cluster}\n", encoding="utf-8")
        yield


async def serve(config: CentralConfig, config_file: Path) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        BusyError, ConfigError, OSError, sqlite3.Error: it can't start.
    """
    # Certificates that can't be used are found here, before anything runs.
    connection(config.broker, config.broker.topics.client_id("central"), aiomqtt.Will(config.broker.topics.presence))
    clock = make_clock(config.clock)
    stop = asyncio.Event()
    with sole_writer(config), page_socket(config.web) as page, ThreadPoolExecutor(1, "books") as thread:
        keeper = await _in(thread, lambda: Keeper(config))
        try:
            count = await _in(thread, keeper.catch_up)
            _log.info("started", data_dir=str(config.data_dir), topics=config.broker.topics.root, caught_up=count)
            with stopped_by_signals(stop):
                await _run(config, config_file, clock, keeper, thread, page, stop)
        finally:
            await _in(thread, keeper.close)
    _log.info("stopped")


async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


async def _run(
    config: CentralConfig,
    config_file: Path,
    clock: Clock,
    keeper: Keeper,
    thread: ThreadPoolExecutor,
    page: socket.socket,
    stop: asyncio.Event,
) -> None:
    async def take(messages: Sequence[Message]) -> list[ReceiptsMessage]:
        return await _in(thread, lambda: keeper.take(messages, clock.now()))

    async def heard(gateway: str, status: GatewayStatus) -> None:
        await _in(thread, lambda: keeper.heard(gateway, status, clock.now()))

    async def asks(new_connection: bool) -> list[tuple[str, ResendRequest]]:
        return await _in(thread, lambda: keeper.requests(monotonic_s(), new_connection=new_connection))

    values = LiveValues(load_cluster(config.cluster_file))

    def live(gateway: str, payload: bytes) -> None:
        values.heard(gateway, payload, clock.now(), monotonic_s())

    limits = config.intake_limits
    budget = Budget(limits.gateway_mb_per_hour << 20, limits.gateway_messages_per_hour, limits.saved_hours)
    allowance = Allowance(lambda: shutil.disk_usage(config.data_dir).free)

    async def allowed(gateway: str, size: int) -> bool:
        now, now_s = clock.now(), monotonic_s()
        if (over := budget.allows(gateway, size, now_s)) is not None:
            if allowance.tell(gateway, now_s):
                since = now - timedelta(seconds=now_s - over.began_s)
                seen = OverBudget(
                    since=since, at=now, unit=over.unit, sent=over.sent, budget=over.budget, put_off=over.put_off
                )
                _log.error("over_budget", gateway=gateway, unit=over.unit, sent=over.sent, an_hour=over.budget)
                await _in(thread, lambda: keeper.over_budget(gateway, seen))
            return False
        if allowance.allows(gateway, size, now.date().isoformat(), now_s):
            return True
        if allowance.tell(gateway, now_s):
            _log.error(
                "put_off", gateway=gateway, why="the disk is short", next="it keeps its stands and sends them again"
            )
            await _in(thread, lambda: keeper.put_off(gateway, now))
        return False

    name = central_name(config.data_dir)

    async def another(other: str, serving: bool) -> None:
        await _in(thread, lambda: keeper.another_came(name, other, clock.now(), serving=serving))

    async def flooded(gateway: str, pause_s: float) -> None:
        now = clock.now()
        until = now + timedelta(seconds=pause_s)
        seen = OverBudget(since=now, at=now, unit="messages", sent=0, budget=0, put_off=0, shut_until=until)
        await _in(thread, lambda: keeper.over_budget(gateway, seen))

    downlink = Downlink(
        config.broker,
        clock,
        take,
        heard,
        asks,
        together,
        live,
        allowed,
        name,
        another,
        await _in(thread, keeper.known_gateways),
        flooded,
    )
    workers = Workers()
    on_server = [_fill_store(config), _write_back(config, config_file, clock)] if config.store.kind != "sqlite" else []
    notify("READY=1")
    try:
        await until(
            stop,
            downlink.run(),
            _watch_cluster(config, clock, keeper, thread, values),
            _look_for_findings(config, config_file, clock),
            _take_in_files(config, config_file, thread),
            serve_web(page, config_file, clock, workers.compute, together, live=values.answer),
            _feed_watchdog(thread),
            *on_server,
        )
    finally:
        workers.close()


async def _feed_watchdog(thread: ThreadPoolExecutor) -> None:
    """Tell systemd of life while this loop turns and the journal's thread takes work."""
    if wanted_s := watchdog_s():
        while True:
            await _in(thread, lambda: None)
            notify("WATCHDOG=1")
            await asyncio.sleep(wanted_s / 3)


async def _watch_cluster(
    config: CentralConfig, clock: Clock, keeper: Keeper, thread: ThreadPoolExecutor, values: LiveValues
) -> None:
    """Read the cluster file again when it changes: stands of a meter that it knows now enter by themselves."""
    await _note_change(config, clock)
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            if await _in(thread, keeper.look_at_cluster):
                values.know(await _in(thread, lambda: load_cluster(config.cluster_file)))
                _log.info("cluster_read_again")
                await _note_change(config, clock)
        except ConfigError as error:
            _log.error("cluster_unusable", problems=str(error), kept="the meters known before")
        except Exception as error:  # noqa: BLE001 - a file that the program stumbles over must not end the service
            _log.error("cluster_unusable", problems=unforeseen_text(error), kept="the meters known before")


async def _note_change(config: CentralConfig, clock: Clock) -> None:
    """Record in the cluster file's history what was changed by hand; not in the journal's thread, for it may wait."""
    history = History(config.cluster_file.resolve())
    try:
        if entry := await asyncio.to_thread(history.notice, clock.now()):
            _log.info("cluster_change_noticed", entry=entry.number, cells=len(entry.changes))
    except (HistoryError, ConfigError, OSError) as error:
        hint = "the history lies beside the cluster file: keep both where this service may write (its data_dir)"
        _log.warning("cluster_change_not_recorded", error=str(error), next=hint)
    except Exception as error:  # noqa: BLE001 - a record that the program stumbles over must not end the service
        _log.error("cluster_change_not_recorded", error=unforeseen_text(error))


async def _look_for_findings(config: CentralConfig, config_file: Path, clock: Clock) -> None:
    """Look for findings and record them, in a worker of their own: neither a receipt nor the page waits for it."""
    workers = Workers()
    done = Looked()
    try:
        while True:
            trouble, begun = done.trouble, monotonic_s()
            try:
                done = await workers.compute(look, config_file, clock.now(), done)
            except BrokenProcessPool as error:
                done = Looked(trouble=f"its process ended: {error}")
            except Exception as error:  # noqa: BLE001 - findings that aren't looked for must not end the service
                done = done.after(unforeseen_text(error))
            if done.trouble and done.trouble != trouble:
                _log.warning("findings_not_looked_for", error=done.trouble, next="tried again by itself")
            if done.opened or done.closed:
                shown = {"opened": done.opened[:_NAMED], "closed": done.closed[:_NAMED]}
                _log.info("findings", opened_count=len(done.opened), closed_count=len(done.closed), **shown)
            if done.asked:
                _log.info("asked_for_gaps", requests=len(done.asked), first=done.asked[:_NAMED])
            pause = _LOOK_S if done.more else config.findings.every_s
            await asyncio.sleep(max(pause, _REST * (monotonic_s() - begun)))
    finally:
        workers.close()


async def _take_in_files(config: CentralConfig, config_file: Path, thread: ThreadPoolExecutor) -> None:
    """Put archived files into the store, in a worker that is there only as long as it has work."""
    failures, unreadable = 0, set[str]()
    while True:
        await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)] if failures else _LOOK_S)
        workers = Workers()
        try:
            if not await _in(thread, lambda: files_behind(config)):
                continue
            done = await workers.compute(take_in_files, config_file)
        except (BrokenProcessPool, ConfigError, OSError, sqlite3.Error) as error:
            done = FilesIn(down=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - a file that the program stumbles over must not end the service
            done = FilesIn(down=unforeseen_text(error))
        finally:
            workers.close()
        failures = failures + 1 if done.down else 0
        if done.files:
            _log.info("files_taken_in", files=done.files, values=done.values)
        for said in set(done.unreadable) - unreadable:
            _log.error("file_not_read", file=said)
        unreadable |= set(done.unreadable)
        if done.down:
            _log.warning("files_not_taken_in", error=done.down, next="tried again by itself")


async def _fill_store(config: CentralConfig) -> None:
    """Bring the store on its server to where the journal is, for ever; a server that is down means lag, never loss."""
    with ThreadPoolExecutor(1, "store") as thread:
        catch_up = await _in(thread, lambda: CatchUp(config))
        try:
            failures = 0
            while True:
                try:
                    count = await _in(thread, catch_up.step)
                    if failures:
                        failures = 0
                        _log.info("store_reached", url=config.store.url)
                    await asyncio.sleep(0 if count else _FILL_S)
                except Exception as error:  # noqa: BLE001 - a store that isn't filled is told, and receipts go on
                    said = str(error) if isinstance(error, StoreDownError | sqlite3.Error) else unforeseen_text(error)
                    behind = await _in(thread, lambda: _behind(catch_up))
                    _log.warning("store_behind", messages=behind, error=said, next="tried again by itself")
                    await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                    failures += 1
        finally:
            await _in(thread, catch_up.close)


def _behind(catch_up: CatchUp) -> int | None:
    try:
        return catch_up.behind()
    except sqlite3.Error:
        return None


async def _write_back(config: CentralConfig, config_file: Path, clock: Clock) -> None:
    """Write the figures back whenever they changed, in a worker of their own: the page doesn't wait for it."""
    workers = Workers()
    done = Published()
    try:
        while True:
            trouble = done.trouble
            try:
                done = await workers.compute(publish, config_file, clock.now(), done.state)
            except BrokenProcessPool as error:
                done = Published(trouble=f"its process ended: {error}")
            except Exception as error:  # noqa: BLE001 - figures that can't be reckoned must not end the service
                done = Published(state=done.state, trouble=unforeseen_text(error))
            if done.trouble and done.trouble != trouble:
                _log.warning("not_written_back", error=done.trouble, next="tried again by itself")
            elif done.lines:
                _log.debug("written_back", lines=done.lines)
            if done.refused:
                _log.error("lines_refused", lines=len(done.refused), first=done.refused[0])
            await asyncio.sleep(config.store.write_back_s)
    finally:
        workers.close()
