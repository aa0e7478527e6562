"""What the tests of the service share: a store on disk, and engines on it."""

import pytest
from kit.commands import MOMENT
from kit.faults import FaultyStore
from kit.world import NOW, RULESET

from placement.service.engine import Engine


class Clock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def moment():
    return MOMENT


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def faulty(store):
    """The same store, failing on cue."""
    return FaultyStore(store)


@pytest.fixture
def start(clock):
    """Return a function that starts an engine on a store; all stop in the end."""
    engines = []

    def run(store):
        engine = Engine(store, RULESET, custodian=b"", clock=clock)
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop()


@pytest.fixture
def engine(start, faulty):
    return start(faulty)
