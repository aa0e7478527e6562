"""One server over mutual TLS: pseudonyms are proven, verdicts whole or none."""

import hashlib
import itertools
import time
from dataclasses import replace
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import RefusalError, refusal
from placement_client.calls import Patience, RequestIds
from placement_client.identifiers import parse_identifier
from placement_client.session import Session

from placement.access import Role
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.types_pb2 import Fact, Verdict, Window
from placement.crypto import voprf
from placement.errors import (
    BudgetError,
    InvalidInputError,
    PlacementError,
    TamperedError,
    UnavailableError,
)

TODAY = date(2026, 6, 15)
CASE = bytes(range(16))
UNAVAILABLE = RefusalError(grpc.StatusCode.UNAVAILABLE)


def identifier(serial=1):
    return parse_identifier(number(serial=serial), field="identifier", today=TODAY)


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def session(profile, pauses):
    with Session.open(profile, patience=Patience(sleep=pauses.append)) as session:
        yield session


# Pseudonyms


def test_pseudonyms_are_the_function_of_the_key(wire, session):
    """What comes out is RFC 9497 under the custodian's key, over the framed number."""
    got = session.pseudonyms([identifier(1), identifier(2)])
    inputs = [b"placement-v1|se-pnr|" + number(serial=n).encode() for n in (1, 2)]
    blindings = voprf.blind(inputs)
    evaluated = voprf.evaluate(wire.key, [b.element for b in blindings])

    assert got == voprf.finalize(blindings, evaluated)
    assert [len(each) for each in got] == [32, 32]


def test_pseudonyms_of_nobody_need_no_call(wire, session):
    """No identifier, no question."""
    assert session.pseudonyms([]) == ()
    assert wire.seen == []


def test_many_identifiers_are_asked_for_in_batches(wire, session):
    """Fifty go in a call, under ids of their own, and the order is kept."""
    session.pseudonyms([identifier(n) for n in range(1, 53)])
    asked = wire.requests("Evaluate")

    assert [len(each.blinded_elements) for each in asked] == [50, 2]
    assert len({each.request_id for each in asked}) == 2


def test_the_wire_never_sees_the_number(wire, session):
    """Blinding hides equal numbers, even from one another."""
    for _ in range(2):
        session.pseudonyms([identifier()])
    first, second = wire.requests("Evaluate")

    assert first.blinded_elements != second.blinded_elements
    assert number().encode() not in first.SerializeToString()


def altered(field, change):
    """Return an answer of the honest custodian with one field changed."""

    def answer(wire):
        def evaluate(request):
            honest = wire.evaluate(request)
            change(wire, request, honest)
            return honest

        return evaluate

    return pytest.param(answer, id=field)


def _other_key(wire, request, answer):
    key = voprf.generate_key()
    answer.key_id = hashlib.sha256(key.public.encode()).digest()


def _other_element(wire, request, answer):
    answer.evaluated_elements[0] = voprf.generate_key().public.encode()


def _bad_element(wire, request, answer):
    answer.evaluated_elements[0] = b"\x02" + bytes(31)


def _too_few(wire, request, answer):
    del answer.evaluated_elements[0]


def _proof(wire, request, answer):
    answer.proof = bytes([answer.proof[0] ^ 1]) + answer.proof[1:]


def _short_proof(wire, request, answer):
    answer.proof = answer.proof[:-1]


@pytest.mark.parametrize(
    "answer",
    [
        altered("key id", _other_key),
        altered("element", _other_element),
        altered("malformed element", _bad_element),
        altered("too few", _too_few),
        altered("proof", _proof),
        altered("short proof", _short_proof),
    ],
)
def test_an_unproven_evaluation_is_never_used(wire, session, answer):
    """Anything that the pinned custodian has not proven is refused."""
    wire.answers["Evaluate"] = answer(wire)

    with pytest.raises(TamperedError):
        session.pseudonyms([identifier()])


def test_another_custodian_is_refused(wire, profile):
    """An honest custodian of another key is not the pinned one."""
    other = voprf.generate_key().public.encode().hex()
    with (
        Session.open(replace(profile, custodian_key=other)) as session,
        pytest.raises(TamperedError),
    ):
        session.pseudonyms([identifier()])


def test_without_a_pinned_key_nothing_is_asked(wire, profile):
    """No pin, no pseudonym."""
    with (
        Session.open(replace(profile, custodian_key="")) as session,
        pytest.raises(InvalidInputError) as caught,
    ):
        session.pseudonyms([identifier()])

    assert caught.value.field == "custodian_key"
    assert wire.seen == []


