"""What the tests of the wire share: whose requests they are, and how it is proven."""

import time

import pytest
from kit.certs import TRUST_DOMAIN, Pki
from kit.commands import CASEWORKER

from placement.access import Role
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import KeyRing, Purpose, new_key
from placement.rpc.identity import Identifier, Revocation
from placement.rpc.origin import Origin
from placement.service.bookmarks import Bookmarks

OWNER = b"owner"


@pytest.fixture
def ring(tmp_path):
    """A store's keys, without the store."""
    custody = FileCustody.create(tmp_path / "kek")
    keys = [new_key(custody, OWNER, purpose, 1) for purpose in Purpose]
    return KeyRing(keys, custody, owner=OWNER)


@pytest.fixture
def bookmarks(ring):
    return Bookmarks(ring, OWNER)


@pytest.fixture
def origin(bookmarks):
    """A caller whose pseudonyms become subjects in a way that shows."""
    return Origin(CASEWORKER, lambda pseudonym: b"subject of " + pseudonym, bookmarks)


@pytest.fixture
def pki(tmp_path):
    pki = Pki(tmp_path)
    pki.server()
    return pki


@pytest.fixture
def pair(pki):
    return pki.client(Role.CASEWORKER, "1480", "cw-01")


@pytest.fixture
def revocation(pki):
    return Revocation(pki.paths)


@pytest.fixture
def identifier(revocation):
    return Identifier(TRUST_DOMAIN, revocation, clock=time.time)
