"""Requests about the lives of facts become commands, field by field."""

import pytest
from kit.parsed import violation
from kit.world import TODAY, token

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire
from placement.domain.changeover import Named
from placement.domain.decide.amendments import Contest, Renewal
from placement.domain.decide.drafts import AsBefore
from placement.domain.decide.facts import FactFilter, FactState
from placement.domain.decide.reviews import ReviewReason
from placement.domain.facts import Presence
from placement.domain.life_events import Doubt, StepKind
from placement.domain.tallies import KINDS
from placement.domain.terms import AreaCode, Day, Reason
from placement.rpc import parse_lives as parse

REQUEST = {"request_id": b"r" * 16}
FACT = token("fact")


@pytest.mark.parametrize(
    ("domain", "enumeration"),
    [
        (FactState, review.FactState),
        (ReviewReason, review.ReviewReason),
        (Doubt, review.ContestReason),
        (StepKind, review.FactStepKind),
    ],
)
def test_words_are_the_same_on_both_sides(domain, enumeration):
    """By name and by number; zero is nobody's."""
    values = sorted(enumeration.DESCRIPTOR.values, key=lambda value: value.number)
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    got = {each.name.removeprefix(prefix): each.number for each in values[1:]}

    assert got == {member.name: member.value for member in domain}


def test_kinds_stand_in_the_order_of_the_wire():
    """A kind's number is its place."""
    words = [
        name.removeprefix("FACT_KIND_").replace("_", "").lower()
        for name in review.FactKind.keys()  # noqa: SIM118 (protobuf's own)
    ]

    assert words == ["unspecified", *(kind.__name__.lower() for kind in KINDS)]


def amended(fact, **given):
    amendment = registry.FactAmendment(
        **({"fact_id": FACT, "valid_to_day": TODAY, "fact": fact} | given)
    )
    return registry.AmendFactsRequest(**REQUEST, amendments=[amendment])


def stated(**statement):
    grade = wire.SourceGrade(scheme=1, given="2B")
    return wire.Fact(grade=grade, reason=1, **statement)


def test_facts_to_amend(origin):
    """What is replaced, since when, and by what."""
    fact = stated(presence=wire.Presence(group=token("A"), area="1480", kind=1))
    got = parse.amend_facts(amended(fact, seen_revision=7), origin)
    (item,) = got.replacements

    assert (item.id, item.valid_to, item.seen) == (FACT, TODAY, 7)
    assert (item.draft.kind, item.draft.replaces) == (Presence, FACT)
    assert len({got.change, item.draft.id}) == 2


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"tie": wire.Tie(area="1480")}, {"subject": AsBefore.PERSON}),
        (
            {"threat": wire.Threat(severity=2)},
            {
                "target": AsBefore.PERSON,
                "source_group": AsBefore.PERSON,
                "source_subject": AsBefore.PERSON,
            },
        ),
        (
            {"threat": wire.Threat(severity=2, group=token("A"))},
            {"target": AsBefore.PERSON, "source_group": token("A")},
        ),
        (
            {"threat": wire.Threat(severity=2, person=wire.Person())},
            {"target": AsBefore.PERSON, "source_subject": AsBefore.PERSON},
        ),
        (
            {"tie": wire.Tie(area="1480", person=wire.Person(pseudonym=b"p" * 32))},
            {
                "subject": Named(
                    "amendments[0].fact.tie.person.pseudonym",
                    ((b"", b"subject of " + b"p" * 32),),
                )
            },
        ),
    ],
)
def test_a_person_that_is_not_named_stays(origin, statement, expected):
    """One that is named is read as ever."""
    got = parse.amend_facts(amended(stated(**statement)), origin)
    (item,) = got.replacements

    assert expected.items() <= item.draft.statement.items()


def test_a_draft_is_named_by_its_place(origin):
    """As the wire names it."""
    assert violation(parse.amend_facts, amended(wire.Fact()), origin) == (
        "amendments[0].fact.statement"
    )
    assert violation(parse.amend_facts, amended(stated(), fact_id=b""), origin) == (
        "amendments[0].fact_id"
    )
    bad = wire.Person(pseudonym=b"short")
    fact = stated(tie=wire.Tie(area="1480", person=bad))
    assert violation(parse.amend_facts, amended(fact), origin) == (
        "amendments[0].fact.tie.person.pseudonym"
    )


def test_facts_to_renew(origin):
    """Until when, and why."""
    item = registry.Renewal(
        fact_id=FACT, review_by_day=TODAY, reason=wire.FACT_REASON_COURT
    )
    request = registry.RenewFactsRequest(**REQUEST, renewals=[item])
    got = parse.renew_facts(request, origin)
    request.renewals[0].reason = 0

    assert got.renewals == (Renewal(id=FACT, review_by=TODAY, reason=Reason.COURT),)
    assert violation(parse.renew_facts, request, origin) == "renewals[0].reason"


