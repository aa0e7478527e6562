"""What the tree proves needs no key, and holds under a checkpoint or is not given."""

from itertools import combinations, product

import pytest
from kit.stored import append, grow, on_sqlite, publish, replace, rows, run
from sqlalchemy import delete, update

from placement.audit import span as spans
from placement.audit.checkpoint import parse
from placement.audit.merkle import (
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from placement.errors import NotFoundError, TamperedError
from placement.store import fsck, tables
from placement.store.ledger import Ledger, subtrees

SIZES = (1, 2, 3, 200, 255, 256, 257, 511, 512, 513, 600)
PLACES = (0, 1, 2, 7, 199, 254, 255, 256, 257, 400, 510, 511, 512, 513, 598, 599)
LEAF, NODE = tables.leaf.c, tables.node.c


@pytest.fixture
def ledger(store):
    """The tree of a store that published at every size above."""
    grow(store, *SIZES)
    return Ledger(store)


def roots(ledger):
    """Return the root of each size, from the checkpoints."""
    notes = ledger.checkpoints(0, 10_000)
    made = [parse(note.text) for note in notes]
    return {each.size: each.root for each in made}


def refuses(call, *arguments, error=TamperedError):
    with pytest.raises(error):
        call(*arguments)


def test_every_leaf_is_proved_under_every_checkpoint(ledger):
    """With its hash; at the edges of what is kept, and in between."""
    proved = 0
    for size, root in roots(ledger).items():
        for index in (place for place in PLACES if place < size):
            found = ledger.inclusion(index, size)
            proved += 1

            assert found.leaf == leaf_hash(b"leaf %d" % index)
            verify_inclusion(found.leaf, index, size, found.hashes, root)
    assert proved == sum(place < size for size in SIZES for place in PLACES)


def test_every_checkpoint_contains_every_earlier_one(ledger):
    """And itself, with nothing to prove."""
    made = roots(ledger)
    for old, new in combinations(SIZES, 2):
        proof = ledger.consistency(old, new)

        verify_consistency(old, new, made[old], made[new], proof)
    assert [ledger.consistency(size, size) for size in SIZES] == [()] * len(SIZES)


def test_a_size_without_a_checkpoint_is_proved_to_begin_a_later_one(ledger):
    """A client may hold what an older database forgot; only the later one is signed."""
    made = roots(ledger)
    hashes = [leaf_hash(b"leaf %d" % index) for index in range(4)]
    root = node_hash(node_hash(*hashes[:2]), node_hash(*hashes[2:]))

    verify_consistency(4, 600, root, made[600], ledger.consistency(4, 600))


def test_nothing_stands_outside_a_checkpoint(ledger):
    """No leaf before it or behind it, and nothing under a size that nobody signed."""
    for index, size in (
        *((-1, 3), (3, 3), (4, 3)),
        *((0, 4), (0, 601), (0, 0), (0, -1)),
    ):
        refuses(ledger.inclusion, index, size, error=NotFoundError)
    for old, new in (
        *((0, 3), (-1, 3), (3, 2)),
        *((1, 4), (1, 601), (0, 0), (601, 601)),
    ):
        refuses(ledger.consistency, old, new, error=NotFoundError)


def test_a_part_of_the_leaves_is_joined_to_the_root(ledger):
    """Whoever has the leaves needs nothing but the span."""
    root = roots(ledger)[513]
    for first, count in (
        *((0, 0), (0, 1), (0, 513), (1, 511)),
        *((255, 2), (256, 256), (300, 1), (512, 1)),
    ):
        found = ledger.span(first, count, 513)
        leaves = [leaf_hash(b"leaf %d" % (first + number)) for number in range(count)]

        assert (found.first, found.count) == (first, count)
        spans.verify(found, leaves, 513, root)


def test_no_part_is_joined_to_what_nobody_signed(ledger):
    """Nor does a part reach beyond the checkpoint."""
    refuses(ledger.span, 0, 1, 514, error=NotFoundError)
    refuses(ledger.span, 512, 2, 513, error=ValueError)
    refuses(ledger.span, -1, 2, 513, error=ValueError)


# What an administrator touched


def kept(ledger, size):
    """Return all that is proved about a size."""
    places = [place for place in PLACES if place < size]
    return [ledger.inclusion(place, size) for place in places] + [
        ledger.consistency(old, size) for old in SIZES if old <= size
    ]


def test_no_proof_is_made_of_a_touched_leaf(ledger, admin):
    """Of any other it holds, or is not given."""
    before = kept(ledger, 200)
    for spoilt in (bytes(32), b"", bytes(31), bytes(33)):
        run(admin, update(tables.leaf).where(LEAF["index"] == 255).values(hash=spoilt))

        assert kept(ledger, 200) == before
        for size in (256, 257, 600):
            refuses(ledger.inclusion, 255, size)
            refuses(ledger.inclusion, 254, size)
            refuses(ledger.inclusion, 7, size)
        refuses(ledger.consistency, 255, 256)
        refuses(ledger.consistency, 200, 600)


def test_no_proof_is_made_without_a_leaf(ledger, admin):
    """What is missing is not passed by."""
    run(admin, delete(tables.leaf).where(LEAF["index"] == 300))
    for index in (300, 301, 256):
        refuses(ledger.inclusion, index, 600)
    refuses(ledger.span, 290, 20, 600)

    # Another subtree's proof needs the kept node alone.
    assert ledger.inclusion(7, 600).leaf == leaf_hash(b"leaf 7")


def test_no_proof_is_made_of_a_touched_node(ledger, admin):
    """Wherever it would be needed."""
    for spoilt in (bytes(32), b"", bytes(31)):
        run(admin, update(tables.node).where(NODE["index"] == 0).values(hash=spoilt))

        for index in (256, 599):
            refuses(ledger.inclusion, index, 600)
        refuses(ledger.consistency, 256, 600)


def test_no_proof_is_made_without_a_node(ledger, admin):
    """Nor with the next one in its place."""
    run(admin, delete(tables.node).where(NODE["index"] == 0))

    refuses(ledger.inclusion, 599, 600)
    refuses(ledger.consistency, 512, 600)


def test_a_part_is_joined_by_what_verifies_nothing_itself(ledger, admin):
    """The reader sees it: a touched hash leads to another root."""
    run(admin, update(tables.leaf).where(LEAF["index"] == 7).values(hash=bytes(32)))
    found = ledger.span(300, 1, 600)
    leaf = leaf_hash(b"leaf 300")

    spans.verify(found, [leaf], 600, roots(ledger)[600])
    run(admin, update(tables.node).where(NODE["index"] == 0).values(hash=bytes(32)))
    found = ledger.span(300, 1, 600)
    refuses(spans.verify, found, [leaf], 600, roots(ledger)[600])


def test_checkpoints_that_changed_places_prove_nothing(ledger, admin):
    """What stands in the row of a size speaks of another."""
    content = rows(admin, tables.checkpoint)
    content[-1]["note"], content[-2]["note"] = content[-2]["note"], content[-1]["note"]
    replace(admin, tables.checkpoint, content)

    refuses(ledger.inclusion, 7, 600)
    refuses(ledger.consistency, 3, 513)


@on_sqlite  # PostgreSQL holds to its types
def test_values_of_another_type_prove_nothing(url, ledger, admin):
    """SQLite holds any type in any column; the readers do not trip over it."""
    refusals = {
        "leaf SET hash": lambda: ledger.inclusion(7, 600),
        "node SET hash": lambda: ledger.inclusion(599, 600),
        "checkpoint SET note": lambda: ledger.checkpoints(0, 9),
    }
    values = ("'text'", "4.5", "9000000000000", "x''")
    for (place, read), value in product(refusals.items(), values):
        table = tables.metadata.tables[place.split()[0]]
        before = rows(admin, table)
        with admin.begin() as connection:
            connection.exec_driver_sql(f"UPDATE {place} = {value}")
        refuses(read)
        replace(admin, table, before)
    assert fsck.verify(ledger._store).leaves == 600


# Many leaves


@pytest.mark.slow
@on_sqlite  # PostgreSQL stores so many leaves no otherwise, only later
def test_a_tree_of_three_heights(url, store, admin):
    """Above 65,536 leaves a node of 256 nodes is kept, and every proof holds."""
    sizes = (65_535, 65_536, 65_537, 66_000)
    for size in sizes:
        first = store.read_head().leaves
        append(store, [], [b"%d" % number for number in range(first, size)])
        publish(store)
    level = [leaf_hash(b"%d" % number) for number in range(66_000)]
    found = {
        (row["level"], row["index"]): row["hash"] for row in rows(admin, tables.node)
    }
    ledger = Ledger(store)
    made = roots(ledger)

    for height in range(1, 17):
        level = [
            node_hash(*level[place : place + 2])
            for place in range(0, len(level) // 2 * 2, 2)
        ]
        if height == 8:
            assert [found[8, index] for index in range(257)] == level
    assert found[16, 0] == level[0] == made[65_536]
    assert len(found) == 258
    for size in sizes:
        for index in (0, 255, 256, 32_768, 65_534, 65_535, 65_536, 65_999):
            if index < size:
                proof = ledger.inclusion(index, size).hashes
                leaf = leaf_hash(b"%d" % index)
                verify_inclusion(leaf, index, size, proof, made[size])
    for old in (1, 255, 256, 257, 32_768, 65_535, 65_536, 65_537):
        assert ledger.consistency(old, 66_000)
    assert fsck.verify(store).leaves == 66_000


def test_a_proof_reads_little(store, admin):
    """Each height of the tree is read 256 hashes at a time, once, and only as needed."""
    grow(store, 600)
    asked = []
    with store.reading() as connection:
        execute = connection.execute

        def counted(statement, *values):
            asked.append(str(statement))
            return execute(statement, *values)

        connection.execute = counted
        connection.scalars = lambda query: counted(query).scalars()
        driver = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":  # which is asked past SQLAlchemy
            driver.set_trace_callback(asked.append)
        subtree = subtrees(connection)
        for level, index in ((0, 599), (3, 74), (4, 36), (0, 598), (8, 0), (8, 1)):
            subtree(level, index)
        got = len(asked)
        if connection.dialect.name == "sqlite":
            driver.set_trace_callback(None)

    assert got == 2
