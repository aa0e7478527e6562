"""What a killed writer of a snapshot left is verified like any snapshot."""

from contextlib import closing

import pytest
from kit.stored import fill, keys_of, rows
from kit.stored import replace as put
from kit.unfinished import killed, loaded, places

from placement.errors import TamperedError
from placement.store import engine, fsck, tables
from placement.store.chain import ChainError
from placement.store.copying import Kind, copy
from placement.store.keystore import beside
from placement.store.log import Store
from placement.store.snapshot import load_snapshot, verify_snapshot, write_snapshot


@pytest.fixture
def left(store, admin, between):
    """A whole snapshot, and what a killed writer left."""
    write_snapshot(store, fill(store, 1), [b"older"] * 2)
    killed(store, fill(store, 1), [b"a", b"b", b"c"], between, 2)
    return rows(admin, tables.snapshot)


def test_every_row_is_needed(left, again, admin):
    """A killed writer's are as good as any."""
    for gone in left:
        put(admin, tables.snapshot, [row for row in left if row is not gone])
        with pytest.raises(ChainError):
            load_snapshot(again)


def verify(store):
    """Verify everything, as ``fsck`` does."""
    fsck.verify(store)
    verify_snapshot(store)


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize("column", ["revision", "part", "epoch", "blob"])
def test_every_row_is_verified(left, again, admin, column, erased):
    """Also what nobody folds, or nobody can since something was erased."""
    if erased:
        again.vault.destroy_snapshots(again.vault.snapshots())
    for number, row in enumerate(left):
        for change in (1, -1, 1000):
            spoilt = dict(row)
            if column == "blob":
                blob = bytearray(row["blob"])
                blob[change % len(blob)] ^= 1
                spoilt["blob"] = bytes(blob)
            else:
                spoilt[column] += change
            others = [*left[:number], *left[number + 1 :]]
            taken = [(each["revision"], each["part"]) for each in others]
            if (spoilt["revision"], spoilt["part"]) in taken:
                continue
            put(admin, tables.snapshot, [*others, spoilt])
            with pytest.raises(TamperedError):
                verify(again)


def test_parts_of_two_do_not_mix(store, again, admin, between):
    """Of one head, and each in its place."""
    head = fill(store)
    write_snapshot(store, head, [b"a", b"b", b"c"])
    killed(store, head, [b"x", b"y", b"z"], between, 3)
    found = rows(admin, tables.snapshot)
    for number in range(4):
        mixed = [dict(row) for row in found]
        one, other = mixed[number], mixed[number + 4]
        one["blob"], other["blob"] = other["blob"], one["blob"]
        put(admin, tables.snapshot, mixed)
        with pytest.raises(TamperedError):
            verify(again)


def test_all_rows_moved_are_refused(left, again, admin):
    """A manifest knows where it stands."""
    for revision in (1, 2):
        moved = [
            row | {"part": row["part"] + 9 * (row["revision"] == revision)}
            for row in left
        ]
        put(admin, tables.snapshot, moved)
        with pytest.raises(ChainError):
            load_snapshot(again)


def test_two_that_are_whole_are_refused(store, again, admin):
    """The older one's manifest came back."""
    write_snapshot(store, fill(store), [b"older"])
    older = rows(admin, tables.snapshot)
    write_snapshot(store, fill(store), [b"newer"])
    put(admin, tables.snapshot, [*older, *rows(admin, tables.snapshot)])

    with pytest.raises(ChainError):
        load_snapshot(again)


def test_a_manifest_of_before_the_last_change(store, again, admin, between):
    """Then there is no snapshot to start from: whoever starts verifies everything."""
    head, stages = fill(store), []
    between(lambda _: stages.append(rows(admin, tables.snapshot)))
    write_snapshot(store, head, [b"a", b"b"])
    put(admin, tables.snapshot, stages[2])

    assert [len(stage) for stage in stages[:4]] == [0, 2, 3, 3]
    assert loaded(again) is None
    assert fsck.verify(again) == head


def test_a_copy_of_what_is_left(left, url, custody, tmp_path):
    """A backup has it, too, and whoever writes there removes it."""
    copy(Kind.DATABASE, url, tmp_path / "copied")
    where = f"sqlite:///{tmp_path}/copied"
    with closing(Store.open(where, custody, keys_of(url) or beside(url))) as copied:
        verify(copied)
        found = loaded(copied)
        write_snapshot(copied, fill(copied, 1), [b"next"])
        with engine.opened(where) as admin:
            there = len(places(admin))

    assert (len(left), found, there) == (6, [b"older"] * 2, 2)
