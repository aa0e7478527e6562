"""What the tests of deciding share: a court with some groups and a case."""

import pytest
from kit.commands import Court, assess_case, open_case, register_groups
from kit.steps import Stage


@pytest.fixture
def court():
    """Decides commands; groups A to D are registered."""
    court = Court()
    court.reply(register_groups("A", "B", "C", "D"))
    return court


@pytest.fixture
def case(court):
    """The handle of an assessed case of 1280, of h and the child i."""
    (handle,) = court.reply(open_case("h", "i")).ids
    court.reply(assess_case(handle, children=(1,)))
    return handle


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
