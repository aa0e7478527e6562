"""The whole log is looked through for patterns, and then what comes."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise, takewhile

import pytest
from kit.commands import (
    AUDITOR,
    OPERATOR,
    assess_case,
    check,
    evaluate,
    list_entries,
    open_case,
    search,
    show_case,
)
from kit.engines import answer, details, tamper
from kit.erased import take
from kit.story import ReadingRoom
from kit.world import NOW, RULESET

from placement.audit.details import Matter, Outline
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.seen import Anomaly, Seen
from placement.domain.decide import searches
from placement.domain.decide.searches import Admitted, Filter
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR
from placement.errors import AccessDeniedError, BudgetError, TamperedError
from placement.service import watch as watch_module
from placement.service.replay import Progress
from placement.service.watch import Watch

EVER = {"since": 0, "until": 2**60}


@pytest.fixture
def room(store):
    return ReadingRoom(store)


def steps(room, size, **period):
    """Look through a period; a generator without an end if the period has none."""
    asked = search(searches.ReportAnomalies, **period)
    watch = Watch(room.review, lambda: RULESET)
    return watch.report(Admitted(search=asked, cases=None), size)


def anomalies(some):
    return [step for step in some if isinstance(step, Anomaly)]


def until_done(report):
    """Return the anomalies up to the word that everything so far is done."""
    done = takewhile(lambda step: not _is_end(step), report)
    return anomalies(done)


def _is_end(step):
    return isinstance(step, Progress) and step.done == step.total


# A long log


def test_what_is_found_is_what_a_detector_finds(library):
    """Entry by entry, in order; what was taken is seen without its details."""
    detector, expected = Detector(RULESET.anomalies), []
    for told in library.story:
        outline, matter = told.outline or Outline(), told.matter or Matter()
        seen = Seen(told.index, told.entry, outline, matter.areas)
        expected += detector.observe(seen)
    room = ReadingRoom(library.store)
    got = anomalies(steps(room, len(library.story), **EVER))

    assert got == expected
    assert {each.pattern for each in got} >= {
        "BUDGET_SPENT_BY_PERSON",
        "MANY_CASES",
        "REFUSED_BY_CERTIFICATE",
    }


def test_entries_outside_the_period_are_not_looked_at(library):
    """Neither those before it, nor those behind it."""
    room, size = ReadingRoom(library.store), len(library.story)
    since, until = library.story[200].entry.at, library.story[500].entry.at
    inside = [told.index for told in library.story if since <= told.entry.at < until]
    got = list(steps(room, size, since=since, until=until))
    supporting = {index for each in anomalies(got) for index in each.entries}

    assert supporting
    assert supporting <= set(inside)
    assert got[-1] == Progress(len(inside), len(inside))


def test_what_came_after_it_was_asked_for_is_left_to_the_next_look(library):
    """The size is that of the log when it was asked."""
    room = ReadingRoom(library.store)
    got = list(steps(room, 100, **EVER))

    assert got[-1] == Progress(100, 100)
    assert all(max(each.entries) < 100 for each in anomalies(got))


def test_it_says_how_far_it_has_come(library, monkeypatch):
    """Now and then, and in the end; never backwards."""
    monkeypatch.setattr(watch_module, "_STEP", 100)
    room, size = ReadingRoom(library.store), len(library.story)
    words = [
        step
        for step in steps(room, size, since=library.story[150].entry.at, until=2**60)
        if isinstance(step, Progress)
    ]

    assert len(words) >= 5
    assert {word.total for word in words} == {words[-1].done}
    assert all(one.done <= other.done for one, other in pairwise(words))


def test_an_empty_period_is_done_at_once(library):
    """There is nothing to look through."""
    room, size = ReadingRoom(library.store), len(library.story)

    assert list(steps(room, size, since=2**59, until=2**60)) == [Progress(0, 0)]


# One pattern after another


def asked_until_refused(engine, clock):
    """Spend a case's budget; return the case."""
    case = open_case("h")
    answer(engine, case)
    answer(engine, assess_case(case.handle))
    answer(engine, check(case.handle, "2480", "2482", "2481", "2463", "2462"))
    answer(engine, check(case.handle, "2460"))
    clock.now += MICROS_AN_HOUR
    with pytest.raises(BudgetError):
        answer(engine, check(case.handle, "0180"))
    return case.handle


