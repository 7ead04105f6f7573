"""``klaster-central``: the commands of central, each from the file beside what it drives."""

from __future__ import annotations

import click

from central.answering.cli import balance, completeness, findings, gateways, shares, stands
from central.backup.cli import backup
from central.cluster.cli import cluster
from central.clusters.cli import clusters
from central.conditions.cli import conditions
from central.estimates.cli import estimate, estimates, validate
from central.explaining.cli import explain
from central.figures.cli import complaint, figures
from central.imports.cli import compare, files, import_
from central.papers.cli import deadlines, papers
from central.radar.cli import radar
from central.readings_of_law.cli import readings_of_law
from central.register.cli import approve, closing, correction, diff, run, runs, verify
from central.requesting.cli import request, requests
from central.running.cli import rebuild, serve
from central.settling.cli import settle
from central.statements.cli import statement


@click.group()
@click.version_option(package_name="klaster", prog_name="klaster-central")
def main() -> None:
    """The books of an energy cluster: readings, hourly balance, settlement."""


for command in (cluster, clusters, settle, serve, rebuild, backup):
    main.add_command(command)
for command in (balance, shares, gateways, stands, findings, completeness):
    main.add_command(command)
for command in (import_, files, compare, request, requests):
    main.add_command(command)
for command in (run, runs, verify, diff, approve, closing, correction):
    main.add_command(command)
for command in (validate, estimate, estimates):
    main.add_command(command)
for command in (conditions, radar, readings_of_law):
    main.add_command(command)
for command in (papers, deadlines, statement):
    main.add_command(command)
for command in (explain, figures, complaint):
    main.add_command(command)
