"""Everything that is stored is verified, and the first place that does not fit named.

What an administrator could do in all its forms stands in ``test_store_untouchable``.
"""

from dataclasses import replace as changed

import pytest
from kit.engines import SIGNER, VERIFIER
from kit.lived import cosign
from kit.stored import append, fill, grow, on_sqlite, replace, rows, run
from sqlalchemy import delete, insert, update

from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint, parse
from placement.audit.merkle import leaf_hash
from placement.audit.note import Note, Signer, Verifier
from placement.crypto.signing import SigningKey, verify
from placement.errors import TamperedError
from placement.store import chain, fsck, tables
from placement.store.chain import ChainError
from placement.store.head import Head

CHECKPOINT, NODE = tables.checkpoint.c, tables.node.c
OTHER = SigningKey(bytes([9]) * 32)


def names(where, store, verifier=VERIFIER, **given):
    """Hold a verification to naming a place."""
    with pytest.raises(ChainError) as caught:
        fsck.verify(store, verifier, **given)

    assert caught.value.where == where


# What fits


def test_an_empty_store_verifies(store):
    """There is nothing that could not fit."""
    for deeper in (False, True):
        assert fsck.verify(store, VERIFIER, deeper=deeper) == Head.GENESIS


def test_what_fits_is_told_with_its_end(store):
    """With the log's key or without, and with keys nobody asked."""
    grow(store, 1, 255, 256, 300)
    fill(store)
    head = store.read_head()

    assert fsck.verify(store, VERIFIER) == fsck.verify(store) == head
    assert (head.leaves, head.published) == (306, 300)


def test_whoever_waits_is_told_how_far_it_is(store, monkeypatch):
    """Of all records, never back, and in the end that it is all of them."""
    monkeypatch.setattr(chain, "CHUNK", 100)
    grow(store, 250)
    append(store, [b"event"] * 150)
    seen = []
    fsck.verify(store, VERIFIER, progress=lambda *told: seen.append(told))

    assert {total for _, total in seen} == {400}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (400, 400)


def test_many_checkpoints_and_nodes_are_read_some_at_a_time(store, monkeypatch):
    """None is lost between two readings."""
    monkeypatch.setattr(fsck, "_CHUNK", 2)
    grow(store, *range(1, 8), 256 * 5)

    assert fsck.verify(store, VERIFIER).published == 256 * 5
    with store.changing() as connection:
        connection.execute(delete(tables.node).where(NODE["index"] == 4))
    names("node 8/4", store)


# The chains


@pytest.mark.parametrize(
    ("table", "number"),
    [(tables.leaf, -1), (tables.event, 0), (tables.event, -7)],
    ids=str,
)
def test_a_record_before_the_first_is_refused(store, admin, table, number):
    """No reader would ever meet it."""
    fill(store)
    (key,) = table.primary_key
    row = rows(admin, table)[0] | {key.name: number}
    run(admin, (insert(table), row))

    names(f"{table.name} {number}", store)


# The tree


def test_a_leaf_hash_is_that_of_its_entry(store, admin):
    """And no other, whatever stands above it."""
    grow(store, 300)
    row = update(tables.leaf).where(tables.leaf.c["index"] == 7)
    run(admin, row.values(hash=leaf_hash(b"another")))

    names("leaf 7", store)


@pytest.mark.parametrize(
    ("level", "index", "where"),
    [
        (8, 2, "node 8/2"),
        (8, -1, "node 8/-1"),
        (16, 0, "node 16/0"),
        (0, 0, "node 0/0"),
        (7, 1, "node 7/1"),
        (-8, 5, "node -8/5"),
    ],
)
def test_a_node_that_no_leaves_stand_below_is_refused(
    store, admin, level, index, where
):
    """Behind the others, before them, or at a level that is not kept."""
    grow(store, 520)
    row = {"level": level, "index": index, "hash": bytes(32)}
    run(admin, (insert(tables.node), row))

    names(where, store)


def test_a_node_in_an_empty_store_is_refused(store, admin):
    """There is none before 256 leaves."""
    run(admin, (insert(tables.node), {"level": 8, "index": 0, "hash": bytes(32)}))

    names("node 8/0", store)