def test_facts_to_contest(origin):
    """Why; or that they are doubted no more, and then not why."""
    items = [
        registry.FactContest(fact_id=FACT, reason=review.CONTEST_REASON_SOURCE),
        registry.FactContest(fact_id=FACT, withdraw=True, seen_revision=3),
    ]
    request = registry.ContestFactsRequest(**REQUEST, contests=items)
    got = parse.contest_facts(request, origin)
    request.contests[1].reason = 1

    assert got.contests == (
        Contest(id=FACT, doubt=Doubt.SOURCE),
        Contest(id=FACT, doubt=None, seen=3),
    )
    assert violation(parse.contest_facts, request, origin) == "contests[1].reason"
    request.contests[0].reason = 0
    assert violation(parse.contest_facts, request, origin) == "contests[0].reason"


def test_facts_to_propose_and_changes_to_end(origin):
    """By their ids."""
    request = registry.ProposeFactsRequest(
        **REQUEST, fact_ids=[FACT], seen_revisions=[4]
    )
    got = parse.propose_facts(request, origin)
    ended = {"change_id": token("change"), **REQUEST}
    reject = parse.reject_change(registry.RejectChangeRequest(**ended), origin)
    withdraw = parse.withdraw_change(registry.WithdrawChangeRequest(**ended), origin)

    assert (got.ids, got.seen) == ((FACT,), (4,))
    assert reject.change == withdraw.change == token("change")


@pytest.mark.parametrize(
    ("form", "request_", "field"),
    [
        (
            parse.amend_facts,
            registry.AmendFactsRequest(amendments=[registry.FactAmendment()] * 501),
            "amendments",
        ),
        (
            parse.renew_facts,
            registry.RenewFactsRequest(renewals=[registry.Renewal()] * 501),
            "renewals",
        ),
        (
            parse.contest_facts,
            registry.ContestFactsRequest(contests=[registry.FactContest()] * 501),
            "contests",
        ),
        (
            parse.propose_facts,
            registry.ProposeFactsRequest(fact_ids=[FACT] * 501),
            "fact_ids",
        ),
        (parse.show_fact, review.ShowFactRequest(), "fact_id"),
        (parse.list_facts, review.ListFactsRequest(kind=10), "kind"),
        (parse.list_facts, review.ListFactsRequest(state=9), "state"),
        (parse.list_facts, review.ListFactsRequest(group=b"short"), "group"),
        (parse.list_facts, review.ListFactsRequest(area="180"), "area"),
        (parse.list_facts, review.ListFactsRequest(region="rome"), "region"),
        (parse.list_facts, review.ListFactsRequest(page_token=b"x"), "page_token"),
        (parse.list_reviews, review.ListReviewsRequest(reason=9), "reason"),
        (parse.show_coverage, review.ShowCoverageRequest(region="rome"), "region"),
        (parse.report_reviews, review.ReportReviewsRequest(year=1999), "year"),
    ],
)
def test_what_is_refused(origin, form, request_, field):
    """Each by the field that does not hold."""
    assert violation(form, request_, origin) == field


def test_which_facts_to_list(origin):
    """What is unset is any."""
    request = review.ListFactsRequest(
        kind=review.FACT_KIND_PRESENCE,
        group=token("A"),
        area="1480",
        state=review.FACT_STATE_ENDED,
        region="syd",
    )
    everything = parse.list_facts(review.ListFactsRequest(), origin)

    assert parse.list_facts(request, origin).filter == FactFilter(
        kind=Presence,
        group=token("A"),
        area=AreaCode("1480"),
        state=FactState.ENDED,
        region="syd",
    )
    assert (everything.filter, everything.after) == (FactFilter(), 0)


def test_a_page_goes_on(origin, bookmarks):
    """With a token of this list; of another it is refused."""
    request = review.ListFactsRequest(area="1480")
    scope = parse.list_facts(request, origin).scope
    request.page_token = bookmarks.seal(origin.caller, scope, 77)
    got = parse.list_facts(request, origin)
    request.area = "1481"

    assert (got.after, got.scope) == (77, scope)
    assert violation(parse.list_facts, request, origin) == "page_token"


@pytest.mark.parametrize("day", [-25_567, 0, TODAY])
def test_a_page_of_the_queue_goes_on(origin, bookmarks, day):
    """Behind a day, whichever, and an id."""
    request = review.ListReviewsRequest(region="syd", reason=review.REVIEW_REASON_DUE)
    first = parse.list_reviews(request, origin)
    after = (Day(day), bytes(range(16)))
    numbers = parse.queue_numbers(after)
    request.page_token = bookmarks.seal(origin.caller, first.scope, *numbers)
    got = parse.list_reviews(request, origin)

    assert (first.after, got.after) == (None, after)
    assert (got.region, got.reason) == ("syd", ReviewReason.DUE)


def test_coverage_and_report(origin):
    """Whose, and which year."""
    coverage = parse.show_coverage(review.ShowCoverageRequest(), origin)
    request = review.ReportReviewsRequest(year=2026, region="national")
    report = parse.report_reviews(request, origin)

    assert coverage.region is None
    assert (report.year, report.region) == (2026, "national")
