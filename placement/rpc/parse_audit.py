"""From audit staff's requests to commands, and from those about the log as a whole.

A word that an auditor typed goes into the log, so each has a form that leaves no room
for a name or a national number.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from placement.access import Action, Role, require_organisation, require_person
from placement.api.v1 import audit_service_pb2 as audit_wire
from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import extract_service_pb2 as extract_wire
from placement.api.v1 import log_service_pb2 as log_wire
from placement.api.v1 import phantom_service_pb2 as phantom_wire
from placement.api.v1 import placement_service_pb2 as placement_wire
from placement.api.v1 import types_pb2 as wire
from placement.audit import note as notes
from placement.audit.entry import ANSWERED, OFFICER
from placement.audit.note import Note, Verifier
from placement.domain.decide import register, searches
from placement.domain.decide.searches import Filter, Ground
from placement.domain.terms import Micros, Verdict
from placement.errors import InvalidInputError, PlacementError, TamperedError
from placement.reference import require_reference
from placement.rpc import forms
from placement.rpc.origin import Origin
from placement.service.entries import KINDS

MAX_INDEX: Final = 2**62
MAX_COSIGNATURES: Final = 50

_PURPOSES: Final = (
    (check_wire.Basis, "BASIS_"),
    (check_wire.CloseReason, "CLOSE_REASON_"),
    (check_wire.Justification, "JUSTIFICATION_"),
    (audit_wire.AuditPurpose, "AUDIT_PURPOSE_"),
    (placement_wire.OverrideGround, "OVERRIDE_GROUND_"),
    (extract_wire.ExtractGround, "EXTRACT_GROUND_"),
    (phantom_wire.LiftGround, "LIFT_GROUND_"),
)
_CODES: Final[Mapping[str, frozenset[str]]] = {
    "kind": frozenset(KINDS.values()),
    "action": frozenset(action.name for action in Action),
    "purpose": frozenset(
        each.name.removeprefix(prefix)
        for kind, prefix in _PURPOSES
        for each in kind.DESCRIPTOR.values
        if each.number
    ),
    "outcome": frozenset(
        {ANSWERED}
        | {
            each.name.removeprefix("ERROR_REASON_")
            for each in wire.ErrorReason.DESCRIPTOR.values
            if each.number
        }
    ),
}
"""Every word that an entry can have in these fields; a filter takes no other."""


def list_entries(
    request: audit_wire.ListEntriesRequest, origin: Origin
) -> searches.ListEntries:
    """Read which page of which entries."""
    return searches.ListEntries(
        **_search(request, origin, request.page_token, "page_token"),
        page_size=request.page_size,
    )


def show_entry(
    request: audit_wire.ShowEntryRequest, origin: Origin
) -> searches.ShowEntry:
    """Read which entry."""
    index = forms.below(request.index, MAX_INDEX, "index")
    forms.below(request.cosignatures, MAX_COSIGNATURES + 1, "cosignatures")
    return searches.ShowEntry(
        caller=origin.caller,
        ground=_ground(request.ground),
        filter=Filter(first=index, end=index + 1),
    )


def tail_entries(
    request: audit_wire.TailEntriesRequest, origin: Origin
) -> searches.TailEntries:
    """Read what to follow."""
    if request.filter.HasField("until") or request.filter.HasField("end_index"):
        raise InvalidInputError("filter", "must have no end here")
    return searches.TailEntries(
        **_search(request, origin, request.resume_token, "resume_token")
    )


def export_entries(
    request: audit_wire.ExportEntriesRequest, origin: Origin
) -> searches.ExportEntries:
    """Read what to take along."""
    forms.below(request.cosignatures, MAX_COSIGNATURES + 1, "cosignatures")
    return searches.ExportEntries(**_search(request, origin, b"", ""))


def replay_decision(
    request: audit_wire.ReplayDecisionRequest, origin: Origin
) -> searches.ReplayDecision:
    """Read which decision."""
    decision = forms.token(request.decision_id, "decision_id")
    return searches.ReplayDecision(
        caller=origin.caller,
        ground=_ground(request.ground),
        filter=Filter(decision=decision),
    )


def report_anomalies(
    request: audit_wire.ReportAnomaliesRequest, origin: Origin
) -> searches.ReportAnomalies:
    """Read where to look."""
    until = request.until if request.HasField("until") else None
    if until is not None and until <= request.since:
        raise InvalidInputError("until", "must be after since")
    return searches.ReportAnomalies(
        caller=origin.caller,
        ground=_ground(request.ground),
        filter=Filter(
            since=_instant(request.since, "since"),
            until=None if until is None else _instant(until, "until"),
        ),
    )


def list_permits(
    request: audit_wire.ListPermitsRequest, origin: Origin
) -> register.ListPermits:
    """Read for which period the register is looked through."""
    if request.until <= request.since:
        raise InvalidInputError("until", "must be after since")
    return register.ListPermits(
        caller=origin.caller,
        ground=_ground(request.ground),
        filter=Filter(
            since=_instant(request.since, "since"),
            until=_instant(request.until, "until"),
        ),
    )


def read_receipt(
    request: log_wire.GetReceiptRequest, origin: Origin, *, owned: bool
) -> searches.ReadReceipt:
    """Read whose receipt."""
    forms.below(request.cosignatures, MAX_COSIGNATURES + 1, "cosignatures")
    index = forms.below(request.index, MAX_INDEX, "index")
    return searches.ReadReceipt(caller=origin.caller, index=index, owned=owned)


def checkpoint(request: log_wire.GetCheckpointRequest) -> tuple[int, int]:
    """Read how many cosignatures and leaves a checkpoint must have."""
    return (
        forms.below(request.cosignatures, MAX_COSIGNATURES + 1, "cosignatures"),
        forms.below(request.least_size, MAX_INDEX, "least_size"),
    )


def checkpoints(request: log_wire.ListCheckpointsRequest) -> tuple[int, int]:
    """Read from which size on, and how many at most."""
    if not 1 <= request.count <= searches.MAX_PAGE:
        raise InvalidInputError("count", "must be 1 to 100")
    return forms.below(request.least_size, MAX_INDEX, "least_size"), request.count


def consistency(request: log_wire.ProveConsistencyRequest) -> tuple[int, int]:
    """Read of which two sizes."""
    return (
        forms.below(request.old_size, MAX_INDEX, "old_size"),
        forms.below(request.new_size, MAX_INDEX, "new_size"),
    )


def inclusion(request: log_wire.ProveInclusionRequest) -> tuple[int, int]:
    """Read which leaf, and in the log of which size."""
    return (
        forms.below(request.index, MAX_INDEX, "index"),
        forms.below(request.size, MAX_INDEX, "size"),
    )


def cosignature(
    request: log_wire.AddCosignatureRequest, witnesses: Iterable[Verifier]
) -> tuple[int, Note]:
    """Read a checkpoint with the signatures of known witnesses, and no others."""
    size = forms.below(request.size, MAX_INDEX, "size")
    try:
        note = notes.parse(request.note)
        signed = notes.verified(note, witnesses)
    except TamperedError:
        phrase = "must be a checkpoint that a known witness cosigned"
        raise InvalidInputError("note", phrase) from None
    return size, Note(note.text, signed)


def _search(request: Any, origin: Origin, token: bytes, field: str) -> Any:  # noqa: ANN401 (what all searches have)
    """Read what every search has; a token belongs to one method, filter and caller."""
    content = request.filter.SerializeToString(deterministic=True)
    name = request.DESCRIPTOR.full_name.encode()
    scope = sha256(name + b"\0" + content).digest()
    return {
        "caller": origin.caller,
        "ground": _ground(request.ground),
        "filter": _filter(request.filter),
        "scope": scope,
        "resume": origin.resume(scope, token, field) if token else (),
    }


def _ground(ground: audit_wire.Ground) -> Ground:
    purpose = forms.code(
        audit_wire.AuditPurpose, "AUDIT_PURPOSE_", ground.purpose, "ground.purpose"
    )
    require_reference(ground.matter, "ground.matter")
    return Ground(purpose=purpose, matter=ground.matter)


def _filter(given: audit_wire.EntryFilter) -> Filter:
    """Read a filter; what is unset selects everything."""
    if given.reference:
        require_reference(given.reference, "filter.reference")
    for name, words in _CODES.items():
        text = getattr(given, name)
        if text and text not in words:
            raise InvalidInputError(f"filter.{name}", "is no known code")
    made = Filter(
        person=_form(given.person, require_person, "filter.person"),
        organisation=_form(
            given.organisation, require_organisation, "filter.organisation"
        ),
        role=_role(given.role),
        kind=given.kind,
        action=given.action,
        purpose=given.purpose,
        outcome=given.outcome,
        verdict=_verdict(given.verdict),
        case=_optional(given.case_handle, "filter.case_handle"),
        reference=given.reference,
        decision=_optional(given.decision_id, "filter.decision_id"),
        since=_set(given, "since", _instant),
        until=_set(given, "until", _instant),
        first=_set(given, "first_index", _index),
        end=_set(given, "end_index", _index),
    )
    _require_order(made.since, made.until, "filter.until")
    _require_order(made.first, made.end, "filter.end_index")
    return made


def _form(text: str, require: Callable[[str], None], field: str) -> str:
    """Return a word of a certificate, or nothing."""
    try:
        if text:
            require(text)
    except PlacementError:
        raise InvalidInputError(field, "is no such word of a certificate") from None
    return text


def _role(text: str) -> str:
    if text and text not in {OFFICER, *(role.value for role in Role)}:
        raise InvalidInputError("filter.role", "is no role")
    return text


def _verdict(value: int) -> Verdict | None:
    return forms.member(Verdict, value, "filter.verdict") if value else None


def _optional(value: bytes, field: str) -> bytes:
    return forms.token(value, field) if value else b""


def _set(given: Any, name: str, read: Callable[[int, str], Any]) -> Any:  # noqa: ANN401 (an optional field)
    return (
        read(getattr(given, name), f"filter.{name}") if given.HasField(name) else None
    )


def _index(value: int, field: str) -> int:
    return forms.below(value, MAX_INDEX, field)


def _instant(value: int, field: str) -> Micros:
    return Micros(forms.below(value, MAX_INDEX, field))


def _require_order(start: int | None, end: int | None, field: str) -> None:
    if start is not None and end is not None and end <= start:
        raise InvalidInputError(field, "must be after the beginning")
