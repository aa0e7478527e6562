"""A session sends what it was given; verdicts come whole or not at all."""

import pytest
from kit.asked import CASE, NOON, ask

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.types_pb2 import Verdict, Window
from placement.errors import PlacementError, TamperedError

# Checks


def answered(*verdicts):
    return check.CheckPlacementResponse(
        verdicts=[
            check.CandidateVerdict(verdict=verdict, valid_until=NOON)
            for verdict in verdicts
        ],
        decided_at=NOON,
    )


def test_a_check_rests_on_what_the_session_wrote(wire, session):
    """The highest revision of a write goes with every check; a read's does not."""
    wire.answers["CloseCase"] = [
        check.CloseCaseResponse(revision=revision) for revision in (7, 5)
    ]
    wire.answers["CheckPlacement"] = answered(Verdict.VERDICT_REVIEW)
    wire.answers["CheckPlacement"].revision = 99
    ask(session)
    for _ in range(2):
        session.close_case(CASE, check.CLOSE_REASON_DONE)
    ask(session)
    ask(session)
    got = [each.min_revision for each in wire.requests("CheckPlacement")]

    assert got == [0, 7, 7]


def test_a_check_asks_what_it_was_given(wire, session):
    """The request holds the question, the mode and an id."""
    wire.answers["CheckPlacement"] = answered(Verdict.VERDICT_REVIEW)
    ask(session)
    (got,) = wire.requests("CheckPlacement")
    request_id, got.request_id = got.request_id, b""

    assert len(request_id) == 16
    assert got == check.CheckPlacementRequest(
        case_handle=CASE,
        candidates=[check.Candidate(area="0000")],
        window=Window(start_day=20_000),
        justification=check.JUSTIFICATION_URGENT,
        mode=check.CHECK_MODE_CHECK,
    )


@pytest.mark.parametrize(("hold", "mode"), [(False, 1), (True, 2)])
def test_a_place_is_held_only_if_that_is_asked(session, hold, mode):
    """The mode says so, and nothing else differs."""
    question = session.question(
        CASE,
        [check.Candidate(area="1480")],
        window=Window(start_day=20_000),
        justification=check.JUSTIFICATION_URGENT,
        hold=hold,
    )

    assert question.mode == mode


def test_what_is_recorded_counts_for_checks_too(wire, session):
    """Whichever calls wrote, the session's checks rest on all of it."""
    wire.answers["ExtendHold"] = placement.ExtendHoldResponse(revision=6)
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=8)
    session.holds.extend(CASE)
    held = session.min_revision
    session.registry.approve_change(CASE)

    assert (held, session.min_revision) == (6, 8)


@pytest.mark.parametrize(
    "answer",
    [
        answered(),
        answered(Verdict.VERDICT_REVIEW),
        answered(*[Verdict.VERDICT_REVIEW] * 3),
        answered(Verdict.VERDICT_REVIEW, Verdict.VERDICT_UNSPECIFIED),
        answered(Verdict.VERDICT_REVIEW, 5),
    ],
    ids=["none", "too few", "too many", "unspecified", "unknown"],
)
def test_a_verdict_that_is_not_whole_is_none(wire, session, answer):
    """One known verdict a candidate, or no answer at all."""
    wire.answers["CheckPlacement"] = answer

    with pytest.raises(TamperedError):
        ask(session, 2)


def test_the_time_of_an_answer_lies_between_two_looks_at_the_clock(
    wire, session, clock
):
    """Before it is asked, and when the answer is there: slow is not old."""

    def slow(_request):
        clock.micros += 3_600_000_000
        return answered(Verdict.VERDICT_REVIEW)

    wire.answers["CheckPlacement"] = slow
    got = ask(session)
    with pytest.raises(TamperedError):
        ask(session)

    assert got == answered(Verdict.VERDICT_REVIEW)


def test_every_question_has_an_id_of_its_own(wire, session):
    """It is sent as it is held, however often."""
    made = [
        session.question(
            CASE,
            [check.Candidate(area="1480")],
            window=Window(start_day=20_000),
            justification=check.JUSTIFICATION_URGENT,
        )
        for _ in range(2)
    ]
    wire.answers["CheckPlacement"] = answered(Verdict.VERDICT_REVIEW)
    for each in (made[0], made[0], made[1]):
        session.check_placement(each)

    assert made[0].request_id != made[1].request_id
    assert wire.requests("CheckPlacement") == [made[0], made[0], made[1]]


def test_an_answer_that_cannot_be_read_is_an_error(wire, session):
    """Bytes that are no response end in an error."""
    wire.answers["CheckPlacement"] = b"\xff"

    with pytest.raises(PlacementError) as caught:
        ask(session)
    assert caught.value.reason == "INTERNAL"


# Every other call


WRITES = [
    (
        lambda s: s.close_case(CASE, check.CLOSE_REASON_DONE),
        check.CloseCaseRequest(case_handle=CASE, reason=check.CLOSE_REASON_DONE),
        check.CloseCaseResponse(revision=9),
    ),
    (
        lambda s: s.open_case([CASE], reference="SN", basis=check.BASIS_SOCIAL_ONLY),
        check.OpenCaseRequest(
            pseudonyms=[CASE], reference="SN", basis=check.BASIS_SOCIAL_ONLY
        ),
        check.OpenCaseResponse(revision=9, case_handle=CASE),
    ),
]


@pytest.mark.parametrize(
    ("call", "request_", "response"), WRITES, ids=map(str, range(2))
)
def test_a_write_sends_what_it_was_given(wire, session, call, request_, response):
    """The request is what was asked, with an id; its revision is remembered."""
    name = type(request_).__name__.removesuffix("Request")
    wire.answers[name] = response
    answer = call(session)
    ((method, got),) = wire.seen
    request_id, got.request_id = got.request_id, b""

    assert answer == response
    assert (method, got) == (name, request_)
    assert len(request_id) == 16
    assert session.min_revision == 9


def test_reads_send_what_they_were_given(wire, session):
    """Showing and listing carry no request id."""
    shown = check.ShowCaseResponse(reference="SN 1")
    entries = audit.ListEntriesResponse(entries=[audit.LogEntry(index=4)], size=5)
    wire.answers |= {"ShowCase": shown, "ListEntries": entries}
    asked = audit.ListEntriesRequest(
        filter=audit.EntryFilter(first_index=4),
        page_size=1,
        ground=audit.Ground(purpose=audit.AUDIT_PURPOSE_INCIDENT, matter="DI 1"),
    )
    got = [session.show_case(CASE), session.audits.list_entries(asked)]

    assert got == [shown, entries]
    assert [request for _, request in wire.seen] == [
        check.ShowCaseRequest(case_handle=CASE),
        asked,
    ]
