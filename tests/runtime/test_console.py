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
    assert FIRST in text
    said = [word for word in text.split() if word in {str(wh), "×", "0.95"}]
    assert said == [str(wh), "×", "0.95"]


def test_what_a_terminal_is_too_narrow_for_goes_on_below_and_never_beyond_its_edge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = printed(44, [(FIRST, "injected", 10**10, "× 0.95", "one two three")] * 2, monkeypatch)
    assert max(map(len, text.splitlines())) <= 44
    lines = text.splitlines()[1:]
    first = next(i for i, line in enumerate(lines) if line.startswith(FIRST))
    assert lines[first + 1].split()[:2] == ["injected", "10000000000"]
    assert [line.startswith(" ") for line in lines[first : first + 2]] == [False, True]


def test_a_table_that_fits_when_headings_fold_stays_within_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(58, [(PPE, "injected", 1, 2, "one two three")], monkeypatch)
    assert max(map(len, text.splitlines())) <= 58
    assert "only theirs" not in text


def test_a_title_is_not_folded_at_its_tables_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(80, [], monkeypatch).startswith("A title that is longer than the table\n")
