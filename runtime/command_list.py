"""``--help`` of a group of commands: each command with its whole first sentence, which click would cut off."""

from __future__ import annotations

import click

_LONGEST = 300


class WholeSentences(click.Group):
    """A group whose list of commands cuts nothing off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list."""
        names = self.list_commands(ctx)
        found = [(name, command) for name in names if (command := self.get_command(ctx, name)) is not None]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(_LONGEST)) for name, command in found])
