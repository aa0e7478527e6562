"""One seed: what is asked, what goes wrong, and what must hold all the same."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from placement.audit.entry import ANSWERED, parse
from placement.domain.decide.checks import Check
from placement.domain.decide.command import Command
from placement.domain.terms import MICROS_AN_HOUR, Day, Micros, Verdict, stockholm_day
from placement.errors import PlacementError, UnavailableError
from placement.service.batch import Answer
from tests.simulate import driven
from tests.simulate.author import Author, described
from tests.simulate.book import Book
from tests.simulate.driven import Clock, Driven
from tests.simulate.storm import Crashed, Storm

ROUNDS: Final = 10
TRIES: Final = 12
"""How often something is asked again before the weather is made good."""
EVES: Final = tuple(
    int(datetime(*day, hour, minute, tzinfo=UTC).timestamp()) * 1_000_000
    for day, hour, minute in (
        ((2026, 6, 15), 8, 0),
        ((2026, 3, 28), 23, 40),  # twenty minutes before summer time's day begins
        ((2026, 3, 29), 0, 50),  # 01:50 in Stockholm; the next hour is left out
        ((2026, 10, 25), 0, 40),  # 02:40 in Stockholm; that hour comes twice
        ((2026, 12, 31), 22, 50),
    )
)
"""When seeds begin."""
JUMPS: Final = (1, -1, 2, -24, 13, -13, 23)
"""Hours that a clock jumps."""


class Found(AssertionError):  # noqa: N818 (it is what a simulation is for)
    """Something does not hold."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What is durable of one request.

    Attributes:
        command: which.
        answer: what it did, once it was acknowledged.
    """

    command: Command
    answer: Answer | None = None


class Play:
    """Plays one seed in a folder of its own.

    Args:
        seed: says everything.
        source: a folder that ``driven.make`` filled, to be copied.
        tell: told each step.
    """

    def __init__(
        self, seed: int, source: Path, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._chance = chance = Random(seed)
        self._source = source
        self._tell = tell
        self._book = Book()
        self._author = Author(chance, self._book)
        risk = chance.choice((0.0, 0.01, 0.03, 0.1))
        self._storm = Storm(chance, risk, tell, mostly=chance.choice((0.2, 0.5, 1.0)))
        self._done: dict[bytes, _Done] = {}
        self._clock = Clock(chance.choice(EVES))
        self._forward = 30  # hours that may still be jumped; changes lapse after 72
        self.answered = 0
        self.starts = 0

    @property
    def happened(self) -> dict[str, int]:
        """How often something went wrong on purpose, by where."""
        return self._storm.count

    def run(self) -> None:
        """Play.

        Raises:
            Found: something does not hold.
        """
        with driven.same_engines(), _empty(self._source / "seed") as self._folder:
            driven.copy(self._source, self._folder)
            anchors = ["anchor"]
            if self._chance.random() < 0.3:
                anchors.append("other")
                (self._folder / "other").write_bytes(
                    (self._folder / "anchor").read_bytes()
                )
            self._servers = [self._started(each) for each in anchors]
            self._anchors = anchors
            for command in self._author.prologue(self._today()):
                self._insist([command])
            for number in range(ROUNDS):
                self._round(number)
            self._finish()

    # Rounds

    def _round(self, number: int) -> None:
        self._pass_time()
        drawn = self._chance.choice((1, 1, 2, 3, 5))
        batch = [self._author.draw(self._today()) for _ in range(drawn)]
        if self._done and self._chance.random() < 0.2:  # an answer that got lost
            batch.append(self._chance.choice(list(self._done.values())).command)
        self._chance.shuffle(batch)
        self._tell(f"round {number}, {_time(self._clock.now)}")
        self._insist(batch)
        if self._chance.random() < 0.15:
            self._idle()
        if self._chance.random() < 0.1:
            self._restart(self._chance.randrange(len(self._servers)))

    def _pass_time(self) -> None:
        luck = self._chance.random()
        self._clock.now += self._chance.randrange(90_000_000)
        if luck < 0.1:
            jump = self._chance.choice(JUMPS)
            if jump > 0:
                jump = min(jump, self._forward)
                self._forward -= jump
            self._clock.now += jump * MICROS_AN_HOUR
            self._tell(f"  the clock jumps {jump:+} h to {_time(self._clock.now)}")

    def _idle(self) -> None:
        number = self._chance.randrange(len(self._servers))
        try:
            self._storm.calm = False
            self._servers[number].idle()
        except Crashed:
            self._back(number)
        finally:
            self._storm.calm = True

    def _insist(self, batch: list[Command]) -> None:
        """Ask until everything is acknowledged, in another order each time."""
        for attempt in range(TRIES):
            number = self._chance.randrange(len(self._servers))
            self._storm.calm = attempt == TRIES - 1
            batch = self._asked(number, batch)
            self._storm.calm = True
            if not batch:
                return
            self._chance.shuffle(batch)
        raise Found("what is asked again and again is never answered")

    def _asked(self, number: int, batch: list[Command]) -> list[Command]:
        """Ask a server; return what was not acknowledged."""
        server = self._servers[number]
        for command in batch:
            self._tell(f"  ask {number}: {described(command)}")
        before = server.store.read_head().leaves
        said: list[driven.Said]
        crashed = False
        try:
            said = server.ask(*batch)
        except Crashed:
            crashed, said = True, [UnavailableError() for _ in batch]
        # What is durable is so for everybody, whoever was told.
        entries = server.entries(before)
        left = []
        for command, answer in zip(batch, said, strict=True):
            if entries:
                self._durable(command, server.now)
            if isinstance(answer, UnavailableError):
                left.append(command)
            elif isinstance(answer, PlacementError):
                raise Found(f"{answer.reason} to {described(command)}")
            else:
                self._acknowledged(server, command, answer)
                _require_entry(entries.get(answer.leaf), command)
        if crashed:
            self._back(number)
        return left

    def _durable(self, command: Command, now: Micros) -> None:
        key = command.request_id  # type: ignore[attr-defined]
        if key in self._done:
            return
        if not isinstance(command, Check):
            self._book.note(command, now)
        self._done[key] = _Done(command)

    def _acknowledged(self, server: Driven, command: Command, answer: Answer) -> None:
        self.answered += 1
        key = command.request_id  # type: ignore[attr-defined]
        done = self._done.get(key)
        if done is None:
            raise Found(f"acknowledged, and not durable: {described(command)}")
        got = _told(answer)
        if isinstance(command, Check):  # a retry is weighed anew
            expected = self._book.verdicts(command, server.now)
            if got != expected:
                raise Found(_differs(command, got, expected))
        elif done.answer is not None and _told(done.answer) != got:
            raise Found(f"another answer to a retry: {described(command)}")
        self._done[key] = _Done(command, done.answer or answer)

    # Servers

    def _started(self, anchor: str) -> Driven:
        """Start a server, whatever the weather, in the end in a calm."""
        for attempt in range(TRIES):
            self.starts += 1
            self._storm.calm = attempt == TRIES - 1 or not self._done
            try:
                return Driven.start(
                    self._folder, self._clock, anchor=anchor, wrap=self._storm.around
                )
            except (Crashed, UnavailableError):
                self._tell("  no start")
            finally:
                self._storm.calm = True
        raise Found("a server does not start any more")

    def _back(self, number: int) -> None:
        self._servers[number].die()
        self._tell(f"  server {number} starts again")
        self._servers[number] = self._started(self._anchors[number])

    def _restart(self, number: int) -> None:
        snapshot = self._chance.random() < 0.7
        self._tell(f"  server {number} is stopped{' with a snapshot' * snapshot}")
        self._servers[number].stop(snapshot=snapshot)
        self._servers[number] = self._started(self._anchors[number])

    # The end

    def _finish(self) -> None:
        """Let the weather clear, and hold everything against the book."""
        for server in self._servers:
            server.rest()
        snapshot = self._chance.random() < 0.5
        for server in self._servers:
            server.stop(snapshot=snapshot)
        state, _ = driven.whole(self._folder)
        lost = self._book.missing(state)
        if lost:
            raise Found(f"acknowledged and lost: {', '.join(lost)}")
        unlogged = [each for each in self._done.values() if each.answer is None]
        if unlogged:
            raise Found("durable, and never acknowledged")
        self._servers = [self._started("anchor")]
        for case in sorted(self._book.cases):
            self._insist([self._author.check_of(case, self._today())])
        self._servers[0].stop()

    def _today(self) -> Day:
        """The day that the service has: its time never goes back."""
        now = max([self._clock.now, *(server.now for server in self._servers)])
        return Day(stockholm_day(Micros(now)))


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    """Make a folder until the block ends; always of one name, see ``same_engines``."""
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _require_entry(found: bytes | None, command: Command) -> None:
    """Hold an answer to having its entry, which says whose it is."""
    entry = None if found is None else parse(found)
    if entry is None or (entry.action, entry.person, entry.outcome) != (
        command.action.name,
        command.caller.person,
        ANSWERED,
    ):
        raise Found(f"no entry of {described(command)}")


def _told(answer: Answer) -> Any:
    """Return what a caller is told: verdicts of a check, ids of all else."""
    reply: Any = answer.reply
    if hasattr(reply, "answers"):
        return tuple(each.verdict for each in reply.answers)
    return reply.ids


def _differs(command: Command, got: Any, expected: tuple[Verdict, ...]) -> str:
    milder = any(one < other for one, other in zip(got, expected, strict=True))
    how = "milder than the model's" if milder else "harder than the model's"
    names = [", ".join(each.name for each in some) for some in (got, expected)]
    return f"{how}: {names[0]} instead of {names[1]} to {described(command)}"


def _time(now: int) -> str:
    return datetime.fromtimestamp(now / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S Z")
