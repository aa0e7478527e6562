"""Leaves are hashed into a tree and keep their details, each in its own place."""

import pytest
from kit.erased import take
from kit.stored import append, fill, leaf, on_sqlite, opened, replace, rows, run
from sqlalchemy import insert, update

from placement.audit.merkle import Frontier, leaf_hash, node_hash
from placement.errors import TamperedError
from placement.store import fsck, tables
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.leaves import SPAN, Kept, Leaf, Leaves

LEAF = tables.leaf.c


def mth(hashes):
    """Return the root of a power of two of hashes, by the definition."""
    if len(hashes) == 1:
        return hashes[0]
    half = len(hashes) // 2
    return node_hash(mth(hashes[:half]), mth(hashes[half:]))


def test_a_leaf_stands_with_its_hash(store, admin):
    """The hash is over the entry alone, and everybody may see it."""
    append(store, [], [b"one", b"two"])
    append(store, [], [b"three"])
    entries = [b"one", b"two", b"three"]

    assert [row["hash"] for row in rows(admin, tables.leaf)] == [
        leaf_hash(entry) for entry in entries
    ]
    assert store.read_head().tree == Frontier().extend(map(leaf_hash, entries))
    assert opened(store) == entries


def test_the_head_keeps_the_latest_time(store):
    """A clock that went back takes the head's time nowhere."""
    for at, expected in ((5, 5), (3, 5), (9, 9)):
        with store.writing() as log:
            head = log.append([], [Leaf(b"entry", b"details", at)])

        assert head.at == expected
    assert append(store, [b"event"]).at == 9


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 600])
def test_every_complete_256_leaves_are_kept_as_a_node(store, admin, size):
    """However they were appended; nothing above or below is."""
    entries = [b"%d" % number for number in range(size)]
    for start in range(0, size, 250):
        append(store, [], entries[start : start + 250])
    hashes = [leaf_hash(entry) for entry in entries]

    assert rows(admin, tables.node) == [
        {
            "level": SPAN,
            "index": index,
            "hash": mth(hashes[index * 256 : (index + 1) * 256]),
        }
        for index in range(size // 256)
    ]
    assert fsck.verify(store).leaves == size


def test_a_node_that_is_there_already_is_no_accident(store, admin):
    """Whoever planted it is found when the tree gets there, and nothing is written."""
    append(store, [], [b"leaf"] * 255)
    row = {"level": SPAN, "index": 0, "hash": bytes(32)}
    run(admin, (insert(tables.node), row))
    with pytest.raises(TamperedError):
        append(store, [], [b"leaf"])
    replace(admin, tables.node, [])

    assert fsck.verify(store).leaves == 255


def touched(store, admin, **values):
    """Return the one leaf after an administrator touched its details."""
    run(admin, update(tables.leaf).where(LEAF["index"] == 0).values(**values))
    (kept,) = store.entries(0, 1)
    return kept


@pytest.mark.parametrize(
    "values",
    [
        {"details_epoch": 2},
        {"details_epoch": -1},
        {"details_epoch": None},
        {"details_blob": None},
        {"details_blob": b""},
        {"details_blob": bytes(285)},
    ],
)
def test_touched_details_are_refused(store, admin, values):
    """The entry still opens; what should stand beside it does not."""
    append(store, [], [b"entry"])
    kept = touched(store, admin, **values)

    assert kept.entry == b"entry"
    with pytest.raises(ChainError) as caught:
        store.leaves.details(kept)
    assert caught.value.where == "details 0"


@on_sqlite  # PostgreSQL holds to its types
@pytest.mark.parametrize("values", ["details_epoch = 'x'", "details_blob = 'text'"])
def test_details_of_another_type_are_refused(url, store, admin, values):
    """SQLite holds any type in any column."""
    append(store, [], [b"entry"])
    with admin.begin() as connection:
        connection.exec_driver_sql(f"UPDATE leaf SET {values}")
    (kept,) = store.entries(0, 1)

    with pytest.raises(ChainError):
        store.leaves.details(kept)


def test_details_of_what_was_erased_are_none(store):
    """Their key is gone, and the log says why."""
    append(store, [], [b"entry"])
    take(store, lambda _: True)
    (kept,) = store.entries(0, 1)

    assert store.leaves.details(kept) is None


def test_details_without_a_key_are_refused(store):
    """Nothing in the log says that anything was erased: somebody took the key."""
    append(store, [], [b"entry"])
    take(store, lambda _: True, say=False)
    (kept,) = store.entries(0, 1)

    with pytest.raises(ChainError) as caught:
        store.leaves.details(kept)
    assert caught.value.where == "details 0"


def test_details_belong_to_their_leaf(store, admin):
    """Neither another index, nor another entry, nor another store has them."""
    append(store, [], [b"entry", b"entry", b"other"])
    first, second, third = store.entries(0, 3)
    for kept, other in ((first, second), (first, third), (third, first)):
        with pytest.raises(ChainError):
            store.leaves.details(Kept(kept.index, kept.entry, other.sealed))
    with pytest.raises(ChainError):
        store.leaves.details(Kept(first.index, b"another", first.sealed))
    with pytest.raises(ChainError):
        Leaves(store.ring, b"another store", store.vault).details(first)

    assert store.leaves.details(first) == leaf(b"entry").details


def test_what_stands_beside_is_there_for_every_leaf(store):
    """Index and hash, and what is sealed; or the first that is missing is named."""
    fill(store)
    with store.reading() as connection:
        assert [row[0] for row in store.leaves.beside(connection, 2, 3)] == [2, 3, 4]
        assert store.leaves.beside(connection, 9, 0) == ()
        with pytest.raises(ChainError) as caught:
            store.leaves.beside(connection, 4, 3)

    assert caught.value.where == "leaf 6"


def test_nothing_grows_from_nothing(store):
    """Sealing no leaves leaves the tree and the chain where they were."""
    grown = store.leaves.seal(Head.GENESIS, [])

    assert (grown.leaves, grown.nodes) == ([], [])
    assert (grown.last, grown.tree) == (Head.GENESIS.last_leaf, Frontier())
