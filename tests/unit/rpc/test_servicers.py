"""Municipalities' and coordinators' methods over a live server, from its request to its response."""

import pytest
from kit.bad_input import GOOD, evaluate
from kit.town import Town, fresh

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import pseudonym_service_pb2 as pseudonym
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.crypto import voprf
from placement.service.custodian import next_path


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def test_evaluate(town):
    """The proof holds under the custodian's key."""
    got = town.done("worker", "Evaluate", evaluate(GOOD), pseudonym.EvaluateResponse)
    blinded = [voprf.BlindedElement.decode(GOOD)]
    evaluated = [voprf.EvaluatedElement.decode(one) for one in got.evaluated_elements]
    public = town.served.custodian.public_key
    proof = voprf.Proof.decode(got.proof)
    voprf.verify(voprf.PublicKey.decode(public), blinded, evaluated, proof)

    assert got.key_id == town.served.custodian.key_id


@pytest.mark.parametrize(
    ("who", "reason"), [("worker", "UNAVAILABLE"), ("auditor", "ACCESS_DENIED")]
)
def test_a_key_that_can_not_be_read_leaves_its_entry(town, who, reason):
    """Whoever asked for it; who may not ask is refused for that."""
    beside = next_path(town.served.settings.custodian_key)
    beside.write_bytes(b"spoiled")
    before = town.head().leaves
    asked = evaluate(GOOD)
    asked.key_id = b"n" * 32
    got = town.call(who, "Evaluate", asked)
    beside.unlink()
    (entry,) = town.asked(before)

    assert got.reason == reason
    assert (entry.action, entry.outcome) == ("EVALUATE", reason)


def test_a_case_from_its_opening_to_its_end(town):
    """Opened, assessed, asked about, shown, closed."""
    opened = town.done("worker", "OpenCase", town.open_case(), check.OpenCaseResponse)
    handle = opened.case_handle
    question = town.question(case_handle=handle, min_revision=opened.revision)
    before = town.done(
        "worker", "CheckPlacement", question, check.CheckPlacementResponse
    )
    assess = registry.AssessCaseRequest(
        request_id=fresh(), case_handle=handle, none_known=True, children=[0]
    )
    town.done("coordinator", "AssessCase", assess, registry.AssessCaseResponse)
    show = check.ShowCaseRequest(case_handle=handle)
    shown = town.done("worker", "ShowCase", show, check.ShowCaseResponse)
    close = check.CloseCaseRequest(
        request_id=fresh(), case_handle=handle, reason=check.CLOSE_REASON_DONE
    )
    closed = town.done("worker", "CloseCase", close, check.CloseCaseResponse)
    again = town.done("worker", "CloseCase", close, check.CloseCaseResponse)
    after = town.done("worker", "ShowCase", show, check.ShowCaseResponse)

    assert [one.verdict for one in before.verdicts] == [wire.VERDICT_UNKNOWN]
    assert before.contact == "the police coordinator of region syd"
    assert before.ahead_days == 90
    assert (shown.assessed, shown.closed, shown.areas_left) == (True, False, 6)
    assert shown.contact == before.contact
    assert again == closed
    assert after.closed


