"""An instant is found where it falls, whatever the times are, and with few looks."""

from bisect import bisect_left
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from placement.service.instants import Instants

HOUR = 3_600_000_000  # microseconds


class Log:
    """Times by index, and how often one was looked at."""

    def __init__(self, times):
        self.times = times
        self.looks = 0

    def __getitem__(self, index):
        self.looks += 1
        return self.times[index]


def working_hours(count, seed=7):
    """Draw the times of entries in half a year: forty times as many in working hours."""
    draw = Random(seed)
    hours = range(24 * 182)
    weights = [40 if h // 24 % 7 < 5 and 8 <= h % 24 < 17 else 1 for h in hours]
    drawn = draw.choices(hours, weights, k=count)
    return sorted(hour * HOUR + draw.randrange(HOUR) for hour in drawn)


@given(
    st.lists(st.integers(0, 40), max_size=60).map(sorted),
    st.lists(
        st.tuples(st.integers(-1, 41), st.integers(0, 60), st.integers(0, 60)),
        min_size=1,
        max_size=5,
    ),
)
def test_it_is_found_where_bisection_finds_it(times, searches):
    """In any part of the log, and again with what the searches before remembered."""
    instants = Instants()
    for when, *ends in searches:
        low, high = sorted(min(each, len(times)) for each in ends)

        got = instants.first_since(times.__getitem__, when, low, high)

        assert got == bisect_left(times, when, low, high)


def test_a_large_log_is_looked_at_seldom():
    """Half as often as bisection would, once the grid is known."""
    draw, log, instants = Random(1), Log(working_hours(200_000)), Instants()
    asked = [draw.randrange(log.times[-1]) for _ in range(2_000)]
    for when in asked[:1_000]:
        instants.first_since(log.__getitem__, when, 0, len(log.times))
    log.looks = 0

    for when in asked[1_000:]:
        got = instants.first_since(log.__getitem__, when, 0, len(log.times))

        assert got == bisect_left(log.times, when)
    assert log.looks / 1_000 < 9  # of the 18 of bisection


def test_times_that_mislead_cost_no_more_than_three_looks_a_halving():
    """All entries but one at the same instant."""
    log, instants = Log([0] * 99_999 + [10**15]), Instants()

    got = instants.first_since(log.__getitem__, 1, 0, 100_000)

    assert got == 99_999
    assert log.looks <= 3 * 17


def test_what_is_remembered_stays_right_while_the_log_grows():
    """The grid becomes coarser with each doubling."""
    times, instants = working_hours(50_000), Instants()
    for size in range(100, 50_000, 1_777):
        when = times[size // 3]

        got = instants.first_since(times.__getitem__, when, 0, size)

        assert got == bisect_left(times, when, 0, size)
