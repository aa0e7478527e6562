"""The access log's entry for everything that is decided or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from placement.access import Action, Caller
from placement.audit.entry import ANSWERED, Entry
from placement.domain.decide.command import Command, Decision, Moment, Note
from placement.domain.terms import Revision
from placement.errors import PlacementError

KINDS: Final[Mapping[Action, str]] = {
    Action.EVALUATE: "COMBINATION",
    Action.CASE_OPEN: "COLLECTION",
    Action.CASE_SHOW: "CONSULTATION",
    Action.CASE_CLOSE: "ALTERATION",
    Action.CHECK: "DISCLOSURE",
    Action.CASE_ASSESS: "COLLECTION",
    Action.FACT_RECORD: "COLLECTION",
    Action.FACT_END: "ALTERATION",
    Action.FACT_RETRACT: "ALTERATION",
    Action.FACT_REGRADE: "ALTERATION",
    Action.CHANGE_APPROVE: "ALTERATION",
    Action.CHANGE_LIST: "CONSULTATION",
    Action.CHANGE_SHOW: "CONSULTATION",
    Action.COVERAGE_ATTEST: "COLLECTION",
    Action.GROUP_REGISTER: "COLLECTION",
    Action.GROUP_LIST: "CONSULTATION",
    Action.FACILITY_REGISTER: "COLLECTION",
    Action.PLACEMENT_RECORD: "COLLECTION",
    Action.PLACEMENT_END: "ALTERATION",
    Action.ENTRY_READ: "CONSULTATION",
    Action.NO_METHOD: "CONSULTATION",
}
"""The kind of processing each action is (docs/protocol.md, entries)."""

_DISCLOSES: Final = frozenset({"CONSULTATION", "DISCLOSURE", "COMBINATION"})


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that was refused before it became a command; still an entry.

    Attributes:
        action: what was attempted.
        refusal: why not.
        caller: by whom; ``None`` when the certificate itself was refused.
    """

    action: Action
    refusal: PlacementError
    caller: Caller | None


def entry_of(
    command: Command, decision: Decision, moment: Moment, revision: Revision
) -> Entry:
    """Return the entry of a decided command.

    Args:
        command: what was asked.
        decision: what was decided.
        moment: when.
        revision: of the state that was read or made.
    """
    refusal = decision.outcome
    outcome = refusal.reason if isinstance(refusal, PlacementError) else ANSWERED
    return _entry(
        command.action, command.caller, decision.note, moment, revision, outcome
    )


def entry_of_refused(refused: Refused, moment: Moment, revision: Revision) -> Entry:
    """Return the entry of a call that never became a command."""
    reason = refused.refusal.reason
    return _entry(refused.action, refused.caller, Note(), moment, revision, reason)


def _entry(  # noqa: PLR0913, PLR0917 (the parts of one entry)
    action: Action,
    caller: Caller | None,
    note: Note,
    moment: Moment,
    revision: Revision,
    outcome: str,
) -> Entry:
    kind = KINDS[action]
    disclosed = caller is not None and outcome == ANSWERED and kind in _DISCLOSES
    return Entry(
        at=moment.now,
        kind=kind,
        action=action.name,
        person=caller.person if caller else "",
        organisation=caller.organisation if caller else "",
        role=caller.role.value if caller else "",
        certificate=caller.certificate if caller else b"",
        purpose=note.purpose,
        case=note.case,
        reference=note.reference,
        candidates=note.candidates,
        outcome=outcome,
        verdicts=note.verdicts,
        decisions=note.decisions,
        revision=revision,
        ruleset=moment.ruleset.version,
        recipient=caller.organisation if caller and disclosed else "",
    )
