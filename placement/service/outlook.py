"""What whoever runs a server may see of it, from outside of its process.

Figures of the engine (``pulse``), what troubles it, and from the database how old what
vouches for the log is. Nothing here rests on what was asked, answered or recorded.

Invariants:
    * a time is that of the tick, or of the minute, in which something was;
    * a number of records is a power of two, or one that a copy of the database shows;
    * what does not verify while it is looked at condemns the engine, as everywhere.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from placement.audit import checkpoint
from placement.audit.entry import parse
from placement.errors import NotFoundError, PlacementError
from placement.service.engine import Engine
from placement.service.worker import Worker
from placement.store.filled import bucket
from placement.store.head import Head
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.rows import is_damage

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was seen of the database at one moment; times in microseconds, 0 for never.

    Attributes:
        at: when it was looked at.
        behind: how many records this server's state has lacked for a minute or longer; a
            power of two, or 0.
        signed_at: when the last entry was written that the newest checkpoint holds.
        cosigned_at: the same of the newest checkpoint that one witness signed, that two
            did, and so on.
        epoch: of the keys.
        epoch_at: when the first entry was written under it.
        epoch_records: of one chain that it sealed; a power of two.
    """

    at: int
    behind: int
    signed_at: int
    cosigned_at: tuple[int, ...]
    epoch: int
    epoch_at: int
    epoch_records: int


class Outlook:
    """What is to be seen of one server.

    Args:
        engine: of the server.
        store: its own.
        clock: microseconds since 1970-01-01T00:00Z.
        worker: weighs what stands; ``None`` where nothing does.
        witnesses: how many are named.
        hardened: whether the process is as closed as it can be.

    Attributes:
        hardened: the same.
        pulse: figures of the engine.
        view: of the database, as last seen; ``None`` before the first time.
    """

    def __init__(  # noqa: PLR0913 (what is to be seen)
        self,
        engine: Engine,
        store: Store,
        *,
        clock: Callable[[], int],
        worker: Worker | None = None,
        witnesses: int = 0,
        hardened: bool = True,
    ) -> None:
        self.hardened = hardened
        self.pulse = engine.pulse
        self.view: View | None = None
        self._engine = engine
        self._store = store
        self._ledger = Ledger(store)
        self._clock = clock
        self._worker = worker
        self._witnesses = witnesses
        self._head = Head.GENESIS  # when the database was last looked at

    @property
    def trouble(self) -> str:
        """Why nobody is answered, in a word; empty if they are."""
        return self._engine.trouble

    @property
    def found(self) -> str:
        """What is wrong with weighing again, in a word; empty if nothing is."""
        incidents = self.incidents
        return next((kind for kind in ("sweep", "weighing") if incidents[kind]), "")

    @property
    def incidents(self) -> Mapping[str, int]:
        """How often weighing again went wrong since the server started, by kind."""
        counted = self._worker.incidents if self._worker else {}
        return {kind: counted.get(kind, 0) for kind in ("sweep", "weighing")}

    @property
    def owes(self) -> bool:
        """Whether keys of what was erased, or copies of them, may be left."""
        return self._store.vault.owes or self._store.vault.remains.stuck

    @property
    def proven(self) -> bool:
        """Whether all of the log was verified since the server started."""
        return self._engine.proving.done

    def look(self) -> None:
        """Look at the database, unless it does not answer."""
        try:
            self.view = self._viewed()
        except PlacementError as error:  # else the old view says how old it is
            if is_damage(error):
                self._engine.condemn()
        except Exception as error:  # noqa: BLE001 (whatever it is, callers are answered)
            _log.error("look_failed kind=%s", type(error).__name__)

    def _viewed(self) -> View:
        now, head = self._clock(), self._store.read_head()
        lacks = max(0, self._head.revision - self.pulse.seen.revision)
        self._head = head
        epoch = self._store.epochs.used(head)
        return View(
            at=now,
            behind=bucket(lacks, 1) if lacks else 0,
            signed_at=self._even(self._written(head.published)),
            cosigned_at=tuple(map(self._cosigned, range(1, self._witnesses + 1))),
            epoch=epoch.number,
            epoch_at=self._even(epoch.at or 0),
            epoch_records=bucket(epoch.records, 1),
        )

    def _cosigned(self, witnesses: int) -> int:
        with suppress(NotFoundError):
            note = self._ledger.newest(cosignatures=witnesses)
            return self._even(self._written(checkpoint.parse(note.text).size))
        return 0

    def _written(self, size: int) -> int:
        """Return when the last entry was written of a log of a size."""
        if not size:
            return 0
        (kept,) = self._store.entries(size - 1, 1)
        return parse(kept.entry).at

    def _even(self, at: int) -> int:
        return at // self.pulse.every * self.pulse.every
