"""Whoever has all keys can write another history, and those who saw the first notice.

The operator holds the store's keys and the log's. He can put back an older copy, or
append everything anew with something left out or changed: the store's own verification
finds nothing, because nothing is wrong with what it sees. A client, an auditor or a
witness that saw a checkpoint of the first history does: no proof leads from there.
"""

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.engines import SIGNER, VERIFIER
from kit.lived import LEAVES, SIZES, Client, live
from kit.stored import replace as put
from kit.stored import run
from sqlalchemy import delete, update

from placement.audit.details import Details, Sealed, opened
from placement.audit.entry import parse, render
from placement.audit.written import Written
from placement.crypto.custody import FileCustody
from placement.errors import PlacementError, TamperedError
from placement.store import fsck, tables
from placement.store.chain import ChainError
from placement.store.engine import connect
from placement.store.head import Head
from placement.store.keystore import beside
from placement.store.leaves import Leaf
from placement.store.log import Store

GROWING = (
    *(tables.event, tables.leaf, tables.node),
    *(tables.checkpoint, tables.cosignature),
)
DRAWN = settings(max_examples=6, deadline=None)
PLACE = st.one_of(
    st.sampled_from([0, 1, 99, 100, 255, 256, 257, 299]), st.integers(0, 299)
)


@dataclass(frozen=True, slots=True)
class Step:
    """One call: its leaf, and the events that it wrote."""

    leaf: Leaf
    events: tuple[bytes, ...]

    @property
    def details(self):
        return opened(self.leaf.details, parse(self.leaf.entry).details)

    def rewritten(self, first, **entry):
        """Return the step with the hash of its events, and what else it shall say.

        Args:
            first: revision of the first event.
            entry: fields of the entry.
        """
        kept = self.details
        written = Written.of(first, self.events).render()
        details = Details(
            outline=kept.outline, matter=replace(kept.matter, events=written)
        )
        salts = Sealed.parse(self.leaf.details)
        sealed = Sealed.of(details, salts.outline.salt + salts.matter.salt)
        said = replace(parse(self.leaf.entry), details=sealed.commitment, **entry)
        return replace(
            self,
            leaf=Leaf(render(said), sealed.shown(matter=True), self.leaf.at),
        )


class Operator:
    """Whoever runs the service: every key, every table, and a copy of both."""

    def __init__(self, folder):
        self.folder = folder
        self.custody = FileCustody.create(folder / "kek")
        self.numbers = count()
        self.file = folder / "first.db"
        live(f"sqlite:///{self.file}", self.custody)
        with closing(self.open(self.file)) as store:
            self.head = store.read_head()
            self.founding, *self.steps = history(store)
            self.clients = {size: Client.of(store, size) for size in SIZES}

    def open(self, file):
        keys = beside(f"sqlite:///{self.file}")
        return Store.open(f"sqlite:///{file}", self.custody, keys)

    def copy(self):
        """Copy the database of the first history."""
        file = self.folder / f"{next(self.numbers)}.db"
        shutil.copyfile(self.file, file)
        return file

    def write(self, steps, sizes=SIZES):
        """Write another history: same store, same keys, same log's key.

        Returns:
            The store, which verifies.
        """
        file = self.copy()
        admin = connect(f"sqlite:///{file}")
        store = self.open(file)
        run(admin, *map(delete, GROWING))
        run(admin, update(tables.head).values(store.row.seal(Head.GENESIS)))
        admin.dispose()
        revision = 1
        with store.writing() as log:
            log.append([self.founding], [])
            for number, step in enumerate(steps, 1):
                found = step.rewritten(revision + 1)
                revision += len(step.events)
                log.append(step.events, [found.leaf])
                if number in sizes:
                    log.publish(SIGNER)
        # There is nothing wrong with it: whoever sees only this is content.
        assert fsck.verify(store, VERIFIER, deeper=True).leaves == len(steps)
        return store


