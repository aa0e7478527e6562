"""From replies to responses. What is not written here does not leave the service."""

from collections.abc import Mapping
from typing import Any, Final

from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import pseudonym_service_pb2 as pseudonym_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.approvals import Changes
from placement.domain.decide.cases import CaseView
from placement.domain.decide.checks import Answer as Verdicted
from placement.domain.decide.checks import Answers
from placement.domain.decide.command import Written
from placement.domain.decide.weighing import place_of
from placement.domain.events import ChangeProposed
from placement.domain.facts import Placement
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import Micros, Verdict, Window
from placement.rpc.change_kinds import kind_of
from placement.rpc.render_budgets import area_budgets
from placement.service.batch import Answer
from placement.service.custodian import Evaluation

VERDICTS: Final[Mapping[Verdict, wire.Verdict.ValueType]] = {
    Verdict.CLEAR: wire.VERDICT_CLEAR,
    Verdict.UNKNOWN: wire.VERDICT_UNKNOWN,
    Verdict.REVIEW: wire.VERDICT_REVIEW,
    Verdict.CONFLICT: wire.VERDICT_CONFLICT,
}
"""Each verdict on the wire."""
_NO_HOLD: Final = bytes(16)


def written_ids(answer: Answer) -> tuple[bytes, ...]:
    """Return what a change made."""
    reply: Any = answer.reply
    written: Written = reply
    return written.ids


def expires_at(answer: Answer) -> Micros:
    """Return when a permit that a change made lapses."""
    reply: Any = answer.reply
    written: Written = reply
    return written.expires_at


def place(candidate: Candidate) -> check_wire.Candidate:
    """Render a place."""
    return check_wire.Candidate(area=candidate.area, facility=candidate.facility or b"")


def days(window: Window) -> wire.Window:
    """Render a window."""
    return wire.Window(start_day=window.start, end_day=window.end)


def evaluated(evaluation: Evaluation) -> pseudonym_wire.EvaluateResponse:
    """Render evaluated elements."""
    return pseudonym_wire.EvaluateResponse(
        evaluated_elements=evaluation.elements,
        proof=evaluation.proof,
        key_id=evaluation.key_id,
    )


def opened(answer: Answer) -> check_wire.OpenCaseResponse:
    """Render an opened case."""
    (handle,) = written_ids(answer)
    reply: Any = answer.reply
    written: Written = reply
    return check_wire.OpenCaseResponse(
        case_handle=handle,
        revision=answer.revision,
        same_reference=written.same_reference,
    )


def shown(answer: Answer, contact: str) -> check_wire.ShowCaseResponse:
    """Render one of the caller's own cases."""
    reply: Any = answer.reply
    view: CaseView = reply
    return check_wire.ShowCaseResponse(
        reference=view.reference,
        assessed=view.assessed,
        closed=view.closed,
        areas_left=view.areas_left,
        opened_at=view.opened_at,
        placements=map(_own_placement, view.placements),
        case_handle=view.handle,
        contact=contact,
        permits=map(_own_permit, view.permits),
    )


def _own_placement(placement: Placement) -> check_wire.OwnPlacement:
    return check_wire.OwnPlacement(
        placement_id=placement.id,
        place=place(place_of(placement)),
        window=days(Window(start=placement.valid_from, end=placement.valid_to)),
        state=wire.PlacementState.ValueType(placement.state),
        expires_at=placement.expires_at or 0,
        moved_in=placement.moved_in_on is not None,
        extended=placement.extended,
        end_cause=check_wire.EndCause.ValueType(placement.cause or 0),
        moved_in_day=placement.moved_in_on,
    )


def _own_permit(permit: Permit) -> check_wire.OwnPermit:
    return check_wire.OwnPermit(
        permit_id=permit.id,
        override=not permit.is_release,
        place=place(permit.candidate),
        window=days(permit.window),
        waits=not permit.signed,
        expires_at=permit.expires_at,
        used=permit.used,
        follow_up_day=permit.follow_up,
    )


def closed(answer: Answer) -> check_wire.CloseCaseResponse:
    """Render a closed case."""
    return check_wire.CloseCaseResponse(revision=answer.revision)


