# klaster: `make demo` and `make test` set up everything they need on a bare Debian 12.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

DEMO_PACKAGES := python3-venv mosquitto
# libatomic1: the browser driver needs it and no package brings it. faketime: a program's clock is stepped, never the machine's.
TEST_PACKAGES := $(DEMO_PACKAGES) mbpoll chromium fonts-dejavu-core libatomic1 golang-go faketime iproute2 poppler-utils systemd

.PHONY: help demo test check bench kills format lock install packages-demo packages-test clean

help:
	@echo "make demo   a simulated cluster on real protocols; ends with balance, settlement and a web page (ARGS=--once: ends by itself,"
	@echo "            ARGS=\"--store influxdb\", ARGS=\"--scenario five-sites\" and both together)"
	@echo "make test   all tests"
	@echo "make check  format, lint, types, import rules"
	@echo "make bench  benchmarks"
	@echo "make kills  kills and cuts of gateways, broker, central and links; every stand accounted for (ARGS=\"COUNT SEED\")"

# ARGS with influxdb: the server is built first, and Go for it installed.
demo: packages-demo $(if $(findstring influxdb,$(ARGS)),demo-influxd) install
	@$(BIN)/klaster-sim demo $(ARGS)

test: packages-test influxd install
	$(BIN)/pytest $(ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: influxd install
	$(BIN)/python -m benchmarks $(ARGS)

kills: packages-demo install
	$(BIN)/python -m tests.e2e.kills $(ARGS)

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml | packages-venv
	$(PYTHON) -m venv $(VENV)
	@echo "installing the locked Python packages (a few minutes the first time)"
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Without it the tests of InfluxDB are skipped, but for CI, where they then fail.
.PHONY: influxd
influxd:
	@deploy/build-influxd || [ -z "$$CI" ]

.PHONY: demo-influxd
demo-influxd:
	@[ -x var/influxd/influxd ] || command -v go >/dev/null || deploy/system-packages golang-go
	@deploy/build-influxd

.PHONY: packages-venv
packages-venv:
	@deploy/system-packages python3-venv

packages-demo:
	@deploy/system-packages $(DEMO_PACKAGES)

packages-test:
	@deploy/system-packages $(TEST_PACKAGES)

lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade --quiet -o requirements.lock

clean:
	rm -rf $(VENV) var dist
