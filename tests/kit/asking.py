"""A request to each method of a town that holds, and whoever may not asks it too."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kit.bad_input import GOOD, evaluate
from kit.erasing import ERASING
from kit.extracting import EXTRACTING
from kit.grouping import GROUPING, name
from kit.haunted import HAUNTING
from kit.keyed import CHANGING
from kit.placing import PLACING
from kit.ruling import RULING
from kit.sheeted import IMPORTING
from kit.town import GROUND, PEOPLE, Town, fresh
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire
from placement.app import micros
from placement.audit import checkpoint, note
from placement.audit.checkpoint import Checkpoint
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey
from placement.domain.events import FactRecorded, Record
from placement.domain.terms import Micros
from placement.store.codec import encode

WITNESS = Signer("w.test/one", SigningKey(b"1" * 32), 1_781_517)
"""The one that a town of ``WITNESSED`` knows."""
WITNESSED = {"witnesses": (render_key(WITNESS.public),)}
GRADE = wire.SourceGrade(scheme=wire.GRADE_SCHEME_THREE_FIVE_TWO, given="2B")
EVERYTHING = audit.EntryFilter(first_index=0)

Make = Callable[[Town, str], Any]


# What a request is about


def newest(town: Town) -> tuple[bytes, Checkpoint]:
    """Return the note of a checkpoint that holds everything, and what it says."""
    town.settled()
    signed: bytes = town.done(
        "witness",
        "GetCheckpoint",
        log.GetCheckpointRequest(),
        log.GetCheckpointResponse,
    ).note
    return signed, checkpoint.parse(note.parse(signed).text)


def own(town: Town, who: str) -> int:
    """Return the index of somebody's newest entry, or of the first of all."""
    role, organisation, _ = PEOPLE[who]
    mine = [
        index
        for index, entry in enumerate(town.entries(0))
        if (entry.role, entry.organisation) == (role, organisation)
    ]
    return (mine or [0])[-1]


def checked(town: Town, *areas: str, **given: Any) -> check.CheckPlacementResponse:
    """Ask about areas as the worker."""
    question = town.question(*areas, **given)
    answer: check.CheckPlacementResponse = town.done(
        "worker", "CheckPlacement", question, check.CheckPlacementResponse
    )
    return answer


def recorded(
    town: Town, area: str, who: str = "coordinator", **presence: Any
) -> registry.RecordFactsResponse:
    """Record a presence as a coordinator."""
    fact = town.fact_of(presence=town.presence(area=area, **presence))
    answer: registry.RecordFactsResponse = town.done(
        who, "RecordFacts", town.record(fact), registry.RecordFactsResponse
    )
    return answer


def lapsed(town: Town) -> bytes:
    """Write a fact into the log that nobody stands behind, nor could any more."""
    (known,) = recorded(town, "0139").fact_ids
    fact = replace(town.state().facts[known], id=fresh(), approved=False)
    record = Record(at=Micros(micros()), event=FactRecorded(fact=fact))
    with town.store.writing() as writing:
        writing.append([encode(record)], ())
    return fact.id


def pending(town: Town, area: str, by: str = "coordinator") -> bytes:
    """Propose what a second person must approve."""
    who = by if PEOPLE[by][0] == "coordinator" else "coordinator"
    base = wire.PRESENCE_KIND_BASE
    change: bytes = recorded(town, area, who=who, kind=base).change_id
    return change


def stay(town: Town) -> registry.RecordPlacementsRequest:
    """Place the worker's case, for a day long past."""
    window = wire.Window(start_day=town.today - 9, end_day=town.today - 8)
    placed = registry.StandingPlacement(
        case_handle=town.case, area="1280", window=window
    )
    return registry.RecordPlacementsRequest(request_id=fresh(), placements=[placed])