def test_a_budget_that_was_spent_and_many_areas(engine, store, room, clock):
    """The entry that makes it one is named, and what all entries share."""
    asked_until_refused(engine, clock)
    found = {each.pattern: each for each in anomalies(steps(room, 5, **EVER))}
    alias = details(store)[0].outline.case

    assert set(found) == {"MANY_AREAS", "BUDGET_SPENT_BY_PERSON"}
    areas, spent = found["MANY_AREAS"], found["BUDGET_SPENT_BY_PERSON"]
    assert (areas.case, areas.count, areas.limit) == (alias, 6, 5)
    assert (areas.entries, areas.at) == ((2, 3), NOW)
    assert (areas.organisation, areas.person) == ("1280", "cw-01")
    assert (spent.entries, spent.at) == ((4,), NOW + MICROS_AN_HOUR)


def test_areas_that_were_taken_count_no_more(engine, room, store, clock):
    """Nobody can know any more which they were."""
    asked_until_refused(engine, clock)
    take(store, lambda index: index == 2)
    found = [each.pattern for each in anomalies(steps(room, 5, **EVER))]

    assert found == ["BUDGET_SPENT_BY_PERSON"]


def test_a_look_through_the_log_is_looked_at_too(engine, room):
    """Whoever searches for one case again and again is found by the next look."""
    case = open_case("h")
    answer(engine, case)
    for _ in range(RULESET.anomalies.many_searches.allowed + 1):
        answer(engine, list_entries(Filter(case=case.handle)))
    (found,) = anomalies(steps(room, room.review.size(), **EVER))

    assert (found.pattern, found.person) == ("MANY_SEARCHES", AUDITOR.person)
    assert len(found.entries) == RULESET.anomalies.many_searches.allowed + 1


# What comes


def test_a_look_goes_on_with_what_is_new(engine, room, clock):
    """Without an end: what was seen counts on, and nothing is told twice."""
    case = asked_until_refused(engine, clock)
    report = steps(room, room.review.size(), since=0)
    first = until_done(report)
    nothing = until_done(report)
    for _ in range(RULESET.anomalies.question_repeated.allowed + 1):
        answer(engine, check(case, "2460"))
    later = until_done(report)

    assert Counter(each.pattern for each in first) == {
        "MANY_AREAS": 1,
        "BUDGET_SPENT_BY_PERSON": 1,
    }
    assert nothing == []
    assert [each.pattern for each in later] == ["QUESTION_REPEATED"]
    assert later[0].entries == (3, 5, 6, 7, 8, 9)


def test_a_look_that_begins_later_is_at_its_end_at_once(engine, room, clock):
    """It waits for what comes in its period."""
    for _ in range(RULESET.anomalies.refused_by_certificate.allowed):
        with pytest.raises(AccessDeniedError):
            answer(engine, evaluate(caller=OPERATOR))
    clock.now += MICROS_A_DAY - 1
    report = steps(room, room.review.size(), since=NOW + 1)
    first = until_done(report)
    with pytest.raises(AccessDeniedError):
        answer(engine, show_case(bytes(16), OPERATOR))
    later = until_done(report)
    everything = anomalies(steps(room, room.review.size(), **EVER))

    assert (first, later) == ([], [])
    assert [each.pattern for each in everything] == ["REFUSED_BY_CERTIFICATE"]


def test_other_thresholds_find_other_things(engine, room, clock):
    """They stand in the ruleset."""
    asked_until_refused(engine, clock)
    limits = RULESET.anomalies
    strict = replace(limits, many_areas=replace(limits.many_areas, allowed=4))
    asked = search(searches.ReportAnomalies, **EVER)
    watch = Watch(room.review, lambda: replace(RULESET, anomalies=strict))
    found = anomalies(watch.report(Admitted(search=asked, cases=None), 5))

    assert [each.entries for each in found if each.pattern == "MANY_AREAS"] == [(2,)]


def test_what_does_not_verify_is_an_incident(engine, room, url, clock):
    """Nobody judges people by what somebody altered."""
    asked_until_refused(engine, clock)
    tamper(url, 'UPDATE leaf SET details_blob = zeroblob(285) WHERE "index" = 2')
    with pytest.raises(TamperedError):
        list(steps(room, 5, **EVER))

    assert set(room.incidents) == {"condemned"}
