"""Keys rotate while the engine answers; without the custody it answers nothing."""

from contextlib import closing

import pytest
from kit.commands import open_case
from kit.engines import SIGNER, VERIFIER, answer, entries
from kit.world import RULESET

from placement.crypto.custody import FileCustody
from placement.errors import UnavailableError
from placement.service.engine import Engine
from placement.service.fold import found as founded
from placement.service.rules import Rules
from placement.store import fsck
from placement.store.epochs import Limits
from placement.store.log import Store

KEY_ID = bytes(32)


def on(store):
    return Engine(
        store, Rules(RULESET), custodian=KEY_ID, signer=SIGNER, clock=lambda: 1
    )


@pytest.fixture
def made(tmp_path):
    """A store whose epochs are over after four records, and its custody."""
    custody = FileCustody.create(tmp_path / "kek")
    url = f"sqlite:///{tmp_path}/store.db"
    with closing(Store.create(url, custody)) as store:
        founded(store, KEY_ID, 1, None)
        store.epochs.limits = Limits(records=4)
        yield store, custody, url


@pytest.fixture
def engine(made):
    found = on(made[0])
    found.start()
    yield found
    found.stop()


def test_it_answers_on_under_new_keys(made, engine):
    """Ten cases, three epochs; whoever starts later reads all of it."""
    store, custody, url = made
    for number in range(10):
        answer(engine, open_case(f"case {number}"))
        engine.publish().result(20)
    with closing(Store.open(url, custody)) as started:
        head = fsck.verify(started, VERIFIER, deeper=True)
        other = on(started)
        other.start()
        answer(other, open_case("later"))
        other.stop()

    assert store.epochs.current > 2
    assert head.leaves == 10
    assert len(entries(store)) == 11


def test_without_the_custody_nobody_is_answered(made, engine, monkeypatch):
    """Once an epoch is over, until it is back; nothing is lost, and nothing condemned."""
    store, custody, _ = made
    for number in range(3):  # beside what a store begins with
        answer(engine, open_case(f"case {number}"))

    def gone(*_):
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(type(custody), "generate", gone)
        with pytest.raises(UnavailableError):
            answer(engine, open_case("refused"))
        assert len(entries(store)) == 3
    answer(engine, open_case("answered"))

    assert engine.serving
    assert len(entries(store)) == 4
    assert store.epochs.current == 2
