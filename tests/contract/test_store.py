"""What every database must hold to: one suite over SQLite and PostgreSQL."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from kit.stored import append, fill, keys_of, leaf, opened
from sqlalchemy import insert, update

from placement.errors import StaleError, TamperedError, UnavailableError
from placement.store import chain, engine, fsck, postgres, tables
from placement.store.chain import PIECE
from placement.store.head import Head
from placement.store.log import Store

ROOT = Path(__file__).parents[2]


# Appending and following


def test_a_new_store_is_empty(store):
    """Creation seals a genesis head."""
    assert store.read_head() == Head.GENESIS
    assert list(store.tail(Head.GENESIS)) == []
    assert store.entries(0, 10) == []
    assert fsck.verify(store) == Head.GENESIS


def test_what_is_appended_is_followed(store, again):
    """Another server sees events and leaves, numbered and in order."""
    head = append(store, [b"one", b"two"], [b"first"])
    last = append(store, [b"three"], [b"second", b"third"])

    assert (head.revision, head.leaves) == (2, 1)
    assert again.read_head() == last
    assert list(again.tail(Head.GENESIS)) == [(1, b"one"), (2, b"two"), (3, b"three")]
    assert list(again.tail(head)) == [(3, b"three")]
    assert list(again.tail(last)) == []
    assert opened(again) == [b"first", b"second", b"third"]
    assert fsck.verify(again) == last


@pytest.mark.parametrize(
    ("first", "size", "expected"),
    [
        (0, 2, [0, 1]),
        (2, 3, [2, 3, 4]),
        (5, 1, [5]),
        (4, 99, [4, 5]),
        (6, 1, []),
        (99, 1, []),
        (3, 0, []),
    ],
)
def test_leaves_are_opened_anywhere(store, first, size, expected):
    """Any range of leaves opens, cut off at the end."""
    fill(store)

    assert opened(store, first, size) == [b"leaf %d" % n for n in expected]
    assert [one.index for one in store.entries(first, size)] == expected


def test_leaves_have_no_negative_index(store):
    """A negative index is a mistake of the caller."""
    with pytest.raises(ValueError, match="from 0"):
        store.entries(-1, 1)


def test_a_transaction_follows_and_appends(store):
    """Inside a transaction the tail includes its own records."""
    first = fill(store)
    with store.writing() as log:
        assert log.head == first
        assert [number for number, _ in log.tail(Head.GENESIS)] == [1, 2, 3, 4, 5, 6]
        log.append([b"seventh"], [])
        log.append([], [leaf(b"leaf 6")])
        assert list(log.tail(first)) == [(7, b"seventh")]
        last = log.head

    assert (last.revision, last.leaves) == (7, 7)
    assert fsck.verify(store) == last


def test_nothing_is_appended(store):
    """An empty append changes nothing."""
    head = fill(store)

    assert append(store, [], []) == head
    assert fsck.verify(store) == head


def test_an_exception_rolls_back(store):
    """A block that raises leaves no trace."""
    head = fill(store)
    with pytest.raises(KeyError), store.writing() as log:  # noqa: PT012
        log.append([b"lost"], [leaf(b"lost")])
        raise KeyError

    assert fsck.verify(store) == head


@pytest.mark.parametrize("size", [1999, 2000, 2001, 4000])
def test_chunks_join(store, monkeypatch, size):
    """A log of many chunks is followed and verified as one."""
    seen = []
    monkeypatch.setattr(chain, "CHUNK", 1000)
    head = append(store, [b"%d" % n for n in range(size)], [b"leaf"])

    assert list(store.tail(Head.GENESIS)) == [(n + 1, b"%d" % n) for n in range(size)]
    assert fsck.verify(store, progress=lambda *numbers: seen.append(numbers)) == head
    first = next(done for done, _ in seen if done)  # behind the keys
    assert first == PIECE
    assert seen[-1] == (size + 1, size + 1)


def test_a_moved_head_is_stale(store, admin):
    """The head moves only from where the transaction saw it."""
    fill(store)
    with pytest.raises(StaleError), store.writing() as log:  # noqa: PT012
        log.connection.execute(update(tables.head).values(revision=7))
        log.append([b"x"], [])

    assert fsck.verify(store).revision == 6


def test_a_swallowed_failure_does_not_commit(store):
    """A block that goes on after what it appended failed is rolled back all the same."""
    head = fill(store)
    row = {"revision": 7, "epoch": 1, "blob": b""}
    with pytest.raises(UnavailableError), store.writing() as log:  # noqa: PT012
        log.connection.execute(insert(tables.event), row)
        log.append([b"x"], [])
        with pytest.raises(TamperedError):
            list(log.tail(head))

    assert fsck.verify(store) == head


def test_nothing_prints_what_it_holds(store):
    """A store shows its type only."""
    assert repr(store) == "Store()"


# Several writers


def worker(store, word, size):
    for number in range(size):
        with store.writing() as log:
            log.append([b"%s %d" % (word, number)], [leaf(b"%s %d" % (word, number))])


def test_threads_never_fork_or_gap(store, again):
    """Two servers with two threads each append one chain."""
    threads = [
        threading.Thread(target=worker, args=(one, word, 25))
        for one, word in [(store, b"a"), (again, b"b"), (store, b"c"), (again, b"d")]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    payloads = [payload for _, payload in store.tail(Head.GENESIS)]

    assert (fsck.verify(store).revision, fsck.verify(store).leaves) == (100, 100)
    for word in b"abcd":
        own = [payload for payload in payloads if payload[0] == word]
        assert own == [b"%c %d" % (word, number) for number in range(25)]


PROCESS = """
import sys
from pathlib import Path
from placement.crypto.custody import FileCustody
from placement.store.leaves import Leaf
from placement.store.log import Store
store = Store.open(sys.argv[1], FileCustody(Path(sys.argv[2])), sys.argv[3])
seen = store.read_head()
for number in range(20):
    with store.writing() as log:
        for revision, payload in log.tail(seen):
            pass
        seen = log.append([sys.argv[4].encode()], [Leaf(b"leaf", b"details")])
store.close()
"""


@pytest.mark.slow
def test_processes_never_fork_or_gap(store, url, tmp_path):
    """Three processes append one chain."""
    kek = str(tmp_path / "kek")
    command = [sys.executable, "-c", PROCESS, url, kek, keys_of(url)]
    running = [subprocess.Popen([*command, word], cwd=ROOT) for word in "abc"]

    assert [process.wait(60) for process in running] == [0, 0, 0]
    payloads = [payload for _, payload in store.tail(Head.GENESIS)]
    assert sorted(payloads) == [b"a"] * 20 + [b"b"] * 20 + [b"c"] * 20
    assert fsck.verify(store).leaves == 60


def test_a_reader_sees_one_moment(store, again):
    """What is appended while a reader is at work is not half seen."""
    first = fill(store)
    following = store.tail(Head.GENESIS)
    next(following)
    second = append(again, [b"later"], [b"later"])

    assert [number for number, _ in following] == [2, 3, 4, 5, 6]
    assert list(store.tail(first)) == [(7, b"later")]
    assert fsck.verify(store) == second


def test_a_writer_that_waits_too_long_is_told(url, custody, store, monkeypatch):
    """A held lock gives an answer, not a hang, and the holder is not hurt."""
    for dialect in (engine, postgres):
        monkeypatch.setattr(dialect, "WAIT_MS", 50)
    hasty = Store.open(url, custody, keys_of(url))
    with store.writing() as log:
        with pytest.raises(UnavailableError), hasty.writing():
            pass
        head = log.append([b"x"], [])
    hasty.close()

    assert fsck.verify(store) == head
