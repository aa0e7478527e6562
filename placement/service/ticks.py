"""Ticks: what is written so that nobody who counts records can tell what happened when.

Time is cut into ticks. When one is over, what was written in it is filled up: events and
entries each to a power of two (of more than a thousand, to a sixteenth of one) and never
fewer than a least number, the checkpoints likewise (``store/filled.py``).
What fills it says, to whoever has the keys, that it is nothing (``domain/idle_events``).
So a tick in which little happened looks like one in which nothing did, and of a busy one
shows how many records it had to the nearest of these.

The first entries of a tick are signed with their commit, as are the last, and nothing
between unless somebody asks: so whoever asks about the first one leaves no trace.

Invariants:
    * a tick is filled in one transaction with whatever ends it, or not at all;
    * what fills it is chained, hashed and signed like anything else;
    * where further checkpoints stand that nobody asked for is drawn anew each time.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from placement.access import SERVICE
from placement.audit.note import Signer
from placement.domain.decide.idling import Idle
from placement.service.batch import Batch
from placement.store.filled import bucket, filled
from placement.store.head import Head
from placement.store.log import Log

LEAST: Final = 4
"""Events, and entries, that a tick has at least unless somebody says so."""
LEAST_NOTES: Final = 2
"""Checkpoints that it has at least."""
PIECE: Final = 500
"""Events, or entries, that are appended at once: who holds the head must not be silent."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is appended before a checkpoint.

    Attributes:
        events: how many.
        leaves: how many entries; at least one.
    """

    events: int
    leaves: int


class Ticks:
    """Fills the ticks of one server.

    Args:
        every: their length, microseconds.
        least: how many events, and entries, one has at least; a power of two.

    Attributes:
        every: the same.
        least: the same.
    """

    def __init__(self, every: int, least: int = LEAST) -> None:
        self.every = every
        self.least = least
        self._tick: int | None = None
        self._since = Head.GENESIS
        self._notes = 0

    def begin(self, head: Head, now: int) -> None:
        """Begin a tick.

        Args:
            head: where everything ends.
            now: by this server's own clock.
        """
        self._tick = now // self.every
        self._since = head
        self._notes = 0

    def signs(self, head: Head) -> bool:
        """Tell whether what was just written is the first of the tick."""
        return self._notes == 0 and head.leaves > self._since.leaves

    def noted(self, head: Head) -> None:
        """Count a checkpoint that is about to be signed, unless there is one."""
        self._notes += head.leaves != head.published

    def over(self, now: int) -> bool:
        """Tell whether the tick that was begun is over, or the clock was set."""
        return now // self.every != self._tick

    def even(self, head: Head) -> bool:
        """Tell whether nothing was written since the tick began."""
        return head == self._since

    def plan(self, head: Head) -> list[Step]:
        """Return what fills the tick, up to a head."""
        events = head.revision - self._since.revision
        leaves = head.leaves - self._since.leaves
        notes = bucket(self._notes + 1, LEAST_NOTES) - self._notes
        more_leaves = filled(leaves + notes, self.least) - leaves
        more_events = filled(events, self.least) - events
        parts = _parts(more_leaves, notes)
        if not leaves and notes > 1:  # as if something had come alone
            parts = [1, *_parts(more_leaves - 1, notes - 1)]
        each = zip(_parts(more_events + notes, notes), parts, strict=True)
        return [Step(events - 1, leaves) for events, leaves in each]

    def fill(self, log: Log, signer: Signer, batch: Callable[[Head], Batch]) -> None:
        """Fill the tick.

        Args:
            log: in a transaction.
            signer: of checkpoints.
            batch: begins one behind a head.

        Raises:
            PlacementError: nothing of the transaction may be kept.
        """
        for step in self.plan(log.head):
            for events, leaves in _pieces(step):
                idle = batch(log.head)
                idle.add(Idle(caller=SERVICE, events=events))
                for _ in range(leaves - 1):
                    idle.add(Idle(caller=SERVICE, events=0))
                last = max(len(idle.payloads) - PIECE, 0)
                for start in range(0, last, PIECE):  # which few entries have among them
                    log.append(idle.payloads[start : start + PIECE], [])
                rest = idle.payloads[-(-last // PIECE) * PIECE :]
                log.append(rest, idle.leaves)
            log.publish(signer)


def _pieces(step: Step) -> list[tuple[int, int]]:
    """Cut a step into pieces; each has an entry that says what events it has."""
    most = max(step.events, step.leaves)
    count = min(max(-(-most // PIECE), 1), step.leaves)
    ends = [
        (step.events * number // count, step.leaves * number // count)
        for number in range(count + 1)
    ]
    return [(two[0] - one[0], two[1] - one[1]) for one, two in pairwise(ends)]


def _parts(count: int, parts: int) -> list[int]:
    """Cut a count into parts of at least one, at places that are drawn."""
    spare = count - parts
    cuts = sorted(secrets.randbelow(spare + 1) for _ in range(parts - 1))
    return [high - low + 1 for low, high in pairwise((0, *cuts, spare))]
