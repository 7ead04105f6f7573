"""Tables in a terminal of any width."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runtime import console

PPE = "590322499000000014"
FIRST = f"{PPE} 10-31 15:00+01:00"
COLUMNS = ("point", "direction", "own Wh", "only theirs", "note")


def printed(width: int, rows: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch) -> str:
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    monkeypatch.setattr(console, "out", screen)
    console.table("A title that is longer than the table", COLUMNS, rows, right=("own Wh", "only theirs"))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@given(width=st.integers(20, 120), wh=st.integers(0, 10**14), note=st.text("ab ", max_size=60))
def test_no_point_and_no_number_is_ever_cut_off(width: int, wh: int, note: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        text = printed(width, [(FIRST, "injected", wh, "× 0.95", note)], patch)
    words = next(line for line in text.splitlines() if line.startswith(FIRST)).removeprefix(FIRST).split()
    assert words[0] == "injected"[: len(words[0])]
    assert words[1:4] == [str(wh), "×", "0.95"]


def test_a_table_that_fits_when_headings_fold_stays_within_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(58, [(PPE, "injected", 1, 2, "one two three")], monkeypatch)
    assert max(map(len, text.splitlines())) <= 58
    assert "only theirs" not in text


def test_a_title_is_not_folded_at_its_tables_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(80, [], monkeypatch).startswith("A title that is longer than the table\n")
