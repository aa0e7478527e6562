"""The doubts that are said are those that the service counts."""

from hypothesis import given
from hypothesis import strategies as st
from placement_client.commands.fact_words import doubt_words, doubts

from placement.api.v1 import review_service_pb2 as review
from placement.domain.histories import Histories
from placement.domain.life_events import Doubt, Step, StepKind
from placement.domain.roll import Roll
from placement.domain.terms import FactId

FACT = FactId(bytes(16))


def step(kind, person, doubt):
    return Step(
        kind=kind,
        at=0,
        revision=1,
        person=person,
        doubt=doubt if kind is StepKind.CONTESTED else None,
    )


STEPS = st.lists(
    st.builds(
        step,
        st.sampled_from(StepKind) | st.just(StepKind.CONTESTED),
        st.sampled_from(("co-01", "co-02", "co-03")),
        st.sampled_from(Doubt),
    ),
    max_size=8,
)


def on_the_wire(each):
    return review.FactStep(
        kind=int(each.kind), person=each.person, contested=each.doubt or 0
    )


@given(STEPS)
def test_the_doubts_that_stand_are_the_services(steps):
    """Whatever happened to the fact since."""
    history = Histories(Roll())
    for each in steps:
        history.add(FACT, each)
    counted = history.contested.get(FACT, ())

    assert doubts(map(on_the_wire, steps)) == [
        (each.doubt.name, each.person) for each in counted
    ]


def test_several_doubts_are_all_said():
    """One alone stands with the fact already."""
    first = step(StepKind.CONTESTED, "co-01", Doubt.SOURCE)
    second = step(StepKind.CONTESTED, "co-02", Doubt.OUTDATED)
    wired = [on_the_wire(each) for each in (first, second)]

    assert doubt_words(wired[:1]) == []
    assert doubt_words(wired) == ["Contested as SOURCE by co-01; as OUTDATED by co-02."]
