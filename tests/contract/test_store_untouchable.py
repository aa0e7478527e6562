"""Nobody without keys touches anything that is stored and is not found out.

Everything an administrator of the database can do is done to a store with a past, and
each time two look: the store's own verification, and clients that saw an earlier
checkpoint. The former must refuse, and name the first place that does not fit. The
latter must see what they would have seen, or be refused.

What only alters the signature in a *cosignature*, or removes it, the store's
verification does not find: it has no keys of witnesses. A client that counts them does.
"""

from contextlib import closing, contextmanager
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.deeds import (
    ANYWHERE,
    DEEDS,
    bits_of,
    columns_of,
    flip,
    flipped,
    put,
    right_root,
)
from kit.engines import VERIFIER
from kit.lived import COSIGNED, LEAVES, SIZES, Client, live, taken
from kit.stored import keys_of, rows

from placement.audit import note as notes
from placement.crypto.custody import FileCustody
from placement.errors import PlacementError, TamperedError, UnavailableError
from placement.store import engine, fsck, tables
from placement.store.chain import ChainError
from placement.store.log import Store

EVERYWHERE = (
    *(tables.leaf, tables.event, tables.node, tables.checkpoint),
    *(tables.head, tables.epoch_key, tables.meta),
)
DRAWN = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Scene:
    """A store with a past, its administrator, and what it truly holds."""

    def __init__(self, url, custody):
        live(url, custody)
        self.url, self.custody = url, custody
        self.admin = engine.connect(url)
        self.rows = {table: rows(self.admin, table) for table in EVERYWHERE}
        with self.opened() as store:
            self.clients = [Client.of(store, size) for size in SIZES]
            made = self.clients[0].newest(store)
            self.truth = [taken(store, index, made) for index in range(made.size)]

    @contextmanager
    def opened(self):
        """Open the store anew: keys and store id are read again.

        Over new connections, but what is asked is compiled to SQL only once.
        """
        connect = engine.connect
        known = {self.url: self.admin}
        with patch.object(
            engine, "connect", lambda url: known.get(url) or connect(url)
        ):
            store = Store.open(self.url, self.custody, keys_of(self.url))
        with closing(store):
            yield store

    @contextmanager
    def spoilt(self, *done):
        """Do something to some tables, until the block ends."""
        for table, after in done:
            put(self.admin, table, self.rows[table], after)
        try:
            yield
        finally:
            for table, after in done:
                put(self.admin, table, after, self.rows[table])

    def verify(self):
        with self.opened() as store:
            return fsck.verify(store, VERIFIER, deeper=True)

    def refused(self, where):
        """Hold the verification to refusing, and to naming a place."""
        with pytest.raises((TamperedError, UnavailableError)) as caught:
            self.verify()

        if where != ANYWHERE:
            assert isinstance(caught.value, ChainError)
            assert caught.value.where in where

    def looked(self, index, client=None):
        """Let a client look at an entry: it sees the truth, or nothing.

        Returns:
            Whether it saw anything.
        """
        client = client or self.clients[3]
        try:
            with self.opened() as store:
                seen = client.look(store, index)
        except PlacementError:
            return False
        assert seen == self.truth[index]
        return True


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """One store for all that is done to it; each deed is undone."""
    folder = tmp_path_factory.mktemp("scene")
    custody = FileCustody.create(folder / "kek")
    made = Scene(f"sqlite:///{folder}/store.db", custody)
    yield made
    made.admin.dispose()


def holds(scene, table, done):
    """Hold one deed to being found by the store, and by clients where they look."""
    assert done.rows != scene.rows[table]
    with scene.spoilt((table, done.rows)):
        scene.refused(done.where)
        places = {7, 300}
        if table is tables.leaf:
            places.add(min(done.row["index"], SIZES[-1] - 1))
        seen = {index: scene.looked(index) for index in places}
        if table is tables.checkpoint:
            require_noticed(scene, {row["size"]: row for row in done.rows})
    touches_what_is_seen(table, done, seen)


