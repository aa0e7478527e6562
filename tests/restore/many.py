"""A log of many events, each behind an entry of its own, as the service would write them.

Nothing goes over the wire: a million calls would take an hour. What is written is what
they would have led to, so ``fsck`` opens all of it, and a server starts on it.
"""

import secrets
from typing import Any, Final

from benchmarks.standing import Nation, _payloads
from placement.audit.details import SALTS_SIZE, Details, Matter, Outline, Sealed
from placement.audit.entry import Entry, render
from placement.audit.note import Signer
from placement.audit.written import Written
from placement.domain.idle_events import Idled
from placement.domain.ruleset import Ruleset
from placement.domain.terms import Micros
from placement.store.leaves import Leaf
from placement.store.log import Store

EVENTS: Final = 3
"""Of a placement: the case, where its person belongs, and where they stand."""
PEOPLE: Final = 20_000
"""Who stand at most; what is more than that in a log of many events, ticks wrote."""


class Many(Nation):
    """Makes events with their entries, and writes them into a founded store.

    Args:
        store: where.
        ruleset: by which areas and rules.
        now: microseconds since 1970-01-01.
        signer: the log's key; each commit is followed by a checkpoint.
    """

    def __init__(
        self, store: Store, ruleset: Ruleset, now: Micros, signer: Signer
    ) -> None:
        super().__init__(store, ruleset, now)
        self._signer = signer

    def fill(self, events: int) -> None:
        """Write so many events: people who stand, and behind them what ticks add."""
        self.cover()
        self.stand(min(PEOPLE, events // 2 // EVENTS))
        self.finish()
        left = events - self._store.read_head().revision
        for _ in range(left):
            self._add(Idled())
        self._write()

    def _write(self) -> None:
        vault = self._store.vault
        payloads = list(_payloads(vault, self._events, self._now))
        with self._store.writing() as log:
            vault.flush()
            first = log.head.revision + 1
            leaves = [self._leaf(first + at, each) for at, each in enumerate(payloads)]
            log.append(payloads, leaves)
            log.publish(self._signer)
        self._events.clear()

    def _leaf(self, revision: int, payload: bytes) -> Leaf:
        matter = Matter(events=Written.of(revision, [payload]).render())
        sealed = Sealed.of(
            Details(outline=Outline(), matter=matter), secrets.token_bytes(SALTS_SIZE)
        )
        common: dict[str, Any] = {"kind": "COLLECTION", "action": "FACT_RECORD"}
        entry = Entry(
            at=self._now,
            person="co-01",
            organisation="national",
            role="coordinator",
            outcome="ANSWERED",
            revision=revision,
            details=sealed.commitment,
            **common,
        )
        return Leaf(render(entry), sealed.shown(matter=True), entry.at)
