"""What coordinators record reaches the wire as it was given, and comes back whole."""

import itertools

import pytest
from kit.asked import CASE
from kit.wire import in_turn

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.types_pb2 import Fact
from placement.errors import StaleError, TamperedError

ENDING = registry.Ending(fact_id=CASE, valid_to_day=20_000)
REGRADING = registry.Regrading(fact_id=CASE)
GROUP = registry.NewGroup(fingerprint=bytes(32), sealed_label=b"label")
FACILITY = registry.NewFacility(area="1480")
STANDING = registry.StandingPlacement(case_handle=CASE, area="1480")
LEFT = registry.PlacementEnding(placement_id=CASE, valid_to_day=20_000)
FACT = Fact(valid_from_day=20_000)

WRITES = [
    (
        lambda s: s.registry.assess_case(CASE, [FACT], none_known=False, children=[1]),
        registry.AssessCaseRequest(case_handle=CASE, facts=[FACT], children=[1]),
        registry.AssessCaseResponse(revision=9, fact_ids=[CASE]),
    ),
    (
        lambda s: s.registry.assess_case(CASE, [], none_known=True),
        registry.AssessCaseRequest(case_handle=CASE, none_known=True),
        registry.AssessCaseResponse(revision=9),
    ),
    (
        lambda s: s.registry.record_facts([FACT]),
        registry.RecordFactsRequest(facts=[FACT]),
        registry.RecordFactsResponse(revision=9, fact_ids=[CASE]),
    ),
    (
        lambda s: s.registry.end_facts([ENDING]),
        registry.EndFactsRequest(endings=[ENDING]),
        registry.EndFactsResponse(revision=9),
    ),
    (
        lambda s: s.registry.retract_facts([CASE]),
        registry.RetractFactsRequest(fact_ids=[CASE]),
        registry.RetractFactsResponse(revision=9, change_id=CASE),
    ),
    (
        lambda s: s.registry.regrade_facts([REGRADING]),
        registry.RegradeFactsRequest(regradings=[REGRADING]),
        registry.RegradeFactsResponse(revision=9, change_id=CASE),
    ),
    (
        lambda s: s.registry.approve_change(CASE),
        registry.ApproveChangeRequest(change_id=CASE),
        registry.ApproveChangeResponse(revision=9),
    ),
    (
        lambda s: s.registry.attest_coverage(["1480"], reviewed_on=20_000),
        registry.AttestCoverageRequest(areas=["1480"], reviewed_on_day=20_000),
        registry.AttestCoverageResponse(revision=9),
    ),
    (
        lambda s: s.registry.register_groups([GROUP]),
        registry.RegisterGroupsRequest(groups=[GROUP]),
        registry.RegisterGroupsResponse(revision=9, tokens=[CASE]),
    ),
    (
        lambda s: s.registry.register_facilities([FACILITY]),
        registry.RegisterFacilitiesRequest(facilities=[FACILITY]),
        registry.RegisterFacilitiesResponse(
            revision=9, facilities=[registry.RegisteredFacility(token=CASE)]
        ),
    ),
    (
        lambda s: s.registry.record_placements([STANDING]),
        registry.RecordPlacementsRequest(placements=[STANDING]),
        registry.RecordPlacementsResponse(revision=9, placement_ids=[CASE]),
    ),
    (
        lambda s: s.registry.end_placements([LEFT]),
        registry.EndPlacementsRequest(endings=[LEFT]),
        registry.EndPlacementsResponse(revision=9),
    ),
]


@pytest.mark.parametrize(
    ("call", "request_", "response"), WRITES, ids=map(str, range(12))
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
        (
            "RecordFacts",
            lambda s: s.registry.record_facts([FACT]),
            registry.RecordFactsResponse,
        ),
        (
            "AssessCase",
            lambda s: s.registry.assess_case(CASE, [FACT], none_known=False),
            registry.AssessCaseResponse,
        ),
        (
            "RegisterGroups",
            lambda s: s.registry.register_groups([GROUP]),
            registry.RegisterGroupsResponse,
        ),
        (
            "RegisterFacilities",
            lambda s: s.registry.register_facilities([FACILITY]),
            registry.RegisterFacilitiesResponse,
        ),
        (
            "RecordPlacements",
            lambda s: s.registry.record_placements([STANDING]),
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
    """Listing and showing carry no request id."""
    waiting = registry.ListChangesResponse(changes=[registry.Change(change_id=CASE)])
    shown = registry.ShowChangeResponse(change=registry.Change(change_id=CASE))
    wire.answers |= {"ListChanges": waiting, "ShowChange": shown}
    got = [session.registry.list_changes(), session.registry.show_change(CASE)]

    assert got == [waiting, shown]
    assert [request for _, request in wire.seen] == [
        registry.ListChangesRequest(),
        registry.ShowChangeRequest(change_id=CASE),
    ]


def group(n):
    return registry.RegisteredGroup(token=bytes([n]) * 16)


def test_groups_are_listed_page_by_page(wire, session):
    """Every page is asked for with the token of the one before."""
    wire.answers["ListGroups"] = [
        registry.ListGroupsResponse(groups=[group(1)], next_page_token=b"a"),
        registry.ListGroupsResponse(groups=[group(2)]),
    ]
    got = session.registry.list_groups()

    assert list(got.groups) == [group(1), group(2)]
    assert (got.key_id, list(got.merges)) == (b"", [])
    assert [each.page_token for each in wire.requests("ListGroups")] == [b"", b"a"]


def test_pages_in_a_circle_are_refused(wire, session):
    """A server that never comes to an end is left."""
    tokens = itertools.cycle([b"a", b"b"])
    wire.answers["ListGroups"] = lambda _request: registry.ListGroupsResponse(
        next_page_token=next(tokens)
    )

    with pytest.raises(TamperedError):
        session.registry.list_groups()
    assert len(wire.seen) == 3


def test_a_key_that_comes_into_force_meanwhile_begins_the_list_anew(wire, session):
    """Every name has another place then; one merge may stand on two pages."""
    pair = {"group_a": b"a" * 16, "group_b": b"b" * 16}
    merges = [registry.MergedGroups(**pair, region=each) for each in ("syd", "nord")]

    def page(n, key, token=b"", **given):
        return registry.ListGroupsResponse(
            groups=[group(n)], next_page_token=token, key_id=key, **given
        )

    wire.answers["ListGroups"] = in_turn(
        page(1, b"old", b"a"),
        page(2, b"new"),
        page(3, b"new", b"b", merges=merges),
        page(4, b"new", merges=merges),
    )
    got = session.registry.list_groups()

    assert list(got.groups) == [group(3), group(4)]
    assert (got.key_id, list(got.merges)) == (b"new", merges)


def test_a_list_that_never_holds_still_is_left(wire, session):
    """Somebody replaces the key again and again."""
    keys = itertools.count()
    wire.answers["ListGroups"] = lambda request: registry.ListGroupsResponse(
        next_page_token=b"" if request.page_token else b"a",
        key_id=str(next(keys)).encode(),
    )

    with pytest.raises(StaleError):
        session.registry.list_groups()
    assert len(wire.seen) == 6
