"""Three of five bring a key back; two say nothing, and an altered one is found."""

from hashlib import sha256
from itertools import combinations, permutations

import pytest

from placement.crypto.recovery import _read, _written, combine, split
from placement.errors import InvalidInputError, TamperedError

SECRET = sha256(b"a key").digest()
LINES = split(SECRET)


@pytest.mark.parametrize("some", list(combinations(range(5), 3)))
def test_any_three_bring_it_back(some):
    """In any order."""
    for order in permutations(some):
        assert combine([LINES[index] for index in order]) == SECRET


def test_four_or_five_bring_it_back():
    """Whoever brings more has all of them looked at."""
    assert combine(LINES) == SECRET
    for some in combinations(LINES, 4):
        assert combine(some) == SECRET


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_are_refused(count):
    """They could not bring it back anyway."""
    with pytest.raises(InvalidInputError) as caught:
        combine(LINES[:count])
    assert caught.value.description == "are fewer than 3"


def test_two_say_nothing():
    """Whatever key there is, a third share would lead there from the same two."""
    first, second = (_read(line, 1) for line in LINES[:2])
    one, two = split(SECRET), split(SECRET)

    assert one[0] != two[0]
    assert first.piece != second.piece
    assert SECRET not in (first.piece, second.piece)


def test_one_share_twice_is_refused():
    """It is one share."""
    with pytest.raises(InvalidInputError) as caught:
        combine([LINES[0], LINES[1], LINES[1]])
    assert caught.value.description == "are one share twice"


def test_shares_of_two_keys_do_not_mix():
    """Each share says of which key it is."""
    with pytest.raises(InvalidInputError) as caught:
        combine([*LINES[:2], split(bytes(32))[2]])
    assert caught.value.description == "are of two different keys"


@pytest.mark.parametrize("where", range(0, 84, 5))
def test_a_slip_of_the_pen_is_found(where):
    """It says which share, and not what stood there."""
    line = LINES[1]
    where = min(where, len(line) - 1)
    if line[where] == " ":
        where += 1
    slip = line[:where] + ("A" if line[where] != "A" else "B") + line[where + 1 :]

    with pytest.raises(InvalidInputError) as caught:
        combine([LINES[0], slip, LINES[2]])
    assert (caught.value.field, caught.value.description) == ("share 2", "is mistyped")
    assert slip not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["", "A", "!" * 72, "A" * 72, LINES[0][:-1], "å" * 72], ids=range(6)
)
def test_what_is_no_share_is_refused(line):
    """Too short, too long, or not of these letters."""
    with pytest.raises(InvalidInputError):
        combine([*LINES[:2], line])


def forged(line, *, number=None):
    """Alter a share as somebody would who makes its check fit."""
    share = _read(line, 1)
    piece = bytes([share.piece[0] ^ 1]) + share.piece[1:]
    made = type(share)(share.key_id, number or share.number, piece)
    return _written(made)


@pytest.mark.parametrize("which", range(5))
def test_an_altered_share_is_found(which):
    """With two others, or with four, at whatever place it comes."""
    bad = forged(LINES[which])
    good = [line for index, line in enumerate(LINES) if index != which]

    for some in ([bad, *good[:2]], [*good[:2], bad], [*good, bad], [bad, *good]):
        with pytest.raises(TamperedError):
            combine(some)


def test_a_sixth_share_is_none():
    """There are five."""
    with pytest.raises(InvalidInputError):
        combine([*LINES[:2], forged(LINES[2], number=6)])


def test_spaces_and_case_do_not_matter():
    """People copy from paper."""
    typed = [line.lower().replace(" ", "\t ") for line in LINES[:3]]

    assert combine(typed) == SECRET


def test_repr_shows_the_type_only():
    """A share is never printed by accident."""
    assert repr(_read(LINES[0], 1)) == "Share()"
