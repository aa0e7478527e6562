"""A checkpoint is signed once a size, from the head, whoever comes first."""

import threading
from itertools import count

import pytest
from kit.engines import SIGNER, VERIFIER
from kit.lived import WITNESS, cosign
from kit.stored import append, grow, leaf, publish, replace, rows
from sqlalchemy import insert, update

from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import EMPTY_ROOT, leaf_hash, node_hash
from placement.audit.note import Note, Signer
from placement.crypto.signing import SigningKey
from placement.errors import NotFoundError, StaleError, TamperedError
from placement.store import fsck, tables
from placement.store.ledger import Ledger

OTHER = Signer("other.test/w", SigningKey(bytes([8]) * 32), time=2)


@pytest.fixture
def ledger(store):
    return Ledger(store)


def mth(hashes):
    """Return the root, word for word by RFC 9162, section 2.1.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node_hash(mth(hashes[:k]), mth(hashes[k:]))


def sizes(admin):
    return [row["size"] for row in rows(admin, tables.checkpoint)]


# Signing


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 300])
def test_a_checkpoint_is_the_signed_root(store, ledger, size):
    """Of a tree that this test builds itself, from the entries alone."""
    grow(store, size)
    note = ledger.newest()
    hashes = [leaf_hash(kept.entry) for kept in store.entries(0, size)]
    made = Checkpoint("placement.test/log", size, mth(hashes))

    assert note.text == made.text()
    assert notes.verify(note, [VERIFIER]) == {"placement.test/log"}
    assert len(note.signatures) == 1


def test_an_empty_log_has_no_checkpoint(store, admin):
    """Nothing happened, so there is nothing to say."""
    with store.writing() as log:
        log.publish(SIGNER)

    assert sizes(admin) == []
    assert store.read_head().published == 0


def test_a_size_is_published_once(store, again, admin):
    """Publishing again, by this server or another, changes nothing at all."""
    append(store, [b"event"], [b"leaf"])
    publish(store)
    before = rows(admin, tables.head), rows(admin, tables.checkpoint)
    publish(store)
    publish(again)

    assert (rows(admin, tables.head), rows(admin, tables.checkpoint)) == before


def test_events_alone_need_no_checkpoint(store, admin):
    """It speaks of leaves."""
    append(store, [b"event"], [b"leaf"])
    publish(store)
    append(store, [b"event"])
    publish(store)

    assert sizes(admin) == [1]
    assert fsck.verify(store, VERIFIER).revision == 2


def test_what_is_appended_and_published_is_one_commit(store, admin):
    """Both, or neither."""
    with pytest.raises(KeyError), store.writing() as log:  # noqa: PT012
        append_to(log, 3)
        log.publish(SIGNER)
        raise KeyError

    assert sizes(admin) == []
    with store.writing() as log:
        append_to(log, 3)
        log.publish(SIGNER)
        append_to(log, 2)
        log.publish(SIGNER)
    assert sizes(admin) == [3, 5]
    assert fsck.verify(store, VERIFIER).published == 5


def append_to(log, size):
    log.append([], [leaf(b"leaf")] * size)


def test_a_moved_head_is_not_published_from(store):
    """Not even a checkpoint is signed for a head that is no longer there."""
    append(store, [], [b"leaf"])
    with pytest.raises(StaleError), store.writing() as log:  # noqa: PT012
        log.connection.execute(update(tables.head).values(leaves=7))
        log.publish(SIGNER)

    assert fsck.verify(store).published == 0


def test_a_checkpoint_that_is_there_already_is_no_accident(store, admin):
    """Whoever planted it is found, and the head stays."""
    append(store, [], [b"leaf"])
    append(store, [], [b"leaf"])
    replace(admin, tables.checkpoint, [{"size": 2, "note": b"planted"}])
    with pytest.raises(TamperedError), store.writing() as log:
        log.publish(SIGNER)
    replace(admin, tables.checkpoint, [])

    assert fsck.verify(store).published == 0


# Several servers


def test_two_servers_publish_one_checkpoint(store, again, admin):
    """Both want to at the same moment; it is there once, and the head says so."""
    for size in range(1, 9):
        append(store, [], [b"leaf"])
        barrier = threading.Barrier(2)

        def race(one, barrier=barrier):
            with one.writing() as log:
                log.publish(SIGNER)
            barrier.wait()

        racing = [threading.Thread(target=race, args=(one,)) for one in (store, again)]
        for thread in racing:
            thread.start()
        for thread in racing:
            thread.join(20)

        assert sizes(admin) == list(range(1, size + 1))
    assert fsck.verify(again, VERIFIER).published == 8


def test_servers_that_append_and_publish_never_fork(store, again, admin):
    """Two servers, two threads each: every checkpoint is of the one log."""

    def work(one, word):
        for number in count():
            if number == 12:
                return
            with one.writing() as log:
                log.append([word], [])
                append_to(log, 1)
                log.publish(SIGNER)

    working = [
        threading.Thread(target=work, args=(one, word))
        for one, word in ((store, b"a"), (again, b"b"), (store, b"c"), (again, b"d"))
    ]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    head = fsck.verify(store, VERIFIER)

    assert (head.revision, head.leaves, head.published) == (48, 48, 48)
    assert sizes(admin) == list(range(1, 49))


# Reading


def test_there_may_be_no_checkpoint(store, ledger):
    """Then none is newest, and none is listed."""
    append(store, [], [b"leaf"])

    assert ledger.checkpoints(0, 10) == []
    for asked in ({}, {"cosignatures": 1}, {"least_size": 1}):
        with pytest.raises(NotFoundError):
            ledger.newest(**asked)


def size_of(note):
    return int(note.text.split("\n")[1])


def test_checkpoints_are_listed_by_size(store, ledger):
    """From a size on, and not more than asked for."""
    grow(store, 1, 4, 9, 16)

    assert [size_of(note) for note in ledger.checkpoints(0, 9)] == [1, 4, 9, 16]
    assert [size_of(note) for note in ledger.checkpoints(4, 2)] == [4, 9]
    assert [size_of(note) for note in ledger.checkpoints(5, 1)] == [9]
    assert ledger.checkpoints(17, 9) == []
    assert size_of(ledger.newest()) == 16
    assert size_of(ledger.newest(least_size=16)) == 16
    with pytest.raises(NotFoundError):
        ledger.newest(least_size=17)


# Witnesses


def test_a_cosignature_is_given_out_with_its_checkpoint(store, again, ledger):
    """Behind the log's own, the witnesses in the order of their names."""
    grow(store, 1, 2, 3)

    assert cosign(store, 2, WITNESS) == 1
    assert cosign(again, 2, OTHER) == 2
    assert cosign(store, 1, OTHER) == 1
    first, second, third = ledger.checkpoints(0, 9)
    log, other, witness = SIGNER.public, OTHER.public, WITNESS.public
    assert [one.name for one in first.signatures] == [log.name, other.name]
    assert [one.name for one in second.signatures] == [
        log.name,
        other.name,
        witness.name,
    ]
    assert [one.name for one in third.signatures] == [log.name]
    for public in (log, other, witness):
        verifier = notes.Verifier(public, VERIFIER.check)
        assert notes.verify(second, [verifier]) == {public.name}