def test_a_spent_budget_is_said(wire, session):
    """A refusal comes out as its own class."""
    wire.answers["Evaluate"] = refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "BUDGET_SPENT"
    )

    with pytest.raises(BudgetError):
        session.pseudonyms([identifier()])


# Tries


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED]
)
def test_what_went_unanswered_is_asked_again_unchanged(wire, session, pauses, code):
    """Two more tries, with the same request id, after a pause each."""
    answer = check.OpenCaseResponse(case_handle=CASE, revision=3)
    wire.answers["OpenCase"] = [RefusalError(code), RefusalError(code), answer]
    got = session.open_case([bytes(32)], reference="SN 1", basis=check.BASIS_POLICE)
    asked = wire.requests("OpenCase")

    assert got == answer
    assert [each == asked[0] for each in asked] == [True, True, True]
    assert len(asked[0].request_id) == 16
    assert 0.1 <= pauses[0] <= 0.2
    assert 0.5 <= pauses[1] <= 1


def test_after_the_last_try_there_is_an_error(wire, session, pauses):
    """Nothing is made up for an answer."""
    wire.answers["CheckPlacement"] = UNAVAILABLE

    with pytest.raises(UnavailableError):
        ask(session)
    assert len(wire.requests("CheckPlacement")) == 3
    assert len(pauses) == 2


def test_a_refusal_is_not_asked_again(wire, session, pauses):
    """Only silence is worth another try."""
    wire.answers["ShowCase"] = refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

    with pytest.raises(PlacementError):
        session.show_case(CASE)
    assert len(wire.seen) == 1
    assert pauses == []


def test_a_call_has_a_deadline(wire, profile):
    """A server that does not answer in time costs the deadlines and no more."""
    wire.answers["ShowCase"] = lambda _request: time.sleep(0.5)
    patience = Patience(deadline=0.1, pauses=())
    with (
        Session.open(profile, patience=patience) as session,
        pytest.raises(UnavailableError),
    ):
        session.show_case(CASE)


def test_a_server_that_is_away_is_an_error(profile):
    """Nobody listening is nobody answering."""
    patience = Patience(pauses=(0,))
    with (
        Session.open(replace(profile, server="localhost:1"), patience=patience) as s,
        pytest.raises(UnavailableError),
    ):
        s.show_case(CASE)


@pytest.mark.parametrize("deadline", [0, -1, 10.1, float("nan"), float("inf")])
def test_a_deadline_that_the_server_refuses_is_refused_here(deadline):
    """More than ten seconds, or none, is no deadline."""
    with pytest.raises(InvalidInputError):
        Patience(deadline=deadline)


# Request ids


def test_each_write_has_an_id_of_its_own(wire, session):
    """Two writes are two requests."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=1)
    for _ in range(2):
        session.approve_change(CASE)
    first, second = wire.requests("ApproveChange")

    assert first.request_id != second.request_id


def test_a_repeated_session_repeats_its_ids(wire, profile):
    """The seed of a run that failed gives the same ids in the same order."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=1)
    seed = RequestIds().seed
    for _ in range(2):
        with Session.open(profile, request_ids=RequestIds(seed)) as session:
            session.approve_change(CASE)
            session.approve_change(CASE)
    ids = [each.request_id for each in wire.requests("ApproveChange")]

    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_a_seed_has_sixteen_bytes():
    """Nothing else seeds ids."""
    with pytest.raises(InvalidInputError):
        RequestIds(bytes(15))


# Checks


def answered(*verdicts):
    return check.CheckPlacementResponse(
        verdicts=[check.CandidateVerdict(verdict=verdict) for verdict in verdicts]
    )


def ask(session, count=1):
    return session.check_placement(
        CASE,
        [check.Candidate(area=f"{n:04}") for n in range(count)],
        window=Window(start_day=20_000),
        justification=check.JUSTIFICATION_URGENT,
    )


def test_a_check_rests_on_what_the_session_wrote(wire, session):
    """The highest revision of a write goes with every check; a read's does not."""
    wire.answers["CloseCase"] = [
        check.CloseCaseResponse(revision=revision) for revision in (7, 5)
    ]
    wire.answers["CheckPlacement"] = check.CheckPlacementResponse(
        verdicts=[check.CandidateVerdict(verdict=Verdict.VERDICT_CLEAR)], revision=99
    )
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