def standing(town: Town) -> bytes:
    """Place the worker's case, from yesterday on."""
    request = stay(town)
    request.placements[0].window.CopyFrom(wire.Window(start_day=town.today - 1))
    placed: registry.RecordPlacementsResponse = town.done(
        "coordinator", "RecordPlacements", request, registry.RecordPlacementsResponse
    )
    return placed.placement_ids[0]


def cosignature(town: Town, signer: Signer = WITNESS) -> log.AddCosignatureRequest:
    """Cosign the newest checkpoint."""
    signed, made = newest(town)
    content = note.render(note.add(note.parse(signed), signer))
    return log.AddCosignatureRequest(size=made.size, note=content)


def _close(town: Town, who: str) -> check.CloseCaseRequest:
    return check.CloseCaseRequest(
        request_id=fresh(),
        case_handle=town.opened("worker"),
        reason=check.CLOSE_REASON_DONE,
    )


def _budgets(town: Town, who: str) -> budget.ShowBudgetsRequest:
    asks = PEOPLE[who][0] == "caseworker"
    return budget.ShowBudgetsRequest(
        case_handle=town.case if asks else b"", areas=["2480"] if asks else []
    )


def _end(town: Town, who: str) -> registry.EndFactsRequest:
    (fact,) = recorded(town, "0117").fact_ids
    ending = registry.Ending(fact_id=fact, valid_to_day=town.today)
    return registry.EndFactsRequest(request_id=fresh(), endings=[ending])


def _regrade(town: Town, who: str) -> registry.RegradeFactsRequest:
    regrading = registry.Regrading(fact_id=town.fact, grade=GRADE)
    return registry.RegradeFactsRequest(request_id=fresh(), regradings=[regrading])


def _amend(town: Town, who: str) -> registry.AmendFactsRequest:
    (fact,) = recorded(town, "0127").fact_ids
    instead = town.fact_of(presence=town.presence(area="0128"))
    amendment = registry.FactAmendment(
        fact_id=fact, valid_to_day=town.today, fact=instead
    )
    return registry.AmendFactsRequest(request_id=fresh(), amendments=[amendment])


def _renew(town: Town, who: str) -> registry.RenewFactsRequest:
    renewal = registry.Renewal(
        fact_id=recorded(town, "0136").fact_ids[0],
        review_by_day=town.today + 90,
        reason=wire.FACT_REASON_COURT,
    )
    return registry.RenewFactsRequest(request_id=fresh(), renewals=[renewal])


def _contest(town: Town, who: str) -> registry.ContestFactsRequest:
    contest = registry.FactContest(
        fact_id=recorded(town, "0138").fact_ids[0],
        reason=review.CONTEST_REASON_SOURCE,
    )
    return registry.ContestFactsRequest(request_id=fresh(), contests=[contest])


def _propose(town: Town, who: str) -> registry.ProposeFactsRequest:
    return registry.ProposeFactsRequest(request_id=fresh(), fact_ids=[lapsed(town)])


def _end_placement(town: Town, who: str) -> registry.EndPlacementsRequest:
    ending = registry.PlacementEnding(
        placement_id=standing(town), valid_to_day=town.today
    )
    return registry.EndPlacementsRequest(request_id=fresh(), endings=[ending])


def _consistency(town: Town, who: str) -> log.ProveConsistencyRequest:
    return log.ProveConsistencyRequest(old_size=1, new_size=newest(town)[1].size)


def _inclusion(town: Town, who: str) -> log.ProveInclusionRequest:
    return log.ProveInclusionRequest(index=0, size=newest(town)[1].size)