def history(store):
    """Return the founding event, and every call after it."""
    events = iter([payload for _, payload in store.tail(Head.GENESIS)])
    yield next(events)
    for kept in store.entries(0, 10_000):
        leaf = Leaf(kept.entry, store.leaves.details(kept), parse(kept.entry).at)
        matter = opened(leaf.details, parse(kept.entry).details).matter
        written = Written.parse(matter.events)
        number = written.count if written else 0
        yield Step(leaf, tuple(next(events) for _ in range(number)))


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    return Operator(tmp_path_factory.mktemp("operator"))


def notices(operator, store, size):
    """Hold a client that saw a checkpoint of the first history to noticing."""
    with pytest.raises(TamperedError):
        operator.clients[size].newest(store)


def rests(operator, store, size):
    """Hold a client to seeing nothing wrong."""
    assert operator.clients[size].newest(store).size == store.read_head().published


def test_the_same_history_written_again_is_the_same(operator):
    """Else every refusal below would say nothing: the tree is of what was said."""
    with closing(operator.write(operator.steps)) as store:
        for size in SIZES:
            rests(operator, store, size)
            assert Client.of(store, size).held == operator.clients[size].held
        assert store.read_head().edge == operator.head.edge
        assert len(operator.steps) == LEAVES


@pytest.mark.slow
@DRAWN
@given(place=PLACE)
def test_an_entry_left_out_is_noticed(operator, place):
    """With its events, as if the call had never been; and more appended behind."""
    steps = [step for number, step in enumerate(operator.steps) if number != place]
    with closing(operator.write([*steps, operator.steps[place]])) as store:
        for size in SIZES:
            if size > place:
                notices(operator, store, size)
            else:
                rests(operator, store, size)


@pytest.mark.slow
@DRAWN
@given(place=PLACE, name=st.sampled_from(["person", "purpose", "outcome", "at"]))
def test_an_entry_that_says_something_else_is_noticed(operator, place, name):
    """One character of it, or one microsecond."""
    step = operator.steps[place]
    value = getattr(parse(step.leaf.entry), name)
    other = value + 1 if name == "at" else value[:-1] + "?"
    steps = list(operator.steps)
    steps[place] = step.rewritten(0, **{name: other})
    with closing(operator.write(steps)) as store:
        for size in SIZES:
            if size > place:
                notices(operator, store, size)
            else:
                rests(operator, store, size)


