"""From the registry's requests to commands; see ``parse``."""

from typing import Final

from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.domain.decide import (
    approvals,
    cases,
    coverage,
    groups,
    placements,
    registry,
)
from placement.domain.facts import Facility, Placement
from placement.domain.terms import (
    CaseHandle,
    FacilityToken,
    FactId,
    PlacementState,
    ProviderToken,
    Revision,
    Scheme,
)
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse import case_of, facility_of
from placement.rpc.parse_facts import parse_facts

_MAX_AREAS: Final = 500


def assess_case(
    request: registry_wire.AssessCaseRequest, origin: Origin
) -> cases.AssessCase:
    """Read an assessment."""
    return cases.AssessCase(
        **common(request, origin),
        case=case_of(request),
        drafts=parse_facts(request.facts, fresh, origin.named),
        none_known=request.none_known,
        children=tuple(request.children),
        change=FactId(fresh()),
    )


def record_facts(
    request: registry_wire.RecordFactsRequest, origin: Origin
) -> registry.RecordFacts:
    """Read facts to record."""
    return registry.RecordFacts(
        **common(request, origin),
        drafts=parse_facts(request.facts, fresh, origin.named),
        change=FactId(fresh()),
    )


def end_facts(
    request: registry_wire.EndFactsRequest, origin: Origin
) -> registry.EndFacts:
    """Read facts to end."""
    forms.at_most(request.endings, registry.MAX_AMENDMENTS, "endings")
    return registry.EndFacts(
        **common(request, origin),
        endings=endings_of(request),
        change=FactId(fresh()),
    )


def endings_of(
    request: registry_wire.EndFactsRequest | registry_wire.PreviewChangeRequest,
) -> tuple[registry.Ending, ...]:
    """Read which facts end, and when."""
    return tuple(
        registry.Ending(
            id=_id(ending.fact_id, f"endings[{index}].fact_id"),
            valid_to=forms.day(ending.valid_to_day, f"endings[{index}].valid_to_day"),
            seen=Revision(ending.seen_revision),
        )
        for index, ending in enumerate(request.endings)
    )


def retract_facts(
    request: registry_wire.RetractFactsRequest, origin: Origin
) -> registry.RetractFacts:
    """Read facts to retract."""
    forms.at_most(request.fact_ids, registry.MAX_AMENDMENTS, "fact_ids")
    return registry.RetractFacts(
        **common(request, origin),
        ids=tuple(
            _id(value, f"fact_ids[{index}]")
            for index, value in enumerate(request.fact_ids)
        ),
        change=FactId(fresh()),
        seen=tuple(map(Revision, request.seen_revisions)),
    )


def regrade_facts(
    request: registry_wire.RegradeFactsRequest, origin: Origin
) -> registry.RegradeFacts:
    """Read facts to grade anew."""
    forms.at_most(request.regradings, registry.MAX_AMENDMENTS, "regradings")
    return registry.RegradeFacts(
        **common(request, origin),
        regradings=tuple(
            registry.Regrading(
                id=_id(item.fact_id, f"regradings[{index}].fact_id"),
                scheme=forms.member(
                    Scheme, item.grade.scheme, f"regradings[{index}].grade.scheme"
                ),
                given=item.grade.given,
                seen=Revision(item.seen_revision),
            )
            for index, item in enumerate(request.regradings)
        ),
        change=FactId(fresh()),
    )


def _id(value: bytes, field: str) -> FactId:
    return FactId(forms.token(value, field))


def approve_change(
    request: registry_wire.ApproveChangeRequest, origin: Origin
) -> approvals.ApproveChange:
    """Read which change to approve."""
    return approvals.ApproveChange(
        **common(request, origin),
        change=_id(request.change_id, "change_id"),
        shown=Revision(request.seen_revision),
        seen=request.seen and forms.sized(request.seen, forms.DIGEST_SIZE, "seen"),
    )


def list_changes(
    request: registry_wire.ListChangesRequest, origin: Origin
) -> approvals.ListChanges:
    """Read nothing: the list is the caller's."""
    del request
    return approvals.ListChanges(caller=origin.caller)


def show_change(
    request: registry_wire.ShowChangeRequest, origin: Origin
) -> approvals.ShowChange:
    """Read which change to show."""
    change = _id(request.change_id, "change_id")
    return approvals.ShowChange(caller=origin.caller, change=change)


def attest_coverage(
    request: registry_wire.AttestCoverageRequest, origin: Origin
) -> coverage.AttestCoverage:
    """Read a statement of coverage."""
    forms.at_most(request.areas, _MAX_AREAS, "areas")
    return coverage.AttestCoverage(
        **common(request, origin),
        attestation=FactId(fresh()),
        areas=tuple(
            forms.area(code, f"areas[{index}]")
            for index, code in enumerate(request.areas)
        ),
        whole_region=request.whole_region,
        reviewed_on=forms.day(request.reviewed_on_day, "reviewed_on_day"),
    )


def register_facilities(
    request: registry_wire.RegisterFacilitiesRequest, origin: Origin
) -> groups.RegisterFacilities:
    """Read facilities to register."""
    forms.at_most(request.facilities, groups.MAX_REGISTERED, "facilities")
    return groups.RegisterFacilities(
        **common(request, origin),
        facilities=tuple(
            Facility(
                token=FacilityToken(fresh()),
                provider=ProviderToken(
                    forms.token(
                        new.provider or fresh(), f"facilities[{index}].provider"
                    )
                ),
                area=forms.area(new.area, f"facilities[{index}].area"),
            )
            for index, new in enumerate(request.facilities)
        ),
        new_providers=frozenset(
            index for index, new in enumerate(request.facilities) if not new.provider
        ),
    )


def record_placements(
    request: registry_wire.RecordPlacementsRequest, origin: Origin
) -> placements.RecordPlacements:
    """Read placements that stand already."""
    forms.at_most(request.placements, placements.MAX_PLACEMENTS, "placements")
    return placements.RecordPlacements(
        **common(request, origin),
        placements=tuple(
            _placement(item, f"placements[{index}]")
            for index, item in enumerate(request.placements)
        ),
    )


def _placement(item: registry_wire.StandingPlacement, field: str) -> Placement:
    days = forms.window(item.window, f"{field}.window")
    return Placement(
        id=FactId(fresh()),
        case=CaseHandle(forms.token(item.case_handle, f"{field}.case_handle")),
        area=forms.area(item.area, f"{field}.area"),
        facility=facility_of(item.facility, f"{field}.facility"),
        valid_from=days.start,
        valid_to=days.end,
        state=PlacementState.ACTIVE,
    )


def end_placements(
    request: registry_wire.EndPlacementsRequest, origin: Origin
) -> placements.EndPlacements:
    """Read placements that ended."""
    forms.at_most(request.endings, placements.MAX_PLACEMENTS, "endings")
    return placements.EndPlacements(
        **common(request, origin),
        change=FactId(fresh()),
        endings=tuple(
            placements.PlacementEnding(
                id=_id(ending.placement_id, f"endings[{index}].placement_id"),
                valid_to=forms.day(
                    ending.valid_to_day, f"endings[{index}].valid_to_day"
                ),
            )
            for index, ending in enumerate(request.endings)
        ),
    )
