"""The lives of facts on their way out: steps as they were, persons as members alone."""

import pytest
from kit.world import NOW, TODAY, World, token

from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.drafts import Member
from placement.domain.decide.facts import FactPage, FactShown, FactState, FactView
from placement.domain.life_events import Doubt, Step, StepKind
from placement.domain.terms import Reason, Scheme
from placement.rpc import render_lives as render
from placement.service.engine import Answer


def answered(reply):
    return Answer(reply=reply, revision=9, leaf=0)


def view(fact, **given):
    values = {
        "fact": fact,
        "state": FactState.STANDING,
        "changed": 7,
        "doubt": None,
        "members": {},
    }
    return FactView(**(values | given))


@pytest.fixture
def fact():
    world = World()
    return world.state.facts[world.tie("h", "1480")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"kind": StepKind.ENDED, "day": TODAY},
            {"kind": review.FACT_STEP_KIND_ENDED, "ended_on_day": TODAY},
        ),
        (
            {"kind": StepKind.RENEWED, "day": TODAY, "reason": Reason.COURT},
            {
                "kind": review.FACT_STEP_KIND_RENEWED,
                "review_by_day": TODAY,
                "reason": wire.FACT_REASON_COURT,
            },
        ),
        (
            {"kind": StepKind.REGRADED, "scheme": Scheme.SIX_SIX, "given": "A1"},
            {
                "kind": review.FACT_STEP_KIND_REGRADED,
                "grade": wire.SourceGrade(scheme=2, given="A1"),
            },
        ),
        (
            {"kind": StepKind.CONTESTED, "doubt": Doubt.SOURCE},
            {
                "kind": review.FACT_STEP_KIND_CONTESTED,
                "contested": review.CONTEST_REASON_SOURCE,
            },
        ),
    ],
)
def test_a_step(fact, given, expected):
    """What it set, and nothing that it did not."""
    step = Step(at=NOW, revision=5, person="co-01", second="co-02", **given)
    shown = render.shown(answered(FactShown(view=view(fact), steps=(step,))))

    assert list(shown.steps) == [
        review.FactStep(
            at=NOW, revision=5, person="co-01", second_person="co-02", **expected
        )
    ]


def test_a_fact_on_record(fact):
    """Whose it is, when it changed, why it is doubted."""
    seen = view(
        fact,
        doubt=Doubt.DISPUTED,
        members={"subject": Member(case=token("case"), position=2)},
    )
    shown = render.shown(answered(FactShown(view=seen, steps=()))).fact

    assert (shown.fact_id, shown.changed_revision) == (fact.id, 7)
    assert (shown.author, shown.region, shown.recorded_at) == (
        "co-01",
        "stockholm",
        NOW,
    )
    assert shown.contested == review.CONTEST_REASON_DISPUTED
    assert shown.fact.tie.person.case_member == wire.CaseMember(
        case_handle=token("case"), position=2
    )


def test_a_page_says_where_the_next_begins(fact):
    """The last one does not."""
    bookmarked = []

    def bookmark(scope, *numbers):
        bookmarked.append((scope, numbers))
        return b"token"

    page = FactPage(facts=(view(fact),), after=7, scope=b"s" * 32)
    last = FactPage(facts=(), after=None, scope=b"s" * 32)
    got = [render.listed(answered(each), bookmark) for each in (page, last)]

    assert [each.next_page_token for each in got] == [b"token", b""]
    assert bookmarked == [(b"s" * 32, (7,))]