@pytest.mark.slow
@DRAWN
@given(place=PLACE, data=st.data())
def test_an_event_that_says_something_else_is_noticed(operator, place, data):
    """One bit of a fact, and the entry that wrote it says that it always was so."""
    while not operator.steps[place].events:
        place += 1
    step = operator.steps[place]
    number = data.draw(st.integers(0, len(step.events) - 1), label="event")
    event = bytearray(step.events[number])
    # At its end: whose key it needs stands before, and is missed if it is nobody's.
    bit = data.draw(st.integers(8 * (len(event) - 8), 8 * len(event) - 1), label="bit")
    event[bit // 8] ^= 1 << bit % 8
    events = (*step.events[:number], bytes(event), *step.events[number + 1 :])
    steps = list(operator.steps)
    steps[place] = replace(step, events=events)
    with closing(operator.write(steps)) as store:
        for size in SIZES:
            if size > place:
                notices(operator, store, size)
            else:
                rests(operator, store, size)


@pytest.mark.slow
@DRAWN
@given(place=PLACE, behind=st.integers(1, 40))
def test_entries_that_changed_places_are_noticed(operator, place, behind):
    """What came first stays first."""
    steps = list(operator.steps)
    steps[place], steps[place + behind] = steps[place + behind], steps[place]
    with closing(operator.write(steps)) as store:
        for size in (size for size in SIZES if size > place):
            notices(operator, store, size)


@pytest.mark.slow
@DRAWN
@given(place=PLACE, other=PLACE)
def test_an_entry_put_in_is_noticed(operator, place, other):
    """Also one that says, but for its purpose, what another one said."""
    steps = list(operator.steps)
    copied = replace(steps[other], events=()).rewritten(0, purpose="OTHER")
    steps.insert(place, copied)
    with closing(operator.write(steps)) as store:
        for size in SIZES:
            if size > place:
                notices(operator, store, size)
            else:
                rests(operator, store, size)


def test_what_nobody_saw_can_be_rewritten(operator):
    """That is what checkpoints every second are for: behind them nothing is fixed."""
    last = SIZES[-1]
    steps = operator.steps[: last + 2]
    with closing(operator.write(steps, (*SIZES, last + 2))) as store:
        rests(operator, store, last)
        assert Client.of(store, last + 2).held.size == last + 2


def test_a_log_that_forked_is_noticed_by_whoever_sees_both(operator):
    """Each copy grows by itself; each client is content until it sees the other's."""
    clients = []
    for word in ("one", "other"):
        steps = [*operator.steps[:300], operator.steps[300].rewritten(0, purpose=word)]
        with closing(operator.write(steps, (300, 301))) as store:
            rests(operator, store, 300)
            clients.append((Client.of(store, 301), store))
    (first, _), (second, _) = clients
    assert first.held != second.held
    with (
        closing(operator.write([*operator.steps[:300]], (300,))) as store,
        pytest.raises(TamperedError),
    ):
        first.newest(store)


@pytest.mark.parametrize("size", [100, 257, 512])
def test_an_older_copy_is_noticed(operator, size):
    """The whole database as it once was; whoever saw less has nothing to complain of."""
    with closing(operator.write(operator.steps[:size])) as store:
        for other in SIZES:
            if other > size:
                notices(operator, store, other)
            else:
                rests(operator, store, other)


def test_an_older_copy_that_grows_again_is_noticed(operator):
    """Past the size that was seen, with other entries than before."""
    steps = [*operator.steps[:257], *operator.steps[300:]]
    with closing(operator.write(steps, (257, len(steps)))) as store:
        rests(operator, store, 257)
        for size in (300, 512, 520):
            notices(operator, store, size)


# Without the trouble of writing it all anew


def test_an_event_changed_behind_its_entry_is_found(operator):
    """With the store's keys alone: the chain is sealed anew, the entries are kept."""
    events = [operator.founding]
    for step in operator.steps:
        events += step.events
    revision = 40
    changed = list(events)
    changed[revision - 1] += b"\0"
    with closing(operator.open(operator.copy())) as store:
        head = store.read_head()
        rows, end = store.events.seal(Head.GENESIS.last_event, changed)
        put(store._engine, tables.event, rows)
        with store.changing() as connection:
            store.row.move(connection, head, replace(head, tag=end.tag))

        assert fsck.verify(store, VERIFIER).revision == len(events)
        with pytest.raises(ChainError) as caught:
            fsck.verify(store, VERIFIER, deeper=True)
    first = 2
    for step in operator.steps:
        if first + len(step.events) > revision:
            break
        first += len(step.events)
    assert caught.value.where == f"event {first}"


def test_details_changed_behind_their_entry_are_found(operator):
    """With the store's keys alone: what the entry committed to stays what it was."""
    step = operator.steps[7]
    other = Sealed.of(
        replace(step.details, matter=replace(step.details.matter, reference="SN 2")),
        bytes(64),
    )
    with closing(operator.open(operator.copy())) as store:
        spoilt = replace(step.leaf, details=other.shown(matter=True))
        (row,) = store.leaves.seal(
            replace(Head.GENESIS, leaves=7, edge=(bytes(32),) * 3), [spoilt]
        ).leaves
        index = tables.leaf.c["index"]
        values = {name: row[name] for name in ("details_epoch", "details_blob")}
        run(store._engine, update(tables.leaf).where(index == 7).values(values))
        (kept,) = store.entries(7, 1)

        assert store.leaves.details(kept) == other.shown(matter=True)
        with pytest.raises(PlacementError):
            operator.clients[100].look(store, 7)
        with pytest.raises(ChainError) as caught:
            fsck.verify(store, VERIFIER, deeper=True)
    assert caught.value.where == "details 7"
