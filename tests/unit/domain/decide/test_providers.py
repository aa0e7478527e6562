"""Stop a provider at once; let it go on with a second coordinator."""

import pytest
from kit.commands import COORDINATOR, approve, coordinator, show_change
from kit.steps import stop_provider
from kit.world import token

from placement.domain.events import ProviderLifted
from placement.domain.terms import MICROS_AN_HOUR
from placement.errors import AccessDeniedError, ConflictError, NotFoundError

FIRM = token("firm")


@pytest.fixture
def court(stage):
    """Decides where a firm has a house."""
    stage.facility("house", "firm", "2480")
    return stage.court


def test_a_stop_is_immediate(court):
    """One coordinator is enough to make it safer."""
    decision = court.decide(stop_provider())

    assert court.state.stopped == {FIRM}
    assert (decision.outcome.made, decision.note.objects) == ((b"",), (FIRM,))


def test_nobody_stops_nobody(court):
    """A provider has a house."""
    for lift in (False, True):
        with pytest.raises(NotFoundError):
            court.reply(stop_provider("nobody", lift=lift))


def test_what_is_stopped_is_not_stopped_again(court):
    """Nor is lifted what goes on."""
    with pytest.raises(ConflictError):
        court.reply(stop_provider(lift=True))
    court.reply(stop_provider())
    with pytest.raises(ConflictError):
        court.reply(stop_provider())


def test_lifting_waits_for_a_second_person(court):
    """Until then it is stopped; the proposer does not decide."""
    court.reply(stop_provider())
    (change,) = court.reply(stop_provider(lift=True)).ids
    view = court.reply(show_change(change))
    waits = set(court.state.stopped)
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change, caller=COORDINATOR))
    court.reply(approve(change))

    assert view.change.amendments == (ProviderLifted(id=FIRM),)
    assert (view.facts, view.permits) == ({}, {})
    assert (waits, court.state.stopped) == ({FIRM}, set())


def test_one_lifting_at_a_time(court):
    """A second one would lift a stop that came after it."""
    court.reply(stop_provider())
    court.reply(stop_provider(lift=True))
    other = stop_provider(lift=True, caller=coordinator("nord"))
    with pytest.raises(ConflictError):
        court.reply(other)
    court.later(72 * MICROS_AN_HOUR)

    assert court.reply(other).ids == (other.change,)
