"""A snapshot is written a part at a time: half of one is none, whatever comes between."""

import struct
from itertools import product
from unittest.mock import Mock

import pytest
from kit.erased import Kept
from kit.stored import fill, rows, run
from kit.unfinished import killed, loaded, places
from sqlalchemy import insert

from placement.crypto.keyring import Purpose
from placement.crypto.sealing import tag_of
from placement.errors import UnavailableError
from placement.store import codec, fsck, manifests, snapshot, tables
from placement.store.compaction import compact, retire
from placement.store.snapshot import (
    destroy_strays,
    drop_snapshots,
    latest,
    load_snapshot,
    write_snapshot,
)

# One look for what is nobody's, three parts, the switch, two parts of the older one's
# and another look.
SWITCH, LAST = 4, 7


@pytest.mark.parametrize("when", [*product(range(LAST + 1), (False, True))])
def test_a_kill_at_any_point(store, again, admin, between, when):
    """The older one is there, or the new one; and the next writer removes what is left."""
    older, newer = [b"older"] * 2, [b"a", b"b", b"c"]
    write_snapshot(store, fill(store, 1), older)
    killed(store, fill(store, 1), newer, between, when[0], committed=when[1])
    found, left = loaded(again), len(again.vault._keys.snapshots())
    head = fsck.verify(again)
    written = write_snapshot(again, fill(again, 1), [b"next"])

    assert found == (newer if when >= (SWITCH, True) else older)
    assert (head.revision, left <= 2) == (2, True)
    assert (written, loaded(again)) == (True, [b"next"])
    assert [place[:2] for place in places(admin)] == [(3, 0), (3, 1)]
    assert len(again.vault._keys.snapshots()) == 1


@pytest.mark.parametrize("parts", [[b"other"], [b"a", b"b", b"c", b"d"]])
def test_the_same_head_again(store, again, admin, between, parts):
    """What a killed one left is in nobody's way."""
    head = fill(store)
    killed(store, head, [b"a", b"b", b"c"], between, 2)
    none = loaded(again)
    written = write_snapshot(again, head, parts)

    assert (none, written, loaded(again)) == (None, True, parts)
    assert len(places(admin)) == 1 + len(parts)


def test_killed_again_and_again(store, again, admin, between):
    """What is left never grows beyond one, and one that is being written."""
    write_snapshot(store, fill(store, 1), [b"older"])
    sizes = []
    for _ in range(4):
        killed(store, fill(store, 1), [b"a", b"b", b"c"], between, 3)
        sizes.append(len(places(admin)))
    found = loaded(again)
    write_snapshot(again, fill(again, 1), [b"next"])

    assert (sizes, found) == ([6, 10, 6, 10], [b"older"])
    assert len(places(admin)) == 2


def test_others_commit_between_two_parts(store, again, between):
    """And find the older one meanwhile."""
    write_snapshot(store, fill(store), [b"older"])
    head, seen = fill(store), []
    between(lambda _: seen.append((fill(again, 1), loaded(again))))
    written = write_snapshot(store, head, [b"a", b"b", b"c"])

    assert (written, load_snapshot(again)[0]) == (True, head)
    assert [parts for _, parts in seen[: SWITCH + 2]] == [
        *[[b"older"]] * SWITCH,
        *[[b"a", b"b", b"c"]] * 2,
    ]


def test_one_that_was_dropped_meanwhile_is_not_written(store, again, between, admin):
    """Whoever condemns the log takes its parts along."""
    head = fill(store)
    between(lambda number: number == 2 and drop_snapshots(again))
    written = write_snapshot(store, head, [b"a", b"b", b"c"])

    assert (written, loaded(store), places(admin)) == (False, None, [])


@pytest.mark.parametrize("at", range(1, SWITCH))
def test_two_at_once_of_one_head(store, again, between, admin, at):
    """One of them is there in the end, whole."""
    head, others = fill(store), [b"x", b"y"]
    between(lambda number: number == at and write_snapshot(again, head, others))
    written = write_snapshot(store, head, [b"a", b"b", b"c"])

    assert (written, loaded(store)) == (False, others)
    assert len(places(admin)) == 1 + len(others)


@pytest.mark.parametrize("when", [*product(range(SWITCH), (False, True))])
def test_two_at_once_of_two_heads(store, again, between, admin, when):
    """The newer one stays, whoever was first."""
    at, newer = when
    heads = [fill(store), fill(store)]
    mine, theirs = heads if newer else heads[::-1]
    parts = [b"x", b"y"]
    between(lambda number: number == at and write_snapshot(again, theirs, parts))
    written = write_snapshot(store, mine, [b"a", b"b", b"c"])

    assert written is not newer
    assert loaded(store) == (parts if newer else [b"a", b"b", b"c"])
    assert len(places(admin)) == (3 if newer else 4)


