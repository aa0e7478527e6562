"""What can't be is refused: the field named, one entry written, nothing stored."""

from dataclasses import replace

import grpc
import pytest
from kit.bad_input import (
    AREAS,
    CANDIDATES,
    CODES,
    ELEMENTS,
    FIELDS,
    GOOD,
    WHO,
    WINDOWS,
    evaluate,
)
from kit.refusing import INVALID, caseless, invalid, refused
from kit.town import GROUND, PATHS, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.rpc.door import MAX_DEADLINE
from placement.rpc.limits import MAX_REQUEST


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """One server for the whole file: whatever is refused changes nothing."""
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


# Areas, candidates, windows


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("who", "method", "make", "field"),
    [pytest.param(*rest, id=name) for name, *rest in AREAS],
)
def test_what_is_no_municipality(town, who, method, make, field, code):  # noqa: PLR0917 (one call)
    """Malformed or unknown, wherever a code may stand (scenario 30)."""
    invalid(town, who, method, make(town, code), field)


@pytest.mark.parametrize(
    ("make", "field"),
    [pytest.param(make, field, id=name) for name, make, field in CANDIDATES],
)
def test_candidates(town, make, field):
    """One to five, no two alike, houses in their areas."""
    invalid(town, "worker", "CheckPlacement", make(town), field)


@pytest.mark.parametrize(
    ("days", "field"),
    [pytest.param(days, field, id=name) for name, days, field in WINDOWS],
)
def test_windows(town, days, field):
    """Not empty, not past, and within the calendar."""
    start, end = days(town.today)
    window = wire.Window(start_day=start, end_day=end)

    invalid(town, "worker", "CheckPlacement", town.question(window=window), field)


# Whose


def test_anothers_case_is_an_unknown_one(town):
    """Every byte of the refusal is the same, and so is the entry but for the handle."""
    unknown = fresh()
    pairs = [
        ("ShowCase", lambda case: check.ShowCaseRequest(case_handle=case)),
        ("CheckPlacement", lambda case: town.question(case_handle=case)),
        (
            "CloseCase",
            lambda case: check.CloseCaseRequest(
                request_id=fresh(),
                case_handle=case,
                reason=check.CLOSE_REASON_DONE,
            ),
        ),
    ]
    for method, make in pairs:
        theirs, entry = refused(town, "worker", method, make(town.theirs))
        nobodys, other = refused(town, "worker", method, make(unknown))
        known, none = town.details(town.head().leaves - 2)

        assert (theirs.code.name, theirs.reason) == ("NOT_FOUND", "NOT_FOUND")
        assert theirs == nobodys
        assert replace(entry, at=0, details=b"") == replace(other, at=0, details=b"")
        assert (known.matter.case, none.matter.case) == (town.theirs, unknown)
        assert caseless(known) == caseless(none)


@pytest.mark.parametrize(
    ("who", "method", "make"),
    [
        ("coordinator", "OpenCase", lambda town: town.open_case()),
        ("auditor", "CheckPlacement", lambda town: town.question()),
        ("operator", "CheckPlacement", lambda town: town.question()),
        ("worker", "RecordFacts", lambda town: town.record()),
        ("worker", "ListChanges", lambda _: registry.ListChangesRequest()),
        ("worker", "ListGroups", lambda _: registry.ListGroupsRequest()),
        (
            "coordinator",
            "ListEntries",
            lambda _: audit.ListEntriesRequest(
                filter=audit.EntryFilter(first_index=0), page_size=1, ground=GROUND
            ),
        ),
    ],
)
def test_the_wrong_role(town, who, method, make):
    """A certificate for something else grants nothing here."""
    got, entry = refused(town, who, method, make(town))

    assert (got.code.name, got.reason) == ("PERMISSION_DENIED", "ACCESS_DENIED")
    assert entry.role == {"worker": "caseworker"}.get(who, who)


@pytest.mark.parametrize("method", PATHS)
def test_the_operator_may_do_nothing(town, method):
    """Whatever is called, and however empty the call."""
    got, entry = refused(town, "operator", method, b"")

    assert got.reason in {"ACCESS_DENIED", "INVALID_INPUT"}
    assert entry.person == "op-01"


