"""A pseudonym under another key names nobody here, and must not pass for somebody."""

import pytest

from placement.errors import InvalidInputError
from placement.rpc.keyed import BARE, Keyed

KEY, OTHER, PSEUDONYM = (bytes([n]) * 32 for n in (1, 2, 3))
ANOTHER_LENGTH = "must be 64 bytes: the id of its key, then the pseudonym"
ANOTHER_KEY = "was made under a key that is not in force"


@pytest.mark.parametrize("bare", [True, False])
def test_what_names_the_key_in_force_is_taken(bare):
    """The id is gone then: a subject is as it always was."""
    assert Keyed(KEY, bare=bare).read(KEY + PSEUDONYM, "p") == PSEUDONYM


def test_what_names_no_key_is_taken_from_the_own_custodian_alone():
    """Where the custodian stands apart, nothing says whose evaluation it was."""
    assert Keyed(KEY, bare=True).read(PSEUDONYM, "p") == PSEUDONYM
    with pytest.raises(InvalidInputError) as refused:
        Keyed(KEY, bare=False).read(PSEUDONYM, "p")

    assert (refused.value.field, refused.value.description) == ("p", ANOTHER_LENGTH)


@pytest.mark.parametrize(
    ("keyed", "sent", "expected"),
    [
        (Keyed(KEY, bare=True), OTHER + PSEUDONYM, ANOTHER_KEY),
        (Keyed(KEY, bare=False), OTHER + PSEUDONYM, ANOTHER_KEY),
        (BARE, KEY + PSEUDONYM, ANOTHER_KEY),
        (BARE, bytes(32) + PSEUDONYM, ANOTHER_KEY),
        (Keyed(KEY, bare=False), b"", ANOTHER_LENGTH),
        (Keyed(KEY, bare=True), PSEUDONYM[:-1], ANOTHER_LENGTH),
        (Keyed(KEY, bare=True), KEY + PSEUDONYM + b"\0", ANOTHER_LENGTH),
    ],
)
def test_another_key_or_length_is_refused(keyed, sent, expected):
    """Its field is named, and nothing of what was sent."""
    with pytest.raises(InvalidInputError) as refused:
        keyed.read(sent, "pseudonyms[0]")

    assert refused.value.field == "pseudonyms[0]"
    assert refused.value.description == expected
