"""The one writer of a server: batch, catch up, decide, commit, answer.

The engine knows no noun. Its thread takes what waits in a queue, and in one transaction
brings the state to the head of the log, decides each command on the state that the ones
before it left, appends their events and entries, and commits. Only then it answers.

Invariants:
    * no answer without its entry on the disk, and no entry without its events;
    * decisions are serialised across all servers by the lock on the head;
    * when a commit fails, the state is thrown away and folded again from the log, so
      nothing is ever decided on what was not stored;
    * the last head that was seen durable is never forgotten, the anchor keeps it: a log
      that does not continue from it was put back, or overgrown;
    * what the log says is erased has no key any more when who erased it is answered, and
      a crash in between is made good at the start;
    * while the log grows, a checkpoint of it is signed at least every second, in a commit
      of its own only when nothing else is; or, with ticks, when one is over or asked for;
    * what does not verify condemns the engine: it answers nothing any more;
    * the ruleset is the one that the log says; one that can't be read is never passed by
      for an older one;
    * the state belongs to the engine's thread; what leaves is immutable.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final

from placement.audit.note import Signer, Verifier
from placement.crypto.signing import verify
from placement.domain.decide.command import Command, Moment
from placement.domain.state import State
from placement.domain.terms import Micros
from placement.errors import PlacementError, TamperedError, UnavailableError
from placement.service.anchoring import Anchoring
from placement.service.batch import Answer, Batch
from placement.service.entries import Refused, Scribe
from placement.service.feed import Feed
from placement.service.fit import require_fit
from placement.service.fold import go_on, load
from placement.service.keeping import Keeping
from placement.service.looking import Looking
from placement.service.manners import Manners
from placement.service.phantoms import Haunting
from placement.service.proving import Proving
from placement.service.publishing import PUBLISH_EVERY, Publishing
from placement.service.pulse import Pulse
from placement.service.rules import Rules
from placement.service.settling import settled, withheld
from placement.service.soundness import Soundness
from placement.service.ticks import Ticks
from placement.service.waiting import MAX_BATCH, Asked, Waiting
from placement.service.worker import Worker
from placement.store.anchor import Anchor, Unanchored, require_newest
from placement.store.head import Head
from placement.store.log import Log, Store
from placement.store.rows import is_damage, why

_log: Final = logging.getLogger(__name__)


class Engine:
    """Owns a store's state and decides every command.

    Args:
        store: where everything is logged.
        rules: by which, as the log says.
        custodian: id of the key that pseudonyms come from now.
        signer: the log's key, under the log's origin.
        clock: microseconds since 1970-01-01T00:00Z.
        worker: says what is to be done beside what is asked; ``None``: nothing is.
        anchor: remembers the last durable head when the engine is gone.
        ticks: fill up what is written, and sign it; ``None``: nothing is filled up.

    Attributes:
        feed: what has become of alerts.
        pulse: how it is doing.
        proving: verifies what is behind it.
        ruleset: in force, as far as is durable.
    """

    def __init__(  # noqa: PLR0913 (the parts of an engine)
        self,
        store: Store,
        rules: Rules,
        *,
        custodian: bytes,
        signer: Signer,
        clock: Callable[[], int],
        worker: Worker | None = None,
        anchor: Anchor | None = None,
        ticks: Ticks | None = None,
    ) -> None:
        self.feed = Feed()
        self.pulse = Pulse(ticks)
        self._soundness = Soundness(store)
        found = self._soundness.found
        self.proving = Proving(store, Verifier(signer.public, verify), found)
        self._keeping = Keeping(store, found, self._soundness.holds)
        self._worker = worker
        self._anchor = anchor or Unanchored()
        self._anchoring = Anchoring(self._anchor)
        self._store = store
        self._looking = Looking(store)
        self._rules = rules
        self.ruleset = rules.shipped
        self._custodian = custodian
        self._signer = signer
        self._scribe = Scribe(store.ring)
        self._haunting = Haunting(store.ring.stream)
        self._clock = clock
        self._publishing = Publishing(store, signer, clock, ticks)
        self._waiting = Waiting(self.pulse.refuse)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._folded: tuple[State, Head] | None = None
        self._seen = Head.GENESIS
        self._now = 0  # of the last batch; an entry never stands before an earlier one
        self._busy = False  # the worker has something to do at once
        self._manners = Manners()
        self._stopping = threading.Event()
        self._ending = False  # what is done now is the last

    def start(self) -> None:
        """Fold the log, then serve; what is before the snapshot is verified meanwhile.

        Raises:
            TamperedError: something stored does not verify.
            UnavailableError: the database does not answer, or the log does not fit the
                program's rules or the custodian.
        """
        self._seen = self.proving.begin()
        require_newest(self._store, self._anchor)
        state, head = self._folded = load(self._store)
        require_fit(state, self._rules, self._custodian)
        self.ruleset = self._rules.of(state)
        self._feed(state)
        self._settle(state)
        self._publishing.begin(self._seen)
        self.pulse.reach(head)  # verifying may have taken long
        self._keeping.begin(head)
        self._thread.start()
        self.proving.go_on()
        self._store.news.hear(self._waiting.nudge)

    @property
    def serving(self) -> bool:
        """Whether the engine answers, and knows what others have written."""
        return not self.trouble

    @property
    def trouble(self) -> str:
        """Why nobody is answered, in a word; empty if they are."""
        if self._soundness.lost:
            return "unverified"
        if not self._runs():
            return "stopped"
        return self.pulse.trouble if self._anchoring.sound else "anchor"

    def _runs(self) -> bool:
        over = self._soundness.lost or self._stopping.is_set()
        return self._thread.is_alive() and not over

    def publish(self) -> "Future[Answer]":
        """Have a checkpoint signed of everything that is durable now.

        Returns:
            Done once it is published; what it answers means nothing.

        Raises:
            PlacementError: as ``submit``.
        """
        return self._queue(Asked(None))

    def submit(self, item: Command | Refused) -> "Future[Answer]":
        """Queue a command, or a refusal to be logged.

        Returns:
            The answer, once it is durable. A deliberate refusal is raised from it,
            once its entry is durable. Cancelled before its turn, a command is not
            decided at all.

        Raises:
            OverloadedError: too many wait.
            UnavailableError: the engine does not serve.
            TamperedError: stored data did not verify; nothing is answered any more.
        """
        return self._queue(Asked(item))

    def _queue(self, asked: Asked) -> "Future[Answer]":
        self._soundness.require()
        if not self._runs():
            raise UnavailableError
        self._waiting.put(asked)
        # Checked after queueing, so that between here and stop somebody refuses it.
        if not self._thread.is_alive():
            self._waiting.refuse()
        return asked.future

    def stop(self) -> None:
        """Answer what waits, keep a snapshot if it is worth it, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._waiting.wake()
            self._thread.join()
        self._waiting.refuse()
        self.proving.stop()
        self._keeping.stop(None if self._soundness.lost else self._folded)
        self._soundness.drop()  # nobody else may have come to it

    def _run(self) -> None:
        while not self._stopping.is_set() or len(self._waiting) > 0:
            self._serve(self._take())
            self.pulse.take(self._folded, self._clock(), anchored=self._anchoring.sound)
        self._ending = True
        self._serve([])  # so that what came last has its checkpoint

    def _take(self) -> list[Asked]:
        """Wait for a command, for a while, and take what has come with it."""
        if self._busy and self._folded and self._worker and not len(self._waiting):
            self._worker.read_on(self._folded[0])
        pause = self._manners.pause if self._busy else PUBLISH_EVERY / 1_000_000
        return self._waiting.take(pause)

    def _serve(self, asked: list[Asked]) -> None:
        """Decide a batch in one transaction, then answer; or refuse all of it."""
        try:
            self._soundness.require()  # what was queued before it was found
            answers = self._commit(asked) if asked or self._unfinished() else []
            self._soundness.require()  # found meanwhile: durable, and not told
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody is answered)
            refused = self._failed(error)
            answers = [refused() for _ in asked]
        else:
            self._ended()
            self.pulse.reach(self._seen)
        for one, answer in zip(asked, answers, strict=True):
            one.tell(answer)

    def _failed(self, error: Exception) -> type[PlacementError]:
        """Note that a batch failed; return what everybody in it is told."""
        self._busy = False  # or the next one came without a pause
        self._ended(error)
        if is_damage(error):
            self._soundness.found()
            return TamperedError
        self.pulse.reach(None)
        if isinstance(error, PlacementError):
            _log.warning("batch_refused reason=%s why=%s", error.reason, why(error))
            return UnavailableError
        _log.error("batch_failed kind=%s", type(error).__name__)
        return PlacementError

    def _ended(self, error: Exception | None = None) -> None:
        """Tell the worker what became of a transaction: it may be what failed."""
        if self._worker is not None:
            self._worker.ended(Micros(self._now), error)

    def condemn(self) -> None:
        """Answer nothing any more: something stored does not verify."""
        self._soundness.condemn()

    def _commit(self, asked: list[Asked]) -> list[Answer | PlacementError]:
        """Return the answers to a batch once they are durable.

        Raises:
            PlacementError: nothing of the batch may be answered.
        """
        if self._folded is None:
            self._folded = load(self._store)
        state, head = self._folded
        with self._store.writing() as log:
            self._folded = None  # until the commit has returned, it is nothing to trust
            self._catch_up(state, head, log)
            before = log.head.revision
            batch = self._begun(state, log.head)
            for one in asked:  # each on the state that the ones before it left
                batch.add(one.item)
            self._work(state, batch, asked)
            if batch.leaves:
                self._store.vault.flush()
                log.append(batch.payloads, batch.leaves)
            self._publishing.write(
                log,
                partial(self._begun, state),
                wanted=any(one.item is None for one in asked),
                idle=not (asked or self._busy),
                ending=self._ending,
            )
            head, begun = log.head, time.monotonic()
        self.pulse.commit(len(asked), len(self._waiting), time.monotonic() - begun)
        self._publishing.written(head)
        known = self._know(state, head)
        self._keeping.grew(before, head.revision)
        items = [one.item for one in asked]
        return batch.answers if known else withheld(batch.answers, items)

    def _follow(self, state: State, head: Head) -> None:
        """See what others wrote, without keeping them from writing."""
        self._folded = None
        with self._store.reading(proven=True) as connection:
            log = Log(self._store, connection, self._store.row.read(connection))
            self._catch_up(state, head, log)
        self._know(state, log.head)

    def _know(self, state: State, head: Head) -> bool:
        """Go on from what is durable; tell whether nothing is owed behind it."""
        self._seen, self._folded = head, (state, head)
        done = self._settle(state)  # owed whether that is remembered or not
        self._anchoring.keep(head)
        self.ruleset = self._rules.of(state)
        self._feed(state)
        return done

    def _work(self, state: State, batch: Batch, asked: list[Asked]) -> None:
        """Do a little of what the service has to do by itself.

        Whoever comes meanwhile waits for one slice and shares the commit; in a crowd
        that had waited long enough for others, for all slices and the next commit.
        """
        self._busy = False
        if self._worker is None or self._stopping.is_set():
            return
        self._manners.saw(len(asked), self._now)
        waiting, patient = len(self._waiting), self._worker.has_time(state)
        self._busy = self._manners.gives_way(waiting, len(asked), patient=patient)
        if self._busy:
            return
        crowded = self._manners.turn()
        for _ in self._manners.slices():
            if (command := self._worker.next(state, batch.moment)) is None:
                return
            self._busy = True
            batch.prepare(command)
            self._worker.saw(batch.do(command), batch.moment)
            self._busy = self._worker.waits(state, batch.moment)
            came = [] if crowded else self._waiting.join(MAX_BATCH - len(asked))
            asked += came  # first of all: whatever happens now, they are told
            for one in came:
                batch.add(one.item)
            if came or not self._worker.goes_on(state):
                return

    def _feed(self, state: State) -> None:
        """Show what has become of alerts; it is durable."""
        self.feed.publish(state.alerts.changed_after(self.feed.until), state.revision)

    def _settle(self, state: State) -> bool:
        """Destroy the keys of what is erased, which is durable; tell whether all are."""
        self.feed.forget(self._store.vault.owe(state.erasures.erased))
        return settled(self._store.vault)

    def _catch_up(self, state: State, head: Head, log: Log) -> None:
        """Bring the state to the head of the log.

        Raises:
            TamperedError: the log is not a continuation of what was seen of it.
            UnavailableError: it does not fit the program's rules or the custodian.
        """
        if self._seen != log.head:
            log.require_after(self._seen)
        go_on(self._store, log, state, head)
        require_fit(state, self._rules, self._custodian)

    def _begun(self, state: State, head: Head) -> Batch:
        """Begin a batch behind a head."""
        moment = self._moment(state, head)
        rules, vault = self._rules.of, self._store.vault
        return Batch(state, moment, self._scribe, head.leaves, rules, vault=vault)

    def _moment(self, state: State, head: Head) -> Moment:
        self._now = max(self._now, self._clock(), state.at, head.at)
        now, ruleset = Micros(self._now), self._rules.of(state)
        return Moment(now=now, ruleset=ruleset, phantoms=self._haunting.of)

    def _unfinished(self) -> bool:
        """Follow the others; tell whether there is something to do though nobody asks.

        The log grew since its newest checkpoint, the worker has work or a clock to look
        at, or the anchor is to be tried again. What is owed needs no transaction.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer.
        """
        if self._busy:  # what others wrote is seen by whoever locks the head
            return True
        if self._folded is not None and self._looking.head() != self._folded[1]:
            self._follow(*self._folded)
        settled(self._store.vault)
        if self._folded is None or not self._anchoring.sound:
            return True
        state, head = self._folded
        waits = self._worker and self._worker.waits(state, self._moment(state, head))
        # Whom others woke leaves it to a quiet second, or there were one for each of them.
        quiet = not self._waiting.was_nudged() or self._ending
        owes = self._publishing.owes(head, quiet=quiet, ending=self._ending)
        return bool(waits) or owes
