"""Facts on their way out: what they say, and nobody of whom they say it."""

import pytest
from kit.world import NOW, TODAY, World, token

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import phantom_service_pb2 as phantom
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.approvals import ChangeView
from placement.domain.events import (
    ChangeProposed,
    FactEnded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    ProviderLifted,
    ReleaseSigned,
)
from placement.domain.extract_events import ExtractAgreed
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.haunt_events import GroupSized, PhantomsLifted
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import (
    Grade,
    GroupSize,
    LiftGround,
    PermitGround,
    PlacementState,
    Scheme,
    Verdict,
    Window,
)
from placement.rpc import render_facts
from placement.rpc.parse_facts import parse_facts
from placement.service.engine import Answer

PERSON = wire.Person(pseudonym=bytes(32))
PERSONS = {
    "affiliation": ("person",),
    "threat": ("target",),
    "located": ("person",),
    "tie": ("person",),
    "same_as": ("person_a", "person_b"),
}


def world_of_each_kind():
    """Return a world with one fact of each kind, a threat of a person as well."""
    world = World()
    world.affiliation("h", "A", start=-900)
    world.faction("A1", "A", inherits_rivalry=False, end=-30)
    world.rivalry("A", "B", 2)
    world.alliance("A", "C")
    world.presence("A", "1480", "OCCASIONAL", review_by=20)
    world.threat("h", group="B")
    world.threat("h", person="x")
    world.located("x", "2480")
    world.tie("h", "0680", danger=True)
    world.same_as("h", "i")
    return world


FACTS = tuple(world_of_each_kind().state.facts.values())


@pytest.mark.parametrize("fact", FACTS)
def test_what_is_rendered_is_what_was_stated(fact):
    """Read again, with persons put where they were left out, it is the same fact."""
    rendered = render_facts.fact_of(fact)
    name = rendered.WhichOneof("statement")
    statement = getattr(rendered, name)
    for person in PERSONS.get(name, ()):
        assert not statement.HasField(person)
        getattr(statement, person).CopyFrom(PERSON)
    if name == "threat" and not statement.group:
        statement.person.CopyFrom(PERSON)
    (draft,) = parse_facts([rendered], lambda: bytes(16), lambda *_: "somebody")
    got = {
        key: getattr(fact, key)
        for key, value in draft.statement.items()
        if value != "somebody"
    }

    assert draft.kind is type(fact)
    assert got == {k: v for k, v in draft.statement.items() if v != "somebody"}
    for key in ("valid_from", "valid_to", "scheme", "given", "review_by", "reason"):
        assert getattr(draft, key) == getattr(fact, key)


def test_no_subject_leaves():
    """Not even under the key of the store."""
    rendered = b"".join(
        render_facts.fact_of(fact).SerializeToString() for fact in FACTS
    )

    assert not any(token(name, 32) in rendered for name in "hix")


def test_a_change_says_what_it_does_to_each_fact():
    """Made firm, ended, retracted, regraded."""
    firm, ended, retracted, regraded = FACTS[:4]
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(firm.id,),
        amendments=(
            FactEnded(id=ended.id, valid_to=TODAY),
            FactRetracted(id=retracted.id),
            FactRegraded(
                id=regraded.id, scheme=Scheme.SIX_SIX, given="B2", grade=Grade.STRONG
            ),
        ),
    )
    view = ChangeView(
        change=change, facts={fact.id: fact for fact in FACTS}, permits={}
    )
    got = render_facts.change(Answer(reply=view, revision=1, leaf=1))
    grade = wire.SourceGrade(scheme=wire.GRADE_SCHEME_SIX_SIX, given="B2")

    assert (got.change.change_id, got.change.records) == (token("change"), 1)
    assert [item.WhichOneof("effect") for item in got.items] == [
        "made_firm",
        "ended_on_day",
        "retracted",
        "regraded",
    ]
    assert [item.fact_id for item in got.items] == [fact.id for fact in FACTS[:4]]
    assert got.items[1].ended_on_day == TODAY
    assert got.items[3].regraded == grade
    assert [item.fact for item in got.items] == [
        render_facts.fact_of(fact) for fact in FACTS[:4]
    ]


