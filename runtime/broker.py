"""The MQTT connection: TLS both ways, and no plain connection beyond loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import aiomqtt
import msgspec
import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from metering.topics import Topics, cluster_id_problem
from metering.wire import MAX_IN_FLIGHT
from runtime.config import ConfigError, Problem
from runtime.log import logger

_log = logger("runtime.broker")
_RECONNECT_S = (1.0, 2.0, 3.0)


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[broker]`` table of a configuration."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8883
    ca: str = ""
    """File with the authority that signed the broker's certificate."""
    cert: str = ""
    """File with this client's certificate (PEM)."""
    key: str = ""
    """File with this client's key (PEM); only its owner should be able to read it."""
    username: str = ""
    password_file: str = ""
    """File whose first line is the password; a password never stands in a configuration."""
    keepalive_s: Annotated[int, msgspec.Meta(ge=2, le=3600)] = 15
    cluster: str = ""
    """The cluster's own level of the topics, where the broker serves several; central's and its gateways' alike."""

    @property
    def topics(self) -> Topics:
        """The cluster's topics."""
        return Topics(self.cluster)


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    """Whether a name can be looked up at all: the look-up of another one raises what no reconnection expects."""
    try:
        return bool(host.strip()) and "\0" not in host and bool(host.encode("idna"))
    except UnicodeError:
        return False


def broker_problems(settings: BrokerSettings, file: str) -> list[Problem]:
    """What forbids a connection with these settings."""
    found = []
    if not _is_name(settings.host):
        found.append(Problem(file, "broker.host", f'"{settings.host}"', "isn't a host's name or address"))
    if not settings.ca and not is_loopback(settings.host):
        found.append(
            Problem(
                file, "broker.ca", "", f"is missing: without TLS only this machine is spoken to, not {settings.host}"
            )
        )
    if bool(settings.cert) != bool(settings.key):
        found.append(Problem(file, "broker.cert", settings.cert, "cert and key go together"))
    if settings.password_file and not settings.username:
        found.append(Problem(file, "broker.username", "", "is missing beside password_file"))
    if problem := cluster_id_problem(settings.cluster):
        found.append(Problem(file, "broker.cluster", f'"{settings.cluster}"', problem))
    named = {"ca": settings.ca, "cert": settings.cert, "key": settings.key, "password_file": settings.password_file}
    found += [
        Problem(file, f"broker.{key}", name, "no such file, or it can't be read")
        for key, name in named.items()
        if name and not _readable(name)
    ]
    return found


def beside(settings: BrokerSettings, folder: Path) -> BrokerSettings:
    """The same settings with the names of files taken relative to a folder."""
    files = ("ca", "cert", "key", "password_file")
    named = {key: str(folder / name) for key in files if (name := getattr(settings, key))}
    return msgspec.structs.replace(settings, **named)


def _readable(name: str) -> bool:
    try:
        with Path(name).open("rb"):
            return True
    except OSError:
        return False


class CheckedClient(aiomqtt.Client):
    """A client to which the broker's refusals don't pass for success: aiomqtt looks at no reason code."""

    _told = False

    async def subscribe(self, *args: Any, **kwargs: Any) -> tuple[int, ...] | list[ReasonCode]:
        """Subscribe; raises ``MqttError`` where the broker refuses a topic."""
        codes = await super().subscribe(*args, **kwargs)
        for code in codes:
            if isinstance(code, ReasonCode) and code.is_failure:
                raise aiomqtt.MqttError(f"the broker refuses a subscription: {code}")
        return codes

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure and not self._told:
            self._told = True
            hint = (
                "does the certificate's or user's name equal this program's id (cluster/id with [broker] cluster),"
                " and does the access list know it?"
            )
            _log.warning("broker_refuses", reason=str(reason_code), hint=hint)
        super()._on_publish(client, userdata, mid, reason_code, properties)


def connection(settings: BrokerSettings, client_id: str, will: aiomqtt.Will) -> aiomqtt.Client:
    """A client for one connection, to be entered with ``async with``; a new one for each attempt.

    Raises:
        ConfigError: a certificate, key or password file can't be used.
    """
    client = CheckedClient(
        settings.host,
        settings.port,
        username=settings.username or None,
        password=_password(settings.password_file),
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        will=will,
        keepalive=settings.keepalive_s,
        timeout=10,
        tls_context=_tls(settings),
        logger=logging.getLogger("klaster.mqtt"),
        max_queued_outgoing_messages=0,
    )
    client.pending_calls_threshold = 2 * MAX_IN_FLIGHT
    return client


async def keep_connected(
    settings: BrokerSettings,
    client_id: str,
    will: aiomqtt.Will,
    serve: Callable[[aiomqtt.Client], Awaitable[None]],
    turned: Callable[[], None] = lambda: None,
) -> None:
    """Connect and serve, and again with a new client whenever the connection is lost; ends only when cancelled.

    ``turned`` is called before each attempt.
    """
    failures = 0
    while True:
        turned()
        try:
            async with connection(settings, client_id, will) as client:
                _log.info("broker_connected", host=settings.host, port=settings.port)
                failures = 0
                await serve(client)
        except* (aiomqtt.MqttError, OSError, ConfigError) as group:
            if failures == 0:
                _log.warning("broker_lost", error=_first(group))
        pause = _RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)]
        failures += 1
        await asyncio.sleep(pause)


def _first(group: BaseExceptionGroup[Any]) -> str:
    """The first plain error of a group, for one line in the log."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _password(file: str) -> str | None:
    if not file:
        return None
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(file, "", "", f"the password can't be read: {error}")]) from error
    if not lines or not lines[0]:
        raise ConfigError([Problem(file, "", "", "the first line, the password, is empty")])
    return lines[0]


def _tls(settings: BrokerSettings) -> ssl.SSLContext | None:
    if not settings.ca:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert:
            context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError([Problem("broker", "ca, cert, key", "", f"TLS can't be set up: {error}")]) from error
    return context
