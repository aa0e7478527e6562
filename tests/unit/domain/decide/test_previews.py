"""A preview: right, budgeted, and naming nobody of another region."""

import pytest
from kit.commands import (
    NATIONAL,
    SECOND,
    approve,
    coordinator,
    end_facts,
    field_of,
    presence,
    record_facts,
    register_groups,
    retract_facts,
)
from kit.living import begin_preview, weigh_preview
from kit.steps import Stage
from kit.world import RULESET, TODAY, token

from placement.domain.decide.command import Note
from placement.domain.decide.previews import Foreseen, Moved
from placement.domain.decide.weighing import remaining, weighed
from placement.domain.events import PlacementEnded
from placement.domain.imagined import Imagined
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR, PlacementState, Verdict
from placement.errors import BudgetError, ConflictError, NotFoundError

CLEAR, REVIEW, CONFLICT = Verdict.CLEAR, Verdict.REVIEW, Verdict.CONFLICT


@pytest.fixture
def stage():
    """A country whose picture is fresh, and groups A and B."""
    stage = Stage()
    stage.court.reply(register_groups("A", "B"))
    return stage


@pytest.fixture
def homes(stage):
    """Placements of members of A in 2480, of a case of syd and of one of stockholm."""
    made = []
    for who, org, area in (("h", "1280", "2480"), ("i", "0180", "0980")):
        stage.affiliation(who, "A")
        made.append(stage.placement(stage.case(who, org=org), area))
    stage.work()
    return made


def previewed(court, change=None, caller=SECOND, **given):
    """Plan, and weigh all of the plan."""
    plan = court.reply(begin_preview(change, caller, **given)).placements
    command = weigh_preview(*plan, change=change, caller=caller, **given)
    return plan, court.reply(command)


def base(area="2480"):
    return presence("A", area, "BASE", valid_from=TODAY - 9)


def test_a_change_that_waits(stage, homes):
    """It gives REVIEW already; approved, it gives CONFLICT, to whoever is there."""
    court = stage.court
    _, change = court.reply(record_facts(base())).ids
    stage.work()
    plan, found = previewed(court, change)
    case = stage.state.placements[homes[0]].case

    assert homes[0] in plan
    assert found.counts == ((REVIEW, CONFLICT, 1),)
    assert found.moved == (Moved(case=case, before=REVIEW, after=CONFLICT),)
    court.reply(approve(change))
    assert worth(stage, homes[0]) is CONFLICT


def worth(stage, key):
    moment = stage.court.moment
    placement = stage.state.placements[key]
    window = remaining(placement, moment)
    return weighed(stage.state, placement, window, moment).verdict


def test_facts_that_nobody_has_stated_yet(stage, homes):
    """Drafts and endings together, as if everybody had stood behind them."""
    court = stage.court
    fact, change = court.reply(record_facts(base())).ids
    court.reply(approve(change))
    stage.work()
    before = list(stage.state.facts)
    given = {"drafts": [base("0980")], "endings": [(fact, 0)]}
    _, found = previewed(court, **given)

    assert found.counts == ((CLEAR, CONFLICT, 1), (CONFLICT, REVIEW, 1))
    assert list(stage.state.facts) == before
    assert stage.state.facts[fact].valid_to is None


def test_whose_placements_are_told(stage, homes):
    """Of the own region's cases; the national unit all; others are counted."""
    court = stage.court
    drafts = [base("2480"), base("0980")]
    _, syd = previewed(court, drafts=drafts)
    _, nord = previewed(court, caller=coordinator("nord"), drafts=drafts)
    _, national = previewed(court, caller=NATIONAL, drafts=drafts)
    cases = [stage.state.placements[key].case for key in homes]

    assert [each.counts for each in (syd, nord, national)] == [
        ((CLEAR, CONFLICT, 2),)
    ] * 3
    assert [each.case for each in syd.moved] == cases[:1]
    assert nord.moved == ()
    assert {each.case for each in national.moved} == set(cases)


