"""Whatever is stated, it is recorded or refused whole, and by a pure function."""

from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    MOMENT,
    Court,
    coordinator,
    presence,
    record_facts,
    register_groups,
    rivalry,
)
from kit.world import NOW, RULESET, TODAY, token

from placement.domain.decide.drafts import record
from placement.domain.facts import Rivalry
from placement.domain.terms import Micros, Scheme

NOBODY = token("nobody's")
DAYS = st.none() | st.integers(-400, 400).map(lambda days: TODAY + days)
GRADES = st.sampled_from(("1A", "3D", "1E", "4A", ""))
NAMES = st.sampled_from("ABx")


@given(
    pair=st.tuples(NAMES, NAMES),
    severity=st.integers(0, 4),
    span=st.tuples(DAYS, DAYS),
    grade=GRADES,
)
def test_a_rivalry_is_recorded_or_refused_whole(pair, severity, span, grade):
    """What is recorded holds to the schema; whatever doesn't is refused."""
    court = Court()
    court.reply(register_groups("A", "B"))
    begin, end = span
    what = rivalry(*pair, severity, valid_from=begin, valid_to=end, given=grade)
    outcome = court.decide(record_facts(what)).outcome
    fits = (
        set(pair) == {"A", "B"},
        severity in {1, 2, 3},
        None in span or begin <= end,
        grade in RULESET.grades[Scheme.THREE_FIVE_TWO],
    )

    assert (not isinstance(outcome, Exception)) is all(fits)
    for fact in court.state.facts.values():
        assert type(fact) is Rivalry
        assert fact.low < fact.high


def test_recording_is_pure(court):
    """Nothing happens to the state until the events are applied."""
    before = list(court.state.records())
    got = record(court.state, MOMENT, coordinator(), (presence(),), NOBODY)

    assert list(court.state.records()) == before
    assert got.made[-1] == b""
    assert got.events[0].fact.recorded_at == Micros(NOW)
