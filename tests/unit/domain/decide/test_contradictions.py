"""What can't be true beside what stands is refused, and leaves nothing."""

from dataclasses import replace

import pytest
from kit import living
from kit.commands import (
    MOMENT,
    approve,
    coordinator,
    end_facts,
    fresh,
    record_facts,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import over
from kit.naming import alliance, faction, merge_groups
from kit.world import TODAY

from placement.domain.decide.contradictions import refuse_contradictions
from placement.domain.terms import MICROS_AN_HOUR, Grade
from placement.errors import ConflictError

ELSEWHERE = coordinator("nord", "co-09")


def refused(court, *drafts):
    """Tell whether facts are refused; then nothing of them stands."""
    before = {*court.state.facts}
    try:
        court.reply(record_facts(*drafts))
    except ConflictError:
        assert {*court.state.facts} == before
        return True
    return False


# Two links of one pair and period


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
@pytest.mark.parametrize("turned", [False, True])
def test_a_second_link_of_a_pair_is_refused(court, link, turned):
    """In either order, and within one request."""
    pair = ("B", "A") if turned else ("A", "B")
    court.reply(record_facts(link("A", "B")))

    for again in ([link(*pair)], [link("C", "D"), link("D", "C")]):
        with pytest.raises(ConflictError):
            court.reply(record_facts(*again))
    assert len(court.state.facts) == 1


def test_links_of_other_kinds_or_pairs_stand_beside_it(court):
    """A faction may be at war with its parent."""
    links = (rivalry("A", "B"), alliance("A", "B"), faction("A", "B"))

    assert len(court.reply(record_facts(*links, rivalry("A", "C"))).ids) == 5


@pytest.mark.parametrize(
    ("first", "second", "doubles"),
    [
        ((None, None), (None, None), True),
        ((None, -10), (-10, None), False),
        ((None, -9), (-10, None), True),
        ((-10, None), (None, -10), False),
        ((-20, -10), (-15, -12), True),
        ((-20, -10), (-30, None), True),
        ((-20, -10), (-9, -5), False),
        ((-15, -15), (-20, None), False),
    ],
)
def test_periods(court, first, second, doubles):
    """Unknown and open sides reach for ever; touching ends don't overlap."""

    def dated(days):
        begin, end = (None if day is None else TODAY + day for day in days)
        return record_facts(rivalry(valid_from=begin, valid_to=end))

    court.reply(dated(first))
    if doubles:
        with pytest.raises(ConflictError):
            court.reply(dated(second))
    else:
        assert court.reply(dated(second)).ids


def test_an_ended_or_retracted_link_makes_room(court):
    """What is over, or was never true, is no double."""
    link, _ = court.reply(record_facts(rivalry(valid_from=TODAY - 30))).ids
    over(court, link)
    again, _ = court.reply(record_facts(rivalry(valid_from=TODAY))).ids
    (change,) = court.reply(retract_facts(again)).ids
    court.reply(approve(change))

    assert court.reply(record_facts(rivalry(valid_from=TODAY))).ids


def test_a_link_that_waits_is_a_double_until_its_change_lapses(court):
    """Then it may be recorded anew, while the soft one goes on acting."""
    soft, lapsed = court.reply(record_facts(rivalry(severity=3))).ids
    with pytest.raises(ConflictError):
        court.reply(record_facts(rivalry(severity=3)))
    court.later(72 * MICROS_AN_HOUR)
    again, change = court.reply(record_facts(rivalry(severity=3))).ids
    with pytest.raises(ConflictError):
        court.reply(approve(lapsed))
    court.reply(approve(change))

    assert court.state.facts[again].approved
    assert not court.state.facts[soft].retracted
    with pytest.raises(ConflictError):
        court.reply(record_facts(rivalry(severity=1)))


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
def test_each_region_says_what_it_knows(court, link):
    """Another's word keeps it from nothing, nor ends what it says."""
    theirs, _ = court.reply(record_facts(link("A", "B"), caller=ELSEWHERE)).ids
    ours, _ = court.reply(record_facts(link("A", "B"))).ids
    court.reply(end_facts((theirs, 0), caller=ELSEWHERE))

    assert court.state.facts[ours].valid_to is None
    assert refused(court, link("A", "B"))


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
def test_what_counts_for_nothing_is_no_double(court, link):
    """A discredited source keeps nobody from a better one, in either order."""
    court.reply(record_facts(link("A", "B", given="3E")))

    assert not refused(court, link("A", "B"))
    assert not refused(court, link("A", "B", given="3E"))
    assert refused(court, link("A", "B"))


def test_two_names_of_one_group_leave_a_double(court):
    """Either can be amended as long as it is of the same two; no third comes."""
    links = rivalry("A", "B"), rivalry("A", "C")
    one, other, _ = court.reply(record_facts(*links)).ids
    (change,) = court.reply(merge_groups("B", "C")).ids
    court.reply(approve(change))
    for fact, name in ((one, "B"), (other, "C")):
        said = rivalry("A", name, severity=2, valid_from=TODAY)
        court.reply(living.amend_facts((fact, said)))

    assert refused(court, rivalry("A", "C"))


def merge_in(court, region, *names):
    """Merge two groups by the word of another region."""
    (change,) = court.reply(merge_groups(*names, caller=coordinator(region))).ids
    court.reply(approve(change, caller=coordinator(region, "co-06")))


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
def test_what_another_region_merged_is_no_double(court, link):
    """What was refused would be missing once they are two again; so would their war."""
    merge_in(court, "nord", "B", "C")
    court.reply(record_facts(link("A", "B")))

    assert not refused(court, link("A", "C"))
    assert not refused(court, link("B", "C"))
    assert refused(court, link("A", "C"))


def test_what_another_region_merged_is_amended_as_it_was_said(court):
    """By its own names, and into no double of them."""
    merge_in(court, "nord", "B", "C")
    war, other, *_ = court.reply(record_facts(rivalry("A", "B"), rivalry("A", "C"))).ids
    said = rivalry("A", "B", severity=2, valid_from=TODAY)
    with pytest.raises(ConflictError):
        court.reply(living.amend_facts((other, said)))
    court.reply(living.amend_facts((war, said)))


def test_what_two_regions_state_at_once_is_no_double(court):
    """The national unit may propose again in one call what both said, and nobody approved."""
    facts = [
        court.state.facts[court.reply(record_facts(rivalry(), caller=caller)).ids[0]]
        for caller in (coordinator("syd"), ELSEWHERE)
    ]
    again = [replace(each, id=fresh()) for each in facts]
    without = [each.id for each in facts]
    refuse_contradictions(court.state, MOMENT, again, without)
    with pytest.raises(ConflictError):
        refuse_contradictions(court.state, MOMENT, again, without[:1])


def test_what_another_region_merged_closes_no_circle(court):
    """Whoever says the links does not know them for a circle."""
    merge_in(court, "nord", "B", "C")
    court.reply(record_facts(faction("A", "B")))

    assert not refused(court, faction("C", "A"))
    assert refused(court, faction("B", "A"))


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
def test_what_counted_for_nothing_counts_beside_no_double(court, link):
    """Neither amended nor graded anew; without the other it may be."""
    weak, _ = court.reply(record_facts(link("A", "B", given="3E"))).ids
    good, _ = court.reply(record_facts(link("A", "B"))).ids
    amended = living.amend_facts((weak, link("A", "B", valid_from=TODAY)))
    for command in (amended, regrade_facts(weak, grade="2B")):
        with pytest.raises(ConflictError):
            court.reply(command)
    (change,) = court.reply(retract_facts(good)).ids
    court.reply(approve(change))

    assert court.reply(regrade_facts(weak, grade="2B")).ids


@pytest.mark.parametrize("link", [rivalry, alliance, faction])
def test_what_goes_makes_room_for_what_comes_back(court, link):
    """In one step, so that at no time neither counts."""
    true, _ = court.reply(record_facts(link("A", "B", given="3E"))).ids
    wrong, _ = court.reply(record_facts(link("A", "B"))).ids
    parts = regrade_facts(wrong, grade="3E"), regrade_facts(true, grade="2B")
    both = replace(
        parts[0], regradings=tuple(each for part in parts for each in part.regradings)
    )
    (change,) = court.reply(both).ids
    court.reply(approve(change))
    grades = [court.state.facts[fact].grade for fact in (true, wrong)]

    assert grades == [Grade.MEDIUM, Grade.DISCREDITED]


def test_two_that_counted_for_nothing_are_not_both_brought_back(court):
    """By one call; each alone may be."""
    weak = rivalry(given="3E"), rivalry(given="3E")
    one, other, *_ = court.reply(record_facts(*weak)).ids
    both = replace(
        regrade_facts(one, grade="2B"),
        regradings=tuple(
            regrading
            for fact in (one, other)
            for regrading in regrade_facts(fact, grade="2B").regradings
        ),
    )
    with pytest.raises(ConflictError):
        court.reply(both)

    assert court.reply(regrade_facts(one, grade="2B")).ids


def test_what_waited_in_vain_is_amended_beside_no_double(court):
    """Nor proposed anew."""
    soft, change = court.reply(record_facts(rivalry(severity=3))).ids
    court.reply(living.reject(change))
    court.reply(record_facts(rivalry(severity=2)))
    said = rivalry(severity=1, valid_from=TODAY)
    for command in (living.amend_facts((soft, said)), living.propose_facts(soft)):
        with pytest.raises(ConflictError):
            court.reply(command)


# Circles of factions


def test_no_group_is_a_part_of_itself(court):
    """Over any number of steps, within one request too; who shares a parent may."""
    chain = faction("A", "B"), faction("B", "C")
    court.reply(record_facts(*chain))

    assert refused(court, faction("C", "A"))
    assert refused(court, faction("C", "D"), faction("D", "A"))
    assert not refused(court, faction("D", "C"), faction("D", "A"), faction("D", "B"))


def test_a_circle_is_one_in_any_order(court):
    """Whichever of its links is stated last closes it."""
    links = faction("A", "B"), faction("B", "C"), faction("C", "A")

    assert [refused(court, *links[n:], *links[:n]) for n in range(3)] == [True] * 3


def test_two_ways_lead_up(court):
    """What both lead to is climbed once."""
    ways = faction("A", "B"), faction("A", "C"), faction("B", "D"), faction("C", "D")
    court.reply(record_facts(*ways))

    assert refused(court, faction("D", "A"))
    assert not refused(court, faction("B", "C"))


@pytest.mark.parametrize(
    ("spans", "closes"),
    [
        (((None, None), (None, None), (None, None)), True),
        (((None, -10), (None, None), (-10, None)), False),
        (((None, -9), (None, None), (-10, None)), True),
        (((-30, -20), (-25, -5), (-22, None)), True),
        (((-30, -20), (-25, -5), (-20, None)), False),
        (((-30, -20), (-15, -5), (-40, None)), False),  # each meets the last alone
        (((-5, None), (-30, None), (None, None)), True),
    ],
)
def test_a_circle_holds_on_one_day(court, spans, closes):
    """Links that never hold together make none."""
    dated = [
        {"valid_from": begin and TODAY + begin, "valid_to": end and TODAY + end}
        for begin, end in spans
    ]
    pairs = ("A", "B"), ("B", "C"), ("C", "A")
    links = [faction(*pair, **days) for pair, days in zip(pairs, dated, strict=True)]

    assert refused(court, *links) is closes


def test_what_was_never_true_closes_nothing(court):
    """Once two say so; until then it does."""
    link = court.reply(record_facts(faction("A", "B"), faction("B", "C"))).ids[0]
    (change,) = court.reply(retract_facts(link)).ids
    before = refused(court, faction("C", "A"))
    court.reply(approve(change))

    assert (before, refused(court, faction("C", "A"))) == (True, False)


def test_a_discredited_step_closes_nothing(court):
    """Nor does a step of another region, or one that is discredited itself."""
    court.reply(record_facts(faction("A", "B", given="3E")))
    court.reply(record_facts(faction("B", "C"), caller=ELSEWHERE))

    assert not refused(court, faction("C", "A"))
    assert not refused(court, faction("A", "C", given="3E"))
    assert refused(court, faction("A", "C"))


def test_a_discredited_step_becomes_none_that_closes(court):
    """Amended, or graded anew."""
    weak, _ = court.reply(record_facts(faction("A", "B", given="3E"))).ids
    court.reply(record_facts(faction("B", "A")))
    amended = living.amend_facts((weak, faction("A", "B", valid_from=TODAY)))
    for command in (amended, regrade_facts(weak, grade="2B")):
        with pytest.raises(ConflictError):
            court.reply(command)


def test_a_circle_that_two_names_left(court):
    """Its links can be amended; no further one closes it."""
    first, other, _ = court.reply(
        record_facts(faction("A", "B"), faction("C", "A"))
    ).ids
    (change,) = court.reply(merge_groups("B", "C")).ids
    court.reply(approve(change))
    said = faction("A", "B", given="3C", valid_from=TODAY)
    turned = living.amend_facts((first, faction("C", "A", valid_from=TODAY)))

    assert refused(court, faction("D", "A"), faction("A", "D"))
    with pytest.raises(ConflictError):
        court.reply(turned)
    court.reply(living.amend_facts((first, said)))
    assert court.state.facts[other].valid_to is None


def test_two_names_of_one_group_close_a_circle(court):
    """Nobody has to know by which name the others said it."""
    court.reply(record_facts(faction("A", "B"), faction("C", "D")))
    (change,) = court.reply(merge_groups("B", "C")).ids
    court.reply(approve(change))

    assert refused(court, faction("D", "A"))
