"""The lives of facts over a live server, from a request to its response."""

from collections import Counter

import pytest
from kit.asking import lapsed
from kit.town import Refused, Town, fresh

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire
from placement.domain.terms import year_of
from placement.rpc import servicers

PRESENCE = review.FACT_KIND_PRESENCE


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def record(town, who="coordinator", **presence):
    fact = town.fact_of(presence=town.presence(**presence), review_by_day=town.today)
    answer = town.done(
        who, "RecordFacts", town.record(fact), registry.RecordFactsResponse
    )
    return answer.fact_ids[0], answer.change_id


def show(town, fact, who="coordinator"):
    request = review.ShowFactRequest(fact_id=fact)
    return town.done(who, "ShowFact", request, review.ShowFactResponse)


def ids(pages):
    return [each.fact_id for page in pages for each in page.facts]


def test_a_fact_from_its_recording_to_its_successor(town):
    """Contested, renewed, amended with two persons; its life tells all of it."""
    fact, _ = record(town, area="1480")
    contest = registry.FactContest(fact_id=fact, reason=review.CONTEST_REASON_SOURCE)
    town.done(
        "second",
        "ContestFacts",
        registry.ContestFactsRequest(request_id=fresh(), contests=[contest]),
        registry.ContestFactsResponse,
    )
    doubted = show(town, fact).fact
    renewal = registry.Renewal(
        fact_id=fact,
        review_by_day=town.today + 90,
        reason=wire.FACT_REASON_COURT,
        seen_revision=doubted.changed_revision,
    )
    renew = registry.RenewFactsRequest(request_id=fresh(), renewals=[renewal])
    renewed = town.done("coordinator", "RenewFacts", renew, registry.RenewFactsResponse)
    again = town.call(
        "coordinator",
        "RenewFacts",
        registry.RenewFactsRequest(request_id=fresh(), renewals=[renewal]),
    )
    base = town.fact_of(
        presence=town.presence(area="1480", kind=wire.PRESENCE_KIND_BASE)
    )
    amendment = registry.FactAmendment(fact_id=fact, valid_to_day=town.today, fact=base)
    amend = registry.AmendFactsRequest(request_id=fresh(), amendments=[amendment])
    amended = town.done("coordinator", "AmendFacts", amend, registry.AmendFactsResponse)
    change = review_of(town, amended.change_id)
    approve = registry.ApproveChangeRequest(
        request_id=fresh(),
        change_id=amended.change_id,
        seen_revision=change.revision,
    )
    town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)
    (new,) = amended.fact_ids
    life, successor = show(town, fact), show(town, new)

    assert doubted.contested == review.CONTEST_REASON_SOURCE
    assert renewed.change_id == b""
    assert isinstance(again, Refused)
    assert again.reason == "STALE"
    assert [(item.replaces, item.made_firm) for item in change.items] == [
        (fact, True),
        (b"", False),
    ]
    assert [review.FactStepKind.Name(each.kind)[15:] for each in life.steps] == [
        "RECORDED",
        "CONTESTED",
        "RENEWED",
        "ENDED",
    ]
    assert life.steps[3].ended_on_day == town.today
    assert (life.steps[2].review_by_day, life.steps[2].reason) == (
        town.today + 90,
        wire.FACT_REASON_COURT,
    )
    assert (life.steps[3].person, life.steps[3].second_person) == ("co-01", "co-02")
    assert successor.fact.replaces == fact
    assert successor.steps[-1].kind == review.FACT_STEP_KIND_APPROVED
    assert life.fact.state == review.FACT_STATE_ENDED


def review_of(town, change):
    request = registry.ShowChangeRequest(change_id=change)
    return town.done("second", "ShowChange", request, registry.ShowChangeResponse)


def test_a_renewal_that_waits_is_shown(town):
    """Until when, and why it is kept."""
    bare = town.fact_of(
        presence=town.presence(area="1440", kind=wire.PRESENCE_KIND_BASE)
    )
    answer = town.done(
        "coordinator", "RecordFacts", town.record(bare), registry.RecordFactsResponse
    )
    renewal = registry.Renewal(
        fact_id=answer.fact_ids[0],
        review_by_day=town.today + 9,
        reason=wire.FACT_REASON_INCIDENT,
    )
    renew = registry.RenewFactsRequest(request_id=fresh(), renewals=[renewal])
    waits = town.done("coordinator", "RenewFacts", renew, registry.RenewFactsResponse)
    (item,) = review_of(town, waits.change_id).items

    assert item.renewed == registry.RenewedFact(
        review_by_day=town.today + 9, reason=wire.FACT_REASON_INCIDENT
    )


