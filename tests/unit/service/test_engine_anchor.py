"""What an engine saw durable holds beyond its end."""

import shutil

import pytest
from kit.commands import open_case, show_case
from kit.engines import SIGNER, answer
from kit.world import RULESET

from placement.errors import TamperedError, UnavailableError
from placement.service.engine import Engine
from placement.service.rules import Rules
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

    def run(store):
        engine = Engine(
            store,
            Rules(RULESET),
            custodian=b"",
            signer=SIGNER,
            clock=clock,
            anchor=Anchor(path, store),
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


def test_without_its_anchor_nothing_is_served(serve, store, path):
    """Whoever puts a database back may have removed it."""
    path.unlink()
    with pytest.raises(UnavailableError):
        serve(store)
