"""What is older than it should be: officers accept it, or it is not served."""

from contextlib import closing

import pytest
from kit.backups import STORED, nothing_stored

from placement.audit.entry import parse
from placement.errors import PlacementError, UnavailableError


def test_nothing_serves_it_before_two_officers_accepted_it(kept, said):
    """Without an anchor nobody knows that it is the newest."""
    kept.lose()
    assert kept.restore("--verify", kept.checkpoint) == 0
    with pytest.raises(UnavailableError):
        kept.serve()
    statement = kept.statement()
    assert kept.run("older", "accept", statement) == 0

    assert kept.serve() == 2


def test_officers_may_accept_it_with_the_same_command(kept, said):
    """It is an entry, and then it is served."""
    kept.lose()
    statement = kept.statement()
    assert kept.restore("--verify", kept.checkpoint, "--accept", statement) == 0
    with closing(kept.opened()) as store:
        entry = parse(store.entries(store.read_head().leaves - 1, 1)[0].entry)

    assert "Accepted, by kim and robin, as entry 2." in said()
    assert (entry.action, entry.person) == ("DATABASE_ACCEPT", "kim and robin")
    assert kept.serve() == 2


@pytest.mark.parametrize("names", [("kim",), ("kim", "kim")])
def test_one_officer_is_not_enough(kept, said, names):
    """Then nothing is put in place; and nobody is told that something was altered."""
    kept.lose()
    statement = kept.statement(*names)

    assert kept.restore("--accept", statement) == 1
    assert "Nothing was put in place. Two officers have to sign" in said()
    assert nothing_stored(kept)


def test_officers_accept_the_one_database_that_they_signed_for(kept, said):
    """A statement of an earlier backup says nothing of this one."""
    statement = kept.statement()
    kept.serve("j")
    for path in (kept.database, kept.keys):
        path.unlink()
    assert kept.backup() == 0
    kept.lose()

    assert kept.restore("--accept", statement) == 1
    assert "of another database than this one" in said()
    assert nothing_stored(kept)


def test_only_a_database_is_accepted(kept, said):
    """Keys have no history."""
    kept.lose("placement.keys.db")
    keys = ("--keys", kept.keys)

    assert kept.run("restore", *keys, "--accept", kept.statement()) == 1
    assert "only a database is accepted" in said()


def test_with_the_anchor_nobody_has_to_accept_the_newest(kept, said):
    """It lay on another disk, and shows that nothing is missing."""
    kept.lose("placement.db", "placement.keys.db")

    assert kept.restore() == 0
    assert "goes on from the anchor and can be served" in said()
    assert kept.serve() == 2


@pytest.fixture
def late(kept, said):
    """The same after one more case, which is in no backup; the witness saw it."""
    kept.serve("j")
    kept.witness()
    return kept


def test_what_is_older_than_the_checkpoint_is_refused(late, said):
    """It says by how much, and puts nothing in place."""
    late.lose()

    assert late.restore("--verify", late.checkpoint) == 1
    assert "it has 2 entries, and the checkpoint 3" in said()
    assert nothing_stored(late)


def test_what_is_older_than_the_anchor_is_refused(late, said):
    """Without a checkpoint, too."""
    late.lose("placement.db", "placement.keys.db")

    assert late.restore() == 1
    assert "does not go on from the anchor" in said()
    assert nothing_stored(late)


@pytest.mark.parametrize("anchor", [True, False])
def test_what_is_older_is_put_in_place_unserved(late, said, anchor):
    """If somebody says so; then two officers have to."""
    late.lose(*STORED[: 2 if anchor else 3])
    assert late.restore("--verify", late.checkpoint, "--older") == 0
    text = said()
    assert "It is older than that checkpoint." in text
    assert "when two officers have accepted it" in text
    with pytest.raises(PlacementError):
        late.serve()
    assert late.run("older", "accept", late.statement()) == 0

    assert late.serve() == 2


def test_officers_accept_what_is_older_with_the_same_command(late, said):
    """The anchor is moved to it."""
    late.lose("placement.db", "placement.keys.db")
    assert late.restore("--verify", late.checkpoint, "--accept", late.statement()) == 0

    assert late.serve() == 2


def test_another_history_is_refused(kept, said):
    """As long as the witness's, but not the same; no option helps."""
    elsewhere = kept.carry("elsewhere")
    kept.serve("j")
    kept.witness()
    kept.lose()
    for name in STORED:
        (elsewhere / name).rename(kept.folder / name)
    kept.serve("k", "l")
    for path in (kept.database, kept.keys):
        path.unlink()
    assert kept.backup() == 0
    kept.lose()
    said()

    assert kept.restore("--verify", kept.checkpoint, "--older") == 1
    assert "another history" in said()
    assert nothing_stored(kept)


def test_an_anchor_of_a_later_epoch_is_no_obstacle(kept, said):
    """The backup can't open it, so it is older; that can be said."""
    assert kept.run("rotate") == 0
    kept.serve("j")
    kept.lose("placement.db", "placement.keys.db")

    assert kept.restore() == 1
    assert kept.restore("--older") == 0


def test_keys_that_are_too_old_are_refused(late, said):
    """A key is missing, and nothing says that it was erased."""
    late.lose("placement.keys.db")

    assert late.run("restore", "--keys", late.keys) == 1
    assert "First bad record: " in said()
    assert not (late.folder / "placement.keys.db").exists()
