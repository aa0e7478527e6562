"""Requests of municipalities become commands, field by field."""

from enum import IntEnum

import pytest
from kit.bad_input import GOOD
from kit.commands import CASEWORKER
from kit.parsed import violation
from kit.world import TODAY

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import pseudonym_service_pb2 as pseudonym
from placement.api.v1 import types_pb2 as wire
from placement.crypto.voprf import BlindedElement
from placement.domain import terms
from placement.domain.changeover import Named
from placement.domain.decide.cases import MAX_MEMBERS
from placement.domain.decide.checks import MAX_CANDIDATES
from placement.domain.decide.evaluations import MAX_ELEMENTS, Evaluate
from placement.domain.questions import Candidate
from placement.domain.terms import Basis, Window
from placement.rpc import parse

REQUEST, CASE, HOUSE = b"r" * 16, b"c" * 16, b"f" * 16


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (terms.Verdict, wire.Verdict, "VERDICT_"),
        (terms.Scheme, wire.GradeScheme, "GRADE_SCHEME_"),
        (terms.Reason, wire.FactReason, "FACT_REASON_"),
        (terms.AffiliationRole, wire.AffiliationRole, "AFFILIATION_ROLE_"),
        (terms.PresenceKind, wire.PresenceKind, "PRESENCE_KIND_"),
        (terms.Basis, check.Basis, "BASIS_"),
        (terms.PlacementState, wire.PlacementState, "PLACEMENT_STATE_"),
        (terms.AlertKind, alert.AlertKind, "ALERT_KIND_"),
        (terms.AlertState, alert.AlertState, "ALERT_STATE_"),
        (terms.AlertClosing, alert.AlertClosing, "ALERT_CLOSING_"),
    ],
)
def test_enumerations_agree_by_name_and_number(ours, theirs, prefix):
    """The parser takes a number; so the two may never drift apart."""
    named = {name.removeprefix(prefix): value for name, value in theirs.items()}

    assert issubclass(ours, IntEnum)
    assert named == {"UNSPECIFIED": 0, **{one.name: one.value for one in ours}}


def test_a_case_to_open(origin):
    """Pseudonyms become subjects here, beside the ids of their keys; a handle is drawn."""
    request = check.OpenCaseRequest(
        request_id=REQUEST,
        pseudonyms=[b"p" * 32, b"k" * 32 + b"q" * 32],
        reference="SN 1",
        basis=check.BASIS_SOCIAL_ONLY,
    )
    one, other = parse.open_case(request, origin), parse.open_case(request, origin)

    assert one.members == (
        Named("pseudonyms[0]", ((b"", b"subject of " + b"p" * 32),)),
        Named("pseudonyms[1]", ((b"k" * 32, b"subject of " + b"q" * 32),)),
    )
    assert (one.reference, one.basis) == ("SN 1", Basis.SOCIAL_ONLY)
    assert (one.caller, one.request_id) == (CASEWORKER, REQUEST)
    assert one.digest == other.digest
    assert one.handle != other.handle
    assert len(one.handle) == 16


def test_digests_name_the_content(origin):
    """Another field, or another kind of request, is other content."""
    opened = [
        parse.open_case(
            check.OpenCaseRequest(
                request_id=REQUEST, pseudonyms=[p * 32], reference=reference, basis=1
            ),
            origin,
        )
        for p, reference in ((b"p", "a"), (b"p", "b"), (b"q", "a"))
    ]

    assert len({command.digest for command in opened}) == 3


def test_too_large_a_household(origin):
    """Refused before a single pseudonym is looked at."""
    request = check.OpenCaseRequest(
        request_id=REQUEST, pseudonyms=[b""] * (MAX_MEMBERS + 1), basis=1
    )

    assert violation(parse.open_case, request, origin) == "pseudonyms"


def test_a_case_to_show_or_close(origin):
    """The handle, and the reason by its name."""
    shown = parse.show_case(check.ShowCaseRequest(case_handle=CASE), origin)
    request = check.CloseCaseRequest(
        request_id=REQUEST,
        case_handle=CASE,
        reason=check.CLOSE_REASON_CONSENT_WITHDRAWN,
    )
    closed = parse.close_case(request, origin)

    assert (shown.case, shown.caller) == (CASE, CASEWORKER)
    assert (closed.case, closed.reason) == (CASE, "CONSENT_WITHDRAWN")


