from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.config import read
from gateway.profile import Limits, Register, RegisterRole, blocks, known, profile
from gateway.words import WordType
from metering.period import HOUR, QUARTER
from runtime.config import ConfigError

GOOD = """
[gateway]
id = "town-hall"
data_dir = "var"
[broker]
host = "127.0.0.1"
port = 18830
[[buses]]
id = "cellar"
link = "serial"
device = "/dev/ttyUSB0"
[[buses]]
id = "roof"
link = "tcp"
host = "192.0.2.7"
timeout_s = 0.5
[[meters]]
id = "12345678"
bus = "cellar"
profile = "eastron-sdm630"
[[meters]]
id = "87654321"
bus = "roof"
profile = "eastron-sdm630"
unit = 2
every_s = 60
gap_s = 900
max_power_w = 500000
"""
EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "gateway.toml"


def problems(tmp_path, text: str) -> list[str]:
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(file)
    return [str(problem).removeprefix(f"{file}: ") for problem in caught.value.problems]


def test_a_good_configuration_is_read(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD, encoding="utf-8")
    config = read(file)
    assert config.buses[1].timeout_s == Decimal("0.5")
    assert config.buses[0].port == 502
    assert [meter.id for meter in config.meters_of(config.buses[1])] == ["87654321"]


def test_the_example_is_whole_apart_from_its_certificates():
    with pytest.raises(ConfigError) as caught:
        read(EXAMPLE)
    assert {problem.key for problem in caught.value.problems} == {"broker.ca", "broker.cert", "broker.key"}


def test_all_errors_are_told_at_once(tmp_path):
    text = (
        GOOD.replace('id = "town-hall"', 'id = "Town/Hall"')
        .replace('host = "127.0.0.1"', 'host = "broker.example.org"')
        .replace('device = "/dev/ttyUSB0"', 'host = "192.0.2.1"\nspeed = 9600')
        .replace("timeout_s = 0.5", 'timeout_s = 99\nbaud = 9600\nparity = "N"')
        .replace('bus = "cellar"', 'bus = "attic"')
        .replace("every_s = 60", "every_s = 7")
        .replace('profile = "eastron-sdm630"\nunit = 2', 'profile = "sdm72"\nunit = 2')
    ) + '[[meters]]\nid = "87654321"\nbus = "roof"\nprofile = "eastron-sdm630"\nunit = 2\nevery_s = "often"\n'
    found = problems(tmp_path, text)
    for wanted in (
        'gateway.id = "Town/Hall"',
        "broker.ca: is missing",
        "buses[1].speed: unknown key",
        "buses[2].timeout_s = 99",
        "buses[2].baud = 9600: has no meaning",
        "buses[2].parity = N: has no meaning",
        'meters[1].bus = "attic": no such bus; there are: cellar, roof',
        "meters[2].every_s = 7: must divide 3600",
        'meters[2].profile = "sdm72": no such profile; known are alphaess-battery, ',
        'meters[3].every_s = "often"',
    ):
        assert any(one.startswith(wanted) for one in found), (wanted, found)


def test_a_line_behind_a_converter_needs_its_host_and_may_have_a_speed(tmp_path):
    line = 'link = "rtu-over-tcp"\nhost = "192.0.2.8"\nport = 4196\nbaud = 19200\n'
    text = GOOD.replace('link = "serial"\ndevice = "/dev/ttyUSB0"\n', line)
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    assert read(file).buses[0].where == "192.0.2.8:4196"
    again = text.replace('link = "tcp"\nhost = "192.0.2.7"\n', line).replace("unit = 2", "unit = 0")
    assert problems(tmp_path, again) == [
        'buses[2].host = "192.0.2.8:4196": is bus cellar\'s already: one line is one bus',
        "meters[2].unit = 0: is the broadcast on a serial line: nothing answers; expected 1 to 247",
    ]
    assert problems(tmp_path, text.replace("baud = 19200", 'parity = "E"')) == [
        'buses[1].parity = E: has no meaning with link = "rtu-over-tcp"'
    ]


def test_quarters_are_the_gateways_choice_and_a_meters_own(tmp_path):
    file = tmp_path / "gateway.toml"
    quarters = GOOD.replace('data_dir = "var"', 'data_dir = "var"\nstands = "quarter"')
    file.write_text(quarters.replace("every_s = 60", 'every_s = 60\nstands = "hour"'), encoding="utf-8")
    config = read(file)
    assert [config.length_of(meter) for meter in config.meters] == [QUARTER, HOUR]
    told = CliRunner().invoke(main, ["check", str(file)])
    assert "stands at every quarter of an hour: 12345678\n" in told.output
    # 240 s divide an hour and no quarter.
    wrong = quarters.replace("every_s = 60", "every_s = 240")
    assert problems(tmp_path, wrong) == [
        "meters[2].every_s = 240: must divide 900, so that a poll falls at every full quarter"
    ]
    file.write_text(GOOD.replace("every_s = 60", "every_s = 240"), encoding="utf-8")
    assert read(file).meters[1].every_s == 240


