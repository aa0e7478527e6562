"""A token is of one search, of one caller, and of one form."""

from dataclasses import replace
from hashlib import sha256

import pytest
from kit.commands import AUDITOR
from kit.world import subject

from placement.access import Caller, Role
from placement.api.v1 import audit_service_pb2 as wire
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import KeyRing, Purpose, new_key
from placement.errors import InvalidInputError
from placement.rpc import parse_audit
from placement.rpc.origin import Origin
from placement.service.bookmarks import Bookmarks
from placement.store.log import Store

SCOPE = sha256(b"scope").digest()
PLACE = (3, 700, 1 << 40)
STRANGERS = (
    Caller(Role.AUDITOR, "imy", "au-02", bytes(32)),
    Caller(Role.AUDITOR, "other", "au-01", bytes(32)),
    Caller(Role.WITNESS, "imy", "au-01", bytes(32)),
    # The same letters, parted otherwise.
    Caller(Role.AUDITOR, "imyau", "-01", bytes(32)),
    Caller(Role.AUDITOR, "im", "yau-01", bytes(32)),
)


@pytest.fixture
def bookmarks(store):
    return Bookmarks(store.ring, store.owner)


@pytest.fixture
def token(bookmarks):
    return bookmarks.seal(AUDITOR, SCOPE, *PLACE)


def refused(bookmarks, caller, scope, token):
    """Return what an unusable token is refused with."""
    with pytest.raises(InvalidInputError) as caught:
        bookmarks.open(caller, scope, token, "page_token")
    return caught.value.field, caught.value.description


REFUSED = ("page_token", "is not of this search")


def test_a_token_says_where(bookmarks, token):
    """Whatever was sealed, in order."""
    assert bookmarks.open(AUDITOR, SCOPE, token, "page_token") == PLACE
    for place in ((), (0,), (2**64 - 1, 0)):
        made = bookmarks.seal(AUDITOR, SCOPE, *place)

        assert bookmarks.open(AUDITOR, SCOPE, made, "page_token") == place


def test_a_token_tells_nothing(bookmarks, token):
    """Two of one place differ, and have the size of every other."""
    assert token != bookmarks.seal(AUDITOR, SCOPE, *PLACE)
    assert len(token) == len(bookmarks.seal(AUDITOR, SCOPE, 0))


def test_another_certificate_of_the_same_person_goes_on(bookmarks, token):
    """A renewed certificate ends no search."""
    renewed = replace(AUDITOR, certificate=bytes([1]) * 32)

    assert bookmarks.open(renewed, SCOPE, token, "page_token") == PLACE


def test_every_altered_bit_is_refused(bookmarks, token):
    """One after another."""
    for bit in range(len(token) * 8):
        altered = bytearray(token)
        altered[bit >> 3] ^= 1 << (bit & 7)

        assert refused(bookmarks, AUDITOR, SCOPE, bytes(altered)) == REFUSED


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 32, 288])
def test_a_part_is_refused(bookmarks, token, size):
    """So is a token that goes on."""
    assert size < len(token)
    assert refused(bookmarks, AUDITOR, SCOPE, token[:size]) == REFUSED
    assert refused(bookmarks, AUDITOR, SCOPE, token + bytes(max(size, 1))) == REFUSED


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_nobody_else_can_use_it(bookmarks, token, stranger):
    """Another person, organisation or role."""
    assert refused(bookmarks, stranger, SCOPE, token) == REFUSED


def test_no_other_search_can_use_it(bookmarks, token):
    """What is looked for is part of it."""
    assert refused(bookmarks, AUDITOR, sha256(b"other").digest(), token) == REFUSED


def test_no_other_store_knows_it(token, tmp_path):
    """Each has keys of its own."""
    url = f"sqlite:///{tmp_path}/other.db"
    other = Store.create(url, FileCustody.create(tmp_path / "other.kek"))
    bookmarks = Bookmarks(other.ring, other.owner)
    other.close()

    assert refused(bookmarks, AUDITOR, SCOPE, token) == REFUSED


def test_a_token_survives_a_new_key(custody):
    """Those of the epoch before are still read; new ones are of the new epoch."""
    owner = b"owner"
    keys = [new_key(custody, owner, purpose, 1) for purpose in Purpose]
    newer = [*keys, new_key(custody, owner, Purpose.PAGE, 2)]
    old, new = (
        Bookmarks(KeyRing(each, custody, owner=owner), owner) for each in (keys, newer)
    )
    token = new.seal(AUDITOR, SCOPE, 1)

    assert new.open(AUDITOR, SCOPE, old.seal(AUDITOR, SCOPE, 7), "t") == (7,)
    assert token[:4] == (2).to_bytes(4)
    assert refused(old, AUDITOR, SCOPE, token) == REFUSED


# As they come with requests

GROUND = wire.Ground(purpose=wire.AUDIT_PURPOSE_INCIDENT, matter="DI 1")
FILTER = wire.EntryFilter(first_index=0, action="CHECK")


@pytest.fixture
def origin(bookmarks):
    return Origin(AUDITOR, lambda _: subject("nobody"), bookmarks)


@pytest.fixture
def page_token(bookmarks, origin):
    """A token of a search as it comes over the wire."""
    request = wire.ListEntriesRequest(filter=FILTER, page_size=10, ground=GROUND)
    command = parse_audit.list_entries(request, origin)
    return bookmarks.seal(AUDITOR, command.scope, *PLACE)


def test_the_next_page_goes_on(origin, page_token):
    """Of another size, and for another reason, if need be."""
    other = wire.Ground(purpose=wire.AUDIT_PURPOSE_EXTRACT, matter="DI 2")
    request = wire.ListEntriesRequest(
        filter=FILTER, page_size=7, page_token=page_token, ground=other
    )

    assert parse_audit.list_entries(request, origin).resume == PLACE


@pytest.mark.parametrize(
    "asked",
    [
        wire.EntryFilter(first_index=0),
        wire.EntryFilter(first_index=1, action="CHECK"),
        wire.EntryFilter(action="CHECK", since=0),
        wire.EntryFilter(first_index=0, action="CHECK", person="cw-01"),
        wire.EntryFilter(first_index=0, kind="DISCLOSURE"),
    ],
    ids=str,
)
def test_another_filter_is_another_search(origin, page_token, asked):
    """Whatever of it was changed."""
    request = wire.ListEntriesRequest(
        filter=asked, page_size=10, page_token=page_token, ground=GROUND
    )
    with pytest.raises(InvalidInputError) as caught:
        parse_audit.list_entries(request, origin)

    assert (caught.value.field, caught.value.description) == REFUSED


def test_another_method_is_another_search(origin, page_token):
    """The place of a page is no place to follow the log from."""
    request = wire.TailEntriesRequest(
        filter=FILTER, resume_token=page_token, ground=GROUND
    )
    with pytest.raises(InvalidInputError) as caught:
        parse_audit.tail_entries(request, origin)

    assert caught.value.field == "resume_token"


def test_another_callers_page_is_refused(bookmarks, page_token):
    """The same request under another certificate."""
    origin = Origin(STRANGERS[0], lambda _: subject("nobody"), bookmarks)
    request = wire.ListEntriesRequest(
        filter=FILTER, page_size=10, page_token=page_token, ground=GROUND
    )
    with pytest.raises(InvalidInputError):
        parse_audit.list_entries(request, origin)
