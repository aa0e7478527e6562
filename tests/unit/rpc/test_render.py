"""From replies about cases, facts, changes and evaluations to responses."""

from dataclasses import replace

import pytest
from kit.replied import answer
from kit.world import NOW, TODAY, token

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import pseudonym_service_pb2 as pseudonym
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.approvals import Changes
from placement.domain.decide.cases import CaseView
from placement.domain.decide.checks import Answer as Verdicted
from placement.domain.decide.command import Written
from placement.domain.events import ChangeProposed, FactRetracted
from placement.domain.facts import Placement
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import (
    EndCause,
    PermitGround,
    PlacementState,
    Verdict,
    Window,
)
from placement.rpc import render
from placement.service.custodian import Evaluation

A, B, C = token("A"), token("B"), token("C")


def written(*ids):
    return answer(Written(ids=ids))


def test_evaluations():
    """Elements, proof and the key that was used."""
    evaluation = Evaluation(elements=(b"e", b"f"), proof=b"p", key_id=b"k")

    assert render.evaluated(evaluation) == pseudonym.EvaluateResponse(
        evaluated_elements=[b"e", b"f"], proof=b"p", key_id=b"k"
    )


def test_cases():
    """A handle; what a municipality may know; a revision."""
    view = CaseView(
        handle=A,
        reference="SN 1",
        assessed=True,
        closed=False,
        areas_left=5,
        opened_at=NOW,
        placements=(),
        permits=(),
    )

    assert render.opened(written(A)) == check.OpenCaseResponse(
        case_handle=A, revision=7
    )
    again = answer(Written(ids=(A,), same_reference=True))

    assert render.opened(again).same_reference
    assert render.shown(answer(view), "phone 114 14") == check.ShowCaseResponse(
        case_handle=A,
        reference="SN 1",
        assessed=True,
        closed=False,
        areas_left=5,
        opened_at=NOW,
        contact="phone 114 14",
    )
    assert render.closed(written()) == check.CloseCaseResponse(revision=7)


STAY = Placement(
    id=A,
    case=B,
    area="2480",
    facility=C,
    valid_from=TODAY,
    valid_to=TODAY + 9,
    state=PlacementState.HELD,
    expires_at=NOW + 5,
    extended=True,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        (
            {"facility": None, "valid_to": None, "extended": False},
            {
                "place": check.Candidate(area="2480"),
                "window": wire.Window(start_day=TODAY),
                "extended": False,
            },
        ),
        (
            {
                "state": PlacementState.ACTIVE,
                "expires_at": None,
                "moved_in_on": TODAY,
            },
            {
                "state": wire.PLACEMENT_STATE_ACTIVE,
                "expires_at": 0,
                "moved_in": True,
                "moved_in_day": TODAY,
            },
        ),
        (
            {
                "state": PlacementState.ABORTED,
                "expires_at": None,
                "cause": EndCause.EXPIRED,
            },
            {
                "state": wire.PLACEMENT_STATE_ABORTED,
                "expires_at": 0,
                "end_cause": check.END_CAUSE_EXPIRED,
            },
        ),
    ],
    ids=["held", "nowhere in particular", "moved in", "lapsed"],
)
def test_what_a_case_holds_and_has_placed(given, expected):
    """Where, for which days, how far it is, and until when it is held."""
    view = CaseView(
        handle=A,
        reference="SN 1",
        assessed=True,
        closed=False,
        areas_left=5,
        opened_at=NOW,
        placements=(replace(STAY, **given),),
        permits=(),
    )
    values = {
        "placement_id": A,
        "place": check.Candidate(area="2480", facility=C),
        "window": wire.Window(start_day=TODAY, end_day=TODAY + 9),
        "state": wire.PLACEMENT_STATE_HELD,
        "expires_at": NOW + 5,
        "extended": True,
    }

    assert list(render.shown(answer(view), "").placements) == [
        check.OwnPlacement(**(values | expected))
    ]