@pytest.mark.parametrize(
    ("who", "method", "request_", "last"),
    [
        (
            "second",
            "RejectChange",
            registry.RejectChangeRequest,
            (review.FACT_STEP_KIND_REJECTED, review.FACT_STATE_UNAPPROVED),
        ),
        (
            "coordinator",
            "WithdrawChange",
            registry.WithdrawChangeRequest,
            (review.FACT_STEP_KIND_WITHDRAWN, review.FACT_STATE_INERT),
        ),
    ],
)
def test_a_change_that_is_over(town, who, method, request_, last):
    """What it recorded is inert, or soft, and says why."""
    base, change = record(town, area="1402", kind=wire.PRESENCE_KIND_BASE)
    ended = request_(request_id=fresh(), change_id=change)
    first, again = town.call(who, method, ended), town.call(who, method, ended)
    shown = show(town, base)

    assert isinstance(first, bytes)
    assert first == again
    assert (shown.steps[-1].kind, shown.fact.state) == last


def test_what_lapsed_waits_again(town):
    """It is in the queue, can be proposed, and approved by another."""
    fact = lapsed(town)
    queue = town.done(
        "coordinator",
        "ListReviews",
        review.ListReviewsRequest(reason=review.REVIEW_REASON_UNAPPROVED),
        review.ListReviewsResponse,
    )
    request = registry.ProposeFactsRequest(request_id=fresh(), fact_ids=[fact])
    proposed = town.done(
        "coordinator", "ProposeFacts", request, registry.ProposeFactsResponse
    )
    approve = registry.ApproveChangeRequest(
        request_id=fresh(), change_id=proposed.change_id
    )
    town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)

    assert fact in [each.fact.fact_id for each in queue.facts]
    assert show(town, fact).fact.state == review.FACT_STATE_STANDING


def test_lists_go_on_from_page_to_page(town):
    """Nothing twice, nothing left out; a token is of one list."""
    facts = [
        town.fact_of(
            presence=town.presence(area="1401"), review_by_day=town.today + place % 20
        )
        for place in range(150)
    ]
    made = town.done(
        "coordinator", "RecordFacts", town.record(*facts), registry.RecordFactsResponse
    ).fact_ids
    request = review.ListFactsRequest(area="1401")
    pages = [town.done("coordinator", "ListFacts", request, review.ListFactsResponse)]
    request.page_token = pages[0].next_page_token
    pages.append(
        town.done("coordinator", "ListFacts", request, review.ListFactsResponse)
    )
    stolen = town.call("second", "ListFacts", request)
    queue = review.ListReviewsRequest(reason=review.REVIEW_REASON_DUE)
    waits = []
    while True:
        page = town.done(
            "coordinator", "ListReviews", queue, review.ListReviewsResponse
        )
        waits += [(each.since_day, each.fact.fact_id) for each in page.facts]
        queue.page_token = page.next_page_token
        if not queue.page_token:
            break

    assert ids(pages) == list(made)
    assert pages[1].next_page_token == b""
    assert stolen.fields == ["page_token"]
    assert waits == sorted(waits)
    assert set(made) <= {fact for _, fact in waits}
    assert len(waits) == len(set(waits)) == page.counts[0].count


def test_a_person_is_shown_as_a_member_alone(town):
    """Of an own case by its handle, of nobody's not at all, and never a pseudonym."""
    member = wire.Person(case_member=wire.CaseMember(case_handle=town.case, position=0))
    stranger = wire.Person(pseudonym=fresh(32))
    facts = [
        town.fact_of(tie=wire.Tie(person=member, area="1480")),
        town.fact_of(tie=wire.Tie(person=stranger, area="1480")),
        town.fact_of(threat=wire.Threat(target=member, person=stranger, severity=1)),
    ]
    made = town.done(
        "coordinator", "RecordFacts", town.record(*facts), registry.RecordFactsResponse
    ).fact_ids
    own, nobodys, threat = (show(town, each).fact.fact for each in made)

    assert own.tie.person == member
    assert not nobodys.tie.HasField("person")
    assert threat.threat.target == member
    assert threat.threat.WhichOneof("source") == "person"
    assert threat.threat.person == wire.Person()


