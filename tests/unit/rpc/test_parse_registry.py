"""Coordinators' requests become commands, field by field."""

import pytest
from kit.parsed import violation
from kit.world import TODAY, token

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.placements import PlacementEnding
from placement.domain.decide.registry import Ending, Regrading
from placement.domain.facts import Facility, Placement
from placement.domain.terms import PlacementState, Scheme
from placement.errors import InvalidInputError
from placement.rpc import parse_registry as parse

REQUEST = {"request_id": b"r" * 16}
FACT = wire.Fact(
    grade=wire.SourceGrade(scheme=1, given="2B"),
    reason=1,
    alliance=wire.Alliance(group_a=token("A"), group_b=token("B")),
)
DAYS = wire.Window(start_day=TODAY)


def test_an_assessment(origin):
    """Facts, children and the word that nothing is known."""
    request = registry.AssessCaseRequest(
        **REQUEST, case_handle=token("case"), facts=[FACT], children=[2, 1]
    )
    got = parse.assess_case(request, origin)

    assert (got.case, got.none_known, got.children) == (token("case"), False, (2, 1))
    assert (len(got.drafts), len(got.change)) == (1, 16)


def test_facts_to_record(origin):
    """Each with an id of its own, and a change for those that wait."""
    request = registry.RecordFactsRequest(**REQUEST, facts=[FACT, FACT])
    got = parse.record_facts(request, origin)

    assert len({got.change, *(draft.id for draft in got.drafts)}) == 3


def test_facts_to_end(origin):
    """Which, and when."""
    request = registry.EndFactsRequest(
        **REQUEST,
        endings=[registry.Ending(fact_id=token("fact"), valid_to_day=TODAY)],
    )

    assert parse.end_facts(request, origin).endings == (
        Ending(id=token("fact"), valid_to=TODAY),
    )


def test_facts_to_retract(origin):
    """Which, in order."""
    ids = [token("a"), token("b")]
    request = registry.RetractFactsRequest(**REQUEST, fact_ids=ids)

    assert parse.retract_facts(request, origin).ids == tuple(ids)


def test_facts_to_grade_anew(origin):
    """Which, in what scheme; whether the scheme has the grade is decided later."""
    grade = wire.SourceGrade(scheme=2, given="B2")
    request = registry.RegradeFactsRequest(
        **REQUEST, regradings=[registry.Regrading(fact_id=token("fact"), grade=grade)]
    )

    assert parse.regrade_facts(request, origin).regradings == (
        Regrading(id=token("fact"), scheme=Scheme.SIX_SIX, given="B2"),
    )


def test_changes(origin):
    """Which one to approve; the list is the caller's."""
    request = registry.ApproveChangeRequest(**REQUEST, change_id=token("change"))

    assert parse.approve_change(request, origin).change == token("change")
    assert parse.approve_change(request, origin).seen == b""
    assert parse.list_changes(registry.ListChangesRequest(), origin).caller == (
        origin.caller
    )


def test_what_was_seen_of_a_change(origin):
    """A digest, where anything was."""
    request = registry.ApproveChangeRequest(
        **REQUEST, change_id=token("change"), seen=bytes(32)
    )
    assert parse.approve_change(request, origin).seen == bytes(32)
    request.seen = bytes(31)
    with pytest.raises(InvalidInputError) as refused:
        parse.approve_change(request, origin)

    assert refused.value.field == "seen"


def test_coverage(origin):
    """Which areas, or in so many words all; on which day."""
    request = registry.AttestCoverageRequest(
        **REQUEST, areas=["1480", "1280"], reviewed_on_day=TODAY
    )
    got = parse.attest_coverage(request, origin)

    assert (got.areas, got.reviewed_on) == (("1480", "1280"), TODAY)
    assert not got.whole_region
    assert len(got.attestation) == 16


def test_facilities_to_register(origin):
    """A provider that has no token yet gets one."""
    request = registry.RegisterFacilitiesRequest(
        **REQUEST,
        facilities=[
            registry.NewFacility(provider=token("firm"), area="1480"),
            registry.NewFacility(area="2480"),
        ],
    )
    got = parse.register_facilities(request, origin)
    known, new = got.facilities

    assert known == Facility(token=known.token, provider=token("firm"), area="1480")
    assert got.new_providers == {1}
    assert len({known.token, new.token, new.provider}) == 3


def test_placements_to_record(origin):
    """They stand; the house may be unknown."""
    stay = {"case_handle": token("case"), "area": "1480", "window": DAYS}
    request = registry.RecordPlacementsRequest(
        **REQUEST,
        placements=[
            registry.StandingPlacement(**stay),
            registry.StandingPlacement(**stay, facility=token("house")),
        ],
    )
    one, other = parse.record_placements(request, origin).placements

    assert one == Placement(
        id=one.id,
        case=token("case"),
        area="1480",
        valid_from=TODAY,
        state=PlacementState.ACTIVE,
    )
    assert other.facility == token("house")
    assert one.id != other.id


def test_placements_to_end(origin):
    """Which, and when."""
    ending = registry.PlacementEnding(placement_id=token("p"), valid_to_day=TODAY)
    request = registry.EndPlacementsRequest(**REQUEST, endings=[ending])

    assert parse.end_placements(request, origin).endings == (
        PlacementEnding(id=token("p"), valid_to=TODAY),
    )


MANY = 501
LISTS = [
    (parse.assess_case, registry.AssessCaseRequest, "facts", wire.Fact()),
    (parse.record_facts, registry.RecordFactsRequest, "facts", wire.Fact()),
    (parse.end_facts, registry.EndFactsRequest, "endings", registry.Ending()),
    (parse.retract_facts, registry.RetractFactsRequest, "fact_ids", b""),
    (
        parse.regrade_facts,
        registry.RegradeFactsRequest,
        "regradings",
        registry.Regrading(),
    ),
    (parse.attest_coverage, registry.AttestCoverageRequest, "areas", ""),
    (
        parse.register_facilities,
        registry.RegisterFacilitiesRequest,
        "facilities",
        registry.NewFacility(),
    ),
    (
        parse.record_placements,
        registry.RecordPlacementsRequest,
        "placements",
        registry.StandingPlacement(),
    ),
    (
        parse.end_placements,
        registry.EndPlacementsRequest,
        "endings",
        registry.PlacementEnding(),
    ),
]


@pytest.mark.parametrize(("form", "kind", "name", "item"), LISTS)
def test_lists(origin, form, kind, name, item):
    """Too long a list is refused as a whole, a bad item by its position."""
    given = {"case_handle": token("case")} if "Assess" in kind.__name__ else {}
    many = kind(**REQUEST, **given, **{name: [item] * MANY})
    one = kind(**REQUEST, **given, **{name: [item]})

    assert violation(form, many, origin) == name
    assert violation(form, one, origin).startswith(f"{name}[0]")
