"""Where there is nothing to show, a sentence says so instead of a table of headings."""

from __future__ import annotations

import pytest

from central.reports.answers_text import print_stands
from central.reports.requests_text import print_requests


def test_no_stands_and_no_requests_are_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_stands({"span": "2026-10", "stands": []})
    print_requests([])
    assert capsys.readouterr().out == "No stands in 2026-10.\nNo stands were asked for again.\n"
