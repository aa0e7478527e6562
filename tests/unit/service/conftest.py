"""What the tests of the service share: a store on disk, and engines on it."""

from dataclasses import dataclass

import pytest
from kit.commands import MOMENT
from kit.engines import engine_on
from kit.erased import take
from kit.faults import FaultyStore
from kit.story import Teller, Told
from kit.world import NOW

from placement.audit.details import opened
from placement.audit.entry import parse
from placement.crypto.custody import FileCustody
from placement.service import engine as engine_module
from placement.service import publishing as publishing_module
from placement.store.log import Store

CHAPTERS = 20
AN_HOUR = 3_600_000_000  # microseconds


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
def publish_every(monkeypatch):
    """Nothing is committed between two steps of a test but what the test commits."""
    for module in (engine_module, publishing_module):
        monkeypatch.setattr(module, "PUBLISH_EVERY", AN_HOUR)


@pytest.fixture
def start(clock, publish_every):
    """Return a function that starts an engine on a store; all stop in the end."""
    engines = []

    def run(store, clock=clock):
        engine = engine_on(store, clock)
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop()


@pytest.fixture
def engine(start, faulty):
    started = start(faulty)
    yield started
    started.stop()  # before its store is closed, whichever was made first


# A log to be searched


@dataclass(frozen=True)
class Library:
    """A store with a long story, which nobody writes to.

    Attributes:
        store: sealed, hashed and signed by an engine.
        story: what stands in it.
        cases: handles by whose they are and under which reference.
        url: of the database.
    """

    store: Store
    story: list[Told]
    cases: dict[tuple[str, str], set[bytes]]
    url: str

    def named(self, asked):
        """Return the handles that a filter's reference names, if it names any."""
        if not asked.reference:
            return None
        return frozenset(self.cases.get((asked.organisation, asked.reference), ()))


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Some hundred entries; of every 37th the details were taken."""
    folder = tmp_path_factory.mktemp("library")
    url = f"sqlite:///{folder}/store.db"
    store = Store.create(url, FileCustody.create(folder / "kek"))
    clock = Clock()
    engine = engine_on(store, clock)
    engine.start()
    teller = Teller(engine, clock)
    teller.tell(CHAPTERS)
    engine.stop()
    take(store, lambda index: index % 37 == 20)
    yield Library(store, list(read(store)), teller.cases, url)
    store.close()


def read(store):
    """Read a whole log with its keys."""
    for leaf in store.entries(0, 10_000):
        entry = parse(leaf.entry)
        content = store.leaves.details(leaf)
        details = None if content is None else opened(content, entry.details)
        yield Told(
            index=leaf.index,
            entry=entry,
            outline=None if details is None else details.outline,
            matter=None if details is None else details.matter,
        )