def test_the_newest_that_enough_witnesses_saw(store, ledger):
    """Rather an older checkpoint than one that fewer vouch for."""
    grow(store, 1, 2, 3)
    cosign(store, 1, WITNESS)
    cosign(store, 1, OTHER)
    cosign(store, 2, WITNESS)

    assert [size_of(ledger.newest(cosignatures=n)) for n in (0, 1, 2)] == [3, 2, 1]
    assert size_of(ledger.newest(cosignatures=1, least_size=2)) == 2
    for asked in (
        {"cosignatures": 3},
        {"cosignatures": 2, "least_size": 2},
        {"cosignatures": 1, "least_size": 3},
    ):
        with pytest.raises(NotFoundError):
            ledger.newest(**asked)


@pytest.mark.slow
def test_only_so_many_cosignatures_are_looked_through(store, ledger, admin):
    """The newest 4,096: nobody makes the service read all there are by asking."""
    grow(store, 1, 2)
    for signer in (WITNESS, OTHER):
        cosign(store, 1, signer)
    (row, *_) = before = rows(admin, tables.cosignature)
    later = [row | {"size": size} for size in range(2, 4096)]
    replace(admin, tables.cosignature, [*before, *later])
    assert size_of(ledger.newest(cosignatures=2)) == 1
    replace(admin, tables.cosignature, [*before, *later, row | {"size": 4096}])

    with pytest.raises(NotFoundError):
        ledger.newest(cosignatures=2)