def test_what_an_epoch_overtook_never_becomes_whole(store, again, between, admin):
    """Its keys may be gone; the next one takes its place."""
    head = fill(store)
    between(lambda number: number == 2 and again.epochs.rotate())
    with pytest.raises(UnavailableError):
        write_snapshot(store, head, [b"a", b"b", b"c"])
    left, found = len(places(admin)), loaded(again)
    fsck.verify(again)
    written = write_snapshot(again, head, [b"next"])

    assert (left, found) == (3, None)
    assert (written, loaded(store), len(places(admin))) == (True, [b"next"], 2)


def test_an_epoch_that_sealed_what_is_left_stays(store, again, between):
    """Until the next one is written: no key is destroyed while anything needs it."""
    head = fill(store)
    killed(store, head, [b"a", b"b", b"c"], between, 2)
    for times in range(2):
        compact(again, lambda *_: None)
        retire(again, lambda _: None)
        kept = {(key.purpose, key.epoch) for key in again.epochs.read()}
        fsck.verify(again)
        assert ((Purpose.SNAPSHOT, 1) in kept) is (times == 0)
        write_snapshot(again, again.read_head(), [b"next"])


@pytest.mark.parametrize("committed", [True, False])
def test_one_whose_switch_fails_has_no_key(store, again, admin, between, committed):
    """An erasure may have come between its key and that: nothing opens by it."""
    write_snapshot(store, fill(store, 1), [b"older"])

    def fail(number):
        if number == SWITCH - 2:  # behind a look and one part
            raise UnavailableError

    between(*([fail] if committed else [lambda _: None, fail]))
    with pytest.raises(UnavailableError):
        write_snapshot(store, fill(again, 1), [b"newer"])
    fsck.verify(again)
    noted = store.vault.remains._left

    assert noted
    assert loaded(again) == (None if committed else [b"older"])
    assert len(again.vault._keys.snapshots()) == 1
    assert write_snapshot(again, fill(again, 1), [b"next"])


def test_the_key_of_a_killed_writer_goes_without_a_copy(store, again, between):
    """With the next snapshot, too: it may be of before an erasure."""
    remains = again.vault.remains
    write_snapshot(store, fill(store, 1), [b"older"])
    again.vault.settle()
    write_snapshot(again, fill(again, 1), [b"old"])
    plain = remains._left
    killed(store, fill(store, 1), [b"killed"], between, 2, committed=False)
    write_snapshot(again, fill(again, 1), [b"next"])

    assert (plain, remains._left) == (False, True)
    assert len(again.vault._keys.snapshots()) == 1


def test_the_key_of_a_killed_writer_is_gone_at_the_next_start(store, again, between):
    """It opens what another server may have erased; that of the whole one stays."""
    write_snapshot(store, fill(store, 1), [b"older"])
    killed(store, fill(store, 1), [b"newer"], between, 2, committed=False)
    left = len(again.vault._keys.snapshots())
    destroy_strays(again)
    destroy_strays(again)

    assert (left, len(again.vault._keys.snapshots())) == (2, 1)
    assert loaded(again) == [b"older"]


# What it tells


def test_which_one_is_the_latest_shows_no_erasure(store, again, between):
    """Whether it opens, or was overtaken; but one that was killed is none."""
    world, parts = Kept(again), [b"a", b"b", b"c"]
    world.base = world.presence("B", "1480", kind="BASE")
    found, heads = [latest(store)], [store.read_head()]
    write_snapshot(store, heads[-1], parts)
    found.append(latest(store))
    world.case("a")
    heads.append(store.read_head())
    between(lambda number: number == 1 and world.erase(world.base))
    write_snapshot(store, heads[-1], parts)
    found.append(latest(store))
    killed(store, store.read_head(), parts, between, 2)

    assert found == [0, *(head.revision for head in heads)]
    assert (load_snapshot(again), latest(again)) == (None, heads[-1].revision)


@pytest.mark.parametrize("when", [*product(range(SWITCH), (0, 1, 3))])
def test_what_an_erasure_overtook_looks_like_any(store, again, admin, between, when):
    """It opens nothing; the table never shows that, nor what is written anew, and when.

    Also beside parts of a killed writer.
    """
    world, parts, (at, left) = Kept(again), [b"a", b"b", b"c"], when
    world.base = world.presence("B", "1480", kind="BASE")
    write_snapshot(store, store.read_head(), parts)
    shown, found, known = [], [], set()
    acts = [world.case, lambda _: world.erase(world.base), world.case]

    def look():
        there = [(row["part"], row["blob"]) for row in rows(admin, tables.snapshot)]
        seen = [(part, len(blob), blob in known) for part, blob in there]
        known.update(blob for _, blob in there)
        return seen

    def act(number):
        shown[-1].append(look())
        if number == at:
            acts[len(shown) - 1](f"h{len(shown)}")

    for name in "abc":
        world.case(name)
        if left:
            killed(store, store.read_head(), [b"x", b"y", b"z"], between, left)
            world.case(f"after {name}")
        look()
        between(act)
        shown.append([])
        write_snapshot(store, store.read_head(), parts)
        found.append((loaded(again), len(store.vault._keys.snapshots())))

    assert found == [(parts, 1), (None, 0), (parts, 1)]
    assert shown[0] == shown[1] == shown[2]
    assert len(shown[0]) == LAST + 2 + left