def test_the_head_holds_the_edge_of_the_tree(store, admin):
    """A head under the right key with another edge is another tree's."""
    grow(store, 3)
    head = store.read_head()
    with store.changing() as connection:
        store.row.move(connection, head, changed(head, edge=(bytes(32),) * 2))

    names("head", store)


# Checkpoints


def put_note(admin, size, content):
    row = update(tables.checkpoint).where(CHECKPOINT.size == size)
    run(admin, row.values(note=content))


def signed(checkpoint, *signers):
    note = notes.sign(checkpoint.text(), signers[0])
    for signer in signers[1:]:
        note = notes.add(note, signer)
    return notes.render(note)


@pytest.fixture
def made(store):
    """The middle one of three checkpoints."""
    grow(store, 2, 4, 6)
    (content,) = (
        row["note"]
        for row in rows(store._engine, tables.checkpoint)
        if row["size"] == 4
    )
    return parse(notes.parse(content).text)


def test_a_checkpoint_signed_by_another_is_refused(store, admin, made):
    """The right text, under the log's name, by a key of the administrator's own."""
    put_note(admin, 4, signed(made, Signer(SIGNER.name, OTHER)))

    names("checkpoint 4", store)


def test_a_checkpoint_of_another_log_is_refused(store, admin, made):
    """Also with the log's own key."""
    other = changed(made, origin="other.test/log")
    put_note(admin, 4, signed(other, Signer(other.origin, SIGNER.key)))
    names("checkpoint 4", store)
    put_note(admin, 4, signed(other, SIGNER))
    names("checkpoint 4", store)


@pytest.mark.parametrize(
    "change",
    [{"root": bytes(32)}, {"size": 5}, {"extensions": ("more",)}],
    ids=["root", "size", "more"],
)
def test_a_checkpoint_says_one_thing(store, admin, made, change):
    """Even if the log's key signed something else."""
    put_note(admin, 4, signed(changed(made, **change), SIGNER))

    names("checkpoint 4", store)
    names("checkpoint 4", store, verifier=None)


def test_a_checkpoint_has_the_logs_signature_alone(store, admin, made):
    """Cosignatures have their own rows; one more line is not what the log made."""
    another = Signer("other.test/w", OTHER, time=1)
    put_note(admin, 4, signed(made, SIGNER, another))

    names("checkpoint 4", store)
    names("checkpoint 4", store, verifier=None)


def test_without_the_logs_key_the_head_still_knows_every_note(store, admin, made):
    """That one of them is another; which one, nobody can tell."""
    put_note(admin, 4, signed(made, Signer(SIGNER.name, OTHER)))

    names("checkpoint", store, verifier=None)


def test_a_checkpoint_that_is_gone_is_missed(store, admin, made):
    """The newest by its size; of an earlier one, that there was another."""
    before = rows(admin, tables.checkpoint)
    replace(admin, tables.checkpoint, before[:-1])
    names("checkpoint 6", store)
    for gone in (0, 1):
        content = [row for place, row in enumerate(before) if place != gone]
        replace(admin, tables.checkpoint, content)
        names("checkpoint", store)
    replace(admin, tables.checkpoint, [])
    names("checkpoint 6", store)


def test_a_checkpoint_too_many_is_refused(store, admin, made):
    """Before the first, in between, behind the last, beyond the log."""
    for size in (-1, 0, 3, 5, 7, 99):
        before = rows(admin, tables.checkpoint)
        content = signed(changed(made, size=size) if size > 0 else made, SIGNER)
        run(admin, (insert(tables.checkpoint), {"size": size, "note": content}))
        names(f"checkpoint {size}", store)
        replace(admin, tables.checkpoint, before)


def test_a_checkpoint_that_the_head_does_not_know_is_refused(store, admin):
    """The log's own, for the size it has, but never published."""
    grow(store, 2)
    before = rows(admin, tables.head)
    append(store, [], [b"leaf"])
    older = rows(admin, tables.head)
    with store.writing() as log:
        log.publish(SIGNER)
    replace(admin, tables.head, older)

    names("checkpoint 3", store)
    assert before != older