@pytest.mark.parametrize(
    "answer",
    [
        answered(),
        answered(Verdict.VERDICT_CLEAR),
        answered(*[Verdict.VERDICT_CLEAR] * 3),
        answered(Verdict.VERDICT_CLEAR, Verdict.VERDICT_UNSPECIFIED),
        answered(Verdict.VERDICT_CLEAR, 5),
    ],
    ids=["none", "too few", "too many", "unspecified", "unknown"],
)
def test_a_verdict_that_is_not_whole_is_none(wire, session, answer):
    """One known verdict a candidate, or no answer at all."""
    wire.answers["CheckPlacement"] = answer

    with pytest.raises(TamperedError):
        ask(session, 2)


def test_an_answer_that_cannot_be_read_is_an_error(wire, session):
    """Bytes that are no response end in an error."""
    wire.answers["CheckPlacement"] = b"\xff"

    with pytest.raises(PlacementError) as caught:
        ask(session)
    assert caught.value.reason == "INTERNAL"


# Every other call


ENDING = registry.Ending(fact_id=CASE, valid_to_day=20_000)
REGRADING = registry.Regrading(fact_id=CASE)
GROUP = registry.NewGroup(fingerprint=bytes(32), sealed_label=b"label")
FACILITY = registry.NewFacility(area="1480")
STANDING = registry.StandingPlacement(case_handle=CASE, area="1480")
LEFT = registry.PlacementEnding(placement_id=CASE, valid_to_day=20_000)
FACT = Fact(valid_from_day=20_000)

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
    (
        lambda s: s.assess_case(CASE, [FACT], none_known=False, children=[1]),
        registry.AssessCaseRequest(case_handle=CASE, facts=[FACT], children=[1]),
        registry.AssessCaseResponse(revision=9, fact_ids=[CASE]),
    ),
    (
        lambda s: s.assess_case(CASE, [], none_known=True),
        registry.AssessCaseRequest(case_handle=CASE, none_known=True),
        registry.AssessCaseResponse(revision=9),
    ),
    (
        lambda s: s.record_facts([FACT]),
        registry.RecordFactsRequest(facts=[FACT]),
        registry.RecordFactsResponse(revision=9, fact_ids=[CASE]),
    ),
    (
        lambda s: s.end_facts([ENDING]),
        registry.EndFactsRequest(endings=[ENDING]),
        registry.EndFactsResponse(revision=9),
    ),
    (
        lambda s: s.retract_facts([CASE]),
        registry.RetractFactsRequest(fact_ids=[CASE]),
        registry.RetractFactsResponse(revision=9, change_id=CASE),
    ),
    (
        lambda s: s.regrade_facts([REGRADING]),
        registry.RegradeFactsRequest(regradings=[REGRADING]),
        registry.RegradeFactsResponse(revision=9, change_id=CASE),
    ),
    (
        lambda s: s.approve_change(CASE),
        registry.ApproveChangeRequest(change_id=CASE),
        registry.ApproveChangeResponse(revision=9),
    ),
    (
        lambda s: s.attest_coverage(["1480"], reviewed_on=20_000),
        registry.AttestCoverageRequest(areas=["1480"], reviewed_on_day=20_000),
        registry.AttestCoverageResponse(revision=9),
    ),
    (
        lambda s: s.register_groups([GROUP]),
        registry.RegisterGroupsRequest(groups=[GROUP]),
        registry.RegisterGroupsResponse(revision=9, tokens=[CASE]),
    ),
    (
        lambda s: s.register_facilities([FACILITY]),
        registry.RegisterFacilitiesRequest(facilities=[FACILITY]),
        registry.RegisterFacilitiesResponse(
            revision=9, facilities=[registry.RegisteredFacility(token=CASE)]
        ),
    ),
    (
        lambda s: s.record_placements([STANDING]),
        registry.RecordPlacementsRequest(placements=[STANDING]),
        registry.RecordPlacementsResponse(revision=9, placement_ids=[CASE]),
    ),
    (
        lambda s: s.end_placements([LEFT]),
        registry.EndPlacementsRequest(endings=[LEFT]),
        registry.EndPlacementsResponse(revision=9),
    ),
]


