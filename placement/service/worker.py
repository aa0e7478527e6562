"""What the service has to do by itself, a little at a time between what it is asked.

The agenda is part of the state, so it is durable with whatever put something on it, and
every server sees the same. Each slice is decided like a command, in a transaction with
others: what another server did meanwhile is seen, and not done again.

Invariants:
    * what is stored and damaged condemns, as everywhere;
    * a defect of ours here never keeps a caller waiting: the worker rests, and says so;
    * whatever goes wrong is told to health until the server is started again; that the
      database went away with something of it is no more than that, once.
"""

import bisect
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from placement.access import SERVICE
from placement.domain.affected import affected
from placement.domain.agenda import Round, Touch
from placement.domain.decide.command import Command, Moment
from placement.domain.decide.imports import part_at
from placement.domain.decide.reevaluations import Reevaluate, Swept, Tick, awaits
from placement.domain.decide.taking import TakeRows
from placement.domain.import_events import ImportKept, ImportStaged, StagedPart
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import FactId, Micros, Revision
from placement.errors import PlacementError, UnavailableError
from placement.service.batch import Answer
from placement.store.rows import is_damage

SLICE: Final = 16
"""Placements that are weighed in one transaction."""
TICK_EVERY: Final = 1_000_000
"""Microseconds between two looks at the clock."""
MOST_DUE: Final = 500
"""How much may be due before an import's rows wait."""
TURN: Final = 8
"""How many slices of rows come before something that is due."""
REST: Final = 60_000_000
"""Microseconds that it rests after a defect of ours, so that callers go on."""
BREATH: Final = 5_000_000
"""Microseconds that it rests when the database did not take something of it."""

_log: Final = logging.getLogger(__name__)


