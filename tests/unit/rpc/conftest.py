"""What the tests of the wire share: whose requests they are, and how it is proven."""

import time

import pytest
from kit.certs import TRUST_DOMAIN, Pki
from kit.commands import CASEWORKER

from placement.access import Role
from placement.rpc.identity import Identifier, Revocation
from placement.rpc.origin import Origin


@pytest.fixture
def origin():
    """A caller whose pseudonyms become subjects in a way that shows."""
    return Origin(CASEWORKER, lambda pseudonym: b"subject of " + pseudonym)


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