def touches_what_is_seen(table, done, seen):
    """Whoever looks at the very leaf that was touched is refused."""
    kept = {row["index"]: row for row in done.rows} if table is tables.leaf else {}
    index = done.row.get("index")
    if table is tables.leaf and index < SIZES[-1] and kept.get(index) != done.row:
        assert not seen[index]


def require_noticed(scene, after):
    """Whoever fetches a checkpoint that was touched gets the true one, or none.

    Moved as it is it stays true; whoever saw one that is gone, notices.
    """
    for row, client in zip(scene.rows[tables.checkpoint], scene.clients, strict=True):
        size = row["size"]
        touched = size in after and after[size] != row
        with scene.opened() as store:
            try:
                held = Client.of(store, size).held
            except PlacementError:
                continue
        assert held == client.held
        assert not touched
    if SIZES[-1] not in after and max(after, default=0) < SIZES[-1]:
        with scene.opened() as store, pytest.raises(PlacementError):
            scene.clients[-1].newest(store)


@pytest.mark.slow
def test_an_untouched_store_verifies(scene):
    """Else every refusal below would say nothing; and every client sees all."""
    head = scene.verify()

    assert (head.leaves, head.published) == (LEAVES, SIZES[-1])
    for client in scene.clients:
        assert all(scene.looked(index, client) for index in (0, 255, 256, 519))
    assert len(scene.rows[tables.node]) == 2
    assert {row["epoch"] for row in scene.rows[tables.leaf]} == {1, 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "table"), DEEDS, ids=lambda each: getattr(each, "__name__", each)
)
def test_whatever_is_done_to_a_row_is_found(scene, deed, table):
    """Any bit, drop, reorder, insertion or cut, wherever it is."""

    @DRAWN
    @given(st.data())
    def done(data):
        holds(scene, table, deed(data, table, scene.rows[table]))

    done()