def test_what_is_over_is_not_weighed(stage, homes):
    """Nor what was let go since the plan was made."""
    court = stage.court
    drafts = [base()]
    plan = court.reply(begin_preview(drafts=drafts)).placements
    ended = PlacementState.ENDED
    stage.apply(PlacementEnded(id=homes[0], state=ended, valid_to=TODAY))
    found = court.reply(weigh_preview(*plan, drafts=drafts))

    assert (found.weighed, found.counts) == (len(plan) - 1, ())


def test_a_preview_costs(stage, homes):
    """By person and day; a refusal costs nothing, and the next day is another."""
    court = stage.court
    allowed = RULESET.previews
    for _ in range(allowed):
        court.reply(begin_preview(drafts=[base()]))
    with pytest.raises(BudgetError):
        court.reply(begin_preview(drafts=[base()]))
    court.reply(begin_preview(None, SECOND, drafts=[base()]))
    court.later(MICROS_A_DAY)
    court.reply(begin_preview(drafts=[base()]))

    assert allowed == 200


def test_a_preview_changes_nothing_but_its_budget(stage, homes):
    """One event for the plan, none for the slices; both are noted."""
    court = stage.court
    _, change = court.reply(record_facts(base())).ids
    stage.work()
    planned = court.decide(begin_preview(change))
    plan = planned.outcome.reply.placements
    before = list(stage.state.records())
    found = court.decide(weigh_preview(*plan, change=change))

    assert [type(each).__name__ for each in planned.outcome.events] == ["Previewed"]
    assert planned.note == Note(objects=(change,))
    assert found.outcome.events == ()
    assert found.note == Note(objects=(change, *plan))
    assert list(stage.state.records()) == before


def test_what_is_imagined_is_used_again(stage, homes, monkeypatch):
    """As long as nothing has changed; else it is imagined anew."""
    court = stage.court
    drafts = [base()]
    made = []
    init = Imagined.__init__

    def counted(self, *given):
        made.append(self)
        init(self, *given)

    monkeypatch.setattr(Imagined, "__init__", counted)
    first = court.reply(weigh_preview(homes[0], drafts=drafts))
    command = weigh_preview(homes[0], drafts=drafts, imagined=first.imagined)
    second = court.reply(command)
    court.reply(record_facts(presence("B", "1480")))
    third = court.reply(command)

    assert isinstance(first, Foreseen)
    assert first == second == third
    assert first.imagined is second.imagined is not third.imagined
    assert len(made) == 2


@pytest.mark.parametrize(
    "given", [{}, {"drafts": [base()]}, {"endings": [(b"f" * 16, 0)]}]
)
def test_one_thing_is_imagined(court, given):
    """A change, or facts; neither nothing nor both."""
    change = token("change") if given else None

    assert field_of(court, begin_preview(change, **given)) == "change_id"


def test_what_could_not_be_done_is_not_imagined(court):
    """As the request itself would be refused."""
    fact, _ = court.reply(record_facts(presence("B", valid_from=TODAY - 9))).ids
    (ended,) = court.reply(end_facts((fact, -5))).ids
    (gone,) = court.reply(retract_facts(fact)).ids
    base_, change = court.reply(record_facts(base())).ids
    nord = coordinator("nord")
    with pytest.raises(NotFoundError):
        court.reply(begin_preview(change, nord))
    with pytest.raises(NotFoundError):
        court.reply(begin_preview(caller=nord, endings=[(fact, 0)]))
    assert field_of(court, begin_preview(endings=[(fact, 1)])) == (
        "endings[0].valid_to_day"
    )
    assert field_of(court, begin_preview(drafts=[presence("nobody")])) == (
        "facts[0].presence.group"
    )
    court.reply(approve(gone))
    with pytest.raises(ConflictError):
        court.reply(begin_preview(ended))
    court.later(72 * MICROS_AN_HOUR)
    with pytest.raises(ConflictError):
        court.reply(begin_preview(change))

    assert base_ in court.state.facts