class Worker:
    """Says what is to be done next.

    Args:
        staged: reads rows of an import where they stand in the log; without it they
            are left to other servers.

    Attributes:
        incidents: how often something was found that should not be (``sweep``), or went
            wrong (``weighing``).
    """

    def __init__(
        self, staged: Callable[[Revision], ImportStaged] | None = None
    ) -> None:
        self.incidents: Counter[str] = Counter()
        self._read = staged
        self._staged: tuple[Revision, ImportStaged] | None = None
        self._noted: FactId | None = None  # an import that was durable a look ago
        self._took = 0  # slices of rows since something else was done
        self._ticked = 0
        self._rests_until = 0
        self._tried = False  # something of it is in the transaction
        self._excused = False  # the last such transaction failed with the database
        self._plan: tuple[Revision, Touch, list[FactId]] | None = None

    def next(self, state: State, moment: Moment) -> Command | None:
        """Return the next thing to do, or ``None``.

        Args:
            state: as new as can be.
            moment: when.

        Raises:
            PlacementError: what is stored is damaged; no caller is answered any more.
        """
        try:
            found = self._next(state, moment)
        except Exception as error:
            if is_damage(error):
                raise
            self._failed(moment.now, error, type(error).__name__)
            return None
        self._tried |= found is not None
        return found

    def saw(self, answer: Answer | PlacementError, moment: Moment) -> None:
        """Look at what became of the last thing to do."""
        if isinstance(answer, PlacementError):
            self.rest(moment.now, answer.reason)
        elif isinstance(answer.reply, Swept) and answer.reply != Swept():
            _log.critical(
                "incident a sweep found what no change had touched, or something can't "
                "be weighed unforeseen=%d failed=%d",
                answer.reply.unforeseen,
                answer.reply.failed,
            )
            self.incidents["sweep"] += 1

    def ended(self, now: Micros, error: Exception | None = None) -> None:
        """Learn what became of a transaction; if it failed, something of it may be why.

        A database that is away fails whatever it is asked. But then all is read again
        before the next transaction, so it is there; fails that too, it is no chance.

        Args:
            now: when.
            error: why it failed; ``None`` if it did not.
        """
        if error is not None:
            self._noted = None  # what approved it may not be durable
        tried, self._tried = self._tried, False
        if tried:
            self._failed(now, error, "commit")

    def _failed(self, now: Micros, error: Exception | None, kind: str) -> None:
        """Rest after what failed, if it did; after the database alone for a breath, once."""
        excused, self._excused = self._excused, isinstance(error, UnavailableError)
        if self._excused and not excused:
            self._rests_until = now + BREATH
        elif error is not None:
            self.rest(now, kind)

    def rest(self, now: Micros, kind: str) -> None:
        """Do nothing for a while, and tell health."""
        _log.critical("incident nothing was weighed again kind=%s", kind)
        self.incidents["weighing"] += 1
        self._rests_until = now + REST

    def waits(self, state: State, moment: Moment) -> bool:
        """Tell whether there is something to do at once."""
        if moment.now < self._rests_until:
            return False
        if len(state.agenda) > 0 or self._import(state) is not None:
            return True
        return self._looks(moment) and awaits(state, moment)

    def has_time(self, state: State) -> bool:
        """Tell whether what comes next can wait for whoever asks: rows of an import."""
        return self._import(state) is not None and self._may_take(state)

    def _next(self, state: State, moment: Moment) -> Command | None:
        if moment.now < self._rests_until:
            return None
        if self._looks(moment):
            if awaits(state, moment):
                return Tick(caller=SERVICE)
            self._ticked = moment.now
        known = self._import(state)
        if known is not None and self._may_take(state):
            self._took += 1
            return self._rows(known)
        self._took = 0
        self._staged = None if known is None else self._staged
        turn = state.agenda.next()
        return None if turn is None else self._slice(state, turn, moment.ruleset)

    def _import(self, state: State) -> ImportKept | None:
        """Return the import whose rows are to be taken over, if any."""
        return None if self._read is None else state.imports.next()

    def _may_take(self, state: State) -> bool:
        """Tell whether rows come next; they take turns with what they made due.

        When too much is due, they wait: whoever is placed is weighed again soon.
        """
        due = len(state.agenda)
        return due == 0 or (self._took < TURN and due <= MOST_DUE)

    def read_on(self, state: State) -> None:
        """Read the next rows of an import, while nobody owns the log.

        What goes wrong here is met again where they are taken.

        Args:
            state: durable.
        """
        part = self._part(state)
        if part is not None and self._read is not None and not self._holds(part):
            with suppress(Exception):
                self._staged = (part.revision, self._read(part.revision))

    def goes_on(self, state: State) -> bool:
        """Tell whether rows come next, and are read already."""
        part = self._part(state)
        return part is not None and self._holds(part) and self._may_take(state)

    def _part(self, state: State) -> StagedPart | None:
        """Return the place of the rows that are next."""
        known = self._import(state)
        return None if known is None else part_at(known, known.taken)

    def _holds(self, part: StagedPart) -> bool:
        return self._staged is not None and self._staged[0] == part.revision

    def _rows(self, known: ImportKept) -> TakeRows | None:
        """Return the next rows of an approved import."""
        part = part_at(known, known.taken)
        if self._read is None or part is None or self._is_new(known.begun.id):
            return None
        if self._staged is None or self._staged[0] != part.revision:
            self._staged = (part.revision, self._read(part.revision))
        return TakeRows(caller=SERVICE, staged=self._staged[1], after=known.taken)

    def _is_new(self, key: FactId) -> bool:
        """Tell whether an import was not looked at before.

        Its rows are read from what is durable, and perhaps this is the transaction that
        approves it: they are there at the next look.
        """
        new, self._noted = self._noted != key, key
        return new

    def _looks(self, moment: Moment) -> bool:
        return moment.now - self._ticked >= TICK_EVERY

    def _slice(self, state: State, turn: Round, ruleset: Ruleset) -> Reevaluate:
        """Return some of what a round touches, from where the last slice ended."""
        plan = self._planned(state, turn, ruleset)
        start = bisect.bisect_right(plan, turn.after)
        placements = tuple(plan[start : start + SLICE])
        return Reevaluate(
            caller=SERVICE,
            until=turn.until,
            placements=placements,
            done=start + SLICE >= len(plan),
        )

    def _planned(self, state: State, turn: Round, ruleset: Ruleset) -> list[FactId]:
        """Return what a round touches; planned once, unless it is another of its name.

        When a commit fails, its revisions are given again.
        """
        touch = state.agenda.touch_of(turn.until)
        if self._plan is None or self._plan[:2] != (turn.until, touch):
            plan = affected(state, ruleset, touch)
            self._plan = (turn.until, touch, plan)
        return self._plan[2]
