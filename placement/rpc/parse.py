"""From requests to commands: form only; what it means is decided in the domain.

One function a request. Every refusal is an ``InvalidInputError`` that names the field
and never repeats what stood in it. A pseudonym becomes a subject here and goes no
further.
"""

from typing import Any

from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import pseudonym_service_pb2 as pseudonym_wire
from placement.crypto.voprf import BlindedElement
from placement.domain.decide import (
    cases,
    checks,
    evaluations,
)
from placement.domain.questions import Candidate
from placement.domain.terms import (
    Basis,
    CaseHandle,
    FacilityToken,
    FactId,
    Revision,
)
from placement.errors import InvalidInputError
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh, several


def case_of(request: Any) -> CaseHandle:  # noqa: ANN401 (any request about a case)
    """Return the case that a request is about."""
    return CaseHandle(forms.token(request.case_handle, "case_handle"))


def facility_of(value: bytes, field: str) -> FacilityToken | None:
    """Return a facility's token, which may be unset."""
    return FacilityToken(forms.token(value, field)) if value else None


def evaluate(
    request: pseudonym_wire.EvaluateRequest, origin: Origin, *, held: bool = True
) -> evaluations.Evaluate:
    """Read blinded elements; one that is no point of the curve is refused.

    Args:
        request: what is asked.
        origin: by whom.
        held: whether this custodian has the key that is asked for.
    """
    forms.token(request.request_id, "request_id")
    if not held:
        raise InvalidInputError("key_id", "is no key of this custodian")
    forms.at_most(
        request.blinded_elements, evaluations.MAX_ELEMENTS, "blinded_elements"
    )
    return evaluations.Evaluate(
        caller=origin.caller,
        elements=tuple(
            _element(element, f"blinded_elements[{index}]")
            for index, element in enumerate(request.blinded_elements)
        ),
    )


def _element(element: bytes, field: str) -> BlindedElement:
    try:
        return BlindedElement.decode(element)
    except InvalidInputError:
        raise InvalidInputError(field, "is no compressed point of P-256") from None


def open_case(request: check_wire.OpenCaseRequest, origin: Origin) -> cases.OpenCase:
    """Read a case to open."""
    forms.at_most(request.pseudonyms, cases.MAX_MEMBERS, "pseudonyms")
    return cases.OpenCase(
        **common(request, origin),
        handle=CaseHandle(fresh()),
        members=tuple(
            origin.named(pseudonym, f"pseudonyms[{index}]")
            for index, pseudonym in enumerate(request.pseudonyms)
        ),
        reference=request.reference,
        basis=forms.member(Basis, request.basis, "basis"),
    )


def show_case(request: check_wire.ShowCaseRequest, origin: Origin) -> cases.ShowCase:
    """Read which case to show."""
    if not request.placement_id:
        return cases.ShowCase(caller=origin.caller, case=case_of(request))
    if request.case_handle:
        raise InvalidInputError("placement_id", "must be empty beside case_handle")
    key = FactId(forms.token(request.placement_id, "placement_id"))
    return cases.ShowCase(caller=origin.caller, placement=key)


def close_case(request: check_wire.CloseCaseRequest, origin: Origin) -> cases.CloseCase:
    """Read which case to close."""
    return cases.CloseCase(
        **common(request, origin),
        case=case_of(request),
        reason=forms.code(
            check_wire.CloseReason, "CLOSE_REASON_", request.reason, "reason"
        ),
    )


def check(request: check_wire.CheckPlacementRequest, origin: Origin) -> checks.Check:
    """Read a question."""
    forms.at_most(request.candidates, checks.MAX_CANDIDATES, "candidates")
    mode = forms.code(check_wire.CheckMode, "CHECK_MODE_", request.mode, "mode")
    justification = forms.code(
        check_wire.Justification,
        "JUSTIFICATION_",
        request.justification,
        "justification",
    )
    return checks.Check(
        **common(request, origin),
        case=case_of(request),
        candidates=tuple(
            Candidate(
                area=forms.area(candidate.area, f"candidates[{index}].area"),
                facility=facility_of(
                    candidate.facility, f"candidates[{index}].facility"
                ),
            )
            for index, candidate in enumerate(request.candidates)
        ),
        window=forms.window(request.window, "window"),
        justification=justification,
        least=Revision(request.min_revision),
        decisions=several(len(request.candidates)),
        hold=FactId(fresh()) if mode == "CHECK_AND_HOLD" else None,
    )