@pytest.mark.parametrize("cause", EndCause)
def test_every_end_has_its_name(cause):
    """The domain's and the wire's causes are never crossed."""
    assert check.EndCause.Name(cause) == f"END_CAUSE_{cause.name}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"ground": PermitGround.RELEASED, "signed": True, "used": True},
            {"used": True},
        ),
        (
            {"ground": PermitGround.CARE, "follow_up": TODAY + 30},
            {"override": True, "waits": True, "follow_up_day": TODAY + 30},
        ),
    ],
    ids=["a release", "an override"],
)
def test_what_a_case_may_have_despite_the_answer(given, expected):
    """What kind it is, where, until when; not what it covers, nor who signed."""
    permit = Permit(
        id=A,
        case=B,
        candidate=Candidate(area="2480", facility=C),
        window=Window(start=TODAY),
        verdict=Verdict.REVIEW,
        seen=(),
        organisation="syd",
        person="co-01",
        proposed_at=NOW,
        expires_at=NOW + 5,
        **given,
    )
    view = CaseView(
        handle=B,
        reference="SN 1",
        assessed=True,
        closed=False,
        areas_left=5,
        opened_at=NOW,
        placements=(),
        permits=(permit,),
    )
    values = {
        "permit_id": A,
        "place": check.Candidate(area="2480", facility=C),
        "window": wire.Window(start_day=TODAY),
        "expires_at": NOW + 5,
    }

    assert list(render.shown(answer(view), "").permits) == [
        check.OwnPermit(**(values | expected))
    ]


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        (None, (bytes(16), NOW)),
        (STAY, (A, NOW + 5)),
        (replace(STAY, state=PlacementState.ACTIVE, expires_at=None), (A, NOW)),
    ],
    ids=["none", "held", "confirmed since"],
)
def test_a_hold_in_an_answer(hold, expected):
    """Zeros where there is none; and always of one size."""
    one = Verdicted(verdict=Verdict.CLEAR, decision=C, valid_until=NOW + 9, hold=hold)
    got = render.candidate_verdict(one, NOW)

    assert (got.hold_id, got.hold_expires_at) == expected
    assert len(got.SerializeToString()) == 56


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (render.recorded, registry.RecordFactsResponse),
        (render.assessed, registry.AssessCaseResponse),
    ],
)
@pytest.mark.parametrize("change", [b"", C])
def test_recorded_facts(form, kind, change):
    """Ids in order, and the change that waits, if any."""
    assert form(written(A, B, change)) == kind(
        revision=7, fact_ids=[A, B], change_id=change
    )


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (render.ended, registry.EndFactsResponse),
        (render.retracted, registry.RetractFactsResponse),
        (render.regraded, registry.RegradeFactsResponse),
        (render.ended_placements, registry.EndPlacementsResponse),
    ],
)
def test_amended_facts(form, kind):
    """The change that waits."""
    assert form(written(C)) == kind(revision=7, change_id=C)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (render.approved, registry.ApproveChangeResponse),
        (render.attested, registry.AttestCoverageResponse),
    ],
)
def test_changes_that_make_nothing(form, kind):
    """The revision that holds them."""
    assert form(written()) == kind(revision=7)


def test_whose_way_phantoms_leave():
    """The case that a lift is for."""
    assert render.approved(written(A)) == registry.ApproveChangeResponse(
        revision=7, lifted_case_handle=A
    )


def test_changes_that_wait():
    """Whose, until when, and how much; not of what."""
    change = ChangeProposed(
        id=C,
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(A, B),
        amendments=(FactRetracted(id=A),),
    )

    assert render.changes(answer(Changes(changes=(change,)))) == (
        registry.ListChangesResponse(
            changes=[
                registry.Change(
                    change_id=C,
                    person="co-01",
                    region="syd",
                    expires_at=NOW,
                    records=2,
                    amendments=1,
                    kind=registry.CHANGE_KIND_AMEND,
                )
            ]
        )
    )


def test_registered_tokens():
    """In order; facilities with their providers."""
    assert render.registered_facilities(written(A, B, C, B)) == (
        registry.RegisterFacilitiesResponse(
            revision=7,
            facilities=[
                registry.RegisteredFacility(token=A, provider=B),
                registry.RegisteredFacility(token=C, provider=B),
            ],
        )
    )
    assert render.recorded_placements(written(A, B)) == (
        registry.RecordPlacementsResponse(revision=7, placement_ids=[A, B])
    )
