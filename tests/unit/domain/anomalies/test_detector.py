"""The detector: deterministic, quiet in ordinary work, bounded and quick."""

from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.watched import DAY, HOUR, MINUTE, MONDAY, SATURDAY, SECOND, limits, seen, told
from kit.world import RULESET, token

from placement.domain.anomalies import pairs, tallies
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.patterns import PATTERNS
from placement.domain.anomalies.seen import Anomaly, Seen
from placement.domain.ruleset import (
    AnomalyLimits,
    CaseLimit,
    Limit,
    NightLimit,
    ShareLimit,
)

TIGHT = AnomalyLimits(
    budget_spent_by_person=Limit(allowed=0, days=1),
    budget_spent_by_organisation=Limit(allowed=1, days=1),
    many_areas=Limit(allowed=2, days=1),
    many_cases=Limit(allowed=1, days=2),
    night_work=NightLimit(allowed=2, days=1, begins=6, ends=20),
    large_share=ShareLimit(percent=60, checks=3, days=1),
    area_probed_by_person=Limit(allowed=1, days=1),
    area_probed_by_organisation=Limit(allowed=2, days=1),
    question_repeated=Limit(allowed=1, days=1),
    evaluated_without_case=CaseLimit(allowed=1, days=1, hours=2),
    refused_by_organisation=Limit(allowed=2, days=1),
    refused_by_certificate=Limit(allowed=1, days=1),
    many_searches=Limit(allowed=1, days=1),
    approved_in_turn=Limit(allowed=1, days=1),
)


def test_what_is_left_out_is_not_looked_for():
    """And everything else is."""
    log = [
        seen(n, MONDAY + n, case="one", areas=(area,))
        for n, area in enumerate(("1480", "0180", "1280"))
    ]
    alone, bare = (
        {each.pattern for each in told(Detector(TIGHT, without), log)}
        for without in (PATTERNS.keys() - {"MANY_AREAS"}, {"MANY_AREAS"})
    )

    assert alone == {"MANY_AREAS"}
    assert "MANY_AREAS" not in bare
    assert bare == {each.pattern for each in told(Detector(TIGHT), log)} - alone


def test_an_anomaly():
    """It says what, who, when, how much, and what supports it."""
    log = [
        seen(40 + n, MONDAY + n, case="one", areas=(area,))
        for n, area in enumerate(("1480", "0180", "1280"))
    ]
    got = told(Detector(limits(many_areas=Limit(allowed=2, days=1))), log)

    assert got == [
        Anomaly(
            pattern="MANY_AREAS",
            organisation="1280",
            person="cw-01",
            case=token("one"),
            at=MONDAY + 2,
            count=3,
            limit=2,
            entries=(40, 41, 42),
        )
    ]


def test_persons_and_cases_that_differ():
    """What not all entries share is left empty."""
    log = [
        seen(n, MONDAY, case=f"case {n}", areas=("1480",), person=f"cw-{n}")
        for n in range(3)
    ]
    limit = Limit(allowed=2, days=1)
    (got,) = told(Detector(limits(area_probed_by_organisation=limit)), log)

    assert (got.organisation, got.person, got.case) == ("1280", "", b"")


def test_the_newest_hundred():
    """No anomaly shows more entries; its number says how many there were."""
    log = [seen(n, SATURDAY + n) for n in range(151)]
    night = NightLimit(allowed=150, days=1, begins=6, ends=20)
    (got,) = told(Detector(limits(night_work=night)), log)

    assert (got.count, got.entries) == (151, tuple(range(51, 151)))


def test_several_at_once():
    """In the order of the table, whichever came first."""
    log = [seen(n, SATURDAY, case=f"{n % 2}", areas=("1480",)) for n in range(4)]
    got = [each.pattern for each in told(Detector(TIGHT), log)]

    assert sorted(got[1:], key=list(PATTERNS).index) == got[1:]
    assert got == [
        "AREA_PROBED_BY_PERSON",
        "NIGHT_WORK",
        "LARGE_SHARE",
        "QUESTION_REPEATED",
        "QUESTION_REPEATED",
    ]


def test_a_clock_that_goes_back():
    """Another server's clock may be behind; nothing leaves the window for that."""
    detector = Detector(limits(many_areas=Limit(allowed=1, days=1)))
    log = [
        seen(0, MONDAY + MINUTE, case="one", areas=("1480",)),
        seen(1, MONDAY, case="one", areas=("0180",)),
    ]
    (got,) = told(detector, log)

    assert (got.at, got.entries) == (MONDAY + MINUTE, (0, 1))


ENTRIES = st.fixed_dictionaries(
    {
        "action": st.sampled_from(
            ["CHECK", "CHECK", "EVALUATE", "CASE_OPEN", "ENTRY_LIST", "NO_METHOD"]
        ),
        "outcome": st.sampled_from(
            ["ANSWERED", "ANSWERED", "ANSWERED", "BUDGET_SPENT", "ACCESS_DENIED"]
        ),
        "person": st.sampled_from(["cw-01", "cw-02"]),
        "organisation": st.sampled_from(["1280", "0180"]),
        "certificate": st.sampled_from(["", "one"]),
        "case": st.sampled_from(["", "one", "two", "three"]),
        "subjects": st.sampled_from([(), ("somebody",), ("somebody", "other")]),
        "areas": st.sampled_from([(), ("1480",), ("1480", "0180", "1280")]),
    }
)
PAUSES = st.sampled_from([0, SECOND, HOUR, 9 * HOUR, DAY, 3 * DAY, -MINUTE])
LOGS = st.lists(st.tuples(PAUSES, ENTRIES), max_size=40)


