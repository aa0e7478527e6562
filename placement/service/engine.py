"""The one writer of a server: batch, catch up, decide, commit, answer.

The engine knows no noun. Commands wait in a queue; its thread takes what is there, and
in one transaction of the store brings the state to the head of the log, decides each
command on the state that the ones before it left, appends their events and entries,
and commits. Only then does anybody get an answer.

Invariants:
    * no answer without its entry on the disk, and no entry without its events;
    * decisions are serialised across all servers by the lock on the head;
    * when a commit fails, the state is thrown away and folded again from the log, so
      nothing is ever decided on what was not stored;
    * the last head that was seen durable is never forgotten: a log that does not
      continue from it was put back, or overgrown;
    * what does not verify condemns the engine: it answers nothing any more;
    * the state belongs to the engine's thread; what leaves is immutable.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from placement.audit.entry import Entry, render
from placement.domain.decide.command import (
    Command,
    Decision,
    Moment,
    Outcome,
    RequestCommand,
)
from placement.domain.decide.table import decide
from placement.domain.events import Record, Request
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import Micros, Revision
from placement.errors import PlacementError, TamperedError, UnavailableError
from placement.service.entries import Refused, entry_of, entry_of_refused
from placement.service.fold import keep, kept, load
from placement.store.chain import Head
from placement.store.codec import decode, encode
from placement.store.log import Log, Store

MAX_BATCH: Final = 256
"""How many commands share one commit at most."""
MAX_WAITING: Final = 1024
"""How many commands may wait; more are refused at once."""
SNAPSHOT_AFTER: Final = 10_000
"""How many records make a snapshot worth its time when the engine stops."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller gets once everything is durable.

    Attributes:
        reply: the decide function's reply.
        revision: of the state that was read or made.
        leaf: index of the entry in the access log.
    """

    reply: object
    revision: Revision
    leaf: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """Something that waits for its answer."""

    item: Command | Refused
    future: "Future[Answer]" = field(default_factory=Future)


@dataclass(slots=True)
class _Batch:
    """What one transaction will append, and what to answer when it has."""

    payloads: list[bytes] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    answers: list[Answer | PlacementError] = field(default_factory=list)


class Engine:
    """Owns a store's state and decides every command.

    Args:
        store: where everything is logged.
        ruleset: by which rules.
        custodian: id of the key that pseudonyms come from now.
        clock: microseconds since 1970-01-01T00:00Z.
    """

    def __init__(
        self,
        store: Store,
        ruleset: Ruleset,
        *,
        custodian: bytes,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._ruleset = ruleset
        self._custodian = custodian
        self._clock = clock
        self._waiting: queue.Queue[_Asked | None] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._folded: tuple[State, Head] | None = None
        self._seen = Head.GENESIS
        self._now = 0  # of the last batch; an entry never stands before an earlier one
        self._condemned = False
        self._stopping = threading.Event()

    def start(self) -> None:
        """Fold the log, then serve.

        Raises:
            TamperedError: something stored does not verify.
            UnavailableError: the database does not answer, or the log does not fit the
                ruleset's areas or the custodian.
        """
        self._seen = self._store.verify()
        self._folded = load(self._store)
        self._require_fit(self._folded[0])
        self._thread.start()

    @property
    def serving(self) -> bool:
        """Whether the engine answers."""
        return self._thread.is_alive() and not (
            self._condemned or self._stopping.is_set()
        )

    def submit(self, item: Command | Refused) -> "Future[Answer]":
        """Queue a command, or a refusal to be logged.

        Returns:
            The answer, once it is durable. A deliberate refusal is raised from it,
            once its entry is durable. Cancelled before its turn, a command is not
            decided at all.

        Raises:
            UnavailableError: too many wait, or the engine does not serve.
            TamperedError: stored data did not verify; nothing is answered any more.
        """
        if self._condemned:
            raise TamperedError
        if not self.serving:
            raise UnavailableError
        asked = _Asked(item)
        try:
            self._waiting.put_nowait(asked)
        except queue.Full as error:
            raise UnavailableError from error
        # Checked after queueing, so that between here and stop somebody refuses it.
        if not self._thread.is_alive():
            self._refuse_waiting()
        return asked.future

    def stop(self) -> None:
        """Answer what waits, keep a snapshot if it is worth it, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._refuse_waiting()
        if self._folded is not None and not self._condemned:
            state, head = self._folded
            with suppress(PlacementError):
                if head.revision - kept(self._store) >= SNAPSHOT_AFTER:
                    keep(self._store, state, head)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._waiting.empty()):
            self._serve(self._take())

    def _take(self) -> list[_Asked]:
        """Wait for a command and take what has come with it."""
        taken: list[_Asked] = []
        asked = self._waiting.get()
        while True:
            # None only wakes the thread; what its caller gave up is not decided.
            if asked is not None and asked.future.set_running_or_notify_cancel():
                taken.append(asked)
            if len(taken) == MAX_BATCH:
                return taken
            try:
                asked = self._waiting.get_nowait()
            except queue.Empty:
                return taken

    def _serve(self, asked: list[_Asked]) -> None:
        """Decide a batch in one transaction, then answer; or refuse all of it."""
        if not asked:
            return
        try:
            if self._condemned:
                raise TamperedError  # noqa: TRY301 (what was queued before it)
            answers = self._commit(asked)
        except TamperedError:
            self.condemn()
            answers = [TamperedError() for _ in asked]
        except PlacementError as error:
            self._folded = None
            _log.warning("batch_refused reason=%s", error.reason)
            answers = [UnavailableError() for _ in asked]
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody is answered)
            self._folded = None
            _log.error("batch_failed kind=%s", type(error).__name__)
            answers = [PlacementError() for _ in asked]
        for one, answer in zip(asked, answers, strict=True):
            if isinstance(answer, PlacementError):
                one.future.set_exception(answer)
            else:
                one.future.set_result(answer)

    def condemn(self) -> None:
        """Answer nothing any more: something stored does not verify."""
        if not self._condemned:
            _log.critical("incident stored data does not verify; nothing is answered")
        self._condemned = True

    def _commit(self, asked: list[_Asked]) -> list[Answer | PlacementError]:
        """Return the answers to a batch once they are durable.

        Raises:
            PlacementError: nothing of the batch may be answered.
        """
        if self._folded is None:
            self._folded = load(self._store)
        state, head = self._folded
        self._folded = None  # until the commit has returned, it is nothing to trust
        with self._store.writing() as log:
            self._catch_up(state, head, log)
            batch = self._decide(state, log.head, asked)
            head = log.append(batch.payloads, batch.entries)
        self._seen = head
        self._folded = state, head
        return batch.answers

    def _catch_up(self, state: State, head: Head, log: Log) -> None:
        """Bring the state to the head of the log.

        Raises:
            TamperedError: the log is not a continuation of what was seen of it.
            UnavailableError: it does not fit the ruleset's areas or the custodian.
        """
        if self._seen != log.head:
            log.require_after(self._seen)
        if head != log.head:
            for _, payload in log.tail(head):
                state.apply(decode(payload))
        self._require_fit(state)

    def _require_fit(self, state: State) -> None:
        """Refuse a state that a question of today would pass by in silence.

        Raises:
            UnavailableError: facts at places that no question could name, or about
                pseudonyms that no client gets any more.
        """
        if not state.areas <= self._ruleset.areas.keys():
            raise _misfit("an area of the log is not in the ruleset")
        if state.custodian != self._custodian:
            raise _misfit("the custodian's key is not the one of this store")

    def _decide(self, state: State, head: Head, asked: list[_Asked]) -> _Batch:
        """Decide each command on the state that the ones before it left."""
        batch = _Batch()
        self._now = max(self._now, self._clock(), state.at)
        moment = Moment(now=Micros(self._now), ruleset=self._ruleset)
        for one in asked:
            leaf = head.leaves + len(batch.entries)
            if isinstance(one.item, Refused):
                entry = entry_of_refused(one.item, moment, state.revision)
                batch.answers.append(one.item.refusal)
            else:
                entry = self._decide_one(state, one.item, moment, batch, leaf)
            batch.entries.append(render(entry))
        return batch

    def _decide_one(
        self, state: State, command: Command, moment: Moment, batch: _Batch, leaf: int
    ) -> Entry:
        """Decide a command, apply its events, and return its entry."""
        decision = _decided(state, command, moment)
        outcome = decision.outcome
        revision = state.revision
        if isinstance(outcome, Outcome):
            for record in _records(command, outcome, moment.now):
                state.apply(record)
                batch.payloads.append(encode(record))
            revision = outcome.revision or state.revision
            batch.answers.append(
                Answer(reply=outcome.reply, revision=revision, leaf=leaf)
            )
        else:
            batch.answers.append(outcome)
        return entry_of(command, decision, moment, revision)

    def _refuse_waiting(self) -> None:
        while True:
            try:
                asked = self._waiting.get_nowait()
            except queue.Empty:
                return
            if asked is not None and asked.future.set_running_or_notify_cancel():
                asked.future.set_exception(UnavailableError())


def _misfit(what: str) -> UnavailableError:
    """Log what does not fit, and make the error with it as a note."""
    _log.critical("incident %s; nothing is answered", what)
    error = UnavailableError()
    error.add_note(f"{what[0].upper()}{what[1:]}.")
    return error


def _decided(state: State, command: Command, moment: Moment) -> Decision:
    """Decide a command; a defect of ours is a refusal of it alone, with its entry."""
    try:
        return decide(state, command, moment)
    except Exception as error:  # noqa: BLE001 (deciding changed nothing)
        _log.error("decide_failed kind=%s", type(error).__name__)
        return Decision(note=command.note, outcome=PlacementError())


def _records(command: Command, outcome: Outcome, now: Micros) -> list[Record]:
    """Return an outcome's events as records; the last one remembers the request."""
    records = [Record(at=now, event=event) for event in outcome.events]
    if records and isinstance(command, RequestCommand):
        request = Request(
            organisation=command.caller.organisation,
            person=command.caller.person,
            id=command.request_id,
            digest=command.digest,
            made=outcome.made,
        )
        records[-1] = Record(at=now, event=records[-1].event, request=request)
    return records