def test_the_first_cosignature_of_a_witness_stays(store, ledger, admin):
    """Whatever it sends later, and it counts once."""
    grow(store, 1)
    assert cosign(store, 1, WITNESS) == 1
    before = rows(admin, tables.cosignature)
    later = Signer(WITNESS.name, WITNESS.key, time=99)

    assert cosign(store, 1, later) == 1
    assert rows(admin, tables.cosignature) == before
    (note,) = ledger.checkpoints(1, 1)
    assert notes.cosigned_at(note.signatures[1]) == WITNESS.time


def test_only_what_was_published_is_cosigned(store, ledger, admin):
    """No other size, and no other word for that size, the same signature or not."""
    grow(store, 1, 2)
    first, second = ledger.checkpoints(0, 2)
    own = notes.add(first, WITNESS).signatures[-1]
    for size, text in (
        (3, first.text),
        (0, first.text),
        (2, first.text),
        (1, second.text),
        (1, first.text + "more\n"),
    ):
        with pytest.raises(NotFoundError):
            ledger.cosign(size, Note(text, (own,)))

    assert rows(admin, tables.cosignature) == []


def test_a_cosignature_of_nothing_is_not_given_out(store, ledger, admin):
    """An administrator's row for a checkpoint that isn't there vouches for none."""
    grow(store, 1, 3)
    cosign(store, 3)
    (row,) = rows(admin, tables.cosignature)
    for size in (2, 4):
        replace(admin, tables.cosignature, [row | {"size": size}])
        with pytest.raises(NotFoundError):
            ledger.newest(cosignatures=1)


@pytest.mark.parametrize("note", [b"", b"noise", b"text\n\n\xe2\x80\x94 a b\n"])
def test_noise_is_no_note(store, ledger, admin, note):
    """What stands in the place of a checkpoint is one, or nothing is given out."""
    grow(store, 1)
    replace(admin, tables.checkpoint, [{"size": 1, "note": note}])
    with pytest.raises(TamperedError):
        ledger.newest()
    with pytest.raises(TamperedError):
        ledger.inclusion(0, 1)
    with pytest.raises(TamperedError):
        ledger.checkpoints(0, 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: b"",
        lambda note: b"noise",
        lambda note: b"text\n\n\xe2\x80\x94 a b\n",
        lambda note: note[:-1],
        lambda note: note.replace(b"\n2\n", b"\n3\n", 1),
    ],
    ids=["nothing", "noise", "no signature", "cut", "another text"],
)
def test_a_damaged_cosignature_is_not_given_out(store, ledger, admin, caplog, spoil):
    """It stops nobody: the others are, and the log says that there is one."""
    grow(store, 1, 2)
    cosign(store, 1, WITNESS)
    cosign(store, 2, OTHER)
    cosign(store, 2, WITNESS)
    content = rows(admin, tables.cosignature)
    damaged = [row | {"note": spoil(row["note"])} for row in content[1:2]]
    replace(admin, tables.cosignature, [content[0], *damaged, content[2]])
    caplog.clear()
    found = ledger.newest(cosignatures=1)
    first, second = ledger.checkpoints(1, 2)

    assert damaged[0]["witness"] == OTHER.name
    assert [one.name for one in found.signatures] == [SIGNER.name, WITNESS.name]
    assert second == found
    assert [one.name for one in first.signatures] == [SIGNER.name, WITNESS.name]
    for name in (SIGNER.public, WITNESS.public):
        notes.verify(found, [notes.Verifier(name, VERIFIER.check)])
    said = "incident a cosignature is damaged; it is not published"
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("CRITICAL", said)
    ] * 2


def test_a_planted_cosignature_verifies_for_nobody(store, ledger, admin):
    """The store keeps no keys of witnesses; whoever counts them verifies them."""
    grow(store, 1)
    forged = Signer(WITNESS.name, SigningKey(bytes([9]) * 32), time=1)
    (made,) = ledger.checkpoints(1, 1)
    (line,) = notes.sign(made.text, forged).signatures
    planted = notes.Signature(WITNESS.name, WITNESS.public.key_id, line.content)
    content = notes.render(Note(made.text, (planted,)))
    row = {"size": 1, "witness": WITNESS.name, "note": content}
    with admin.begin() as connection:
        connection.execute(insert(tables.cosignature), row)
    found = ledger.newest(cosignatures=1)

    assert notes.verify(found, [VERIFIER]) == {SIGNER.name}
    with pytest.raises(TamperedError):
        notes.verify(found, [notes.Verifier(WITNESS.public, VERIFIER.check)])
