"""The table tells which row is not as it must be."""

import pytest

from tests.timing.rows import Must, Row, chance, closing, told
from tests.timing.scores import Judged, Score


def row(must=Must.SAME, value=1.0, strange=0, stage="Grid"):
    scores = (Score("all", value), Score("signs", -0.5))
    judged = Judged(1000, (0.0265, 0.027), (0.01, 0.02), scores)
    return Row(stage, "clear / conflict", must, judged, strange)


@pytest.mark.parametrize(
    ("made", "green"),
    [
        (row(), True),
        (row(value=-4.5), False),
        (row(Must.DIFFER), False),
        (row(Must.DIFFER, 9.0), True),
        (row(Must.ANY, 9.0), True),
        (row(Must.ANY, strange=1), False),
        (row(strange=1), False),
    ],
)
def test_a_row_is_green_if_it_is_as_it_must_be(made, green):
    """The same, different or whatever; and never where an answer was strange."""
    assert made.green == green


def test_a_row_tells_times_scores_and_verdict():
    """In one line, milliseconds and per cent."""
    got = str(row(value=-7.25, strange=3)).split()

    assert got[:3] == ["clear", "/", "conflict"]
    assert got[3:8] == ["1,000", "26.500", "27.000", "1.00", "2.00"]
    assert got[8:] == ["7.25", "all", "6.2e-01", "differ", "RED", "3", "STRANGE"]


def test_each_stage_has_a_table():
    """A head for each, and a line a row."""
    got = list(told([row(), row(), row(stage="No grid", must=Must.ANY)]))

    assert [
        line.strip() for line in got if "clear" not in line and "ms" not in line
    ] == [
        "Grid",
        "No grid",
    ]
    assert len(got) == 7


def test_the_last_lines_say_what_holds():
    """How likely a false alarm is, and how many rows are red."""
    assert "1 rows must be the same, 14 tests each" in chance([row(), row(Must.ANY)])
    assert closing([row()]).startswith("No time tells")
    assert closing([row(), row(value=5.0)]) == (
        "This does NOT hold: 1 of 2 rows are red."
    )
