"""A batch: what one transaction will append, and what to answer when it has.

Invariants:
    * whatever is added leaves one leaf and one answer, and nothing else does;
    * a leaf holds the hash of the events that its command wrote;
    * what belongs to a dossier, event or details, is sealed by its key;
    * what a command puts into force holds for the next one;
    * a defect of ours in deciding refuses the one command that met it, and is in the
      log.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from placement.audit.written import Written
from placement.domain.decide.command import (
    Command,
    Decision,
    Moment,
    Outcome,
    RequestCommand,
)
from placement.domain.decide.table import decide
from placement.domain.dossiers import begun_by, dossier_of
from placement.domain.events import Record, Request
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import DossierId, Micros, Revision
from placement.errors import PlacementError
from placement.service.entries import Refused, Scribe
from placement.store.leaves import Leaf
from placement.store.vault import Vault

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


class Batch:
    """Decides one command after another.

    Args:
        state: at the head of the log; each decision changes it.
        moment: when, and by which rules.
        scribe: writes the leaves.
        leaves: how many the log holds already.
        rules_of: finds the ruleset of a state.
        vault: seals what can be forgotten.

    Attributes:
        payloads: events to append.
        leaves: of the access log, to append.
        answers: one for each that was added, in order; none for what was only done.
        moment: when, and by which rules.
    """

    def __init__(  # noqa: PLR0913 (what a batch is decided with)
        self,
        state: State,
        moment: Moment,
        scribe: Scribe,
        leaves: int,
        rules_of: Callable[[State], Ruleset],
        *,
        vault: Vault,
    ) -> None:
        vault.drop()
        self.payloads: list[bytes] = []
        self.leaves: list[Leaf] = []
        self.answers: list[Answer | PlacementError] = []
        self._state = state
        self.moment = moment
        self._scribe = scribe
        self._first = leaves
        self._vault = vault
        self._rules_of = rules_of

    def add(self, item: Command | Refused | None) -> None:
        """Decide a command on the state that the ones before it left.

        Args:
            item: a command; a refusal, which is only logged; or nothing, which leaves
                no leaf.
        """
        if item is None:
            self.answers.append(self._answer(None, self._state.revision))
        elif isinstance(item, Refused):
            revision = self._state.revision
            leaf = self._scribe.leaf_of_refused(item, self.moment, revision)
            self.answers.append(item.refusal)
            self.leaves.append(leaf)
        else:
            self.answers.append(self.do(item))

    def prepare(self, command: Command) -> None:
        """Make and keep the keys that a command and what comes behind it will need.

        Here, where the log is owned: else what is begun and erased meanwhile could get
        another key. Keys of what never begins open nothing.

        Raises:
            PlacementError: nothing of the batch may be answered.
        """
        if command.ahead:
            gone = self._state.erasures.gone
            self._vault.begin([each for each in command.ahead if not gone(each)])
            self._vault.flush()

    def do(self, command: Command) -> Answer | PlacementError:
        """Decide a command that nobody waits for, or whose answer is added.

        Returns:
            What became of it.
        """
        state = self._state
        decision = _decided(state, command, self.moment)
        outcome = decision.outcome
        first, revision = state.revision + 1, state.revision
        payloads: list[bytes] = []
        if isinstance(outcome, Outcome):
            self._vault.begin(_begun(state, outcome))
            for record in _records(command, outcome, self.moment.now):
                dossier = dossier_of(record.event, state)
                state.apply(record)
                payloads.append(self._vault.seal(record, dossier))
            revision = outcome.revision or state.revision
            answer: Answer | PlacementError = self._answer(outcome.reply, revision)
        else:
            answer = outcome
        self.payloads += payloads
        written = Written.of(first, payloads)
        leaf = self._scribe.leaf(command, decision, self.moment, written, revision)
        if leaf.case in state.cases:
            details = self._vault.shut(DossierId(leaf.case), leaf.details)
            leaf = replace(leaf, details=details)
        self.leaves.append(leaf)
        ruleset = self._rules_of(state)
        if ruleset is not self.moment.ruleset:
            self.moment = replace(self.moment, ruleset=ruleset)
        return answer

    def _answer(self, reply: object, revision: Revision) -> Answer:
        """Return an answer whose entry will be the next leaf."""
        leaf = self._first + len(self.leaves)
        return Answer(reply=reply, revision=revision, leaf=leaf)


def _decided(state: State, command: Command, moment: Moment) -> Decision:
    """Decide a command; a defect of ours is a refusal of it alone, with its entry."""
    try:
        return decide(state, command, moment)
    except Exception as error:  # noqa: BLE001 (deciding changed nothing)
        _log.error("decide_failed kind=%s", type(error).__name__)
        return Decision(note=command.note, outcome=PlacementError())


def _begun(state: State, outcome: Outcome) -> list[DossierId]:
    """Return the dossiers that an outcome begins."""
    found = (begun_by(event, state) for event in outcome.events)
    return [dossier for dossier in found if dossier is not None]


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
