"""``klaster-central``: the commands of central, each from the file beside what it drives."""

from __future__ import annotations

from importlib.metadata import version

import click

from central.answering.cli import balance, completeness, findings, gateways, shares, stands
from central.backup.cli import backup
from central.cluster.cli import cluster
from central.clusters.cli import clusters
from central.conditions.cli import conditions
from central.estimates.cli import estimate, estimates, validate
from central.explaining.cli import explain
from central.figures.cli import complaint, figures
from central.help_groups import ByPurpose
from central.imports.cli import compare, files, import_
from central.papers.cli import deadlines, papers
from central.radar.cli import radar
from central.readings_of_law.cli import readings_of_law
from central.register.cli import approve, closing, correction, diff, run, runs, verify
from central.requesting.cli import request, requests
from central.running.cli import rebuild, serve
from central.settling.cli import settle
from central.statements.cli import statement

_PURPOSES = {
    "Data in": {
        cluster: "Members, points, meters and papers: check, export, import.",
        import_: "Take in operators' files.",
        files: "Imported files, and what of each counts now.",
        gateways: "Gateways: last heard, last receipt, backlog.",
        stands: "The stands as gateways sent them.",
        request: "Ask a gateway to send stands again.",
        requests: "What gateways were asked for, and how far it is.",
    },
    "Watching": {
        completeness: "What is there of what is expected, and why the rest isn't.",
        findings: "What isn't as it should be, heaviest first.",
        validate: "Whether measured energies can be right.",
        compare: "Own stands and the operator's values side by side.",
        estimate: "Estimate missing values by a named method, or undo it.",
        estimates: "Every estimate, and who took which back.",
    },
    "The month": {
        balance: "The hourly balance as it is known now.",
        shares: "Members' shares; of a month their relief too.",
        run: "Make a settlement run and keep it for ever.",
        closing: "What must hold before the month's final.",
        approve: "Approve a run, so that the final may be made of it.",
        correction: "Late data against the run that stands for a month.",
        runs: "The runs of a register: list, show, export.",
        verify: "Recompute a run from its own inputs; check every digest.",
        diff: "What changed from one run to another, and why.",
        explain: "Why a number is what it is.",
        settle: "Settle months from files: no server, no database.",
    },
    "Money": {
        statement: "Members' statements of a run, as PDF and workbook.",
        figures: "What operator and sellers charged: enter and compare it.",
        complaint: "The evidence of a complaint about charges.",
    },
    "Law and papers": {
        conditions: "Whether the conditions of art. 184l are met.",
        radar: "What is missing to the next relief step, and its worth.",
        readings_of_law: "A month under each reading of the law's open questions.",
        papers: "Statutory papers as drafts.",
        deadlines: "Deadlines of the cluster, and whether they are met.",
    },
    "Upkeep": {
        serve: "Run central: receipts, readings, the page.",
        clusters: "All clusters of a machine.",
        backup: "All of the books as one file, beside a running service.",
        rebuild: "Make the readings again from journal and files.",
    },
}

_EPILOG = """Exit codes: 0 done; 1 a check failed, or things differ; 2 bad input, nothing was changed; 3 done, but
something is missing. With --json standard output has one JSON document or, where there is no answer, nothing; messages
are on standard error."""


@click.group(cls=ByPurpose, purposes=_PURPOSES, epilog=_EPILOG)
@click.version_option(version("klaster"), prog_name="klaster-central")
def main() -> None:
    """The books of an energy cluster: readings, hourly balance, settlement.

    Most commands take CONFIG, central's configuration; COMMAND --help tells the rest.
    """
