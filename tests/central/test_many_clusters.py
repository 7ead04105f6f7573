"""Two clusters on one machine and one broker, with the deployed access list: nothing of one reaches the other."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest

from central.config import load_config
from central.findings_file import FindingsFile
from central.journal import Journal
from central.service import sole_writer
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.service import together
from gateway.uplink import Uplink
from metering.stand import Stand
from metering.wire import StandsMessage, encode
from runtime.broker import BrokerSettings
from runtime.clock import SystemClock
from tests.central.serving import CENTRAL, serving
from tests.central.stands import CLUSTER, T0, stand
from tests.gateway.test_outbox import STAMP
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.e2e
DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
NAMES = ("alfa", "beta")
HOURS = range(-2, 4)
EACH_WH = {"alfa": 100, "beta": 700}


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker for both, confined by the access lists that are deployed; on loopback names have passwords."""
    folder = tmp_path / "broker"
    folder.mkdir()
    rules = (DEPLOY / "acl").read_text(encoding="utf-8")
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    for name in NAMES:
        text = (DEPLOY / "cluster.acl").read_text(encoding="utf-8").replace("CLUSTER", name)
        text = text.replace("GATEWAY", "hall").replace("# user", "user").replace("# topic", "topic")
        rules += f"\n{text}"
        for who in ("central", "hall"):
            subprocess.run(["mosquitto_passwd", "-b", str(passwords), f"{name}/{who}", "secret"], check=True)
    (folder / "acl").write_text(rules, encoding="utf-8")
    (tmp_path / "password").write_text("secret\n", encoding="utf-8")
    made = Mosquitto(
        folder,
        f"allow_anonymous false\npassword_file {passwords}\nacl_file {folder}/acl\nuse_username_as_clientid true\n",
    )
    made.start()
    yield made
    made.stop()


def configured(folder: Path, broker: int, name: str, *, data_dir: str = "data", port: int | None = None) -> Path:
    """A cluster's own folder; points and meters are called the same in each."""
    folder.mkdir(exist_ok=True)
    (folder / "cluster.toml").write_text(CLUSTER.replace('"Test"', f'"Klaster {name}"'), encoding="utf-8")
    start, real = T0 + timedelta(hours=3, minutes=10), datetime.now(UTC)
    file = folder / "central.toml"
    file.write_text(
        f'[central]\ndata_dir = "{data_dir}"\ncluster = "cluster.toml"\n[findings]\nevery_s = 1\n'
        f'[broker]\nport = {broker}\ncluster = "{name}"\nusername = "{name}/central"\n'
        f'password_file = "{folder.parent}/password"\n[web]\nport = {port or free_port()}\n'
        f"[clock]\nstart = {start.isoformat()}\nreal_start = {real.isoformat()}\nspeed = 1\nstep_s = 1\n",
        encoding="utf-8",
    )
    return file


