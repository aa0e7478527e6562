"""An engine without its thread: each step is taken when the test takes it."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from kit.engines import SIGNER, VERIFIER
from kit.still import STILL
from kit.world import areas

from placement.crypto.custody import FileCustody
from placement.domain.decide.command import Command
from placement.domain.ruleset import Ruleset, parse_ruleset
from placement.domain.state import State
from placement.domain.terms import Micros
from placement.errors import PlacementError, TamperedError
from placement.service import keeping
from placement.service.batch import Answer
from placement.service.engine import Engine
from placement.service.fold import found
from placement.service.fold import load as fold
from placement.service.rules import Rules
from placement.service.worker import Worker
from placement.store import engine as database
from placement.store import fsck
from placement.store.anchor import Anchor
from placement.store.head import Head
from placement.store.log import Store

CUSTODIAN: Final = bytes(32)
FILES: Final = ("store.key", "placement.db", "placement.keys.db", "anchor")
Said = Answer | PlacementError


def _unbudgeted() -> Ruleset:
    text = STILL
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
        text = text.replace(line, "areas = 1000000000\n")
    return parse_ruleset(text, areas())


RULESET: Final = _unbudgeted()


class Clock:
    """Shows what it is set to."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class _Still:
    """A thread that never runs, and is never over."""

    def start(self) -> None:
        return

    def join(self) -> None:
        return

    def is_alive(self) -> bool:
        return True


def make(folder: Path, now: int) -> None:
    """Make the keys, a store and an anchor, as ``placement-server init`` does."""
    custody = FileCustody.create(folder / "store.key")
    store = Store.create(url(folder), custody)
    found(store, CUSTODIAN, now, RULESET)
    Anchor(folder / "anchor", store).create(store.read_head())
    store.close()


def copy(source: Path, target: Path, *, make: bool = False) -> None:
    """Copy what ``make`` made, and what came of it."""
    if make:
        target.mkdir()
    for name in FILES:
        shutil.copyfile(source / name, target / name)
        (target / name).chmod(0o600)


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/placement.db"


def opened(folder: Path) -> Store:
    return Store.open(url(folder), FileCustody(folder / "store.key"))


_ENGINES: Final[dict[Any, Any]] = {}


@contextmanager
def same_engines() -> Iterator[None]:
    """Use SQLAlchemy's engine of a database again when the database is opened again.

    Each new one would compile all statements anew, which takes most of a start.
    """
    usual: Any = database.create_engine

    def create_engine(at: Any, **given: Any) -> Any:
        if at not in _ENGINES:
            _ENGINES[at] = usual(at, **given)
        return _ENGINES[at]

    database.create_engine = create_engine
    try:
        yield
    finally:
        disconnect()
        database.create_engine = usual


def disconnect() -> None:
    """Close whatever connections are still open, as the end of a process does."""
    for engine in _ENGINES.values():
        engine.dispose()


@dataclass(slots=True)
class Driven:
    """One server's engine on the store of a folder.

    Attributes:
        engine: whose steps are taken here.
        store: its own connections.
    """

    engine: Engine
    store: Store

    @classmethod
    def start(
        cls,
        folder: Path,
        clock: Callable[[], int],
        *,
        anchor: str = "anchor",
        wrap: Callable[[Any], Any] = lambda part: part,
    ) -> "Driven":
        """Open the store, fold the log, and be ready to answer.

        What the server would verify meanwhile is verified here.

        Args:
            folder: of the store.
            clock: the server's.
            anchor: the server's own file.
            wrap: puts something around the store, and around the anchor.

        Raises:
            PlacementError: it refuses to serve.
        """
        store = None
        try:
            store = opened(folder)
            engine = Engine(
                wrap(store),
                Rules(RULESET),
                custodian=CUSTODIAN,
                signer=SIGNER,
                clock=clock,
                worker=Worker(),
                anchor=wrap(Anchor(folder / anchor, store)),
            )
            engine._thread = _Still()
            engine.proving.go_on = _proven(engine)
            engine.start()
        except BaseException:
            if store is not None:
                store.close()
            disconnect()
            raise
        return cls(engine, store)

    def ask(self, *commands: Command) -> list[Said]:
        """Have some things decided in one transaction."""
        futures = [self.engine.submit(command) for command in commands]
        self.engine._serve(self.engine._take())
        errors = [future.exception(0) for future in futures]
        return [
            future.result(0) if error is None else _ours(error)
            for future, error in zip(futures, errors, strict=True)
        ]

    def idle(self) -> None:
        """Let a second pass in which nobody asks."""
        self.engine._serve([])

    def rest(self, most: int = 500) -> None:
        """Let the service do all that it has to do by itself.

        Raises:
            AssertionError: it has something to do again and again.
        """
        for _ in range(most):
            if not self.engine.serving or not self.engine._unfinished():
                return
            self.idle()
        raise AssertionError("the service does not come to rest")

    def entries(self, first: int) -> dict[int, bytes]:
        """Open all entries of the access log from an index on."""
        with self.store.reading() as connection:
            end = self.store.row.read(connection).last_leaf
            count = end.number + 1 - first
            found = self.store.leaves.part(connection, first, count, end)
        return {kept.index: kept.entry for kept in found}

    @property
    def now(self) -> Micros:
        """The time of the last batch; an entry never stands before it."""
        return Micros(self.engine._now)

    def stop(self, *, snapshot: bool = False) -> None:
        """Stop as told."""
        usual = keeping.SNAPSHOT_AFTER
        keeping.SNAPSHOT_AFTER = 1 if snapshot else usual
        self.engine.stop()
        keeping.SNAPSHOT_AFTER = usual
        self.store.close()

    def die(self) -> None:
        """End at once; what SQLite has open is closed, and nothing else done."""
        self.store.close()


def _proven(engine: Engine) -> Callable[[], None]:
    """Return what verifies all of the log at once, if a start left something.

    Raises:
        TamperedError: from the result: it does not verify.
    """

    def go_on() -> None:
        if engine.proving._thread is not None:
            engine.proving._thread = None
            engine.proving.attempt()
        if engine.trouble == "unverified":
            raise TamperedError

    return go_on


def _ours(error: BaseException) -> PlacementError:
    assert isinstance(error, PlacementError), error
    return error


def whole(folder: Path) -> tuple[State, Head]:
    """Verify everything that a folder holds; fold it both ways, and compare.

    Raises:
        AssertionError: the snapshot says something else than the log.
        TamperedError: something does not verify.
    """
    store = opened(folder)
    try:
        head = fsck.verify(store, VERIFIER, deeper=True)
        state, _ = fold(store)
        anew, _ = fold(store, anew=True)
        assert told(state) == told(anew), "the snapshot is another state than the log"
    finally:
        store.close()
    return state, head


def told(state: State) -> list[object]:
    """Return what a state says, whatever order it has things in."""
    return sorted(
        (replace(record, at=Micros(0)) for record in state.records()), key=repr
    )


def refusals(said: Sequence[Said]) -> list[PlacementError]:
    return [each for each in said if isinstance(each, PlacementError)]