def test_a_revoked_certificate_on_an_open_channel(town):
    """The next call is refused; the entry names nobody."""
    pair = town.served.pki.client("caseworker", "1280", "cw-77")
    town._channels["gone"] = town.served.connect(pair)
    show = check.ShowCaseRequest(case_handle=town.case)

    assert isinstance(town.call("gone", "ShowCase", show), bytes)
    town.served.pki.revoke(pair)
    got, entry = refused(town, "gone", "ShowCase", show)
    assert (got.code.name, got.reason) == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    assert (entry.person, entry.organisation, entry.role) == ("", "", "")


# Fields of other kinds


@pytest.mark.parametrize("element", ELEMENTS.values(), ids=ELEMENTS)
def test_elements_that_are_none(town, element):
    """Only a compressed point of the curve, in its one form, is evaluated."""
    request = evaluate(GOOD, element)

    invalid(town, "worker", "Evaluate", request, "blinded_elements[1]")


@pytest.mark.parametrize("count", [0, 51])
def test_how_many_elements(town, count):
    """One to fifty."""
    request = evaluate(*[GOOD] * count)

    invalid(town, "worker", "Evaluate", request, "blinded_elements")


@pytest.mark.parametrize(
    ("method", "make", "field"),
    [
        pytest.param(method, make, field, id=f"{number}-{method}-{field}")
        for number, (method, make, field) in enumerate(FIELDS)
    ],
)
def test_fields(town, method, make, field):
    """Values that no field of ours has."""
    invalid(town, WHO.get(method, "coordinator"), method, make(town), field)


def test_two_facts_that_contradict_one_another(town):
    """A second rivalry of a pair and period, within one request."""
    pair = {"group_a": town.group, "group_b": town.other, "severity": 1}
    turned = {"group_a": town.other, "group_b": town.group, "severity": 2}
    request = town.record(
        town.fact_of(rivalry=wire.Rivalry(**pair)),
        town.fact_of(rivalry=wire.Rivalry(**turned)),
    )
    got, _ = refused(town, "coordinator", "RecordFacts", request)

    assert (got.code.name, got.reason) == ("FAILED_PRECONDITION", "CONTRADICTION")


def test_a_request_id_with_other_content(town):
    """The first content stands."""
    first = town.open_case()
    town.done("worker", "OpenCase", first, check.OpenCaseResponse)
    other = town.open_case(request_id=first.request_id)
    got, _ = refused(town, "worker", "OpenCase", other)

    assert (got.code.name, got.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


# Messages


@pytest.mark.parametrize(
    "spoil",
    [
        lambda town: town.question().SerializeToString() + b"\xfa\x3f\x00",
        lambda town: town.question().SerializeToString() + b"\x22\x03\xfa\x3f\x00",
        lambda town: town.question().SerializeToString()[:-1],
        lambda _: b"\xff",
        lambda _: bytes(MAX_REQUEST + 1),
    ],
    ids=["unknown field", "unknown field inside", "cut", "noise", "too large"],
)
def test_messages_that_are_none(town, spoil):
    """Unknown fields, top level or inside, noise, and more than anybody needs."""
    invalid(town, "worker", "CheckPlacement", spoil(town), "request")


@pytest.mark.parametrize("timeout", [None, MAX_DEADLINE + 5])
def test_a_call_that_could_wait_for_ever(town, timeout):
    """A call has a deadline, and not a late one."""
    show = check.ShowCaseRequest(case_handle=town.case)
    got, _ = refused(town, "worker", "ShowCase", show, timeout=timeout)

    assert (got.code.name, got.reason) == INVALID
    assert got.fields == ["grpc-timeout"]


def test_what_the_transport_cuts_off(town):
    """Far too much never reaches us; the server goes on."""
    before = town.settled()  # else a checkpoint may come meanwhile
    got = town.call("worker", "CheckPlacement", bytes(5 * MAX_REQUEST))

    assert got.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert town.head() == before
    show = check.ShowCaseRequest(case_handle=town.case)
    assert isinstance(town.call("worker", "ShowCase", show), bytes)
