"""Calls about the lives of facts reach the wire whole, page by page."""

import pytest
from kit.asked import CASE, CHANGE

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.errors import TamperedError

AMENDMENT = registry.FactAmendment(fact_id=CASE, valid_to_day=20_000)
RENEWAL = registry.Renewal(fact_id=CASE, review_by_day=20_000, reason=1)
CONTEST = registry.FactContest(fact_id=CASE, reason=1)

WRITES = [
    (
        lambda s: s.lives.amend([AMENDMENT]),
        registry.AmendFactsRequest(amendments=[AMENDMENT]),
        registry.AmendFactsResponse(revision=9, fact_ids=[CASE]),
    ),
    (
        lambda s: s.lives.renew([RENEWAL]),
        registry.RenewFactsRequest(renewals=[RENEWAL]),
        registry.RenewFactsResponse(revision=9),
    ),
    (
        lambda s: s.lives.contest([CONTEST]),
        registry.ContestFactsRequest(contests=[CONTEST]),
        registry.ContestFactsResponse(revision=9),
    ),
    (
        lambda s: s.lives.propose([CASE], [4]),
        registry.ProposeFactsRequest(fact_ids=[CASE], seen_revisions=[4]),
        registry.ProposeFactsResponse(revision=9, change_id=CHANGE),
    ),
    (
        lambda s: s.lives.reject(CHANGE),
        registry.RejectChangeRequest(change_id=CHANGE),
        registry.RejectChangeResponse(revision=9, change_id=CHANGE),
    ),
    (
        lambda s: s.lives.withdraw(CHANGE),
        registry.WithdrawChangeRequest(change_id=CHANGE),
        registry.WithdrawChangeResponse(revision=9),
    ),
]


@pytest.mark.parametrize(
    ("call", "request_", "answer"),
    WRITES,
    ids=[type(each[1]).__name__ for each in WRITES],
)
def test_writes(session, wire, call, request_, answer):
    """Under a request id; what they reached is remembered."""
    name = type(request_).__name__.removesuffix("Request")
    wire.answers[name] = answer
    got = call(session)
    (sent,) = wire.requests(name)
    assert len(sent.request_id) == 16
    sent.request_id = b""

    assert (got, sent) == (answer, request_)
    assert session.min_revision == 9


def test_an_answer_for_another_number_of_facts(session, wire):
    """Each amended fact has one that replaces it."""
    wire.answers["AmendFacts"] = registry.AmendFactsResponse(revision=9)
    with pytest.raises(TamperedError):
        session.lives.amend([AMENDMENT])


def fact(number):
    return review.RecordedFact(fact_id=bytes([number]) * 16)


def test_facts_are_listed_page_by_page(session, wire):
    """An empty page is none too many; the filter goes along."""
    wire.answers["ListFacts"] = [
        review.ListFactsResponse(facts=[fact(1)], next_page_token=b"one"),
        review.ListFactsResponse(next_page_token=b"two"),
        review.ListFactsResponse(facts=[fact(2)]),
    ]
    got = list(session.lives.list_facts(review.ListFactsRequest(area="1480")))
    sent = wire.requests("ListFacts")

    assert got == [fact(1), fact(2)]
    assert [each.page_token for each in sent] == [b"", b"one", b"two"]
    assert {each.area for each in sent} == {"1480"}


def test_pages_that_go_round_in_a_circle(session, wire):
    """A server that never ends is not followed."""
    wire.answers["ListReviews"] = review.ListReviewsResponse(next_page_token=b"one")
    with pytest.raises(TamperedError):
        list(session.lives.queue(review.ListReviewsRequest()))


def test_what_is_only_read(session, wire):
    """A fact, a coverage, a report."""
    wire.answers["ShowFact"] = review.ShowFactResponse(fact=fact(1))
    wire.answers["ShowCoverage"] = review.ShowCoverageResponse()
    wire.answers["ReportReviews"] = review.ReportReviewsResponse(year=2026)

    assert session.lives.show_fact(CASE).fact == fact(1)
    assert session.lives.coverage("syd") == review.ShowCoverageResponse()
    assert session.lives.report(2026, "syd").year == 2026
    assert wire.requests("ShowFact")[0].fact_id == CASE
    assert wire.requests("ShowCoverage")[0].region == "syd"
    assert wire.requests("ReportReviews")[0].region == "syd"