def reported(town, year):
    """Return what was done to presences in a year, by step and by reason; and kept."""
    report = town.done(
        "coordinator",
        "ReportReviews",
        review.ReportReviewsRequest(year=year),
        review.ReportReviewsResponse,
    )
    assert report.year == year
    (here,) = (each for each in report.tallies if each.kind == PRESENCE)
    return (
        Counter({each.kind: each.count for each in here.steps}),
        Counter({each.reason: each.count for each in here.reasons}),
        here.kept,
    )


def test_coverage_and_a_year_in_numbers(town):
    """What was reviewed, and what was recorded, kept, renewed."""
    attest = registry.AttestCoverageRequest(
        request_id=fresh(), areas=["1280"], reviewed_on_day=town.today
    )
    town.done("coordinator", "AttestCoverage", attest, registry.AttestCoverageResponse)
    coverage = town.done(
        "coordinator",
        "ShowCoverage",
        review.ShowCoverageRequest(),
        review.ShowCoverageResponse,
    )
    year = year_of(town.served.app._clock())
    steps, reasons, kept = reported(town, year)
    fact, _ = record(town, area="1480")
    renewal = registry.Renewal(
        fact_id=fact,
        review_by_day=town.today + 90,
        reason=wire.FACT_REASON_COURT,
        seen_revision=show(town, fact).fact.changed_revision,
    )
    renew = registry.RenewFactsRequest(request_id=fresh(), renewals=[renewal])
    town.done("coordinator", "RenewFacts", renew, registry.RenewFactsResponse)
    steps_then, reasons_then, kept_then = reported(town, year)
    by_area = {each.area: each for each in coverage.areas}

    assert by_area["1280"] == review.AreaCoverage(
        area="1280", region="syd", reviewed_on_day=town.today, fresh=True
    )
    assert not by_area["1281"].HasField("reviewed_on_day")
    assert steps_then - steps == Counter(
        {review.FACT_STEP_KIND_RECORDED: 1, review.FACT_STEP_KIND_RENEWED: 1}
    )
    assert reasons_then - reasons == Counter({wire.FACT_REASON_COURT: 1})
    assert kept_then == kept + 1


def test_a_preview_comes_in_slices(town, monkeypatch):
    """How many there are, then what becomes of some; each slice is an entry."""
    monkeypatch.setattr(servicers, "PREVIEWED", 1)
    window = wire.Window(start_day=town.today - 1)
    handles = [town.opened("worker") for _ in range(2)]
    placed = registry.RecordPlacementsRequest(
        request_id=fresh(),
        placements=[
            registry.StandingPlacement(case_handle=each, area="1233", window=window)
            for each in handles
        ],
    )
    town.done(
        "coordinator", "RecordPlacements", placed, registry.RecordPlacementsResponse
    )
    tie = wire.Tie(
        person=wire.Person(
            case_member=wire.CaseMember(case_handle=handles[0], position=0)
        ),
        area="1233",
        danger=True,
    )
    request = registry.PreviewChangeRequest(facts=[town.fact_of(tie=tie)])
    before = town.settled()
    first, *slices = town.stream(
        "coordinator", "PreviewChange", request, registry.PreviewChangeResponse
    )
    actions = [entry.action for entry in town.asked(before.leaves)]
    moved = [each for some in slices for each in some.cases]

    assert (first.planned, first.weighed) == (2, 0)
    assert [each.weighed for each in slices] == [1, 1]
    assert moved == [
        registry.MovedCase(
            case_handle=handles[0],
            before=wire.VERDICT_UNKNOWN,
            after=wire.VERDICT_CONFLICT,
        )
    ]
    assert sum(move.count for each in slices for move in each.moves) == 1
    assert actions == ["PREVIEW_BEGIN", "PREVIEW_WEIGH", "PREVIEW_WEIGH"]
    assert town.head().revision == before.revision + 1


def test_a_preview_that_is_refused(town):
    """As the request itself would be."""
    fact = town.fact_of(presence=town.presence(group=fresh()))
    bad = registry.PreviewChangeRequest(facts=[fact])
    endless = registry.PreviewChangeRequest(endings=[registry.Ending()] * 501)
    change = registry.PreviewChangeRequest(change_id=b"short")

    assert town.call("coordinator", "PreviewChange", bad).fields == [
        "facts[0].presence.group"
    ]
    assert town.call("coordinator", "PreviewChange", endless).fields == ["endings"]
    assert town.call("coordinator", "PreviewChange", change).fields == ["change_id"]
