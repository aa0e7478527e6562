"""Whether an engine can remember what it answers, told to whoever runs it.

While the anchor can't be written nobody is answered, though the database works. So that
is said at once, and health says NOT_SERVING until it works again: an engine tries with
every batch, and every second when nobody asks.
"""

import logging
from typing import Final

from placement.store.anchor import Anchor, Unanchored
from placement.store.head import Head

_log: Final = logging.getLogger(__name__)


class Anchoring:
    """The anchor of one engine; written by its thread.

    Args:
        anchor: where heads are kept.

    Attributes:
        sound: the last head that was to be kept was.
    """

    def __init__(self, anchor: Anchor | Unanchored) -> None:
        self.sound = True
        self._anchor = anchor

    def keep(self, head: Head) -> None:
        """Write down that a head is durable, and say whether that works.

        Raises:
            UnavailableError: the file is not there, or can't be written.
        """
        kept = False
        try:
            self._anchor.keep(head)
            kept = True
        finally:
            if self.sound and not kept:
                _log.critical("anchor_failed")
            elif kept and not self.sound:
                _log.warning("anchor_works")
            self.sound = kept
