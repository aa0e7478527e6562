"""When a checkpoint is signed: whenever somebody asks, and as often as a log needs.

Invariants:
    * while the log grows and nothing is filled up, this server signs at least every
      so often, and by itself not more often;
    * with ticks, what nobody asks for is signed where they say.
"""

from collections.abc import Callable

from placement.audit.note import Signer
from placement.service.ticks import Ticks
from placement.store.head import Head
from placement.store.log import Log


class Publishing:
    """The checkpoints of one engine; used by its thread.

    Args:
        signer: the log's key.
        ticks: fill up what is written, if anything does.
        clock: microseconds since 1970-01-01T00:00Z.
        every: so many of them after a checkpoint a log that grew wants another.
    """

    def __init__(
        self,
        signer: Signer,
        ticks: Ticks | None,
        clock: Callable[[], int],
        every: int,
    ) -> None:
        self._every = every
        self._signer = signer
        self._ticks = ticks
        self._clock = clock
        self._last = 0  # when, by the clock, this server last signed

    def publish(self, log: Log, *, wanted: bool, idle: bool) -> bool:
        """Sign a checkpoint if one is due or asked for; tell whether it was.

        Args:
            log: in a transaction.
            wanted: somebody asks for one.
            idle: nothing else is asked.
        """
        if self._ticks is not None:  # which sign what nobody asks for
            wanted |= self._ticks.signs(log.head)
            if wanted:
                self._ticks.noted(log.head)
        else:
            wanted |= idle or self._due()
        if wanted:
            log.publish(self._signer)
        return wanted

    def published(self) -> None:
        """Note that one is durable."""
        self._last = self._clock()

    def lacks(self, head: Head) -> bool:
        """Tell whether a log wants a checkpoint when nobody asks for anything."""
        return self._ticks is None and head.leaves != head.published

    def _due(self) -> bool:
        # By this server's own clock: another's may be ahead, and the log's time stand.
        return abs(self._clock() - self._last) >= self._every
