"""When the service's own work gives way."""

import pytest

from placement.service.manners import (
    CROWD,
    FEW_SLICES,
    LATELY,
    MAX_PUT_OFF,
    MAX_SLICES,
    PAUSE,
    Manners,
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


def test_pieces_are_small_while_somebody_asks():
    """And for a while after; a clock that went back changes that for no longer."""
    manners = Manners()
    got = [(manners.slices, manners.pause)]
    for asked, now in ((0, 0), (1, 5), (0, LATELY + 4), (0, LATELY + 5)):
        manners.saw(asked, now)
        got.append((manners.slices, manners.pause))
    alone, busy = (MAX_SLICES, 0.0), (FEW_SLICES, PAUSE)

    assert got == [alone, alone, busy, busy, alone]