@pytest.mark.slow
@pytest.mark.parametrize("table", EVERYWHERE, ids=str)
def test_no_column_of_any_table_is_free(scene, table):
    """One bit of each, in the first row, the last and one in the middle."""
    content = scene.rows[table]
    for name in columns_of(table):
        for number in sorted({0, len(content) // 2, len(content) - 1}):
            value = content[number][name]
            width = bits_of(table.c[name], value)
            bit = 3 if isinstance(value, bytes | str) else width - 1

            holds(scene, table, flipped(table, content, number, name, bit))


@pytest.mark.slow
def test_no_bit_of_a_checkpoint_is_free(scene):
    """Text and signature alike, from the first to the last."""
    content = scene.rows[tables.checkpoint]
    row = content[3]
    with scene.opened() as store:
        for bit in range(0, 8 * len(row["note"]), 11):
            after = [dict(each) for each in content]
            after[3]["note"] = flip(row["note"], bit)
            with scene.spoilt((tables.checkpoint, after)):
                with pytest.raises(ChainError) as caught:
                    fsck.verify(store, VERIFIER)
                with pytest.raises(PlacementError):
                    Client.of(store, row["size"])

            assert caught.value.where == f"checkpoint {row['size']}"


@pytest.mark.parametrize("size", [100, 520, 525])
def test_the_right_root_under_another_key_is_found(scene, size):
    """The hashes are there for all to see, but the log's key is not."""
    others = [row for row in scene.rows[tables.checkpoint] if row["size"] != size]
    note = right_root(scene.rows[tables.leaf], size)
    with scene.spoilt((tables.checkpoint, [*others, {"size": size, "note": note}])):
        scene.refused({f"checkpoint {size}"})
        with scene.opened() as store, pytest.raises(PlacementError):
            Client.of(store, size)


def test_a_leaf_that_is_hashed_all_the_way_up_is_found(scene):
    """An administrator can compute hashes: of the leaf, and of the node above it."""
    leaves = [dict(row) for row in scene.rows[tables.leaf]]
    leaves[7]["hash"] = bytes(32)
    nodes = [dict(row) for row in scene.rows[tables.node]]
    nodes[0]["hash"] = bytes(32)
    with scene.spoilt((tables.leaf, leaves), (tables.node, nodes)):
        scene.refused({"leaf 7"})

        assert not scene.looked(7)
        assert not scene.looked(300)


# More than one table


def older(scene, leaves, revision, published):
    """Return what stood in the tables at an earlier moment, but for the head."""
    kept = scene.rows
    return (
        (tables.leaf, kept[tables.leaf][:leaves]),
        (tables.event, kept[tables.event][:revision]),
        (
            tables.node,
            [r for r in kept[tables.node] if (r["index"] + 1) * 256 <= leaves],
        ),
        (
            tables.checkpoint,
            [row for row in kept[tables.checkpoint] if row["size"] <= published],
        ),
    )


def test_cutting_the_end_everywhere_but_in_the_head_is_found(scene):
    """Entry, events, nodes and checkpoints fit each other; the head remembers more."""
    done = older(scene, 300, 150, 300)
    with scene.spoilt(*done):
        scene.refused({"leaf 300", "event 151"})

        assert not scene.looked(7, scene.clients[-1])


def test_an_entry_and_its_event_that_are_gone_together_are_found(scene):
    """As if a call had never been: the chains miss both."""
    leaves = [row for row in scene.rows[tables.leaf] if row["index"] != 1]
    events = [row for row in scene.rows[tables.event] if row["revision"] != 3]
    with scene.spoilt((tables.leaf, leaves), (tables.event, events)):
        scene.refused({"leaf 1", "event 3"})

        assert not scene.looked(1)


@pytest.mark.parametrize("blank", ["both", "details_epoch", "details_blob"])
def test_details_that_are_blanked_are_found(scene, blank):
    """No law took any yet; nobody hides a case like that."""
    after = [dict(row) for row in scene.rows[tables.leaf]]
    for name in ("details_epoch", "details_blob"):
        if blank in ("both", name):
            after[7][name] = None
    with scene.spoilt((tables.leaf, after)):
        scene.refused({"details 7"})

        assert not scene.looked(7)
        assert scene.looked(8)


# Cosignatures


def says_the_same(content, other):
    """Tell whether two notes have the same text, whoever signed them."""
    try:
        return notes.parse(content).text == notes.parse(other).text
    except TamperedError:
        return False


@pytest.mark.slow
def test_what_is_done_to_a_cosignature_is_found_by_whoever_counts_it(scene):
    """By the store only what is no note of its checkpoint; clients hold the keys."""
    content = rows(scene.admin, tables.cosignature)
    newest = content[-1]
    client = scene.clients[0]

    def counted():
        with scene.opened() as store:
            return client.newest(store, cosigned=True).size

    assert [row["size"] for row in content] == list(COSIGNED)
    assert counted() == newest["size"]
    for bit in range(0, 8 * len(newest["note"]), 101):
        spoilt = newest | {"note": flip(newest["note"], bit)}
        put(scene.admin, tables.cosignature, content, [*content[:-1], spoilt])

        if says_the_same(spoilt["note"], newest["note"]):
            assert scene.verify().published == SIZES[-1]
        else:
            scene.refused({f"cosignature {newest['size']}"})
        with pytest.raises(PlacementError):
            counted()
        # Whoever counts none goes on.
        with scene.opened() as store:
            assert client.newest(store).size == SIZES[-1]
        put(scene.admin, tables.cosignature, [*content[:-1], spoilt], content)
    # Without its row, a checkpoint merely has no witness; an earlier one does.
    put(scene.admin, tables.cosignature, content, content[:-1])
    assert scene.verify().published == SIZES[-1]
    assert counted() == COSIGNED[-2]
    put(scene.admin, tables.cosignature, content[:-1], content)


# The same on the other database


@pytest.mark.postgres
@pytest.mark.slow
def test_whatever_is_done_to_a_row_is_found_in_postgresql(postgres_url, custody):
    """A sample: the deeds are the same, and so is what finds them."""
    scene = Scene(postgres_url, custody)

    @settings(DRAWN, max_examples=25)
    @given(st.data())
    def done(data):
        deed, table = data.draw(st.sampled_from(DEEDS))
        holds(scene, table, deed(data, table, scene.rows[table]))

    assert scene.verify().leaves == LEAVES
    done()
    assert scene.verify().leaves == LEAVES
    scene.admin.dispose()