def asked(*words: str | Path, code: int = 0) -> Any:
    done = subprocess.run([CENTRAL, *map(str, words), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_findings_of_a_cluster_at_which_no_service_ever_looked_arent_none_but_not_known(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("made up\n", encoding="utf-8")
    file = configured(tmp_path / "a", free_port(), "a")
    (tmp_path / "a" / "data").mkdir()
    told = asked("clusters", file)["clusters"][0]
    assert (told["trouble"], told["findings"]) == ("", {})
    FindingsFile(load_config(file).findings_file).close()
    assert set(asked("clusters", file)["clusters"][0]["findings"].values()) == {0}


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < give_up, "it didn't happen"
        time.sleep(0.2)
    return found


def broker_of(port: int, folder: Path, name: str) -> BrokerSettings:
    password = str(folder / "password")
    return BrokerSettings(port=port, username=f"{name}/hall", password_file=password, cluster=name)


@contextlib.asynccontextmanager
async def gateway(port: int, folder: Path, name: str) -> AsyncIterator[tuple[OutboxThread, Uplink]]:
    """A gateway's real outbox and uplink; it is called ``hall`` in each cluster."""
    outbox = OutboxThread.open(folder / name / "outbox.sqlite")
    uplink = Uplink("hall", "1", broker_of(port, folder, name), outbox, SystemClock(), lambda: ((), ()), together)
    task = asyncio.create_task(uplink.run())
    try:
        yield outbox, uplink
    finally:
        task.cancel()
        await asyncio.wait([task])
        outbox.close()


async def receipted(outbox: OutboxThread) -> None:
    async with asyncio.timeout(120):
        while any((await outbox.run(Outbox.unsettled)).values()):
            await asyncio.sleep(0.1)


def journalled(file: Path) -> list[tuple[str, bytes]]:
    journal = Journal(load_config(file).journal, read_only=True)
    try:
        return [(one.gateway, one.payload) for batch in journal.after(0) for _, one in batch]
    finally:
        journal.close()


def read(name: str, hours: range) -> list[Stand]:
    """The same meters and instants in each cluster, and other energies."""
    meters = ("M1", "1-0:1.8.0"), ("M2", "1-0:2.8.0")
    return [
        stand(hour, str(10_000 + EACH_WH[name] * hour), meter=meter, register=register).stand()
        for hour in hours
        for meter, register in meters
    ]


class Refusals(aiomqtt.Client):
    """A client that keeps what the broker says to each publication."""

    said: list[str]

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        self.said.append(str(reason_code))
        super()._on_publish(client, userdata, mid, reason_code, properties)


async def intrude(port: int, payload: bytes) -> tuple[list[str], list[str]]:
    """What the broker says to a gateway of alfa that speaks and listens as one of beta; and what that one hears."""
    options = {"username": "alfa/hall", "password": "secret", "protocol": aiomqtt.ProtocolVersion.V5}
    Refusals.said = []
    async with Refusals("127.0.0.1", port, **options) as client:
        await client.subscribe("klaster/v1/#", 1)
        for leaf in ("beta/hall/stands", "beta/hall/status", "beta/central/presence", "hall/stands"):
            await client.publish(f"klaster/v1/{leaf}", payload, qos=1)
        heard = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                async for message in client.messages:
                    heard.append(message.topic.value)
    return Refusals.said, heard


def test_readings_runs_and_pages_of_two_clusters_stay_apart_at_one_broker(shared: Mosquitto, tmp_path: Path) -> None:
    files = {name: configured(tmp_path / name, shared.port, name) for name in NAMES}

    async def both_send() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for name in NAMES:
                outbox, uplink = await stack.enter_async_context(gateway(shared.port, tmp_path, name))
                await outbox.run(Outbox.add, read(name, HOURS), STAMP, {})
                uplink.fresh()
                await receipted(outbox)

    with serving(files["alfa"]), serving(files["beta"]):
        asyncio.run(both_send())
        before = {name: journalled(file) for name, file in files.items()}
        fake = encode(StandsMessage(gateway="hall", outbox="x", stands=(stand(9, "1"),)))
        said, heard = asyncio.run(intrude(shared.port, fake))
        assert said == ["Not authorized"] * 4
        assert {topic.removeprefix("klaster/v1/alfa/") for topic in heard} <= {
            "central/presence",
            "hall/requests",
            "hall/receipts",
        }
        for name, file in files.items():
            assert journalled(file) == before[name]
            hours = asked("balance", file, "--day", "2026-06-17")["hours"]
            whole = [(row["drawn_wh"], row["injected_res_wh"]) for row in hours if row["status"] == "complete"]
            assert whole == [(EACH_WH[name], 10 * EACH_WH[name])] * 5
            page = wait_for(functools.partial(page_of, load_config(file).web.port, f"Klaster {name}"))
            assert f"Klaster {'beta' if name == 'alfa' else 'alfa'}" not in page
            run = asked("run", file, "--month", "2026-06", "--kind", "preliminary", code=3)["runs"][0]["run"]
            assert [one["run"] for one in asked("runs", file)["runs"]] == [run]
        told = asked("clusters", tmp_path)
        assert told["clashes"] == []
        assert [(one["cluster"], one["running"], one["gateways"], one["month"]) for one in told["clusters"]] == [
            ("Klaster alfa", True, 1, "2026-06"),
            ("Klaster beta", True, 1, "2026-06"),
        ]
        assert {one["last_reading"] for one in told["clusters"]} == {"2026-06-17T03:00:00Z"}


def page_of(port: int, name: str) -> str:
    """The month's page, once it shows the cluster's name."""
    with contextlib.suppress(httpx.TransportError):
        page = httpx.get(f"http://127.0.0.1:{port}/month?month=2026-06", timeout=30).text
        return page if name in page else ""
    return ""


def test_of_two_centrals_for_one_cluster_the_first_goes_on_and_the_second_takes_nothing_in(
    shared: Mosquitto, tmp_path: Path
) -> None:
    first = configured(tmp_path / "alfa", shared.port, "alfa")
    second = configured(tmp_path / "again", shared.port, "alfa")

    async def send(hours: range) -> None:
        async with gateway(shared.port, tmp_path, "alfa") as (outbox, uplink):
            await outbox.run(Outbox.add, read("alfa", hours), STAMP, {})
            uplink.fresh()
            await receipted(outbox)

    with serving(first), serving_after(first, second) as log:
        wait_for(lambda: b"another_central " in log.read_bytes())
        asyncio.run(send(range(3)))
        assert {gateway for gateway, _ in journalled(first)} == {"hall"}
        assert journalled(second) == []
        assert b"topics=klaster/v1/alfa" in log.read_bytes()


@contextlib.contextmanager
def serving_after(first: Path, second: Path) -> Iterator[Path]:
    wait_for(lambda: b"broker_connected" in first.with_name("central.log").read_bytes())
    with serving(second) as log:
        yield log


def test_what_two_clusters_share_by_mistake_is_refused_and_told(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n", encoding="utf-8")
    alfa = configured(tmp_path / "alfa", 1, "alfa")
    with sole_writer(load_config(alfa)):
        beta = configured(tmp_path / "beta", 1, "beta", data_dir="../alfa/data")
        done = subprocess.run([CENTRAL, "balance", str(beta)], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "holds the books of cluster 'alfa', and broker.cluster says cluster 'beta'" in done.stderr
        again = configured(tmp_path / "again", 1, "alfa", data_dir="../alfa/data")
        done = subprocess.run([CENTRAL, "serve", str(again)], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "is in use by another klaster-central; stop that one first" in " ".join(done.stderr.split())
    page = load_config(alfa).web.port
    configured(tmp_path / "beta", 1, "beta", port=page)
    told = asked("clusters", tmp_path / "alfa", tmp_path / "beta", code=1)
    assert [(one["what"], one["value"]) for one in told["clashes"]] == [("page", f"127.0.0.1:{page}")]
    told = asked("clusters", tmp_path, code=1)
    assert {one["what"] for one in told["clashes"]} == {"page", "data_dir", "topics", "key"}
    (tmp_path / "beta" / "cluster.toml").write_text("[cluster]\n", encoding="utf-8")
    told = asked("clusters", tmp_path / "beta", code=2)
    assert "cluster.toml: cluster.name: is missing" in told["clusters"][0]["trouble"]
