"""What has to be weighed again."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.world import NOW, TODAY, token

from placement.domain.agenda import NOTHING, Agenda, Due, Round, Touch, joined

A, B, C = (Touch(groups=(token(name),)) for name in "ABC")
DAY = Touch(first_day=TODAY, last_day=TODAY)
SWEEP = Touch(everything=True, sweep=True)


@pytest.fixture
def agenda():
    """Quick, slow, quick, slow, quick: 1 to 5."""
    agenda = Agenda()
    for revision, touch in enumerate((A, DAY, B, SWEEP, C), start=1):
        agenda.add(revision, (touch,))
    return agenda


def revisions(agenda):
    return [due.revision for due in agenda]


def test_what_touches_nothing_is_not_due():
    """Nor is what says so twice."""
    agenda = Agenda()
    agenda.add(1, ())
    agenda.add(2, (NOTHING, Touch()))

    assert (len(agenda), agenda.next()) == (0, None)


def test_quick_work_goes_first(agenda):
    """All of it together; then the slow, one by one, the oldest first."""
    turns = []
    while (turn := agenda.next()) is not None:
        turns.append(turn)
        agenda.work_off(turn.until, b"", done=True)

    assert turns == [
        Round(until=5, after=b""),
        Round(until=2, after=b""),
        Round(until=4, after=b""),
    ]


def test_a_round_touches_what_its_dues_do(agenda):
    """Slow ones are rounds of their own."""
    got = [agenda.touch_of(until) for until in (1, 2, 3, 4, 5)]

    assert got == [A, DAY, joined((A, B)), SWEEP, joined((A, B, C))]


def test_a_round_that_has_begun_takes_no_more_in(agenda):
    """What comes meanwhile is worked off after it, from the beginning."""
    agenda.work_off(3, token("x"), done=False)
    begun = agenda.next()
    agenda.add(6, (A,))
    still = agenda.next()
    agenda.work_off(3, token("y"), done=True)

    assert begun == still == Round(until=3, after=token("x"))
    assert agenda.next() == Round(until=6, after=b"")
    assert revisions(agenda) == [2, 4, 5, 6]


def test_a_slow_round_is_interrupted(agenda):
    """It goes on where it was, when nothing quick is left."""
    agenda.work_off(5, b"", done=True)
    agenda.work_off(2, token("x"), done=False)
    agenda.add(6, (A,))
    quick = agenda.next()
    agenda.work_off(6, b"", done=True)

    assert (quick.until, agenda.next()) == (6, Round(until=2, after=token("x")))


def test_work_that_is_not_due_is_passed_by(agenda):
    """Another release may have touched more."""
    agenda.work_off(5, b"", done=True)
    agenda.work_off(5, b"", done=True)

    assert agenda.touch_of(5) == NOTHING
    assert revisions(agenda) == [2, 4]


def test_a_snapshot_is_kept(agenda):
    """This and nothing else is due."""
    kept = (Due(revision=9, touch=A, after=token("x")),)
    agenda.keep(kept)

    assert tuple(agenda) == kept


def test_rules_that_were_followed():
    """The last ones at the end, each once."""
    agenda = Agenda()
    for rules in (b"a", b"b", b"a"):
        agenda.follow(rules, NOW)

    assert (agenda.rules, agenda.ruled_at) == ((b"b", b"a"), NOW)


_TOKENS = st.lists(st.binary(min_size=1, max_size=1), max_size=3).map(tuple)
_LISTS = [
    each.name
    for each in fields(Touch)
    if each.name not in ("first_day", "last_day", "everything", "sweep")
]


@given(
    st.lists(st.builds(Touch, **dict.fromkeys(_LISTS, _TOKENS)), max_size=4),
    st.booleans(),
)
def test_joined_is_all_of_it(touches, everything):
    """Each thing that some touch touches, once; and whether one touches everything."""
    if everything:
        touches = [*touches, SWEEP]
    got = joined(touches)

    for name in _LISTS:
        parts = [part for touch in touches for part in getattr(touch, name)]
        assert getattr(got, name) == tuple(dict.fromkeys(parts))
    assert (got.everything, got.sweep) == (everything, everything)


@pytest.mark.parametrize(
    ("touch", "slow"), [(A, False), (DAY, True), (SWEEP, True), (NOTHING, False)]
)
def test_what_may_reach_many_is_slow(touch, slow):
    """So that others go first."""
    assert touch.slow is slow
