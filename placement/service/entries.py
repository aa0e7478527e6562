"""The access log's entry for everything that is decided or refused.

What few may see goes into the details: which case, which places. An auditor's part of
them says only that two entries are of one case, by a keyed hash that nobody outside can
make.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from placement.access import Action, Caller
from placement.audit.details import SALTS_SIZE, Details, Matter, Outline, Sealed
from placement.audit.entry import ANSWERED, OFFICER, Entry, render
from placement.audit.written import Written
from placement.crypto.drawn import draw
from placement.crypto.keyring import KeyRing, Purpose
from placement.domain.decide.command import Command, Decision, Moment, Note, Outcome
from placement.domain.decide.command import Written as Reply
from placement.domain.terms import Revision
from placement.errors import PlacementError
from placement.store.leaves import Leaf

KINDS: Final[Mapping[Action, str]] = {
    Action.EVALUATE: "COMBINATION",
    Action.CASE_OPEN: "COLLECTION",
    Action.CASE_SHOW: "CONSULTATION",
    Action.BUDGET_SHOW: "CONSULTATION",
    Action.CASE_CLOSE: "ALTERATION",
    Action.CHECK: "DISCLOSURE",
    Action.CASE_ASSESS: "COLLECTION",
    Action.FACT_RECORD: "COLLECTION",
    Action.FACT_END: "ALTERATION",
    Action.FACT_RETRACT: "ALTERATION",
    Action.FACT_REGRADE: "ALTERATION",
    Action.FACT_AMEND: "ALTERATION",
    Action.FACT_RENEW: "ALTERATION",
    Action.FACT_CONTEST: "ALTERATION",
    Action.FACT_PROPOSE: "ALTERATION",
    Action.FACT_LIST: "CONSULTATION",
    Action.FACT_SHOW: "CONSULTATION",
    Action.CHANGE_APPROVE: "ALTERATION",
    Action.CHANGE_REJECT: "ALTERATION",
    Action.CHANGE_WITHDRAW: "ALTERATION",
    Action.CHANGE_LIST: "CONSULTATION",
    Action.CHANGE_SHOW: "CONSULTATION",
    Action.COVERAGE_ATTEST: "COLLECTION",
    Action.REVIEW_LIST: "CONSULTATION",
    Action.COVERAGE_SHOW: "CONSULTATION",
    Action.REVIEW_REPORT: "CONSULTATION",
    Action.PREVIEW_BEGIN: "COMBINATION",
    Action.PREVIEW_WEIGH: "COMBINATION",
    Action.GROUP_REGISTER: "COLLECTION",
    Action.GROUP_LIST: "CONSULTATION",
    Action.GROUP_MERGE: "ALTERATION",
    Action.GROUP_NAME: "COLLECTION",
    Action.LABEL_KEYS_SHOW: "CONSULTATION",
    Action.EXCHANGE_KEY_PUBLISH: "ALTERATION",
    Action.LABEL_KEY_HAND_OVER: "DISCLOSURE",
    Action.ROTATION_BEGIN: "ALTERATION",
    Action.LABELS_RENEW: "ALTERATION",
    Action.ROTATION_END: "ALTERATION",
    Action.CHANGEOVER_SHOW: "CONSULTATION",
    Action.CHANGEOVER_BEGIN: "ALTERATION",
    Action.CHANGEOVER_END: "ALTERATION",
    Action.PAIRS_OFFER: "COLLECTION",
    Action.FACILITY_REGISTER: "COLLECTION",
    Action.PLACEMENT_RECORD: "COLLECTION",
    Action.PLACEMENT_END: "ALTERATION",
    Action.HOLD_CONFIRM: "DISCLOSURE",
    Action.HOLD_EXTEND: "ALTERATION",
    Action.HOLD_RELEASE: "ALTERATION",
    Action.PLACEMENT_MOVE_IN: "DISCLOSURE",
    Action.PLACEMENT_MOVE: "DISCLOSURE",
    Action.PLACEMENT_MOVE_OUT: "ALTERATION",
    Action.PLACEMENT_ABORT: "ALTERATION",
    Action.OVERRIDE_PROPOSE: "COLLECTION",
    Action.OVERRIDE_SHOW: "DISCLOSURE",
    Action.OVERRIDE_SIGN: "ALTERATION",
    Action.PLACE_EXPLAIN: "DISCLOSURE",
    Action.PLACE_RELEASE: "COLLECTION",
    Action.PROVIDER_STOP: "ALTERATION",
    Action.ERASURE_LIST: "CONSULTATION",
    Action.ERASURE_PROPOSE: "ALTERATION",
    Action.PHANTOM_LIFT: "ALTERATION",
    Action.GROUP_SIZE: "ALTERATION",
    Action.ERASURE_APPROVE: "ERASURE",
    Action.EXTRACT_PROPOSE: "DISCLOSURE",
    Action.EXTRACT_SHOW: "DISCLOSURE",
    Action.EXTRACT_APPROVE: "DISCLOSURE",
    Action.EXTRACT_READ: "DISCLOSURE",
    Action.ALERT_WATCH: "DISCLOSURE",
    Action.ALERT_TELL: "DISCLOSURE",
    Action.ALERT_LIST: "DISCLOSURE",
    Action.ALERT_SHOW: "DISCLOSURE",
    Action.ALERT_ACKNOWLEDGE: "ALTERATION",
    Action.ALERT_HAND_OVER: "ALTERATION",
    Action.ALERT_CLOSE: "ALTERATION",
    Action.RULESET_PROPOSE: "ALTERATION",
    Action.RULESET_SHADOW: "COMBINATION",
    Action.RULESET_APPROVE: "ALTERATION",
    Action.RULESET_WITHDRAW: "ALTERATION",
    Action.RULESET_LIST: "CONSULTATION",
    Action.RULESET_SHOW: "CONSULTATION",
    Action.IMPORT_TRY: "COMBINATION",
    Action.IMPORT_BEGIN: "COLLECTION",
    Action.IMPORT_APPEND: "COLLECTION",
    Action.IMPORT_FINISH: "COLLECTION",
    Action.IMPORT_SHOW: "CONSULTATION",
    Action.IMPORT_LIST: "CONSULTATION",
    Action.IMPORT_READ: "DISCLOSURE",
    Action.IMPORT_APPROVE: "ALTERATION",
    Action.IMPORT_CANCEL: "ALTERATION",
    Action.IMPORT_TAKE: "ALTERATION",
    Action.CLOCK_TICK: "ALTERATION",
    Action.REEVALUATE: "COMBINATION",
    Action.DATABASE_ACCEPT: "ALTERATION",
    Action.KEY_DESTROY: "ALTERATION",
    Action.IDLE: "ALTERATION",
    Action.PERMIT_LIST: "CONSULTATION",
    Action.ENTRY_LIST: "CONSULTATION",
    Action.ENTRY_SHOW: "CONSULTATION",
    Action.ENTRY_TAIL: "CONSULTATION",
    Action.LOG_EXPORT: "DISCLOSURE",
    Action.DECISION_REPLAY: "CONSULTATION",
    Action.ANOMALY_REPORT: "CONSULTATION",
    Action.RECEIPT_READ: "CONSULTATION",
    Action.LOG_FOLLOW: "CONSULTATION",
    Action.LOG_COSIGN: "CONSULTATION",
    Action.NO_METHOD: "CONSULTATION",
}
"""The kind of processing each action is (docs/protocol.md, entries)."""

ALIAS_SIZE: Final = 16  # bytes

_DISCLOSES: Final = frozenset({"CONSULTATION", "DISCLOSURE", "COMBINATION"})
_MAKES_TOKENS: Final = frozenset({Action.GROUP_REGISTER, Action.FACILITY_REGISTER})


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


class Scribe:
    """Writes the leaves of one store.

    Args:
        ring: its alias key names cases to auditors.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def alias(self, named: bytes) -> bytes:
        """Return what an auditor sees instead of a case or a subject, 16 bytes.

        Args:
            named: a case's handle, or a subject; in an extract's entries its change
                before the subject. Those entries outlive whatever is kept about the
                person, so no two extracts may show the same, nor what a case's does.

        Secret: named
        """
        return self._ring.mac(Purpose.ALIAS, named)[:ALIAS_SIZE]

    def leaf(
        self,
        command: Command,
        decision: Decision,
        moment: Moment,
        written: Written,
        revision: Revision,
    ) -> Leaf:
        """Return the leaf of a decided command.

        Args:
            command: what was asked.
            decision: what was decided.
            moment: when.
            written: the events that it wrote.
            revision: of the state that was read or made.
        """
        refusal = decision.outcome
        outcome = refusal.reason if isinstance(refusal, PlacementError) else ANSWERED
        about = (command.action, command.caller, decision.note)
        entry = partial(_entry, *about, moment, outcome, revision)
        return self._sealed(entry, _with_made(command.action, decision), written)

    def leaf_of_refused(
        self, refused: Refused, moment: Moment, revision: Revision
    ) -> Leaf:
        """Return the leaf of a call that never became a command."""
        reason = refused.refusal.reason
        about = (refused.action, refused.caller, Note())
        entry = partial(_entry, *about, moment, reason, revision)
        return self._sealed(entry, Note(), Written.of(0, ()))

    def leaf_of_act(  # noqa: PLR0913 (an entry's fields)
        self,
        action: Action,
        *,
        persons: Sequence[str],
        at: int,
        written: Written,
        revision: Revision | int,
        reason: str,
        proof: bytes,
    ) -> Leaf:
        """Return the leaf of what officers did at the machine, by no call.

        Args:
            action: what.
            persons: who.
            at: when, microseconds since 1970-01-01T00:00Z.
            written: the events that it wrote.
            revision: of the state that it was about, or made.
            reason: why, in their words.
            proof: 16 bytes of the hash of what they signed.
        """
        entry = partial(
            Entry,
            at=at,
            kind=KINDS[action],
            action=action.name,
            person=" and ".join(persons),
            role=OFFICER,
            outcome=ANSWERED,
            revision=revision,
        )
        note = Note(objects=(proof,), search=reason)
        return self._sealed(entry, note, written)

    def _sealed(
        self, entry_with: Callable[..., Entry], note: Note, written: Written
    ) -> Leaf:
        """Commit to the details, and keep them beside the entry."""
        details = Details(outline=self._outline(note), matter=_matter(note, written))
        sealed = Sealed.of(details, draw(SALTS_SIZE))
        entry = entry_with(details=sealed.commitment)
        return Leaf(render(entry), sealed.shown(matter=True), entry.at, note.case)

    def _outline(self, note: Note) -> Outline:
        return Outline(
            case=self.alias(note.case) if note.case else note.alias,
            subjects=tuple(self.alias(note.about + each) for each in note.subjects),
            counties=tuple(area[:2] for area in note.candidates),
            verdicts=note.verdicts,
            decisions=note.decisions,
            objects=note.objects,
            search=note.search,
        )


