"""The anchor: what a server remembers when it is gone."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from kit.engines import SIGNER
from kit.stored import append, fill

from placement.crypto.custody import FileCustody
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.store.anchor import (
    SLOT,
    Anchor,
    Unanchored,
    digest_of,
    require_newest,
)
from placement.store.head import Head
from placement.store.log import Store


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "anchor"


@pytest.fixture
def anchor(store, path):
    """An anchor at the head of a store with some records."""
    made = Anchor(path, store)
    made.create(fill(store))
    return made


@pytest.fixture
def older(anchor, tmp_path, custody):
    """Return a function that opens the database as it is now."""
    for name in ("store.db", "store.keys.db"):
        with (
            closing(sqlite3.connect(tmp_path / name)) as now,
            closing(sqlite3.connect(tmp_path / f"old-{name}")) as copy,
        ):
            now.backup(copy)
    return lambda: closing(Store.open(f"sqlite:///{tmp_path}/old-store.db", custody))


def at(path, store):
    """Read the file as a server that starts does."""
    return Anchor(path, store).read()


def test_what_was_kept_is_read(anchor, path, store):
    """The last head, however often one was kept."""
    assert at(path, store) == store.read_head()
    for number in range(5):
        head = append(store, [b"event"], [b"leaf %d" % number])
        anchor.keep(head)

        assert at(path, store) == head
    assert path.stat().st_size == 2 * SLOT
    assert path.stat().st_mode & 0o077 == 0


def test_a_head_that_is_kept_is_not_written_again(anchor, path, store):
    """Nothing happened: the disk is left alone."""
    before = path.stat().st_mtime_ns
    anchor.keep(store.read_head())

    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("before", [0, 1])
def test_a_checkpoint_alone_is_remembered(anchor, path, store, before):
    """Nothing else may have come with it; whichever slot it stands in."""
    for _ in range(before):
        fill(store, 1)
        anchor.keep(store.read_head())
    fill(store, 1)
    head = store.read_head()
    signed = replace(head, published=head.leaves)
    anchor.keep(head)
    anchor.keep(signed)

    assert at(path, store) == signed


@pytest.mark.parametrize("torn", [0, 1, 100, 250])
def test_a_torn_write_leaves_the_head_before(anchor, path, store, torn):
    """Of the slot that was being written any part may be there."""
    before = store.read_head()
    old = path.read_bytes()
    anchor.keep(append(store, [], [b"leaf"]))
    new = path.read_bytes()
    path.write_bytes(old[:SLOT] + new[SLOT : SLOT + torn] + old[SLOT + torn :])

    assert at(path, store) in {before, store.read_head()}
    path.write_bytes(old[:SLOT] + new[SLOT : SLOT + torn].ljust(SLOT, b"\xff"))

    assert at(path, store) == before


def test_a_server_that_starts_does_not_touch_the_newest_slot(anchor, path, store):
    """The one that holds less is written first."""
    anchor.keep(append(store, [], [b"a"]))
    newest = store.read_head()
    again = Anchor(path, store)
    again.read()
    slot = path.read_bytes()[SLOT:]
    again.keep(append(store, [], [b"b"]))

    assert path.read_bytes()[SLOT:] == slot
    assert at(path, store) == store.read_head() != newest


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"x" * 2 * SLOT, "is another store's, or was altered"),
        (bytes(2 * SLOT), "is another store's, or was altered"),
    ],
)
def test_what_is_no_anchor_is_tampered_with(anchor, path, store, content, why):
    """Nothing of it can be believed."""
    path.write_bytes(content)
    with pytest.raises(TamperedError) as refused:
        at(path, store)

    (note,) = refused.value.notes
    assert note.startswith(f"The anchor {why}. docs/oper")


def test_every_byte_is_held_against_the_keys(anchor, path, store):
    """Altered in both slots, it is none."""
    whole = path.read_bytes()
    for place in (0, 20, 30, 36, 40, 60, 200):
        altered = bytearray(whole)
        for slot in (0, SLOT):
            altered[slot + place] ^= 1
        path.write_bytes(altered)
        with pytest.raises(TamperedError):
            at(path, store)


def test_another_stores_anchor_is_none(anchor, path, tmp_path):
    """Its keys and its name are others."""
    custody = FileCustody.create(tmp_path / "other.kek")
    with (
        closing(Store.create(f"sqlite:///{tmp_path}/other.db", custody)) as other,
        pytest.raises(TamperedError),
    ):
        at(path, other)


def test_without_the_file_nothing_is_believed(path, store):
    """Whoever puts a database back may well remove it."""
    with pytest.raises(UnavailableError) as refused:
        at(path, store)
    with pytest.raises(UnavailableError):
        Anchor(path, store).keep(fill(store))

    assert "not there" in refused.value.notes[0]
    assert "docs/operations.md" in refused.value.notes[0]
    assert not path.exists()


def test_a_file_that_cant_be_read_or_written_is_no_anchor(path, store, tmp_path):
    """It is a folder, or its folder is missing."""
    path.mkdir()
    for act in (
        Anchor(path, store).read,
        lambda: digest_of(path),
        lambda: Anchor(path, store).keep(fill(store)),
    ):
        with pytest.raises(UnavailableError):
            act()
    with pytest.raises(UnavailableError):
        Anchor(tmp_path / "no" / "where", store).create(Head.GENESIS)


def test_none_is_made_over_another(anchor, store):
    """Only an act of its own puts another head into its place."""
    with pytest.raises(ConflictError):
        anchor.create(Head.GENESIS)
    anchor.replace(Head.GENESIS)

    assert anchor.read() == Head.GENESIS


def test_a_write_that_fails_is_told(anchor, store, monkeypatch):
    """A full disk, a disk that fails, half a write: nobody may be answered."""

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    for name, act in (("pwrite", full), ("fdatasync", full), ("pwrite", lambda *_: 7)):
        head = append(store, [], [b"leaf"])
        with monkeypatch.context() as patched:
            patched.setattr(os, name, act)
            with pytest.raises(UnavailableError):
                anchor.keep(head)
    anchor.keep(head)

    assert anchor.read() == head


def test_every_file_has_a_digest_of_its_own(anchor, path, store):
    """Though it holds the same head; and one that is not there has none."""
    before = digest_of(path)
    anchor.replace(store.read_head())
    after = digest_of(path)
    path.unlink()

    assert after != before
    assert digest_of(path) is None


def test_nobody_without_the_keys_sees_how_much_there_is(path, store):
    """Neither numbers nor sizes: whatever is kept, the same stands outside the seal."""
    anchor = Anchor(path, store)
    anchor.create(Head.GENESIS)
    outside = {outside_of(path)}
    for revision, leaves in ((1, 1), (9, 2**10 - 1), (2**63, 2**64 - 1)):
        edge = (bytes(32),) * leaves.bit_count()
        head = Head(revision, bytes(16), leaves, bytes(16), edge)
        anchor.keep(head)
        outside.add(outside_of(path))

        assert at(path, store) == head
    assert len(outside) == 1


def outside_of(path):
    """Return what of both slots is not under the seal."""
    content = path.read_bytes()
    blob = int.from_bytes(content[20:24])
    slots = (content[:SLOT], content[SLOT:])
    return tuple((slot[:24], slot[24 + blob :]) for slot in slots)


def test_a_slot_of_newer_keys_is_not_passed_by(anchor, path, store, older):
    """A database from before a rotation can't open it: the slot before never counts."""
    before = path.read_bytes()
    store.epochs.rotate()
    anchor.keep(append(store, [b"event"], [b"leaf"]))
    after = path.read_bytes()
    for content in (before[:SLOT] + after[SLOT:], after[:SLOT] + before[SLOT:]):
        path.write_bytes(content)
        with older() as old, pytest.raises(TamperedError) as refused:
            at(path, old)

        (note,) = refused.value.notes
        assert note.startswith("The anchor is of newer keys: the database is older")
        assert "docs/operations.md" in note


