"""Keys that are not destroyed yet keep one answer back, and no other."""

import pytest
from kit.commands import list_changes
from kit.erasing import approve_erasure
from kit.faults import damage
from kit.world import token

from placement.errors import ConflictError, UnavailableError
from placement.service.batch import Answer
from placement.service.settling import settled, withheld


class Vault:
    """A vault that owes a key, and whose key store may be down."""

    def __init__(self, *, down):
        self.owes, self._down, self.error = True, down, UnavailableError()

    def settle(self):
        if self._down:
            raise self.error
        self.owes = False


def test_a_damaged_key_store_is_no_delay():
    """Whoever settles is condemned by it, as by any damage."""
    vault = Vault(down=True)
    vault.error = damage()
    with pytest.raises(UnavailableError):
        settled(vault)


@pytest.mark.parametrize("down", [True, False])
def test_what_is_owed_is_told(caplog, down):
    """To the caller, and to whoever reads the server's log."""
    assert settled(Vault(down=down)) is not down
    assert bool(caplog.records) is down


def test_who_erased_alone_waits():
    """Others have their answers, refusals too; so has a checkpoint, which is no command."""
    answers = [Answer(reply=None, revision=1, leaf=n) for n in range(3)]
    refused = ConflictError()
    asked = [list_changes(), approve_erasure(token("c")), None, list_changes()]
    got = withheld([*answers, refused], asked)

    assert [got[0], got[2], got[3]] == [answers[0], answers[2], refused]
    assert isinstance(got[1], UnavailableError)
