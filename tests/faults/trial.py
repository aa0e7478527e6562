"""One fault: a server works, its disk fails, and what is found afterwards."""

import shutil
from pathlib import Path
from random import Random
from typing import Final

from placement.audit.entry import ANSWERED, parse
from placement.domain.decide.checks import Check
from placement.domain.decide.command import Command
from placement.domain.terms import Day, stockholm_day
from placement.errors import PlacementError
from placement.service.batch import Answer
from tests.faults.disk import Disk, Kind
from tests.faults.vfs import failing
from tests.simulate import driven
from tests.simulate.author import Author, described
from tests.simulate.book import Book
from tests.simulate.driven import Clock, Driven
from tests.simulate.play import EVES

STEPS: Final = 12
"""Commands that are asked, before and after the fault."""
TRIES: Final = 3
SPAN: Final = 160
"""Calls to the disk among which a fault comes."""


class Harmed(AssertionError):  # noqa: N818 (it is what is looked for)
    """A store is neither intact nor refused."""


class Trial:
    """A fault of one kind, where a seed says.

    Args:
        kind: of it.
        seed: says where, and what is asked.
        source: a folder that ``driven.make`` filled.

    Attributes:
        missed: nobody was working any more when it would have come.
    """

    def __init__(self, kind: Kind, seed: int, source: Path) -> None:
        self._kind = kind
        self._chance = Random(f"{kind} {seed}")
        self._source = source
        self._book = Book()
        self._author = Author(self._chance, self._book)
        self._clock = Clock(EVES[0])
        self._logged: list[tuple[int, Command]] = []
        self._doubt: list[Command] = []
        self._disk = Disk(self._chance)
        self.missed = False

    def run(self) -> str:
        """Let it happen; return ``intact`` or ``refused``.

        Raises:
            Harmed: neither.
        """
        self._folder = self._source / "trial"
        self._folder.mkdir()
        try:
            driven.copy(self._source, self._folder)
            with driven.same_engines(), failing(self._disk):
                self._work()
                self._back_while_it_lasts()
                return self._found()
        finally:
            shutil.rmtree(self._folder)

    def _work(self) -> None:
        server = Driven.start(self._folder, self._clock)
        for command in self._author.prologue(self._today(server)):
            if not self._ask(server, command):
                raise Harmed("a sound disk fails")
        self._arm()
        for _ in range(STEPS):
            self._clock.now += 20_000_000
            if not self._insist(server, self._author.draw(self._today(server))):
                break
        self.missed = not self._disk.hits
        server.die()

    def _arm(self) -> None:
        """Draw when it comes, for how long, and whether the power goes as well."""
        draw = self._chance.randrange
        after = draw(SPAN)
        match self._kind:
            case Kind.TORN:
                self._disk.arm(Kind.TORN, after, 0, cut=after)
            case Kind.LOST:
                self._disk.arm(Kind.LOST, after, 1 << 30, cut=after + draw(1, SPAN))
            case Kind.READ_ONLY:
                self._disk.arm(Kind.READ_ONLY, after, 1 << 30)
            case kind:
                lasts = self._chance.choice((1, 1, 5, 40, 1 << 30))
                cut = after + draw(1, SPAN) if draw(3) == 0 else -1
                self._disk.arm(kind, after, lasts, cut=cut)

    def _insist(self, server: Driven, command: Command) -> bool:
        """Ask some times; tell whether it was acknowledged."""
        return any(self._ask(server, command) for _ in range(TRIES))

    def _ask(self, server: Driven, command: Command) -> bool:
        try:
            (said,) = server.ask(command)
        except PlacementError as error:  # it is not even taken any more
            said = error
        if isinstance(said, PlacementError):
            # It may be durable all the same; a question changes nothing.
            if not isinstance(command, Check) and command not in self._doubt:
                self._doubt.append(command)
            return False
        if command in self._doubt:
            self._doubt.remove(command)
        self._acknowledged(server, command, said)
        return True

    def _acknowledged(self, server: Driven, command: Command, answer: Answer) -> None:
        self._logged.append((answer.leaf, command))
        if not isinstance(command, Check):
            self._book.note(command, server.now)
            return
        reply = answer.reply
        got = tuple(each.verdict for each in reply.answers)  # type: ignore[attr-defined]
        expected = self._book.verdicts(command, server.now)
        if got != expected and not self._doubt:
            raise Harmed(f"{got} instead of {expected} to {described(command)}")

    def _back_while_it_lasts(self) -> None:
        """Start on a disk that still fails: nobody may get a wrong answer there."""
        if self._disk.off:
            self._disk.wake()
            return
        try:
            server = Driven.start(self._folder, self._clock)
        except PlacementError:
            pass
        else:
            case = min(self._book.cases)
            for command in (*self._doubt, *self._checks(server, [case])):
                self._insist(server, command)
            server.die()
        if self._disk.off:
            self._disk.wake()
        else:
            self._disk.settle()

    def _found(self) -> str:
        """Start on a sound disk, and hold everything against the book.

        Raises:
            Harmed: it serves, and something is missing or milder.
        """
        try:
            server = Driven.start(self._folder, self._clock)
        except PlacementError:
            return "refused"
        folded = server.engine._folded
        if folded is None:
            raise Harmed("it serves without a state")
        for command in [*self._doubt]:  # it may be there, or not; asked again, it is
            if not self._ask(server, command):
                raise Harmed(f"not answered any more: {described(command)}")
        lost = self._book.missing(folded[0])
        if lost:
            raise Harmed(f"acknowledged and lost: {', '.join(lost)}")
        for leaf, command in self._logged:
            self._require_entry(server, leaf, command)
        for command in self._checks(server, sorted(self._book.cases)):
            if not self._ask(server, command):
                raise Harmed(f"not answered any more: {described(command)}")
        server.rest()
        server.stop()
        driven.whole(self._folder)
        return "intact"

    def _require_entry(self, server: Driven, leaf: int, command: Command) -> None:
        found = server.store.entries(leaf, 1)
        entry = parse(found[0].entry) if found else None
        if entry is None or (entry.action, entry.outcome) != (
            command.action.name,
            ANSWERED,
        ):
            raise Harmed(f"no entry of {described(command)}")

    def _checks(self, server: Driven, cases: list[bytes]) -> list[Command]:
        today = self._today(server)
        return [self._author.check_of(case, today) for case in cases]

    def _today(self, server: Driven) -> Day:
        return Day(stockholm_day(max(server.now, self._clock.now)))