def test_no_slot_is_left_from_before_a_rotation(anchor, path, store, older):
    """Somebody puts the database back and rotates it: its new keys open neither."""
    anchor.keep(append(store, [], [b"before"]))
    store.epochs.rotate()
    anchor.keep(append(store, [b"event"], [b"leaf"]))
    with older() as old:
        old.epochs.rotate()
        with pytest.raises(TamperedError):
            at(path, old)

    assert at(path, store) == store.read_head()


def test_a_torn_slot_is_written_again(anchor, path, store):
    """By whoever starts next, though the log has not gone on."""
    anchor.keep(append(store, [], [b"leaf"]))
    path.write_bytes(bytes(SLOT) + path.read_bytes()[SLOT:])
    require_newest(store, Anchor(path, store))
    path.write_bytes(path.read_bytes()[:SLOT] + bytes(SLOT))

    assert at(path, store) == store.read_head()


# The log against it


def test_a_log_that_went_on_is_the_newest(anchor, path, store):
    """What came after the anchor was appended by another server, or before a kill."""
    head = append(store, [b"event"], [b"leaf"])
    require_newest(store, Anchor(path, store))

    assert at(path, store) == head


def test_an_older_copy_is_refused(store, path, tmp_path, custody, url):
    """Whole and sound, but not what was served."""
    fill(store)
    store.close()
    shutil.copyfile(tmp_path / "store.db", tmp_path / "old.db")
    with closing(Store.open(url, custody)) as now:
        Anchor(path, now).create(append(now, [b"event"], [b"leaf"]))
    shutil.copyfile(tmp_path / "old.db", tmp_path / "store.db")
    with closing(Store.open(url, custody)) as old:
        with pytest.raises(TamperedError) as refused:
            require_newest(old, Anchor(path, old))
        append(old, [b"another event"], [b"another leaf"])
        with pytest.raises(TamperedError):
            require_newest(old, Anchor(path, old))

    assert "does not continue from the anchor" in refused.value.notes[0]
    assert "`placement-server older`" in refused.value.notes[0]


def test_a_copy_without_the_last_checkpoint_is_refused(
    anchor, path, store, older, tmp_path
):
    """Nothing else need have come behind it; and whoever looks is told what is missing."""
    with older() as old:
        size = store.read_head().leaves
        with store.writing() as log:
            log.publish(SIGNER)
        anchor.keep(store.read_head())
        with pytest.raises(TamperedError) as refused:
            require_newest(old, Anchor(path, old))

    told = f"Its newest checkpoint is of 0 entries; one of {size} was served."
    assert refused.value.notes[1] == told


def test_an_anchor_knows_what_its_own_server_saw(anchor, path, store, older):
    """A server that was down lets a copy through that the other one refuses."""
    stale = path.with_name("stale")
    shutil.copyfile(path, stale)
    anchor.keep(append(store, [b"event"], [b"leaf"]))
    with older() as old:
        append(old, [b"another"], [b"another"])
        require_newest(old, Anchor(stale, old))
        with pytest.raises(TamperedError):
            require_newest(old, Anchor(path, old))


def test_whoever_has_none_remembers_nothing(store):
    """Tests and tools open stores that they don't serve."""
    none = Unanchored()
    none.keep(fill(store))
    require_newest(store, none)
