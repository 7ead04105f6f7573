"""The option of commands that speak to a person in Polish or in English."""

from __future__ import annotations

import click

in_language = click.option(
    "--lang", "language", type=click.Choice(["pl", "en"]), default="en", show_default=True, help="The language."
)