def test_ids_and_units_must_be_single(tmp_path):
    text = GOOD.replace('id = "roof"', 'id = "cellar"').replace('id = "87654321"', 'id = "12345678"')
    found = problems(tmp_path, text.replace('bus = "roof"', 'bus = "cellar"').replace("unit = 2", "unit = 1"))
    assert 'buses[2].id = "cellar": is buses[1]\'s already' in found
    assert 'meters[2].id = "12345678": is meters[1]\'s already' in found
    assert "meters[2].unit = 1: is meter 12345678's already on bus cellar" in found


def test_the_broadcast_unit_and_polls_further_apart_than_the_gap_are_refused(tmp_path):
    found = problems(
        tmp_path,
        GOOD.replace('profile = "eastron-sdm630"\n[[', 'profile = "eastron-sdm630"\nunit = 0\n[[', 1).replace(
            "gap_s = 900", "gap_s = 30"
        ),
    )
    assert any(one.startswith("meters[1].unit = 0") for one in found)
    assert any("at most gap_s = 30 seconds apart" in one for one in found)


def test_a_gateway_without_meters_or_named_central_is_refused(tmp_path):
    head = GOOD.split("[[buses]]", maxsplit=1)[0].replace("[gateway]", "buses = []\nmeters = []\n[gateway]")
    assert problems(tmp_path, head) == ["at least one [[buses]] and one [[meters]] are needed"]
    assert "central" in problems(tmp_path, GOOD.replace("town-hall", "central"))[0]


def test_every_profile_of_the_package_is_sound():
    assert "eastron-sdm630" in known()
    for name in known():
        model = profile(name)
        assert model.id == name
        assert model.evidence.sources
        assert model.stands or model.protocol == "sunspec"
        assert bool(blocks(model.stands, model.limits)) == bool(model.stands)


def test_the_sdm630_is_read_in_one_request():
    model = profile("eastron-sdm630")
    (block,) = blocks(model.stands, model.limits)
    assert (block.function, block.address, block.count) == (4, 0x48, 8)
    assert {one.obis: one.address for one in model.stands} == {
        "1-0:1.8.0": 0x48, "1-0:2.8.0": 0x4A, "1-0:3.8.0": 0x4C, "1-0:4.8.0": 0x4E,
    }  # fmt: skip


def test_requests_keep_the_models_limits():
    made = tuple(
        Register(
            name=f"r{i}",
            role=RegisterRole.STAND,
            obis="1-0:1.8.0",
            function=4,
            address=2 * i + (i >= 8),
            type=WordType.U32,
            unit="Wh",
        )
        for i in range(16)
    )
    found = blocks(made, Limits(registers=6))
    assert all(block.count <= 6 for block in found)
    assert [register for block in found for register in block.registers] == list(made)
    with pytest.raises(ValueError, match="even addresses"):
        blocks(made, Limits(registers=60, even_only=True))


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(LookupError, match=r"known are .*eastron-sdm630"):
        profile("eastron-sdm6300")


def test_profiles_are_part_of_the_package():
    assert (files("gateway.profiles") / "eastron-sdm630.toml").is_file()


def test_the_commands_say_what_is_wrong_and_how_it_ends(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD.replace('data_dir = "var"', f'data_dir = "{tmp_path}/data"'), encoding="utf-8")
    run = CliRunner().invoke
    assert run(main, ["check", str(file)]).output == "ok: gateway town-hall, 2 buses, 2 meters\n"
    assert run(main, ["outbox", str(file)]).exit_code == 2
    assert run(main, ["check", str(tmp_path / "none.toml")]).exit_code == 2
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "outbox.sqlite").mkdir()
    assert run(main, ["run", str(file)]).exit_code == 2
    assert run(main, ["--version"]).output.startswith("klaster-gateway, version ")


def test_parts_of_one_device_may_share_a_unit_and_the_unit_is_the_models_own(tmp_path):
    text = GOOD.replace('profile = "eastron-sdm630"\nunit = 2', 'profile = "huawei-sun2000"')
    grid = '[[meters]]\nid = "GRID"\nbus = "roof"\nprofile = "huawei-sun2000-grid"\n'
    file = tmp_path / "gateway.toml"
    file.write_text(text + grid, encoding="utf-8")
    assert [one.unit_of(profile(one.profile)) for one in read(file).meters] == [1, 1, 1]
    again = grid.replace("GRID", "AGAIN")
    assert any("is meter GRID's already" in one for one in problems(tmp_path, text + grid + again))
    file.write_text(text.replace("huawei-sun2000", "victron-gx-battery"), encoding="utf-8")
    assert [one.unit_of(profile(one.profile)) for one in read(file).meters] == [1, 225]


def test_two_logical_devices_of_one_sunspec_chain_may_share_a_unit(tmp_path):
    text = GOOD.replace('profile = "eastron-sdm630"\nunit = 2', 'profile = "sunspec"\nunit = 126')
    other = '[[meters]]\nid = "GRID"\nbus = "roof"\nprofile = "sunspec"\nunit = 126\n[meters.sunspec]\ndevice = 2\n'
    file = tmp_path / "gateway.toml"
    file.write_text(text + other, encoding="utf-8")
    assert [one.sunspec.device for one in read(file).meters] == [1, 1, 2]
    assert any(
        "is meter 87654321's already" in one
        for one in problems(tmp_path, text + other.split("[meters.s", maxsplit=1)[0])
    )
