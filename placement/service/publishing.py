"""When the log is signed, and when it is filled up first.

Invariants:
    * without ticks, whatever was written has a checkpoint a second later, in a commit of
      its own only when nothing else is to be committed; and 5 s later however often
      others wake the engine, who may have nothing to say;
    * with ticks, the first entries of one are signed with their commit and the last ones
      at its end, and nothing between unless somebody asks.
"""

from collections.abc import Callable
from typing import Final

from placement.audit.note import Signer
from placement.service.batch import Batch
from placement.service.ticks import Ticks
from placement.store.head import Head
from placement.store.log import Log, Store

PUBLISH_EVERY: Final = 1_000_000
"""Microseconds after which the log, if it grew, gets a new checkpoint."""
LATE: Final = 5_000_000
"""Microseconds for which what is owed waits for a quiet second."""


class Publishing:
    """The checkpoints of one engine, and its ticks; used by its thread.

    Args:
        store: whose log is signed.
        signer: the log's key, under the log's origin.
        clock: microseconds since 1970-01-01T00:00Z.
        ticks: fill up what is written; ``None``: nothing is filled up.
    """

    def __init__(
        self,
        store: Store,
        signer: Signer,
        clock: Callable[[], int],
        ticks: Ticks | None,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._ticks = ticks
        self._published = 0  # when, by the clock, this server last signed
        self._owed = (-1, 0)  # behind which checkpoint something is, and since when
        self._signed = self._filled = False  # in the transaction that is under way

    def begin(self, head: Head) -> None:
        """Begin a tick, as the engine starts."""
        if self._ticks is not None:
            self._ticks.begin(head, self._clock())

    def write(
        self,
        log: Log,
        batch: Callable[[Head], Batch],
        *,
        wanted: bool,
        idle: bool,
        ending: bool,
    ) -> None:
        """Sign a checkpoint if one is due, and fill the tick if it is over.

        Args:
            log: in a transaction.
            batch: begins one behind a head.
            wanted: somebody asks for a checkpoint.
            idle: nothing else is to be committed.
            ending: what is done now is the last.
        """
        self._signed = self._sign(log, wanted=wanted, idle=idle)
        self._filled = False
        if self._ticks is not None and self.over(ending=ending):
            self._ticks.fill(log, self._signer, batch)
            self._filled = True

    def written(self, head: Head) -> None:
        """Note that what was written is durable."""
        if self._signed:
            self._published = self._clock()
        if self._filled and self._ticks is not None:
            self._store.tidy(self._ticks.least)
            self._ticks.begin(head, self._clock())

    def owes(self, head: Head, *, quiet: bool, ending: bool) -> bool:
        """Tell whether there is something to sign or to fill up though nobody asks.

        Args:
            head: where the log ends.
            quiet: it is at rest, as far as is known; else signing has time.
            ending: what is done now is the last.
        """
        if self._ticks is not None:
            return self.over(ending=ending)
        return head.leaves != head.published and (quiet or self._late(head))

    def _late(self, head: Head) -> bool:
        """Tell whether nobody, of all servers, has signed for long."""
        now = self._clock()
        if self._owed[0] != head.published:
            self._owed = head.published, now
        return abs(now - self._owed[1]) >= LATE

    def over(self, *, ending: bool) -> bool:
        """Tell whether a tick is over."""
        return self._ticks is not None and (self._ticks.over(self._clock()) or ending)

    def _sign(self, log: Log, *, wanted: bool, idle: bool) -> bool:
        if self._ticks is not None:  # which sign what nobody asks for
            wanted |= self._ticks.signs(log.head)
            if wanted:
                self._ticks.noted(log.head)
                log.publish(self._signer)
            return wanted
        # By this server's own clock: another's may be ahead, and the log's time stand.
        due = abs(self._clock() - self._published) >= PUBLISH_EVERY
        if wanted or idle or due:
            log.publish(self._signer)
        return wanted or idle or due
