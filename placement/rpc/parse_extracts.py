"""From requests about extracts to commands: form only."""

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from placement.api.v1 import extract_service_pb2 as wire
from placement.domain.changeover import Named
from placement.domain.decide import extracts
from placement.domain.extract_events import ExtractPart
from placement.domain.terms import CaseHandle, DossierId, FactId
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh

_About: TypeAlias = (
    wire.ShowExtractRequest | wire.ApproveExtractRequest | wire.ReadExtractRequest
)


class _Named(TypedDict):
    """Which extract, and whom it is about."""

    change: FactId
    subjects: tuple[Named, ...]


def propose_extract(
    request: wire.ProposeExtractRequest, origin: Origin
) -> extracts.ProposeExtract:
    """Read whom an extract is about, and why it is made."""
    forms.at_most(request.case_handles, extracts.MAX_CASES, "case_handles")
    return extracts.ProposeExtract(
        **common(request, origin),
        subjects=_subjects(request.pseudonyms, origin),
        cases=tuple(
            CaseHandle(forms.token(each, f"case_handles[{index}]"))
            for index, each in enumerate(request.case_handles)
        ),
        ground=forms.code(
            wire.ExtractGround, "EXTRACT_GROUND_", request.ground, "ground"
        ),
        reference=request.reference,
        change=FactId(fresh()),
    )


def show_extract(
    request: wire.ShowExtractRequest, origin: Origin
) -> extracts.ShowExtract:
    """Read which extract to look at."""
    return extracts.ShowExtract(caller=origin.caller, **_named(request, origin))


def approve_extract(
    request: wire.ApproveExtractRequest, origin: Origin
) -> extracts.ApproveExtract:
    """Read which extract to stand behind, and what is told."""
    forms.at_most(request.parts, len(ExtractPart), "parts")
    return extracts.ApproveExtract(
        **common(request, origin),
        **_named(request, origin),
        released=_ids(request.released_ids, "released_ids"),
        withheld=_ids(request.withheld_ids, "withheld_ids"),
        parts=tuple(
            forms.member(ExtractPart, each, f"parts[{index}]")
            for index, each in enumerate(request.parts)
        ),
        seen=request.seen,
    )


def read_extract(
    request: wire.ReadExtractRequest, origin: Origin
) -> extracts.ReadExtract:
    """Read which extract to read."""
    return extracts.ReadExtract(caller=origin.caller, **_named(request, origin))


def _named(request: _About, origin: Origin) -> _Named:
    return {
        "change": FactId(forms.token(request.change_id, "change_id")),
        "subjects": _subjects(request.pseudonyms, origin),
    }


def _ids(ids: Sequence[bytes], field: str) -> tuple[DossierId, ...]:
    forms.at_most(ids, extracts.MAX_RELEASED, field)
    return tuple(
        DossierId(forms.token(each, f"{field}[{index}]"))
        for index, each in enumerate(ids)
    )


def _subjects(pseudonyms: Sequence[bytes], origin: Origin) -> tuple[Named, ...]:
    forms.at_most(pseudonyms, extracts.MAX_SUBJECTS, "pseudonyms")
    return tuple(
        origin.named(each, f"pseudonyms[{index}]")
        for index, each in enumerate(pseudonyms)
    )
