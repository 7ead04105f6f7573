"""``--help`` lists the commands by what a coordinator wants to do, in the order of the work, not by the alphabet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

Purposes = Mapping[str, Mapping[click.Command, str]]
"""Under each heading its commands, each with its line in the list."""


class ByPurpose(click.Group):
    """A group whose list of commands has headings."""

    def __init__(self, *args: Any, purposes: Purposes, **settings: Any) -> None:
        """As a ``click.Group``, with the commands of ``purposes``."""
        super().__init__(*args, **settings)
        self._purposes = purposes
        for lines in purposes.values():
            for command in lines:
                self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the headings and what stands under them."""
        widest = max(map(len, self.commands))
        for title, lines in self._purposes.items():
            with formatter.section(title):
                formatter.write_dl([((command.name or "").ljust(widest), line) for command, line in lines.items()])
