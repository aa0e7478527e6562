"""Placements that stand: recorded for whoever is placed, ended but not ahead."""

import pytest
from kit.commands import (
    COORDINATOR,
    approve,
    check,
    close_case,
    end_placements,
    field_of,
    open_case,
    placement,
    record_placements,
    register_facilities,
    show_change,
)
from kit.living import begin_preview
from kit.world import TODAY, token

from placement.domain.decide.placements import MAX_PLACEMENTS
from placement.domain.terms import PlacementState
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)


@pytest.fixture
def houses(court):
    court.reply(register_facilities(("house", "firm", "1480"), new=[0]))


@pytest.fixture
def stay(court, case):
    """A placement of ten days ago that stands."""
    return court.reply(record_placements(placement(case, start=-10))).ids[0]


# Recording


def test_placements_stand_as_recorded(court, case, houses):
    """In order, active, in the state's indexes."""
    first = placement(case, start=-10, end=20)
    second = placement(case, "1480", facility="house")
    written = court.reply(record_placements(first, second))

    assert written.ids == (first.id, second.id)
    assert list(court.state.placements.values()) == [first, second]
    assert list(court.state.stays.with_provider(token("firm"))) == [second]


def test_a_closed_case_is_placed_all_the_same(court, case):
    """Who stands there counts, whatever became of the case."""
    court.reply(close_case(case))

    assert court.reply(record_placements(placement(case))).ids


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"area": "0199"}, "area"),
        ({"area": "2480", "facility": "house"}, "facility"),
        ({"area": "1480", "facility": "nowhere"}, "facility"),
        ({"start": 5, "end": 5}, "window.end_day"),
        ({"start": 5, "end": 4}, "window.end_day"),
    ],
)
def test_what_is_no_placement(court, case, houses, given, expected):
    """The field of the item is named, and nothing is stored."""
    command = record_placements(placement(case), placement(case, **given))

    assert field_of(court, command) == f"placements[1].{expected}"
    assert court.state.placements == {}


def test_a_placement_is_of_a_case(court, case):
    """A handle that nobody drew is refused, and nothing is stored."""
    command = record_placements(placement(case), placement(token("nobody's")))
    with pytest.raises(NotFoundError):
        court.reply(command)

    assert court.state.placements == {}


@pytest.mark.parametrize("size", [0, MAX_PLACEMENTS + 1])
def test_recording_has_limits(court, case, size):
    """At least one, and not too many."""
    stays = [placement(case)] * size

    assert field_of(court, record_placements(*stays)) == "placements"


# Ending


def end(court, stay, days):
    """End a placement, by two coordinators."""
    (change,) = court.reply(end_placements((stay, days))).ids
    court.reply(approve(change))


def test_a_placement_ends(court, stay):
    """From that day on nobody is placed there."""
    end(court, stay, -1)
    ended = court.state.placements[stay]

    assert (ended.state, ended.valid_to) == (PlacementState.ENDED, TODAY - 1)


def test_nobody_ends_a_placement_alone(court, stay):
    """Until a second coordinator approves it counts; it is shown as it stands."""
    (change,) = court.reply(end_placements((stay, 0))).ids
    before = court.state.placements[stay]
    shown = court.reply(show_change(change))
    with pytest.raises(AccessDeniedError):
        court.reply(approve(change, caller=COORDINATOR))
    with pytest.raises(InvalidInputError):
        court.reply(begin_preview(change))

    assert before.state is PlacementState.ACTIVE
    assert court.state.placements[stay] == before
    assert (shown.facts, shown.placements) == ({}, {stay: before})


def test_what_a_municipality_ended_meanwhile_is_not_ended_again(court, stay):
    """Of two proposals the second one comes too late."""
    (first,) = court.reply(end_placements((stay, -1))).ids
    (late,) = court.reply(end_placements((stay, 0))).ids
    court.reply(approve(first))
    with pytest.raises(ConflictError):
        court.reply(approve(late))

    assert court.state.placements[stay].valid_to == TODAY - 1


def test_an_ended_placement_ends_no_more(court, stay):
    """It ended when it did."""
    end(court, stay, 0)
    with pytest.raises(ConflictError):
        court.reply(end_placements((stay, 0)))


@pytest.mark.parametrize(
    ("days", "fits"), [(1, False), (0, True), (-10, True), (-11, False)]
)
def test_when_a_placement_can_end(court, stay, days, fits):
    """Not ahead, since it would count no more at once; not before its first day."""
    command = end_placements((stay, days))
    if fits:
        end(court, stay, days)
    else:
        assert field_of(court, command) == "endings[0].valid_to_day"

    assert (court.state.placements[stay].state is PlacementState.ENDED) is fits


@pytest.mark.parametrize("size", [0, MAX_PLACEMENTS + 1])
def test_ending_has_limits(court, size):
    """At least one, and not too many."""
    endings = [(token(str(number)), 0) for number in range(size)]

    assert field_of(court, end_placements(*endings)) == "endings"


def test_no_placement_ends_twice_in_a_request(court, stay):
    """One end each."""
    assert field_of(court, end_placements((stay, 0), (stay, -1))) == "endings"


def test_no_placement_no_end(court, stay):
    """An unknown id refuses all of it."""
    with pytest.raises(NotFoundError):
        court.reply(end_placements((stay, 0), (token("nobody's"), 0)))

    assert court.state.placements[stay].state is PlacementState.ACTIVE


def test_a_placement_is_seen_by_the_next_check(court, case, stay):
    """One's own stay is no danger to oneself, and the answer rests on it."""
    (other,) = court.reply(open_case("z")).ids
    before = court.state.revision

    assert court.reply(check(other, least=before)).answers


def test_placements_of_one_case_name_it():
    """Those of several name none: an entry has room for one."""
    one = record_placements(
        placement(token("case")), placement(token("case"), id=token("b"))
    )
    two = record_placements(
        placement(token("case")), placement(token("other"), id=token("b"))
    )

    assert (one.note.case, two.note.case) == (token("case"), b"")
