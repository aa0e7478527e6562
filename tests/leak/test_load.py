"""How much happens before a tick shows it."""

import pytest

from tests.leak.load import LEASTS, shown, table


@pytest.mark.parametrize(("deeds", "least", "told"), [(0, 4, 0.0), (9000, 4, 1.0)])
def test_nothing_shows_nothing_and_a_crowd_shows(deeds, least, told):
    """In ticks and in hours."""
    assert shown(deeds, 60, least, 1) == pytest.approx((told, told), abs=0.001)


def test_more_that_is_written_hides_more():
    """Of the same load."""
    shares = [shown(250, 60, least, 1)[0] for least in LEASTS[60]]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_a_table_has_a_line_for_each_load():
    """Under its head."""
    assert len(list(table(300, LEASTS[300], seed=1))) == 6