def test_a_case_is_shown_by_what_stands_for_it(origin):
    """Either the handle or the id of a placement, never both."""
    other = bytes([7]) * 16
    both = check.ShowCaseRequest(case_handle=CASE, placement_id=other)
    short = check.ShowCaseRequest(placement_id=b"7")
    shown = parse.show_case(check.ShowCaseRequest(placement_id=other), origin)

    assert (shown.case, shown.placement) == (b"", other)
    assert violation(parse.show_case, both, origin) == "placement_id"
    assert violation(parse.show_case, short, origin) == "placement_id"
    assert violation(parse.show_case, check.ShowCaseRequest(), origin) == "case_handle"


def question(**given):
    values = {
        "request_id": REQUEST,
        "case_handle": CASE,
        "candidates": [
            check.Candidate(area="2480"),
            check.Candidate(area="0180", facility=HOUSE),
        ],
        "window": wire.Window(start_day=TODAY, end_day=TODAY + 9),
        "justification": check.JUSTIFICATION_FOLLOW_UP,
        "mode": check.CHECK_MODE_CHECK,
        "min_revision": 7,
    }
    return check.CheckPlacementRequest(**(values | given))


def test_a_question(origin):
    """Candidates in order, each with a decision of its own."""
    got = parse.check(question(), origin)

    assert got.candidates == (
        Candidate(area="2480"),
        Candidate(area="0180", facility=HOUSE),
    )
    assert got.window == Window(start=TODAY, end=TODAY + 9)
    assert (got.case, got.justification, got.least) == (CASE, "FOLLOW_UP", 7)
    assert len(set(got.decisions)) == 2
    assert got.hold is None
    assert {len(decision) for decision in got.decisions} == {16}


def test_a_question_that_is_to_hold(origin):
    """A fresh id for the hold, each time; the content is another than without."""
    asked = question(candidates=[check.Candidate(area="2480")])
    holding = question(
        candidates=[check.Candidate(area="2480")], mode=check.CHECK_MODE_CHECK_AND_HOLD
    )
    one, other = (parse.check(holding, origin) for _ in range(2))

    assert len({one.hold, other.hold, bytes(16)}) == 3
    assert one.digest == other.digest != parse.check(asked, origin).digest


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"candidates": [check.Candidate()] * (MAX_CANDIDATES + 1)}, "candidates"),
        ({"candidates": [check.Candidate(area="1")]}, "candidates[0].area"),
        (
            {"candidates": [check.Candidate(area="2480", facility=b"f")]},
            "candidates[0].facility",
        ),
        ({"mode": 0}, "mode"),
        ({"mode": 3}, "mode"),
        ({"justification": 0}, "justification"),
        ({"request_id": b"r"}, "request_id"),
        ({"case_handle": b""}, "case_handle"),
        ({"window": wire.Window(start_day=5, end_day=5)}, "window.end_day"),
    ],
)
def test_what_is_no_question(origin, given, expected):
    """The field is named."""
    assert violation(parse.check, question(**given), origin) == expected


def evaluate(*elements, request_id=REQUEST):
    return pseudonym.EvaluateRequest(request_id=request_id, blinded_elements=elements)


def test_elements_to_evaluate(origin):
    """Points, decoded once."""
    got = parse.evaluate(evaluate(GOOD, GOOD), origin)

    assert got == Evaluate(
        caller=CASEWORKER, elements=(BlindedElement.decode(GOOD),) * 2
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (evaluate(GOOD, bytes(33)), "blinded_elements[1]"),
        (evaluate(*[b""] * (MAX_ELEMENTS + 1)), "blinded_elements"),
        (evaluate(GOOD, request_id=b""), "request_id"),
    ],
)
def test_what_is_not_evaluated(origin, request_, expected):
    """A point at infinity, a point off the curve, too many, no request id."""
    assert violation(parse.evaluate, request_, origin) == expected
