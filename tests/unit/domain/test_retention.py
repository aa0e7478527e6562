"""The table of retention times, and what it can't be."""

import pytest

from placement.domain.retention import KINDS, parse_retention

WHOLE = dict.fromkeys((*KINDS, "retracted", "case"), 400)


def parse(table):
    return parse_retention(table, cool_down_days=180, budget_days=90)


def test_a_whole_table_is_read():
    """Days by kind."""
    assert parse(WHOLE) == WHOLE


@pytest.mark.parametrize(
    ("name", "least"), [("presence", 181), ("retracted", 31), ("case", 91)]
)
def test_what_still_acts_or_counts_is_kept(name, least):
    """An ended fact for its cool-down, a case for its budgets, a request for retries."""
    for days in (least, 36_500):
        assert parse(WHOLE | {name: days})[name] == days
    for days in (least - 1, 0, -1, 36_501, "400", 400.0, True):
        with pytest.raises(ValueError, match=f"retention: {name} must be {least} to"):
            parse(WHOLE | {name: days})


@pytest.mark.parametrize(
    "table",
    [
        WHOLE | {"placement": 400},
        {name: 400 for name in WHOLE if name != "tie"},
        {},
        "400",
    ],
)
def test_a_table_of_other_keys_is_refused(table):
    """A typing error must not keep something for ever, or for no time."""
    with pytest.raises(ValueError, match="retention: expected exactly the keys"):
        parse(table)