def test_a_change_of_no_fact():
    """A place that is released, a provider that goes on, a person who is told."""
    permit = Permit(
        id=token("release"),
        case=token("case"),
        candidate=Candidate(area="2480", facility=token("house")),
        window=Window(start=TODAY, end=TODAY + 9),
        ground=PermitGround.RELEASED,
        verdict=Verdict.REVIEW,
        seen=(),
        organisation="syd",
        person="co-01",
        proposed_at=NOW,
        expires_at=NOW,
    )
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(),
        amendments=(
            ReleaseSigned(id=permit.id),
            ProviderLifted(id=token("firm"), region="syd"),
            ExtractAgreed(
                id=token("change"),
                named=bytes(32),
                cases=(),
                ground="COURT",
                reference="A 1",
            ),
        ),
    )
    view = ChangeView(change=change, facts={}, permits={permit.id: permit})
    released, lifted, told = render_facts.change(
        Answer(reply=view, revision=1, leaf=1)
    ).items
    Item = registry.ChangeItem  # noqa: N806 (a type)

    assert released == Item(
        fact_id=permit.id,
        released=registry.ReleasedPlace(
            case_handle=token("case"),
            candidate=check.Candidate(area="2480", facility=token("house")),
            window=wire.Window(start_day=TODAY, end_day=TODAY + 9),
            verdict=wire.VERDICT_REVIEW,
        ),
    )
    assert lifted == Item(fact_id=token("firm"), provider_goes_on=True)
    assert told == Item(extract="A 1")


def test_a_placement_that_ends():
    """Whose, where, for which days, and from when on not."""
    world = World()
    world.facility("house", "firm", "2480")
    case = world.case("h")
    stay = world.placement(case, "2480", facility="house", end=9)
    ending = PlacementEnded(id=stay, state=PlacementState.ENDED, valid_to=TODAY)
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(),
        amendments=(ending,),
    )
    stays = {stay: world.state.placements[stay]}
    view = ChangeView(change=change, facts={}, permits={}, placements=stays)
    (item,) = render_facts.change(Answer(reply=view, revision=1, leaf=1)).items

    assert item == registry.ChangeItem(
        fact_id=stay,
        placement_ended=registry.EndedPlacement(
            case_handle=case.handle,
            candidate=check.Candidate(area="2480", facility=token("house")),
            window=wire.Window(start_day=TODAY - 10, end_day=TODAY + 9),
            valid_to_day=TODAY,
        ),
    )


def test_a_change_of_groups():
    """Two that are one, with whose word it is; and two again."""
    pair = {"low": token("A"), "high": token("B")}
    merged, parted = (
        GroupsMerged(**pair, region="syd"),
        GroupsUnmerged(**pair, region="syd"),
    )
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(),
        amendments=(merged, parted),
    )
    view = ChangeView(change=change, facts={}, permits={})
    got = render_facts.change(Answer(reply=view, revision=1, leaf=1)).items
    groups = {"group_a": token("A"), "group_b": token("B")}

    assert list(got) == [
        registry.ChangeItem(merged=registry.MergedGroups(**groups, region="syd")),
        registry.ChangeItem(unmerged=registry.MergedGroups(**groups, region="syd")),
    ]


def test_a_change_about_phantoms():
    """Whose way they shall not stand in, and how large a group is."""
    lifted = PhantomsLifted(
        case=token("case"), area="2480", ground=LiftGround.CARE, hours=336
    )
    sized = GroupSized(group=token("A"), size=GroupSize.VERY_LARGE)
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=(),
        amendments=(lifted, sized),
    )
    view = ChangeView(change=change, facts={}, permits={})
    got = render_facts.change(Answer(reply=view, revision=1, leaf=1)).items

    assert list(got) == [
        registry.ChangeItem(
            lifted=registry.LiftedPhantoms(
                case_handle=token("case"),
                area="2480",
                ground=phantom.LIFT_GROUND_CARE,
                hours=336,
            )
        ),
        registry.ChangeItem(
            sized=registry.SizedGroup(
                group=token("A"), size=phantom.GROUP_SIZE_VERY_LARGE
            )
        ),
    ]
