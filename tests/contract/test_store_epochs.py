"""No key seals too much, or for too long; every server follows, and none forks."""

from contextlib import closing

import pytest
from kit.access_log import entry
from kit.engines import SIGNER, VERIFIER
from kit.stored import append, fill, keys_of, opened, publish, replace, rows

from placement.audit.entry import render
from placement.crypto.changing import Change
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import ROTATING, Purpose
from placement.errors import TamperedError, UnavailableError
from placement.store import fsck, tables
from placement.store.epochs import Limits
from placement.store.head import Head
from placement.store.leaves import Leaf
from placement.store.log import Store
from placement.store.rewrapping import rewrap

DAY = 86_400 * 1_000_000
SMALL = Limits(records=4)


def epochs_of(admin, table):
    return [row["epoch"] for row in rows(admin, table)]


def payloads(store):
    return [payload for _, payload in store.tail(Head.GENESIS)]


def written(store, at):
    """Append one entry, at a time."""
    with store.writing() as log:
        return log.append([], [Leaf(render(entry(at=at)), b"", at)])


def test_a_new_store_keeps_the_limits_of_the_design(store):
    """2^28 records, 30 days."""
    assert store.epochs.limits == Limits(records=1 << 28, age=30 * DAY)
    assert store.epochs.current == 1


def test_an_epoch_ends_by_its_records(store, admin):
    """With a small limit: every fourth record another key, on both chains."""
    store.epochs.limits = SMALL
    fill(store, 10)

    assert epochs_of(admin, tables.event) == [1] * 4 + [2] * 4 + [3] * 2
    assert epochs_of(admin, tables.leaf) == [1] * 4 + [2] * 4 + [3] * 2
    assert payloads(store) == [b"event %d" % number for number in range(10)]
    assert opened(store, count=10) == [b"leaf %d" % number for number in range(10)]


def test_only_leaves_end_it_too(store, admin):
    """Checks that change nothing are leaves alone."""
    store.epochs.limits = SMALL
    for number in range(5):
        append(store, [], [b"leaf %d" % number])

    assert epochs_of(admin, tables.leaf) == [1] * 4 + [2]
    assert store.epochs.current == 2


def test_a_batch_is_not_cut(store, admin):
    """It may pass the limit, once."""
    store.epochs.limits = SMALL
    append(store, [b"event"] * 9)
    append(store, [b"event"])

    assert epochs_of(admin, tables.event) == [1] * 9 + [2]


def test_an_epoch_ends_by_its_age(store, admin, url, custody):
    """Thirty days after its first leaf, by the log's own time; also across a start."""
    begun = 20_000 * DAY
    written(store, begun)
    written(store, begun + 29 * DAY)
    with closing(Store.open(url, custody, keys_of(url))) as started:
        written(started, begun + 30 * DAY)
        written(started, begun + 31 * DAY)
        written(started, begun + 60 * DAY)
        written(started, begun + 61 * DAY)
        written(started, begun + 62 * DAY)

    assert epochs_of(admin, tables.leaf) == [1, 1, 1, 2, 2, 2, 3]


def test_all_that_seals_rotates_and_nothing_else(store, admin):
    """Who hashes or draws keeps its key: else nobody on record would be found again."""
    before = store.ring.mac(Purpose.SUBJECT, b"pseudonym")
    stream = store.ring.stream(b"label", 8)

    assert store.epochs.rotate() == 2
    found = {}
    for row in rows(admin, tables.epoch_key):
        found.setdefault(row["purpose"], []).append(row["epoch"])

    assert found == {
        purpose.value: [1, 2] if purpose in ROTATING else [1] for purpose in Purpose
    }
    assert store.ring.mac(Purpose.SUBJECT, b"pseudonym") == before
    assert store.ring.stream(b"label", 8) == stream


def test_another_server_follows(store, again, admin):
    """It writes under the new key at once, though nobody told it; nothing forks."""
    fill(store, 2)
    fill(again, 1)
    store.epochs.rotate()
    append(again, [b"theirs"], [b"leaf"])
    append(store, [b"ours"])

    assert again.epochs.current == 2
    assert epochs_of(admin, tables.event) == [1, 1, 1, 2, 2]
    assert payloads(store) == payloads(again)