@pytest.mark.parametrize(
    ("call", "request_", "response"), WRITES, ids=map(str, range(14))
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


@pytest.mark.parametrize(
    ("method", "call", "response"),
    [
        ("RecordFacts", lambda s: s.record_facts([FACT]), registry.RecordFactsResponse),
        (
            "AssessCase",
            lambda s: s.assess_case(CASE, [FACT], none_known=False),
            registry.AssessCaseResponse,
        ),
        (
            "RegisterGroups",
            lambda s: s.register_groups([GROUP]),
            registry.RegisterGroupsResponse,
        ),
        (
            "RegisterFacilities",
            lambda s: s.register_facilities([FACILITY]),
            registry.RegisterFacilitiesResponse,
        ),
        (
            "RecordPlacements",
            lambda s: s.record_placements([STANDING]),
            registry.RecordPlacementsResponse,
        ),
    ],
)
def test_an_answer_for_fewer_than_asked_is_refused(
    wire, session, method, call, response
):
    """What came without its own id can't be told apart later."""
    wire.answers[method] = response(revision=1)

    with pytest.raises(TamperedError):
        call(session)


def test_reads_send_what_they_were_given(wire, session):
    """Showing and listing carry no request id."""
    shown = check.ShowCaseResponse(reference="SN 1")
    waiting = registry.ListChangesResponse(changes=[registry.Change(change_id=CASE)])
    entries = audit.ListEntriesResponse(entries=[audit.LogEntry(index=4)], size=5)
    wire.answers |= {"ShowCase": shown, "ListChanges": waiting, "ListEntries": entries}
    got = [
        session.show_case(CASE),
        session.list_changes(),
        session.list_entries(4, 1, audit.AUDIT_PURPOSE_INCIDENT),
    ]

    assert got == [shown, waiting, entries]
    assert [request for _, request in wire.seen] == [
        check.ShowCaseRequest(case_handle=CASE),
        registry.ListChangesRequest(),
        audit.ListEntriesRequest(
            first_index=4, count=1, purpose=audit.AUDIT_PURPOSE_INCIDENT
        ),
    ]


def group(n):
    return registry.RegisteredGroup(token=bytes([n]) * 16)


def test_groups_are_listed_page_by_page(wire, session):
    """Every page is asked for with the token of the one before."""
    wire.answers["ListGroups"] = [
        registry.ListGroupsResponse(groups=[group(1)], next_page_token=b"a"),
        registry.ListGroupsResponse(groups=[group(2)]),
    ]
    got = list(session.list_groups())

    assert got == [group(1), group(2)]
    assert [each.page_token for each in wire.requests("ListGroups")] == [b"", b"a"]


def test_pages_in_a_circle_are_refused(wire, session):
    """A server that never comes to an end is left."""
    tokens = itertools.cycle([b"a", b"b"])
    wire.answers["ListGroups"] = lambda _request: registry.ListGroupsResponse(
        next_page_token=next(tokens)
    )

    with pytest.raises(TamperedError):
        list(session.list_groups())
    assert len(wire.seen) == 3


# The connection


def test_the_server_must_be_the_one_named(wire, profile):
    """A name that the certificate does not bear ends the connection."""
    patience = Patience(pauses=())
    with (
        Session.open(
            replace(profile, server_name="other.test"), patience=patience
        ) as s,
        pytest.raises(UnavailableError),
    ):
        s.show_case(CASE)
    assert wire.seen == []


def test_the_name_can_differ_from_the_address(wire, profile):
    """The server name of the profile is the one that counts."""
    wire.answers["ShowCase"] = check.ShowCaseResponse(reference="SN 1")
    address = f"127.0.0.1:{wire.port}"
    with Session.open(
        replace(profile, server=address, server_name="localhost")
    ) as session:
        got = session.show_case(CASE)

    assert got.reference == "SN 1"


def test_a_stranger_never_gets_in(wire, profile, tmp_path):
    """A certificate of another authority opens no connection."""
    other = type(wire.pki)(tmp_path).client(Role.CASEWORKER, "1480", "cw-01")
    stranger = replace(
        profile, certificate=str(other.certificate_path), key=str(other.key_path)
    )
    with (
        Session.open(stranger, patience=Patience(pauses=())) as session,
        pytest.raises(UnavailableError),
    ):
        session.show_case(CASE)
    assert wire.seen == []


def test_files_that_cannot_be_used_are_named(profile, tmp_path):
    """The error names the file that is wrong."""
    broken = tmp_path / "broken"
    broken.write_text("no certificate")
    fields = []
    for change in (
        {"certificate": str(broken)},
        {"key": str(broken)},
        {"ca": str(tmp_path / "missing")},
        {"ca": "nul\0"},
    ):
        with pytest.raises(InvalidInputError) as caught:
            Session.open(replace(profile, **change))
        fields.append(caught.value.field)

    assert fields == ["certificate", "key", "ca", "ca"]
