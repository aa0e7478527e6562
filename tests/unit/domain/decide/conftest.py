"""What the tests of deciding share: a court with some groups, facts and a case."""

import pytest
from kit.changing import OLD, OTHER, begin_changeover, belongs, named, town
from kit.commands import (
    Court,
    approve,
    assess_case,
    open_case,
    presence,
    record_facts,
    register_groups,
)
from kit.living import record
from kit.steps import Stage
from kit.world import TODAY


@pytest.fixture
def court():
    """Decides commands; groups A to D are registered."""
    court = Court()
    court.reply(register_groups("A", "B", "C", "D"))
    return court


@pytest.fixture
def begun():
    """A changeover is under way; h is on record."""
    court = town()
    court.reply(record_facts(belongs(named("h", OLD))))
    court.reply(begin_changeover())
    court.reply(begin_changeover(caller=OTHER))
    return court


@pytest.fixture
def case(court):
    """The handle of an assessed case of 1280, of h and the child i."""
    (handle,) = court.reply(open_case("h", "i")).ids
    court.reply(assess_case(handle, children=(1,)))
    return handle


@pytest.fixture
def fact(court):
    """A presence of syd that one person may record."""
    frame = {"valid_from": TODAY - 10, "review_by": TODAY + 5}
    return record(court, presence(kind="OCCASIONAL", **frame))[0]


@pytest.fixture
def base(court):
    """A base of syd with two persons behind it."""
    base, change = record(court, presence(kind="BASE", review_by=TODAY + 5))
    court.reply(approve(change))
    return base


@pytest.fixture
def stage():
    """A country whose picture is fresh, and who decides in it."""
    return Stage()


@pytest.fixture
def home(stage):
    """A placement of h, of group A, that was safe when it was made."""
    stage.affiliation("h", "A")
    made = stage.placed(stage.case("h").handle)
    stage.work()
    return made


@pytest.fixture
def alert(stage):
    """The id of an alert about a placement of 1280 in 2480, at CONFLICT."""
    stage.affiliation("h", "A")
    stage.placed(stage.case("h").handle)
    stage.presence("A", "2480")
    stage.work()
    return stage.alert().id
