"""Whoever sends a pseudonym says under which key it was made."""

import pytest

from placement.errors import InvalidInputError
from placement.rpc.keyed import BARE, Keyed

KEY, OTHER, PSEUDONYM, SECOND = (bytes([n]) * 32 for n in (1, 2, 3, 4))
APART = Keyed(bare=False)
ANOTHER_LENGTH = "must be 64 bytes: the id of its key, then the pseudonym"
ONE_KEY = "must be under two different keys"


@pytest.mark.parametrize("keyed", [BARE, APART])
def test_what_names_its_key_is_read(keyed):
    """Whether that key is in force stands in the log, not here."""
    assert keyed.read(KEY + PSEUDONYM, "p") == ((KEY, PSEUDONYM),)


@pytest.mark.parametrize("keyed", [BARE, APART])
def test_two_keys_are_read(keyed):
    """Each pseudonym behind the id of its own key, in the order that they came in."""
    got = keyed.read(OTHER + SECOND + KEY + PSEUDONYM, "p")

    assert got == ((OTHER, SECOND), (KEY, PSEUDONYM))


def test_what_names_no_key_is_taken_from_the_own_custodian_alone():
    """Where the custodian stands apart, nothing says whose evaluation it was."""
    assert BARE.read(PSEUDONYM, "p") == ((b"", PSEUDONYM),)
    with pytest.raises(InvalidInputError) as refused:
        APART.read(PSEUDONYM, "p")

    assert (refused.value.field, refused.value.description) == ("p", ANOTHER_LENGTH)


@pytest.mark.parametrize(
    ("keyed", "sent", "expected"),
    [
        (APART, b"", ANOTHER_LENGTH),
        (BARE, b"", ANOTHER_LENGTH),
        (BARE, PSEUDONYM[:-1], ANOTHER_LENGTH),
        (BARE, KEY + PSEUDONYM + b"\0", ANOTHER_LENGTH),
        (BARE, KEY + PSEUDONYM + OTHER, ANOTHER_LENGTH),
        (APART, 3 * (KEY + PSEUDONYM), ANOTHER_LENGTH),
        (APART, KEY + PSEUDONYM + KEY + SECOND, ONE_KEY),
    ],
)
def test_another_length_is_refused(keyed, sent, expected):
    """Its field is named, and nothing of what was sent."""
    with pytest.raises(InvalidInputError) as refused:
        keyed.read(sent, "pseudonyms[0]")

    assert refused.value.field == "pseudonyms[0]"
    assert refused.value.description == expected
