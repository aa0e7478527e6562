"""What the tests of parsing share: whose requests they are."""

import pytest
from kit.commands import CASEWORKER

from placement.rpc.origin import Origin


@pytest.fixture
def origin():
    """A caller whose pseudonyms become subjects in a way that shows."""
    return Origin(CASEWORKER, lambda pseudonym: b"subject of " + pseudonym)
