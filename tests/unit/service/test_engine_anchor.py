"""What an engine saw durable holds beyond its end."""

import shutil
import time

import pytest
from kit import importing as im
from kit.commands import open_case, presence, record_facts, register_groups, show_case
from kit.engines import SECONDS, SIGNER, answer, entries
from kit.erasing import approve_erasure, propose_erasure
from kit.world import RULESET, TODAY

from placement.domain.decide.taking import SLICE
from placement.errors import TamperedError, UnavailableError
from placement.service import engine as engine_module
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.service.staged import StagedRows
from placement.service.worker import Worker
from placement.store.anchor import Anchor
from placement.store.log import Store


@pytest.fixture
def path(tmp_path, store):
    """Where the anchor of an empty store is."""
    Anchor(tmp_path / "anchor", store).create(store.read_head())
    return tmp_path / "anchor"


@pytest.fixture
def serve(clock, path, publish_every):
    """Return a function that starts an engine with the anchor; all stop in the end."""
    made = []

    def run(store, worker=None):
        engine = Engine(
            store,
            Rules(RULESET),
            custodian=b"",
            signer=SIGNER,
            clock=clock,
            anchor=Anchor(path, store),
            worker=worker,
        )
        made.append(engine)
        engine.start()
        return engine

    yield run
    for engine in made:
        engine.stop()


def test_every_answer_is_behind_the_anchor(serve, store, path):
    """Whoever was answered is remembered."""
    engine = serve(store)
    for name in "hij":
        answer(engine, open_case(name))

        assert Anchor(path, store).read() == store.read_head()


def test_rows_that_nobody_asks_for_are_behind_it_too(serve, store, path, monkeypatch):
    """Checkpoints and followers tell of them, whoever asked."""
    engine = serve(store, Worker(StagedRows(store)))
    size = 9 * SLICE
    answer(engine, register_groups(*(f"g{number}" for number in range(size))))
    rows = [im.row(presence(f"g{number}")) for number in range(size)]
    begin = im.begin(size)
    for each in (
        begin,
        im.append(begin.import_id, *rows),
        im.finish(begin.import_id, im.over(*rows)),
    ):
        answer(engine, each)
    done, keep, commit = [], engine._anchoring.keep, engine.pulse.commit
    monkeypatch.setattr(
        engine._anchoring, "keep", lambda head: [done.append("kept"), keep(head)]
    )
    monkeypatch.setattr(
        engine.pulse, "commit", lambda *given: [done.append("commit"), commit(*given)]
    )
    answer(engine, im.approve(begin.import_id, im.over(*rows)))
    until = time.monotonic() + SECONDS
    while not taken(store) and time.monotonic() < until:  # an import is begun by a look
        answer(engine, open_case("h"))
    while taken(store) < 9 and time.monotonic() < until:
        time.sleep(0.01)
    engine.stop()

    assert taken(store) == 9
    assert Anchor(path, store).read() == store.read_head()
    assert done == ["commit", "kept"] * (len(done) // 2)


def taken(store):
    """Return how many slices of rows are durable."""
    return sum(each.action == "IMPORT_TAKE" for each in entries(store))


def test_an_older_database_is_not_served_after_a_restart(
    serve, store, custody, url, tmp_path
):
    """What was acknowledged is missing: its keys are good, and it verifies."""
    engine = serve(store)
    answer(engine, open_case("h"))
    engine.stop()
    store.close()
    shutil.copyfile(tmp_path / "store.db", tmp_path / "old.db")
    later = Store.open(url, custody)
    engine = serve(later)
    answer(engine, open_case("i"))
    engine.stop()
    later.close()
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"store.db{end}").unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "old.db", tmp_path / "store.db")
    old = Store.open(url, custody)
    with pytest.raises(TamperedError):
        serve(old)
    old.close()


def test_what_cant_be_remembered_is_not_answered(serve, store, path):
    """It is stored, and found by whoever asks again when the anchor is back."""
    engine = serve(store)
    path.rename(path.with_name("gone"))
    command = open_case("h")
    with pytest.raises(UnavailableError):
        answer(engine, command)
    path.with_name("gone").rename(path)

    assert answer(engine, command).reply.ids == (command.handle,)
    assert answer(engine, show_case(command.handle)).revision == 1


def test_health_tells_while_it_cant_be_remembered(
    serve, store, path, monkeypatch, caplog
):
    """And no more when it can, though nobody asked meanwhile; followers miss nothing."""
    engine = serve(store)
    before = engine.serving
    monkeypatch.setattr(engine_module, "PUBLISH_EVERY", 20_000)
    path.rename(path.with_name("gone"))
    with pytest.raises(UnavailableError):
        answer(engine, open_case("h"))
    failing, behind = engine.serving, engine.feed.until
    trouble = engine.trouble
    path.with_name("gone").rename(path)
    wait_until(lambda: engine.serving)

    assert trouble == "anchor"
    assert (before, failing, behind) == (True, False, 0)
    assert Anchor(path, store).read() == store.read_head()
    assert engine.feed.until == 1
    told = [each.message for each in caplog.records if "anchor" in each.message]
    assert told == ["anchor_failed", "anchor_works"]


def test_what_is_erased_has_no_key_though_that_cant_be_remembered(serve, store, path):
    """The erasure is in the log, whatever becomes of this server."""
    engine = serve(store)
    ended = {"valid_from": TODAY - 3000, "valid_to": TODAY - 2000}
    answer(engine, register_groups("A", "B"))
    fact, _ = answer(engine, record_facts(presence(**ended))).reply.ids
    (change,) = answer(engine, propose_erasure(fact)).reply.ids
    before = store.vault._keys.read(fact)
    path.unlink()
    with pytest.raises(UnavailableError):
        answer(engine, approve_erasure(change))

    assert before is not None
    assert store.vault._keys.read(fact) is None


def wait_until(holds):
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_without_its_anchor_nothing_is_served(serve, store, path):
    """Whoever puts a database back may have removed it."""
    path.unlink()
    with pytest.raises(UnavailableError):
        serve(store)
