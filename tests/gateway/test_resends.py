from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from gateway.resends import Resend, selections
from metering.spans import gaps
from metering.wire import ResendRequest

NUMBER = st.integers(0, 40)
SPAN = st.tuples(NUMBER, NUMBER).map(lambda pair: (min(pair), max(pair)))
SPANS = st.lists(SPAN, max_size=6)


@given(SPANS)
def test_gaps_are_what_the_spans_leave(spans):
    left = {number for first, last in gaps(spans, 60) for number in range(first, last + 1)}
    assert left == {number for number in range(61) if not any(first <= number <= last for first, last in spans)}


@given(SPANS | st.none(), SPANS | st.none(), NUMBER)
def test_the_rows_that_are_meant_are_found_in_order_and_once(sequences, held, after):
    request = ResendRequest(id="r", outbox="o", sequences=sequences, held=held)
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE stands (sequence INTEGER PRIMARY KEY, state INTEGER)")
        db.executemany("INSERT INTO stands VALUES (?, ?)", [(number, number % 5) for number in range(1, 41)])
        found = [
            row[0]
            for condition, values in selections(Resend(request, after), {})
            for row in db.execute(f"SELECT sequence FROM stands WHERE {condition} ORDER BY sequence", values)
        ]
    db.close()

    def within(spans, number):
        return any(first <= number <= last for first, last in spans)

    wanted = [
        number
        for number in range(max(1, after + 1), 41)
        if number % 5 and (sequences is None or within(sequences, number)) and not within(held or (), number)
    ]
    assert found == wanted