def test_facts_from_their_recording_to_their_retraction(town):
    """Recorded, approved, regraded, ended, retracted; each waits where it must."""
    facts = [
        town.fact_of(presence=town.presence(kind=kind, area=area))
        for kind, area in (
            (wire.PRESENCE_KIND_BASE, "1280"),
            (wire.PRESENCE_KIND_OCCASIONAL, "1480"),
        )
    ]
    recorded = town.done(
        "coordinator",
        "RecordFacts",
        town.record(*facts),
        registry.RecordFactsResponse,
    )
    base, seldom = recorded.fact_ids
    regrade = registry.RegradeFactsRequest(
        request_id=fresh(),
        regradings=[
            registry.Regrading(
                fact_id=base,
                grade=wire.SourceGrade(
                    scheme=wire.GRADE_SCHEME_THREE_FIVE_TWO, given="2B"
                ),
            )
        ],
    )
    regraded = town.done(
        "coordinator", "RegradeFacts", regrade, registry.RegradeFactsResponse
    )
    end = registry.EndFactsRequest(
        request_id=fresh(),
        endings=[registry.Ending(fact_id=seldom, valid_to_day=town.today)],
    )
    ended = town.done("coordinator", "EndFacts", end, registry.EndFactsResponse)
    retract = registry.RetractFactsRequest(request_id=fresh(), fact_ids=[base])
    retracted = town.done(
        "coordinator", "RetractFacts", retract, registry.RetractFactsResponse
    )
    answers = (recorded, regraded, ended, retracted)
    waiting = [each.change_id for each in answers]
    nothing = registry.ListChangesRequest()
    listed = [
        each
        for each in town.done(
            "second", "ListChanges", nothing, registry.ListChangesResponse
        ).changes
        if each.change_id in waiting  # other tests leave some, too
    ]
    for change in waiting:
        approve = registry.ApproveChangeRequest(request_id=fresh(), change_id=change)
        town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)
    left = town.done("second", "ListChanges", nothing, registry.ListChangesResponse)

    assert [change.change_id for change in listed] == waiting
    assert {(change.person, change.region) for change in listed} == {("co-01", "syd")}
    assert {each.change_id for each in left.changes}.isdisjoint(waiting)


def test_coverage_groups_and_facilities(town):
    """Attested, listed in pages, registered under a known provider."""
    attest = registry.AttestCoverageRequest(
        request_id=fresh(), reviewed_on_day=town.today, whole_region=True
    )
    attested = town.done(
        "coordinator", "AttestCoverage", attest, registry.AttestCoverageResponse
    )
    groups = town.done(
        "national",
        "ListGroups",
        registry.ListGroupsRequest(),
        registry.ListGroupsResponse,
    )
    houses = registry.RegisterFacilitiesRequest(
        request_id=fresh(), facilities=[registry.NewFacility(area="1480")]
    )
    registered = town.done(
        "coordinator", "RegisterFacilities", houses, registry.RegisterFacilitiesResponse
    )

    # In between the service weighs what whoever was before touched.
    assert attested.revision < registered.revision <= town.head().revision
    assert {group.token for group in groups.groups} == {town.group, town.other}
    assert groups.next_page_token == b""
    assert {len(registered.facilities[0].token), len(town.house)} == {16}


def test_placements(town):
    """Recorded in a house, then ended."""
    stay = registry.StandingPlacement(
        case_handle=town.case,
        area="1280",
        facility=town.house,
        window=wire.Window(start_day=town.today - 9),
    )
    record = registry.RecordPlacementsRequest(request_id=fresh(), placements=[stay])
    recorded = town.done(
        "coordinator", "RecordPlacements", record, registry.RecordPlacementsResponse
    )
    (placement,) = recorded.placement_ids
    end = registry.EndPlacementsRequest(
        request_id=fresh(),
        endings=[
            registry.PlacementEnding(placement_id=placement, valid_to_day=town.today)
        ],
    )
    ended = town.done(
        "coordinator", "EndPlacements", end, registry.EndPlacementsResponse
    )

    # In between the service weighs what the first of them touched.
    assert ended.revision > recorded.revision


def test_a_check_has_one_size_on_the_wire(town):
    """CONFLICT for one, CLEAR for another: the same number of bytes."""
    attest = registry.AttestCoverageRequest(
        request_id=fresh(), reviewed_on_day=town.today, whole_region=True
    )
    town.done("national", "AttestCoverage", attest, registry.AttestCoverageResponse)
    tie = wire.Tie(
        person=wire.Person(case_member=wire.CaseMember(case_handle=town.case)),
        area="0580",
        danger=True,
    )
    recorded = town.done(
        "coordinator",
        "RecordFacts",
        town.record(town.fact_of(tie=tie)),
        registry.RecordFactsResponse,
    )
    approve = registry.ApproveChangeRequest(
        request_id=fresh(), change_id=recorded.change_id
    )
    town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)
    answers = [
        town.call("worker", "CheckPlacement", town.question(area))
        for area in ("2480", "0580")
    ]
    verdicts = [
        check.CheckPlacementResponse.FromString(answer).verdicts[0].verdict
        for answer in answers
    ]

    assert verdicts == [wire.VERDICT_CLEAR, wire.VERDICT_CONFLICT]
    assert len(answers[0]) == len(answers[1])