def written(steps):
    """Return a log of what came after which pauses."""
    log, now = [], MONDAY
    for index, (pause, entry) in enumerate(steps):
        now += pause
        log.append(seen(index, now, **entry))
    return log


@pytest.mark.slow
@given(LOGS, st.integers(0, 40))
def test_a_log_in_two_parts(steps, part):
    """Whoever goes on with the same detector misses nothing and repeats nothing."""
    log = written(steps)
    first = Detector(TIGHT)
    before = told(first, log[:part])
    second = deepcopy(first)
    expected = told(Detector(TIGHT), log)

    assert before + told(first, log[part:]) == expected
    assert before + told(second, log[part:]) == expected


@pytest.mark.slow
@given(LOGS)
def test_what_supports_an_anomaly(steps):
    """Entries that were seen, each once, in order, more of them than are allowed."""
    detector, log = Detector(TIGHT), written(steps)
    for each in log:
        for anomaly in detector.observe(each):
            entries = anomaly.entries

            assert anomaly.count > anomaly.limit
            assert list(entries) == sorted(set(entries))
            assert entries[-1] <= each.index
            assert {log[n].entry.organisation for n in entries} >= {
                anomaly.organisation
            } - {""}
            assert anomaly.at <= detector._now


def ordinary_months():
    """Return what two caseworkers of a small place do in a quarter of a year."""
    log = []

    def enter(at, *actions, **kind):
        for action in actions:
            at += 7 * MINUTE
            areas = kind["areas"] if action == "CHECK" else ()
            subjects = (kind["case"],) if action == "CASE_OPEN" else ()
            entry = kind | {"areas": areas, "subjects": subjects}
            log.append(seen(len(log), at, action, **entry))

    for week in range(13):
        monday, person = MONDAY + 7 * week * DAY, f"cw-0{week % 2 + 1}"
        case = {"case": f"case {week}", "person": person}
        near = ("1480", "1481", "1482", "1440", "1441")[: 2 + week % 4]
        enter(monday, "EVALUATE", "CASE_OPEN", "CASE_SHOW", "CHECK", **case, areas=near)
        for day in (1, 3, 8):  # asks anew, for a CLEAR is soon over
            enter(monday + day * DAY, "CASE_SHOW", "CHECK", **case, areas=near[:1])
    saturday = MONDAY + 5 * DAY
    case = {"case": "in need", "person": "cw-01", "areas": ("1480", "1481")}
    enter(saturday, "EVALUATE", "CASE_OPEN", "CHECK", "CASE_SHOW", "CHECK", **case)
    return sorted(log, key=lambda each: each.entry.at)


def test_ordinary_work_is_no_anomaly():
    """Two colleagues who do their work are left alone by the default limits."""
    log = ordinary_months()

    assert len(log) > 100
    assert told(Detector(RULESET.anomalies), log) == []


def test_the_seventh_area_is_an_anomaly():
    """By the default limits, whoever has spent a budget is told of at once."""
    refused = seen(0, MONDAY, outcome="BUDGET_SPENT", case="one")
    (got,) = told(Detector(RULESET.anomalies), [refused])

    assert (got.pattern, got.count, got.limit) == ("BUDGET_SPENT_BY_PERSON", 1, 0)


def country(count):
    """Return so many different entries of a whole country, all of one instant."""
    draw = Random(3)
    kinds = ["CHECK", "CHECK", "EVALUATE", "CASE_OPEN"]
    outcomes = ["ANSWERED"] * 8 + ["BUDGET_SPENT", "ACCESS_DENIED"]
    return [
        seen(
            n,
            MONDAY,
            draw.choice(kinds),
            outcome=draw.choice(outcomes),
            organisation=f"{n % 290:04}",
            person=f"cw-{n % 4}",
            certificate=f"certificate {n}",
            case=f"case {n}",
            subjects=(f"subject {n}",),
            areas=(f"{draw.randrange(290):04}",),
        )
        for n in range(count)
    ]


def sizes(detector):
    """Return how many items each watch keeps; what it notes beside them fits."""
    found = {}
    for name, watch in detector._watches.items():
        kept = watch._shares if name == "LARGE_SHARE" else watch._tally

        assert kept._size == sum(map(len, kept._held.values()))
        assert set(kept._told) <= set(kept._held)
        found[name] = kept._size
    return found


def test_memory_in_a_rush(monkeypatch):
    """Whatever happens within a window, no more is kept than the limits say."""
    for module in (tallies, pairs):
        monkeypatch.setattr(module, "MAX_HELD", 10_000)
    detector = Detector(RULESET.anomalies)
    entries = country(2_000)
    for n in range(20_000):
        again = entries[n * 7919 % 2_000]
        detector.observe(Seen(n, again.entry, again.outline, again.areas))
    got = sizes(detector)

    assert max(got.values()) <= tallies.MAX_HELD
    assert got["LARGE_SHARE"] > tallies.MAX_HELD // 2
    assert len(detector._watches["EVALUATED_WITHOUT_CASE"]._due) <= tallies.MAX_HELD
    told(detector, [seen(n, MONDAY + n * DAY) for n in (400, 401)])

    assert {name: size for name, size in sizes(detector).items() if size} == {
        "LARGE_SHARE": 2
    }


def test_memory_in_ordinary_times():
    """What has left the windows is not kept."""
    detector = Detector(RULESET.anomalies)
    for n, each in enumerate(country(20_000)):
        entry = replace(each.entry, at=MONDAY + n * HOUR)
        detector.observe(Seen(n, entry, each.outline, each.areas))
    got = sizes(detector)

    # Ninety days hold 2,160 such entries, and a key keeps what is old until it is used.
    assert max(got.values()) <= 3 * 2_160
    assert len(detector._watches["EVALUATED_WITHOUT_CASE"]._due) <= 24