def test_two_servers_end_an_epoch_once(store, again, admin):
    """Each may write one batch more; who comes second sees that it is done."""
    store.epochs.limits = again.epochs.limits = SMALL
    fill(store, 4)
    append(again, [b"event"])
    append(store, [b"event"])
    append(again, [b"event"])

    assert epochs_of(admin, tables.event) == [1] * 5 + [2, 2]
    assert store.epochs.current == again.epochs.current == 2


def test_a_reader_follows(store, again):
    """Also one that only reads."""
    store.epochs.rotate()
    append(store, [b"event"], [b"leaf"])

    assert payloads(again) == [b"event"]
    assert opened(again) == [b"leaf"]


def test_it_is_there_after_a_start(store, url, custody):
    """And everything verifies: chains, details, tree, checkpoints."""
    fill(store, 3)
    publish(store)
    store.epochs.rotate()
    fill(store, 3)
    publish(store)
    with closing(Store.open(url, custody, keys_of(url))) as started:
        head = fsck.verify(started, VERIFIER)

        assert started.epochs.current == 2
        assert head == store.read_head()
    assert SIGNER.name == VERIFIER.public.name


def test_without_the_custody_nothing_is_written_when_an_epoch_is_over(
    store, monkeypatch
):
    """A key that is worn out is not used on; when the custody is back, it goes on."""
    store.epochs.limits = SMALL
    fill(store, 4)
    head = store.read_head()

    def gone(*_):
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(type(store.ring._custody), "generate", gone)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                append(store, [b"event"])
        assert store.read_head() == head
    append(store, [b"event"])

    assert store.epochs.current == 2


def test_an_epoch_that_was_not_committed_is_not_used(store, again, monkeypatch):
    """What a server made and could not keep opens nothing later."""

    def failed(*_):
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr("placement.store.epochs.HeadRow.move", failed)
        with pytest.raises(UnavailableError):
            store.epochs.rotate()
    append(store, [b"event"])

    assert store.epochs.current == 1
    assert payloads(again) == [b"event"]


@pytest.mark.parametrize("wanted", [Purpose.HEAD, Purpose.EVENT, Purpose.DETAILS])
def test_a_key_that_was_taken_away_is_noticed(store, url, custody, admin, wanted):
    """By the next start, which reads all of it; the rest of an epoch is no epoch."""
    fill(store, 2)
    store.epochs.rotate()
    fill(store, 2)
    kept = [
        row
        for row in rows(admin, tables.epoch_key)
        if (row["purpose"], row["epoch"]) != (wanted.value, 2)
    ]
    replace(admin, tables.epoch_key, kept)
    with (
        pytest.raises(TamperedError),
        closing(Store.open(url, custody, keys_of(url))) as started,
    ):
        fsck.verify(started, VERIFIER, deeper=True)


def test_a_key_that_somebody_added_is_noticed(store, again, admin):
    """A wrapped key stands in its own place alone."""
    found = rows(admin, tables.epoch_key)
    (head,) = [row for row in found if row["purpose"] == "head"]
    replace(admin, tables.epoch_key, [*found, head | {"epoch": 2}])
    with pytest.raises(TamperedError):
        again.ring.sealer(Purpose.HEAD, 2)
    replace(
        admin, tables.epoch_key, [*found, head | {"purpose": "subject", "epoch": 2}]
    )
    with pytest.raises(TamperedError):
        again.ring.sealer(Purpose.HEAD, 2)


def test_a_missing_record_is_noticed_where_an_epoch_is_looked_for(store, again, admin):
    """As anywhere else."""
    fill(store, 4)
    replace(admin, tables.event, [])
    with pytest.raises(TamperedError):
        append(again, [])


def test_a_custody_that_was_changed_begins_no_epoch(
    store, admin, url, custody, tmp_path
):
    """Its key may be destroyed; nothing is written then, and the new one goes on."""
    fill(store, 3)
    new = FileCustody.create(tmp_path / "new.key")
    rewrap(url, keys_of(url), Change(custody, new, lambda _: None))
    store.epochs.limits = SMALL
    append(store, [b"before"])
    with pytest.raises(UnavailableError) as caught:
        append(store, [b"after"])
    with closing(Store.open(url, new, keys_of(url))) as again:
        written = [payload for _, payload in again.tail(Head.GENESIS)]
        again.epochs.rotate()

    assert written == [b"event 0", b"event 1", b"event 2", b"before"]
    assert caught.value.notes[0].startswith("Another custody has this store's keys now")
    assert {row["epoch"] for row in rows(admin, tables.epoch_key)} == {1, 2}
