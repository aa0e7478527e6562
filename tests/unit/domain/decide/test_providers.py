"""Stop a provider at once; let it go on with a second coordinator."""

import pytest
from kit.commands import COORDINATOR, NATIONAL, approve, coordinator, show_change
from kit.steps import stop_provider
from kit.world import NOW, token

from placement.domain.events import ProviderLifted, Record
from placement.domain.life_events import ChangeRejected, ChangeWithdrawn
from placement.domain.stay_events import ProviderStopped
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

    assert court.state.stopped == {FIRM: {"syd"}}
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
    waits = dict(court.state.stopped)
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change, caller=COORDINATOR))
    court.reply(approve(change))

    assert view.change.amendments == (ProviderLifted(id=FIRM, region="syd"),)
    assert (view.facts, view.permits) == ({}, {})
    assert (waits, court.state.stopped) == ({FIRM: {"syd"}}, {})


def test_one_lifting_at_a_time(court):
    """A second one would lift a stop that came after it."""
    court.reply(stop_provider())
    court.reply(stop_provider(lift=True))
    other = stop_provider(lift=True, caller=coordinator("syd", "co-05"))
    with pytest.raises(ConflictError):
        court.reply(other)
    court.later(72 * MICROS_AN_HOUR)

    assert court.reply(other).ids == (other.change,)


def test_each_region_stops_for_itself(court):
    """One that stops what another has stopped is not told so, and its stop stays."""
    for region in ("syd", "nord"):
        court.reply(stop_provider(caller=coordinator(region)))
    (change,) = court.reply(stop_provider(lift=True)).ids
    court.reply(approve(change))

    assert court.state.stopped == {FIRM: {"nord"}}


@pytest.mark.parametrize("caller", [COORDINATOR, NATIONAL])
def test_nobody_lifts_what_another_region_stopped(court, caller):
    """As little as what nobody stopped; who did not stop it does not know why."""
    court.reply(stop_provider(caller=coordinator("nord")))
    with pytest.raises(ConflictError):
        court.reply(stop_provider(lift=True, caller=caller))

    assert court.state.stopped == {FIRM: {"nord"}}


@pytest.mark.parametrize(
    ("person", "kind"), [("co-01", ChangeWithdrawn), ("co-05", ChangeRejected)]
)
def test_a_stop_ends_the_lift_that_waits(court, person, kind):
    """Whoever approved it would not know of the new reason; another lift may come."""
    court.reply(stop_provider())
    (change,) = court.reply(stop_provider(lift=True)).ids
    decision = court.decide(stop_provider(caller=coordinator("syd", person)))
    over, _ = decision.outcome.events
    with pytest.raises(NotFoundError):
        court.reply(approve(change))
    (other,) = court.reply(stop_provider(lift=True)).ids
    court.reply(approve(other))

    assert isinstance(over, kind)
    assert (over.id, over.person) == (change, person)
    assert decision.note.objects == (FIRM, change)
    assert court.state.stopped == {}


def test_a_lift_that_lapsed_is_in_no_ones_way(court):
    """What is stopped is stopped; once is enough."""
    court.reply(stop_provider())
    court.reply(stop_provider(lift=True))
    court.later(72 * MICROS_AN_HOUR)
    with pytest.raises(ConflictError):
        court.reply(stop_provider())


def test_what_was_stopped_before_regions_had_their_own_is_lifted_by_any(court):
    """A log from then names none; nothing in it may stay stopped for ever."""
    stopped = ProviderStopped(provider=FIRM, region="")
    court.state.apply(Record(at=NOW, event=stopped))
    court.reply(stop_provider(caller=coordinator("nord")))
    (change,) = court.reply(stop_provider(lift=True)).ids
    court.reply(approve(change))

    assert court.state.stopped == {FIRM: {"nord"}}