def _matter(note: Note, written: Written) -> Matter:
    return Matter(
        case=note.case,
        reference=note.reference,
        areas=note.candidates,
        facilities=note.facilities if any(note.facilities) else (),
        window=note.window,
        request=note.request,
        verdicts=note.verdicts,
        decisions=note.decisions,
        valid_until=note.valid_until,
        objects=note.objects,
        tokens=note.tokens,
        events=written.render(),
    )


def _with_made(action: Action, decision: Decision) -> Note:
    """Add what was made; a retry names what the first one made."""
    note, outcome = decision.note, decision.outcome
    if not isinstance(outcome, Outcome) or not isinstance(outcome.reply, Reply):
        return note
    made = tuple(filter(None, outcome.reply.ids))
    if action is Action.CASE_OPEN:
        return replace(note, case=_only(made))
    if action in _MAKES_TOKENS:
        return replace(note, tokens=made)
    # What is signed is named already, and is what the request made, too.
    return replace(note, objects=tuple(dict.fromkeys((*note.objects, *made))))


def _only(made: Sequence[bytes]) -> bytes:
    (handle,) = made
    return handle


def _entry(  # noqa: PLR0913, PLR0917 (an entry's fields)
    action: Action,
    caller: Caller | None,
    note: Note,
    moment: Moment,
    outcome: str,
    revision: Revision,
    details: bytes,
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
        outcome=outcome,
        revision=revision,
        ruleset=moment.ruleset.version,
        rules=moment.ruleset.digest,
        recipient=caller.organisation if caller and disclosed else "",
        details=details,
    )