def test_the_key_that_is_asked_counts(store, made):
    """Another log's key finds nothing of its own."""
    names("checkpoint 2", store, Verifier(Signer(SIGNER.name, OTHER).public, verify))
    names("checkpoint 2", store, Verifier(Signer("x.test", SIGNER.key).public, verify))


@on_sqlite  # PostgreSQL holds to its types
@pytest.mark.parametrize("value", ["'text'", "4.5", "7", "x''"])
@pytest.mark.parametrize(
    "place", ["checkpoint.note", "node.hash", "leaf.hash", "cosignature.note"]
)
def test_values_of_another_type_are_refused(url, store, admin, place, value):
    """SQLite holds any type in any column; nothing trips over it."""
    grow(store, 256)
    cosign(store, 256)
    table, column = place.split(".")
    with admin.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = {value}")
    where = {"checkpoint": "checkpoint 256", "node": "node 8/0", "leaf": "leaf 0"}
    where["cosignature"] = "cosignature 256"

    names(where[table], store)
    names(where[table], store, verifier=None)


@on_sqlite  # PostgreSQL holds to its types
@pytest.mark.parametrize("column", ["level", "index"])
def test_a_place_of_another_type_is_refused(url, store, admin, column):
    """A node may not hide behind a number that is none."""
    grow(store, 256)
    row = {"level": "8", "index": "0"} | {column: "'text'"}
    with admin.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO node VALUES ({row['level']}, {row['index']}, zeroblob(32))"
        )

    with pytest.raises(ChainError, match=TamperedError.text):
        fsck.verify(store, VERIFIER)


# Cosignatures: they come from outside, and the head does not know them


@pytest.mark.parametrize("size", [-1, 0, 3, 5])
def test_a_cosignature_of_no_checkpoint_is_refused(store, admin, size):
    """There is nothing there that anybody could have seen."""
    grow(store, 2, 4)
    cosign(store, 2)
    assert fsck.verify(store, VERIFIER).published == 4
    run(admin, update(tables.cosignature).values(size=size))

    names(f"cosignature {size}", store)
    names(f"cosignature {size}", store, verifier=None)


@pytest.mark.parametrize("note", [b"", b"noise", b"text\n\n\xe2\x80\x94 a b\n"])
def test_a_cosignature_that_is_no_note_is_refused(store, admin, note):
    """Whoever put it there: a witness's is verified before it is kept."""
    grow(store, 2, 4)
    cosign(store, 2)
    row = {"size": 4, "witness": "w", "note": note}
    run(admin, (insert(tables.cosignature), row))

    names("cosignature 4", store)
    names("cosignature 4", store, verifier=None)


def test_a_cosignature_says_what_its_checkpoint_says(store, admin):
    """One of another text is refused, though the log knows that text, too."""
    grow(store, 2, 4)
    cosign(store, 2)
    run(admin, update(tables.cosignature).values(size=4))

    names("cosignature 4", store)


def test_the_first_cosignature_that_does_not_fit_is_named(store, admin, monkeypatch):
    """By its size; all are read, some at a time, those that fit beside it, too."""
    monkeypatch.setattr(fsck, "_CHUNK", 2)
    grow(store, *range(1, 8))
    for size in range(1, 8):
        cosign(store, size)
        cosign(store, size, Signer("other.test/w", OTHER, time=1))
    assert fsck.verify(store, VERIFIER).published == 7
    column = tables.cosignature.c
    spoilt = update(tables.cosignature).values(note=b"noise")
    for size in (7, 5):
        run(admin, spoilt.where(column.size == size, column.witness == "other.test/w"))
        names(f"cosignature {size}", store)


def test_a_checkpoint_is_as_the_log_signed_it():
    """What the helper above makes is what the log makes."""
    made = Checkpoint(SIGNER.name, 1, leaf_hash(b"leaf"))

    assert signed(made, SIGNER) == notes.render(
        Note(made.text(), notes.sign(made.text(), SIGNER).signatures)
    )
