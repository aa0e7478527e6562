"""What a coordinator may see of what a verdict rests on."""

from dataclasses import replace

import pytest
from kit.commands import MOMENT, NATIONAL, coordinator
from kit.world import NOW, token

from placement.domain.decide import explaining
from placement.domain.decide.explaining import (
    Hidden,
    Neighbour,
    Reason,
    Visible,
    reasons,
)
from placement.domain.events import FactRecorded, Record
from placement.domain.questions import Finding
from placement.domain.stay_events import ProviderStopped
from placement.domain.terms import Verdict

OWN, OTHER = coordinator("stockholm"), coordinator("syd")


@pytest.fixture
def rival(stage):
    """The case of somebody placed whom h must not meet."""
    stage.rivalry("A", "B")
    stage.affiliation("h", "A")
    stage.affiliation("r", "B")
    case = stage.case("r", org="0580")
    stage.placement(case, "2480")
    return case


def explained(stage, caller, *members, area="2480") -> tuple[Reason, ...]:
    case = stage.case(*(members or ("h",)))
    (found,) = stage.check(case, area)
    return reasons(stage.state, caller, MOMENT, found.findings)


@pytest.mark.parametrize("caller", [OWN, NATIONAL], ids=["owner", "national"])
def test_own_facts_and_a_handle(stage, rival, caller):
    """Both sides of a conflict have to talk: the other case is named, nothing else."""
    (reason,) = explained(stage, caller)
    links = [type(link) for link in reason.links]

    assert (reason.rule, reason.verdict) == ("R3", Verdict.CONFLICT)
    assert links == [Visible, Visible, Neighbour, Visible]
    assert reason.links[2] == Neighbour(rival.handle, "ost")


def test_another_regions_facts(stage, rival):
    """That something is there, whose, and nothing more: no rule, no handle."""
    got = explained(stage, OTHER)

    assert got == (
        Reason(rule="", verdict=Verdict.CONFLICT, links=(Hidden("stockholm"),)),
    )


def test_what_is_hidden_alike_is_said_once(stage, rival):
    """How many reasons there are is nobody's business either."""
    stage.tie("h", "2480", danger=True)
    stage.presence("B", "2480")
    got = explained(stage, OTHER)

    assert [(each.rule, each.links) for each in got] == [("", (Hidden("stockholm"),))]


@pytest.fixture
def shared(stage):
    """A presence of syd beside an affiliation of stockholm: one finding of both."""
    joined = stage.affiliation("h", "A")
    stay = stage.presence("A", "2480")
    fact = replace(stage.state.facts[stay], region="syd")
    stage.apply(FactRecorded(fact=fact))
    return stage.state.facts[joined], fact


def test_two_regions_do_not_point_at_each_other(stage, shared):
    """Each sees its own fact, and whom it takes beside; neither the rule."""
    joined, stay = shared
    (here,) = explained(stage, OWN)
    (there,) = explained(stage, OTHER)

    assert (here.rule, here.links) == ("", (Visible(joined), Hidden("syd")))
    assert (there.rule, there.links) == ("", (Visible(stay), Hidden("stockholm")))


def test_whoever_owns_nothing_of_it_sees_whom_to_phone(stage, shared):
    """Each region once, in an order that tells nothing; to the national unit all."""
    joined, stay = shared
    (third,) = explained(stage, coordinator("nord"))
    (unit,) = explained(stage, NATIONAL)

    assert (third.rule, third.links) == ("", (Hidden("stockholm"), Hidden("syd")))
    assert (unit.rule, set(unit.links)) == ("R1", {Visible(joined), Visible(stay)})


def test_somebody_elses_placement_is_not_named_beside_what_is_hidden(stage, rival):
    """Who it is would tell what the hidden fact says."""
    (key,) = [
        each.id
        for each in stage.state.facts.values()
        if type(each).__name__ == "Rivalry"
    ]
    fact = replace(stage.state.facts[key], region="syd")
    stage.apply(FactRecorded(fact=fact))
    (reason,) = explained(stage, OTHER)

    assert (reason.rule, reason.links) == ("", (Visible(fact), Hidden("stockholm")))


def test_the_worst_is_first_and_says_it_once(stage):
    """What is found firmly was found softly, too."""
    stage.tie("h", "2480")
    stage.tie("h", "2480", danger=True)
    got = explained(stage, OWN)

    assert [each.verdict for each in got] == [Verdict.CONFLICT, Verdict.REVIEW]


def test_somebody_whom_nobody_assessed(stage):
    """That there is a conflict is not known, so their case is not named."""
    stage.placement(stage.case("r", assessed=False, org="0580"), "2480")
    (reason,) = explained(stage, NATIONAL)

    assert reason.links == (Hidden("ost"),)


def test_a_stopped_provider_needs_no_link(stage):
    """The rule says it."""
    finding = Finding(rule="STOP", verdict=Verdict.CONFLICT, facts=(token("firm"),))
    got = reasons(stage.state, OTHER, MOMENT, (finding,))

    assert got == (Reason(rule="STOP", verdict=Verdict.CONFLICT, links=()),)


def test_what_another_region_stopped_is_theirs_to_explain(stage):
    """Whom to phone, to those who can't lift it."""
    stopping = ProviderStopped(provider=token("firm"), region="ost")
    finding = Finding(rule="STOP", verdict=Verdict.CONFLICT, facts=(token("firm"),))
    stage.state.apply(Record(at=NOW, event=stopping))
    shown = {
        caller.organisation: reasons(stage.state, caller, MOMENT, (finding,))
        for caller in (OTHER, NATIONAL, coordinator("ost"))
    }
    plain = Reason(rule="STOP", verdict=Verdict.CONFLICT, links=())
    theirs = Reason(rule="", verdict=Verdict.CONFLICT, links=(Hidden("ost"),))

    assert shown == {
        OTHER.organisation: (theirs,),
        "national": (theirs,),
        "ost": (plain,),
    }


def test_what_was_stopped_before_regions_had_their_own_is_anybodys(stage):
    """Nobody is to be phoned."""
    finding = Finding(rule="STOP", verdict=Verdict.CONFLICT, facts=(token("firm"),))
    stopping = ProviderStopped(provider=token("firm"), region="")
    stage.state.apply(Record(at=NOW, event=stopping))
    (reason,) = reasons(stage.state, OTHER, MOMENT, (finding,))

    assert reason == Reason(rule="STOP", verdict=Verdict.CONFLICT, links=())


def test_an_explanation_has_an_end(stage, monkeypatch):
    """The worst stay."""
    monkeypatch.setattr(explaining, "MAX_REASONS", 1)
    stage.tie("h", "2480")
    stage.tie("h", "2480", danger=True)

    assert [each.verdict for each in explained(stage, OWN)] == [Verdict.CONFLICT]