REQUESTS: dict[str, Make] = {
    **PLACING,
    **ERASING,
    **HAUNTING,
    **CHANGING,
    **EXTRACTING,
    **RULING,
    **GROUPING,
    **IMPORTING,
    "Evaluate": lambda town, who: evaluate(GOOD),
    "OpenCase": lambda town, who: town.open_case(),
    "ShowCase": lambda town, who: check.ShowCaseRequest(case_handle=town.case),
    "ShowBudgets": _budgets,
    "CloseCase": _close,
    "CheckPlacement": lambda town, who: town.question(),
    "AssessCase": lambda town, who: registry.AssessCaseRequest(
        request_id=fresh(), case_handle=town.case, none_known=True
    ),
    "RecordFacts": lambda town, who: town.record(
        town.fact_of(presence=town.presence(area="0114"))
    ),
    "EndFacts": _end,
    "RetractFacts": lambda town, who: registry.RetractFactsRequest(
        request_id=fresh(), fact_ids=recorded(town, "0115").fact_ids
    ),
    "RegradeFacts": _regrade,
    "AmendFacts": _amend,
    "RenewFacts": _renew,
    "ContestFacts": _contest,
    "ProposeFacts": _propose,
    "RejectChange": lambda town, who: registry.RejectChangeRequest(
        request_id=fresh(), change_id=pending(town, "0125")
    ),
    "WithdrawChange": lambda town, who: registry.WithdrawChangeRequest(
        request_id=fresh(), change_id=pending(town, "0126", by=who)
    ),
    "PreviewChange": lambda town, who: registry.PreviewChangeRequest(
        change_id=pending(town, "0140")
    ),
    "ListFacts": lambda town, who: review.ListFactsRequest(),
    "ShowFact": lambda town, who: review.ShowFactRequest(fact_id=town.fact),
    "ListReviews": lambda town, who: review.ListReviewsRequest(),
    "ShowCoverage": lambda town, who: review.ShowCoverageRequest(),
    "ReportReviews": lambda town, who: review.ReportReviewsRequest(year=2026),
    "ApproveChange": lambda town, who: registry.ApproveChangeRequest(
        request_id=fresh(), change_id=pending(town, "0120")
    ),
    "ListChanges": lambda town, who: registry.ListChangesRequest(),
    "ShowChange": lambda town, who: registry.ShowChangeRequest(
        change_id=pending(town, "0123")
    ),
    "AttestCoverage": lambda town, who: registry.AttestCoverageRequest(
        request_id=fresh(), reviewed_on_day=town.today, whole_region=True
    ),
    "RegisterGroups": lambda town, who: registry.RegisterGroupsRequest(
        request_id=fresh(),
        groups=[registry.NewGroup(**name(town.state().names.key))],
    ),
    "ListGroups": lambda town, who: registry.ListGroupsRequest(),
    "RegisterFacilities": lambda town, who: registry.RegisterFacilitiesRequest(
        request_id=fresh(), facilities=[registry.NewFacility(area="1280")]
    ),
    "RecordPlacements": lambda town, who: stay(town),
    "EndPlacements": _end_placement,
    "ListEntries": lambda town, who: audit.ListEntriesRequest(
        filter=EVERYTHING, page_size=3, ground=GROUND
    ),
    "ShowEntry": lambda town, who: audit.ShowEntryRequest(index=1, ground=GROUND),
    "TailEntries": lambda town, who: audit.TailEntriesRequest(ground=GROUND),
    "ExportEntries": lambda town, who: audit.ExportEntriesRequest(
        filter=EVERYTHING, ground=GROUND
    ),
    "ReplayDecision": lambda town, who: audit.ReplayDecisionRequest(
        decision_id=checked(town).verdicts[0].decision_id, ground=GROUND
    ),
    "ReportAnomalies": lambda town, who: audit.ReportAnomaliesRequest(
        since=0, until=2**61, ground=GROUND
    ),
    "GetReceipt": lambda town, who: log.GetReceiptRequest(index=own(town, who)),
    "GetCheckpoint": lambda town, who: log.GetCheckpointRequest(),
    "ListCheckpoints": lambda town, who: log.ListCheckpointsRequest(count=9),
    "ProveConsistency": _consistency,
    "ProveInclusion": _inclusion,
    "AddCosignature": lambda town, who: cosignature(town),
}
"""By method: makes a request that is answered, if its caller may."""