def test_an_erasure_during_the_look_is_seen(store, again):
    """Behind the records that were looked at first."""
    world, head, erased = Kept(again), store.read_head(), []
    world.base = world.presence("B", "1480", kind="BASE")

    def pace():
        if not erased:
            erased.append(world.base)
            world.erase(world.base)

    since = snapshot._erased_since(store, head, pace)

    assert since == (store.read_head(), True)


@pytest.mark.parametrize("after", [False, True])
def test_an_erasure_is_seen_wherever_it_falls(store, again, monkeypatch, after):
    """While nobody owns the log it is looked for; what comes behind that, under the lock."""
    world, look = Kept(again), snapshot._erased_since
    world.base = world.presence("B", "1480", kind="BASE")

    def looked(*given):
        if not after:
            world.erase(world.base)
        found = look(*given)
        if after:
            world.erase(world.base)
        return found

    monkeypatch.setattr(snapshot, "_erased_since", looked)
    written = write_snapshot(store, store.read_head(), [b"a"])

    assert (written, loaded(again)) == (False, None)
    assert not store.vault._keys.snapshots()


def test_what_was_erased_shows_by_no_shorter_look(store, again):
    """Whoever watches the database sees how long it takes to become whole."""
    world, counted = Kept(again), []
    world.base = world.presence("B", "1480", kind="BASE")
    head = store.read_head()
    world.erase(world.base)
    for name in "abc":
        world.case(name)
    behind = store.read_head().revision - head.revision
    write_snapshot(store, head, [b"a"], lambda: counted.append(1))

    assert len(counted) == behind


def test_what_came_meanwhile_is_not_read_under_the_lock(store, again, monkeypatch):
    """However much it is: whoever asks waits for the lock."""
    world, look, seen = Kept(again), snapshot._erased_since, []
    head = store.read_head()
    for name in "abcdef":
        world.case(name)
    counted = Mock(side_effect=codec.erasures_in)
    monkeypatch.setattr(snapshot, "erasures_in", counted)

    def looked(*given):
        found = look(*given)
        seen.append(counted.call_count)
        return found

    monkeypatch.setattr(snapshot, "_erased_since", looked)
    write_snapshot(store, head, [b"a"])

    assert seen == [6]
    assert counted.call_count == 6


# Older ones


@pytest.fixture
def older(store, admin, monkeypatch):
    """A snapshot as it was written before parts were written one at a time."""
    with monkeypatch.context() as patched:
        patched.setattr(manifests, "_STANDING", struct.Struct(""))
        patched.setattr(manifests.Manifest, "content", _content)
        head = fill(store)
        name, key, wrapped = store.vault.new_snapshot()
        manifest = manifests.Manifest(head, 2, name, b"", 2, whole=True)
        with store.changing() as connection:
            manifests.put(store, connection, manifest)
        (row,) = rows(admin, tables.snapshot)
        tag = tag_of(row["blob"])
        epoch, sealer = store.ring.active(Purpose.SNAPSHOT)
        made = []
        for part, payload in enumerate((b"one", b"two"), 1):
            place = manifests.place_of(store, manifest, part, tag, epoch)
            blob = sealer.seal(store.vault.seal_part(key, name, payload), context=place)
            made.append(row | {"part": part, "blob": blob})
            tag = tag_of(blob)
        run(admin, (insert(tables.snapshot), made))
        store.vault.keep_snapshot(name, wrapped)
    return head


def _content(manifest):
    """Return what was sealed of a manifest then."""
    summary = struct.pack(">QI16s", manifest.head.leaves, manifest.parts, manifest.name)
    return summary + manifest.head.content()


def test_an_older_one_is_read(older, again):
    """And is whole."""
    assert load_snapshot(again)[0] == older
    assert loaded(again) == [b"one", b"two"]


def test_an_older_one_goes_like_any(older, store, again, admin, between):
    """Killed before its parts are gone, they are still verified."""
    killed(store, fill(store), [b"newer"], between, 2)
    fsck.verify(again)
    found, left = loaded(again), len(places(admin))
    write_snapshot(again, fill(again), [b"next"])

    assert (found, left) == ([b"newer"], 5)
    assert (loaded(store), len(places(admin))) == ([b"next"], 2)