def checked(answer: Answer, contact: str) -> check_wire.CheckPlacementResponse:
    """Render verdicts: every field set and of one size, whatever they are."""
    reply: Any = answer.reply
    answers: Answers = reply
    return check_wire.CheckPlacementResponse(
        verdicts=[
            candidate_verdict(one, answers.decided_at) for one in answers.answers
        ],
        revision=answer.revision,
        ruleset=answers.ruleset,
        decided_at=answers.decided_at,
        contact=contact,
        leaf_index=answer.leaf,
        budgets=area_budgets(answers.balances),
        ahead_days=answers.ahead_days,
    )


def candidate_verdict(one: Verdicted, decided_at: int) -> check_wire.CandidateVerdict:
    """Render a verdict: every field set and of one size, whether or not it is held."""
    hold = one.hold
    return check_wire.CandidateVerdict(
        verdict=VERDICTS[one.verdict],
        decision_id=one.decision,
        valid_until=one.valid_until,
        hold_id=_NO_HOLD if hold is None else hold.id,
        hold_expires_at=hold.expires_at or decided_at if hold else decided_at,
    )


def assessed(answer: Answer) -> registry_wire.AssessCaseResponse:
    """Render an assessment."""
    *facts, change = written_ids(answer)
    return registry_wire.AssessCaseResponse(
        revision=answer.revision, fact_ids=facts, change_id=change
    )


def recorded(answer: Answer) -> registry_wire.RecordFactsResponse:
    """Render recorded facts."""
    *facts, change = written_ids(answer)
    return registry_wire.RecordFactsResponse(
        revision=answer.revision, fact_ids=facts, change_id=change
    )


def ended(answer: Answer) -> registry_wire.EndFactsResponse:
    """Render ended facts, or the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.EndFactsResponse(revision=answer.revision, change_id=change)


def retracted(answer: Answer) -> registry_wire.RetractFactsResponse:
    """Render the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.RetractFactsResponse(
        revision=answer.revision, change_id=change
    )


def regraded(answer: Answer) -> registry_wire.RegradeFactsResponse:
    """Render the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.RegradeFactsResponse(
        revision=answer.revision, change_id=change
    )


def approved(answer: Answer) -> registry_wire.ApproveChangeResponse:
    """Render an approved change."""
    lifted = b"".join(written_ids(answer))
    return registry_wire.ApproveChangeResponse(
        revision=answer.revision, lifted_case_handle=lifted
    )


def changes(answer: Answer) -> registry_wire.ListChangesResponse:
    """Render the changes that wait."""
    reply: Any = answer.reply
    listed: Changes = reply
    return registry_wire.ListChangesResponse(
        changes=[waiting(change) for change in listed.changes]
    )


def waiting(change: ChangeProposed) -> registry_wire.Change:
    """Render a change without what it does."""
    return registry_wire.Change(
        change_id=change.id,
        person=change.person,
        region=change.region,
        expires_at=change.expires_at,
        records=len(change.records),
        amendments=len(change.amendments),
        kind=kind_of(change),
    )


def attested(answer: Answer) -> registry_wire.AttestCoverageResponse:
    """Render a statement of coverage."""
    return registry_wire.AttestCoverageResponse(revision=answer.revision)


def registered_facilities(answer: Answer) -> registry_wire.RegisterFacilitiesResponse:
    """Render new facilities: token and provider in turn."""
    ids = written_ids(answer)
    return registry_wire.RegisterFacilitiesResponse(
        revision=answer.revision,
        facilities=[
            registry_wire.RegisteredFacility(token=token, provider=provider)
            for token, provider in zip(ids[::2], ids[1::2], strict=True)
        ],
    )


def recorded_placements(answer: Answer) -> registry_wire.RecordPlacementsResponse:
    """Render recorded placements."""
    return registry_wire.RecordPlacementsResponse(
        revision=answer.revision, placement_ids=written_ids(answer)
    )


def ended_placements(answer: Answer) -> registry_wire.EndPlacementsResponse:
    """Render the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.EndPlacementsResponse(
        revision=answer.revision, change_id=change
    )
