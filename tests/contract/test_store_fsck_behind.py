"""What is behind a head that was vouched for is verified as all of it would be."""

from dataclasses import replace

import pytest
from kit.engines import VERIFIER
from kit.stored import append, fill, grow, publish, run
from sqlalchemy import delete, update

from placement.store import fsck, tables
from placement.store.chain import ChainError
from placement.store.head import Head

NODE = tables.node.c


@pytest.fixture
def middle(store):
    """A head with checkpoints and nodes before it and behind it."""
    grow(store, 1, 255, 256, 300)
    middle = fill(store)
    fill(store)
    grow(store, 500, 514)
    fill(store)
    return middle


def names(where, store, after):
    with pytest.raises(ChainError) as caught:
        fsck.verify_behind(store, after, VERIFIER)

    assert caught.value.where == where


def test_what_fits_is_told_with_its_end(store, middle):
    """From wherever, it leads to the same head."""
    head = store.read_head()

    for after in (Head.GENESIS, middle, head):
        assert fsck.verify_behind(store, after, VERIFIER) == head


def test_a_checkpoint_of_that_very_head_may_come_later(store):
    """A head is vouched for before it is signed."""
    head = fill(store)
    publish(store)
    assert fsck.verify_behind(store, head, VERIFIER).published == head.leaves
    fill(store)
    publish(store)

    assert fsck.verify_behind(store, head, VERIFIER) == store.read_head()


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (update(tables.event).where(tables.event.c.revision == 9), "event 9"),
        (update(tables.leaf).where(tables.leaf.c["index"] == 400), "leaf 400"),
    ],
)
def test_the_first_bad_record_is_named(store, admin, middle, statement, where):
    """Behind that head, whatever it is."""
    run(admin, statement.values(blob=bytes(512)))

    names(where, store, middle)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (
            delete(tables.checkpoint).where(tables.checkpoint.c.size == 500),
            "checkpoint",
        ),
        (delete(tables.node).where(NODE["index"] == 1), "node 8/1"),
        (delete(tables.event).where(tables.event.c.revision == 8), "event 8"),
    ],
)
def test_what_is_missing_is_named(store, admin, middle, statement, where):
    """The nodes and checkpoints of what came later, too."""
    run(admin, statement)

    names(where, store, middle)


def test_what_is_before_it_is_not_looked_at(store, admin, middle):
    """All of it is verified by ``verify``, which sees it."""
    leaf = tables.leaf
    run(admin, update(leaf).where(leaf.c["index"] == 2).values(blob=bytes(512)))

    assert fsck.verify_behind(store, middle, VERIFIER) == store.read_head()
    with pytest.raises(ChainError):
        fsck.verify(store, VERIFIER)


def test_another_history_is_refused(store, middle):
    """The log was never where that head says, or is not there yet."""
    names("event 7", store, replace(middle, tag=bytes(16)))
    names("leaf 306", store, replace(middle, leaf_tag=bytes(16)))
    names("checkpoint 500", store, replace(middle, edge=middle.edge[::-1]))
    names("checkpoint", store, replace(middle, notes=bytes(32)))
    end = append(store, [b"event"], [b"leaf"])
    names(f"event {end.revision + 1}", store, replace(end, revision=end.revision + 1))
