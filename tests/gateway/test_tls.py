"""The deployable access list and listener against a real mosquitto, with certificates made on the spot."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.config import read
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.service import together
from gateway.uplink import Uplink
from metering.wire import topic
from runtime.broker import BrokerSettings, connection
from runtime.clock import SystemClock
from runtime.config import ConfigError
from tests.gateway.fake_central import FakeCentral, stored, until
from tests.gateway.test_outbox import STAMP, stand
from tests.mosquitto import Mosquitto

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
WILL = aiomqtt.Will("klaster/v1/none/status")


class Authority:
    """A certificate authority for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {folder.name}")])
        self.ca = folder / "ca.crt"
        made = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.ca.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
        )

    def issue(self, name: str, address: str = "127.0.0.1") -> tuple[str, str]:
        """Files with a certificate and a key for that common name, good for localhost and an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(address))]
        made = builder.add_extension(x509.SubjectAlternativeName(names), False).sign(self.key, hashes.SHA256())
        cert, private = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(cert), str(private)


@pytest.fixture
def authority(tmp_path):
    (tmp_path / "certs").mkdir()
    return Authority(tmp_path / "certs")


@pytest.fixture
def secure(tmp_path, authority):
    """A mosquitto with the deployed listener's own lines; only the places of its files differ."""
    cert, key = authority.issue("broker")
    places = {"cafile": authority.ca, "certfile": cert, "keyfile": key, "acl_file": DEPLOY / "acl"}
    lines = []
    for line in (DEPLOY / "klaster.conf").read_text(encoding="utf-8").splitlines():
        name = line.split(" ", maxsplit=1)[0]
        if line and not line.startswith("#") and name not in {"listener", "per_listener_settings"}:
            lines.append(f"{name} {places[name]}" if name in places else line)
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Mosquitto(folder, "\n".join(lines) + "\n")
    made.start()
    yield made
    made.stop()


def settings(authority: Authority, port: int, name: str) -> BrokerSettings:
    cert, key = authority.issue(name)
    return BrokerSettings(host="127.0.0.1", port=port, ca=str(authority.ca), cert=cert, key=key)


@contextlib.asynccontextmanager
async def secure_central(authority, port):
    async with connection(settings(authority, port, "central"), "klaster-central", WILL) as client:
        centre = FakeCentral(client, stored)
        await client.subscribe([("klaster/v1/+/stands", 1), ("klaster/v1/+/status", 1)])
        await centre.presence(True)
        task = asyncio.create_task(centre.listen())
        yield centre
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)


async def test_a_gateway_with_a_certificate_ships_its_stands(secure, authority, tmp_path):
    outbox = OutboxThread.open(tmp_path / "outbox.sqlite")
    await outbox.run(Outbox.add, [stand(0)], STAMP, {})
    broker = settings(authority, secure.port, "g1")
    uplink = Uplink("g1", "0.1", broker, outbox, SystemClock(), lambda: ((), ()), together)
    async with secure_central(authority, secure.port) as centre:
        task = asyncio.create_task(uplink.run())
        await until(lambda: centre.statuses and centre.statuses[-1].online and centre.statuses[-1].backlog == 0)
        assert centre.sequences == [[1]]
        task.cancel()
        await until(lambda: not centre.statuses[-1].online)
    await asyncio.wait([task])
    outbox.close()


async def test_a_gateway_can_speak_for_itself_alone(secure, authority):
    async with (
        secure_central(authority, secure.port) as centre,
        connection(settings(authority, secure.port, "g1"), "g1", WILL) as client,
    ):
        await client.subscribe([("klaster/v1/#", 1)])
        for leaf in ("g2/stands", "g2/status", "g1/receipts", "central/presence", "g1/stands/more", "g1/requests"):
            await client.publish(f"klaster/v1/{leaf}", b'{"v": 1, "online": false}', qos=1, retain=True)
        await centre.raw("g2/requests", b'{"v":1,"id":"another gateway\'s"}')
        await centre.raw("g1/requests", b'{"v":1,"id":"mine"}')
        await client.publish(topic("g1", "stands"), b'{"gateway": "g1", "stands": []}', qos=1)
        await until(lambda: centre.messages)
        await centre.receipt(b"a message of another", {"receipts": []}, gateway="g2")
        await centre.receipt(b"a message", {"receipts": []}, gateway="g1")
        heard = []
        async with asyncio.timeout(5):
            async for message in client.messages:
                said = json.loads(message.payload)
                heard.append((message.topic.value, said.get("online", said.get("id"))))
                if message.topic.value == "klaster/v1/g1/receipts" and len(centre.messages) == 1:
                    break
        await asyncio.sleep(0.2)
    known = {"klaster/v1/g1/receipts", "klaster/v1/g1/requests", "klaster/v1/central/presence"}
    assert {name for name, _ in heard} <= known
    assert [said for name, said in heard if name == "klaster/v1/g1/requests"] == ["mine"]
    assert ("klaster/v1/central/presence", False) not in heard
    assert [one["gateway"] for one in centre.messages] == ["g1"]
    assert centre.statuses == []


async def test_without_a_certificate_of_the_authority_nobody_comes_in(secure, authority, tmp_path):
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    cert, key = stranger.issue("g1")
    for attempt in (
        BrokerSettings(port=secure.port),
        BrokerSettings(port=secure.port, ca=str(authority.ca)),
        BrokerSettings(port=secure.port, ca=str(authority.ca), cert=cert, key=key),
        BrokerSettings(port=secure.port, ca=str(stranger.ca), cert=cert, key=key),
    ):
        client = connection(attempt, "g1", WILL)
        client.timeout = 1.0
        with pytest.raises(aiomqtt.MqttError):
            async with client:
                pass


def test_without_tls_a_configuration_beyond_loopback_is_refused(tmp_path):
    file = tmp_path / "gateway.toml"
    for host, allowed in (
        ("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("broker.example.org", False),
    ):  # fmt: skip
        file.write_text(
            f'[gateway]\nid = "g1"\ndata_dir = "d"\n[broker]\nhost = "{host}"\n'
            '[[buses]]\nid = "b"\nlink = "tcp"\nhost = "192.0.2.9"\n'
            '[[meters]]\nid = "1"\nbus = "b"\nprofile = "eastron-sdm630"\n',
            encoding="utf-8",
        )
        if allowed:
            read(file)
            continue
        with pytest.raises(ConfigError, match="without TLS only this machine is spoken to"):
            read(file)
