"""When the service's own work gives way."""

import sys
import threading
from itertools import count

import pytest

from placement.service.manners import (
    BITE,
    CROWD,
    LATELY,
    MAX_PUT_OFF,
    MAX_SLICES,
    PAUSE,
    SHORT_TURN,
    STEP,
    TURN,
    Manners,
    Pace,
    StoppedError,
)


@pytest.mark.parametrize(
    ("waiting", "asked", "patient", "expected"),
    [
        (0, 0, True, False),
        (1, 0, True, True),
        (0, 1, True, True),
        (0, CROWD, False, False),
        (CROWD - 1, 1, False, False),
        (CROWD, 0, False, True),
    ],
)
def test_what_gives_way_to_whom(waiting, asked, patient, expected):
    """What has time to anybody, what is due only to a crowd behind it."""
    assert Manners().gives_way(waiting, asked, patient=patient) is expected


def test_nothing_is_put_off_for_ever():
    """After some commits it has a turn, then it gives way again."""
    manners = Manners()

    for _ in range(2):
        gave = [manners.gives_way(1, 1, patient=True) for _ in range(MAX_PUT_OFF + 1)]

        assert gave == [*[True] * MAX_PUT_OFF, False]
        assert manners.turn()
        assert not manners.turn()


def slices(manners):
    return len([*manners.slices()])


def test_pieces_are_small_while_somebody_asks():
    """And for a while after; a clock that went back changes that for no longer."""
    spent = count(step=BITE)
    manners = Manners(lambda: next(spent))
    got = [(slices(manners), manners.pause)]
    for asked, now in ((0, 0), (1, 5), (0, LATELY + 4), (0, LATELY + 5)):
        manners.saw(asked, now)
        got.append((slices(manners), manners.pause))
    alone, busy = (MAX_SLICES, 0.0), (1, PAUSE)

    assert got == [alone, alone, busy, busy, alone]


@pytest.mark.parametrize(
    ("asked", "expected"), [(0, MAX_SLICES), (1, 2)], ids=["alone", "asked"]
)
def test_a_piece_ends_with_its_processor_time(asked, expected):
    """While somebody asks; a slice that is dear ends it, none is cut."""
    spent = count(step=BITE / 2)
    manners = Manners(lambda: next(spent))
    manners.saw(asked, 5)

    assert slices(manners) == expected


def test_a_thread_beside_the_engine_waits_as_long_as_it_says():
    """Not for less than a step; and of a server that stops, it learns at once."""
    waited, stopping, spent = [], threading.Event(), [0.0]
    stopping.wait = waited.append
    pace = Pace(stopping, waits=lambda: 4, spent=lambda: spent[0])
    for now in (STEP / 2, STEP, STEP * 1.5, STEP * 4):
        spent[0] = now
        pace()

    assert waited == pytest.approx([4 * STEP, 12 * STEP])
    stopping.set()
    with pytest.raises(StoppedError):
        pace()


@pytest.fixture
def interval():
    """Put the process's own interval back."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("interval")
def test_turns_are_short_from_the_slices_to_the_batch_behind_them():
    """A crowd without an import does not pay for it."""
    manners, found = Manners(lambda: 0.0), []

    def note():
        found.append(round(sys.getswitchinterval(), 6))

    manners.saw(1, 0)
    slices = manners.slices()
    for _ in range(2):
        next(slices)
        note()
    slices.close()
    note()
    manners.saw(1, 0)
    note()

    assert found == [TURN, SHORT_TURN, SHORT_TURN, TURN]
