"""What InfluxDB alone needs: bad lines, errors inside answers, servers that are full or gone, and secrets kept."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from central.books import Books
from central.cli import main
from central.config import StoreTable, load_config
from central.influx.answer import ErrorTableError, blocks
from central.influx.lines import line
from central.influx.server import InfluxServer
from central.journal import Journal
from central.keeper import replay
from central.opened import open_store
from central.readings import Entry, StoreDownError
from central.stores.influxdb import InfluxStore
from central.stores.sqlite import SqliteStore
from metering.wire import Verdict
from runtime.config import ConfigError
from tests.central.made_books import make_books
from tests.central.stands import T0, message, stand
from tests.central.test_dashboards import make_influx_books
from tests.gateway.test_tls import Authority

SECRET = "klaster:do-not-show"


def kept(store) -> list[tuple[str, str]]:
    return [
        (row["epoch"], row["wh"]) for row in store.stands(T0 - timedelta(days=40), T0 + timedelta(days=40)).to_pylist()
    ]


def test_any_text_and_any_decimal_comes_back_as_it_was_sent(tmp_path: Path, influx: StoreTable) -> None:
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    odd = ["a,b=c d", 'quo"te', "back\\slash\\", "new\nline\r\n\r\n#x", "zażółć 100 %41", " ends in space ", "{}()"]
    decimals = ["0", "007", "1.50", "9999999999999", "9999999999999.999999999999", "12.0", "5"]
    sent = [stand(0, wh, epoch=epoch, meter="M 1/a.b") for epoch, wh in zip(odd, decimals, strict=True)]
    assert store.admit([Entry(journal=1, gateway="g1", stand=one) for one in sent], [], 1) == [None] * len(odd)
    assert sorted(kept(store)) == sorted(zip(odd, decimals, strict=True))
    values = store.values(T0, T0).to_pylist()
    assert sorted((row["epoch"], row["wh"]) for row in values) == sorted(zip(odd, decimals, strict=True))
    assert {row["meter"] for row in values} == {"M 1/a.b"}


def test_stands_of_many_months_are_asked_for_in_pieces(tmp_path: Path, influx: StoreTable) -> None:
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    sent = [stand(24 * day, str(day + 100) if day % 2 else f"{day + 100}.5") for day in range(-39, 40)]
    store.admit([Entry(journal=1, gateway="g1", stand=one) for one in sent], [], 1)
    assert [wh for _, wh in kept(store)] == [one.wh for one in sent]


def test_whole_and_broken_stands_of_one_register_are_read_together(tmp_path: Path, influx: StoreTable) -> None:
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    sent = [stand(hour, wh) for hour, wh in enumerate(["40000000", "40000003.90625", "40000008", "40000011.71875"])]
    store.admit([Entry(journal=1, gateway="g1", stand=one) for one in sent], [], 1)
    values = store.values(T0, T0 + timedelta(hours=3)).to_pylist()
    assert sorted((row["at"], row["wh"]) for row in values) == [(one.at, one.wh) for one in sent]


def test_a_crash_between_file_and_server_is_repaired_by_replay(tmp_path: Path, influx: StoreTable) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.append([message(stand(hour, str(hour)), stand(hour, "77777")) for hour in range(4)])
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    write = store._server.write

    def write_half_and_crash(lines):
        write(lines[: len(lines) // 2])
        raise StoreDownError("power cut")

    store._server.write = write_half_and_crash
    with pytest.raises(StoreDownError):
        replay(journal, store)
    assert store.position() == 0
    store.close()
    again = InfluxStore(influx, tmp_path / "intake.sqlite")
    assert replay(journal, again) == 4
    assert [wh for _, wh in kept(again)] == ["0", "1", "2", "3"]
    assert [doubt.wh for doubt in again.doubts()] == ["77777"] * 4
    assert again.position() == journal.last()


def test_another_server_or_bucket_is_filled_from_the_beginning(tmp_path: Path, influx: StoreTable) -> None:
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    store.admit([Entry(journal=1, gateway="g1", stand=stand(0, "1"))], [], 1)
    store.close()
    moved = InfluxStore(msgspec.structs.replace(influx, url=influx.url + "/"), tmp_path / "intake.sqlite")
    assert moved.position() == 0
    assert kept(moved) == []


def test_a_bad_line_is_named_and_the_others_are_stored(tmp_path: Path, influx: StoreTable) -> None:
    server = InfluxServer(influx)
    name = f"odd_{tmp_path.name}"
    assert server.write([line(name, {}, {"x": 1}, 1)]) == []
    lines = [line(name, {}, {"x": n}, n) for n in range(2, 12)]
    lines[3] = f"{name} x=1.5 5"
    lines[7] = f"{name} x= 9"
    bad = server.write(lines)
    assert [(one.place, one.line) for one in bad] == [(3, lines[3]), (7, lines[7])]
    assert "conflict" in bad[0].reason
    assert "parse" in bad[1].reason
    found = list(
        server.query(
            f'from(bucket: "{influx.bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "{name}")'
        )
    )
    assert sorted(value for table in found for value in table["_value"].to_pylist()) == [1, 2, 3, 4, 6, 7, 8, 10, 11]


def test_a_stand_that_the_server_refuses_is_a_doubt_that_names_it(
    tmp_path: Path, influx: StoreTable, monkeypatch
) -> None:
    monkeypatch.setattr("central.influx.lines.STAND", f"stand_{tmp_path.name}")
    server = InfluxServer(influx)
    server.write([f"stand_{tmp_path.name} wh=1.5 {int(T0.timestamp())}"])
    store = InfluxStore(influx, tmp_path / "intake.sqlite")
    store.admit([Entry(journal=3, gateway="g1", stand=stand(0, "7"))], [], 3)
    (doubt,) = store.doubts()
    assert (doubt.verdict, doubt.meter, doubt.wh, doubt.at) == (Verdict.REFUSED, "M1", "7", T0)
    assert "the readings store refused stand_" in doubt.reason
    assert store.position() == 3


def test_an_unknown_bucket_and_a_broken_query_are_the_servers_words(influx: StoreTable) -> None:
    server = InfluxServer(msgspec.structs.replace(influx, bucket="nowhere/nothing"))
    with pytest.raises(StoreDownError, match="nowhere/nothing"):
        server.write(["a x=1 1"])
    with pytest.raises(StoreDownError, match="nowhere/nothing"):
        list(server.query('from(bucket: "nowhere/nothing") |> range(start: 0)'))
    with pytest.raises(StoreDownError):
        list(InfluxServer(influx).query("this is not Flux"))


def test_an_error_table_inside_an_answer_is_raised() -> None:
    body = (
        b"#datatype,string,long,long\r\n,result,table,_value\r\n,_result,0,5\r\n\r\n"
        b'#datatype,string,string\r\n,error,reference\r\n,"it broke, late",897\r\n\r\n'
    )
    found = blocks(body)
    assert next(found)["_value"].to_pylist() == [5]
    with pytest.raises(ErrorTableError, match="it broke, late"):
        next(found)


class Answering(http.server.BaseHTTPRequestHandler):
    status, body = 500, b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[StoreTable]:
    """A server that answers whatever ``Answering`` says."""
    (tmp_path / "token").write_text(SECRET, encoding="utf-8")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_address[1]
        yield StoreTable(
            kind="influxdb", url=f"http://127.0.0.1:{port}", bucket="b", token_file=str(tmp_path / "token"), timeout_s=2
        )
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error":"engine: error writing WAL entry: no space left on device"}'),
        (503, b""),
        (401, b'{"code":"unauthorized","message":"unauthorized access"}'),
        (400, b'{"error":"partial write: max-series-per-database limit exceeded: (1000000) dropped=1"}'),
        (429, b"slow down"),
        (302, b"elsewhere"),
    ],
)
def test_a_full_or_unwilling_server_means_that_nothing_is_taken_for_written(
    tmp_path, answering, monkeypatch, status, body
) -> None:
    monkeypatch.setattr(Answering, "status", status)
    monkeypatch.setattr(Answering, "body", body)
    store = InfluxStore(answering, tmp_path / "intake.sqlite")
    with pytest.raises(StoreDownError) as caught:
        store.admit([Entry(journal=1, gateway="g1", stand=stand(0, "1"))], [], 1)
    assert str(status) in str(caught.value)
    assert SECRET not in str(caught.value)
    assert store.position() == 0
    assert store.doubts() == []


def test_a_query_that_breaks_off_in_the_middle_is_no_answer(tmp_path, answering, monkeypatch) -> None:
    monkeypatch.setattr(Answering, "status", 200)
    monkeypatch.setattr(Answering, "body", b"#datatype,string,string\r\n,error,reference\r\n,out of memory,1\r\n\r\n")
    store = InfluxStore(answering, tmp_path / "intake.sqlite")
    with pytest.raises(StoreDownError, match="out of memory"):
        store.values(T0, T0)


def test_only_a_server_whose_authority_is_named_is_spoken_to(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Answering, "status", 204)
    monkeypatch.setattr(Answering, "body", b"")
    authority = Authority(tmp_path)
    authority.issue("server")
    (tmp_path / "token").write_text(SECRET, encoding="utf-8")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = StoreTable(
            kind="influxdb",
            url=f"https://127.0.0.1:{server.server_address[1]}",
            bucket="b",
            token_file=str(tmp_path / "token"),
            timeout_s=3,
        )
        try:
            with pytest.raises(StoreDownError, match="certificate"):
                InfluxServer(settings).write(["a x=1 1"])
            named = msgspec.structs.replace(settings, ca=str(tmp_path / "ca.crt"))
            assert InfluxServer(named).write(["a x=1 1"]) == []
        finally:
            server.shutdown()
            thread.join()


GOOD = {"kind": "influxdb", "url": "https://influx.example:8086", "bucket": "klaster", "token_file": "token"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": ""}, "store.url: is missing"),
        ({"bucket": ""}, "store.bucket: is missing"),
        ({"token_file": ""}, "store.token_file: is missing"),
        ({"token_file": "nowhere"}, "no such file"),
        ({"ca": "nowhere"}, "store.ca"),
        ({"ca": "token"}, "store.ca"),
        ({"url": "http://influx.example:8086"}, "plain http only to this machine"),
        ({"url": f"https://{SECRET}@influx.example"}, "belong into token_file"),
        ({"url": "influx.example"}, "expected https://host:port"),
        ({"url": "https://[::1"}, "isn't a URL"),
        ({"kind": "postgres"}, "store.kind"),
        ({"timeout_s": 0}, "store.timeout_s"),
        ({"token": SECRET}, "unknown key"),
    ],
)
def test_a_store_table_that_cannot_be_used_is_told_without_its_secret(tmp_path: Path, change, said: str) -> None:
    made = make_books(tmp_path)
    (tmp_path / "token").write_text(SECRET, encoding="utf-8")
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in (GOOD | change).items())
    made.config.write_text(made.config.read_text(encoding="utf-8") + "[store]\n" + table, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(made.config)
    assert said in str(caught.value)
    assert "do-not-show" not in str(caught.value)


def test_rebuild_moves_the_readings_to_influxdb_and_back(tmp_path: Path, influx: StoreTable) -> None:
    made = make_influx_books(tmp_path, influx)
    config = load_config(made.config)
    journal = Journal(config.journal)
    journal.append([message(stand(hour, str(hour * 10))) for hour in range(5)])
    journal.append([message(stand(2, "999"))])

    def rebuild(*options: str) -> str:
        done = CliRunner().invoke(main, ["rebuild", str(made.config), *options])
        assert done.exit_code == 0, done.output
        return done.output

    assert "rebuilt from 6 messages" in rebuild()
    first = Books.open(made.config).stands(T0, T0 + timedelta(days=1))
    assert first["wh"].to_pylist() == ["0", "10", "20", "30", "40"]
    assert 'still says [store] kind = "influxdb"' in rebuild("--store", "sqlite")
    embedded = SqliteStore(config.readings)
    assert embedded.stands(T0, T0 + timedelta(days=1)) == first
    store = open_store(config)
    assert store.doubts() == embedded.doubts()
    assert store.meters() == embedded.meters()
    rebuild("--store", "influxdb")
    assert Books.open(made.config).stands(T0, T0 + timedelta(days=1)) == first


def test_a_rebuild_that_fails_leaves_the_store_as_it_was(tmp_path: Path, influx: StoreTable) -> None:
    made = make_influx_books(tmp_path, influx)
    config = load_config(made.config)
    Journal(config.journal).append([message(stand(0, "1"))])
    assert CliRunner().invoke(main, ["rebuild", str(made.config)]).exit_code == 0
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(text.replace(influx.url, "http://127.0.0.1:9"), encoding="utf-8")
    failed = CliRunner().invoke(main, ["rebuild", str(made.config)])
    assert failed.exit_code == 2
    assert "Connection refused" in failed.output
    assert "unchanged" in failed.output
    made.config.write_text(text, encoding="utf-8")
    assert Books.open(made.config).stands(T0, T0)["wh"].to_pylist() == ["1"]
