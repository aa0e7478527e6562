"""What says that nothing happened changes nothing, and says so."""

import pytest
from kit.commands import Court, open_case
from kit.steps import idle

from placement.access import SERVICE, Action, admit
from placement.domain.idle_events import Idled


@pytest.mark.parametrize("events", [0, 1, 3])
def test_it_is_said_as_often_as_asked(events):
    """In events that hold nothing."""
    outcome = Court().decide(idle(events)).outcome

    assert outcome.events == (Idled(),) * events
    assert outcome.reply is None


def test_nothing_follows_from_it():
    """The state is as it was, but for how long its log is."""
    court = Court()
    court.decide(open_case("h"))
    before = list(court.state.records())
    court.decide(idle(3))

    assert list(court.state.records()) == before
    assert court.state.revision == 4


def test_the_service_alone_may():
    """Nobody's certificate names that role."""
    assert admit(SERVICE, Action.IDLE) is None
