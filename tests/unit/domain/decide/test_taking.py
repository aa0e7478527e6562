"""Rows of an approved import take effect wholly or not at all, and never twice."""

from dataclasses import replace

import pytest
from kit import importing as im
from kit.commands import (
    SECOND,
    approve,
    draft,
    presence,
    record_facts,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import over
from kit.naming import faction, merge_groups
from kit.world import RULESET, TODAY, token

from placement.domain.decide.command import Note
from placement.domain.decide.taking import AHEAD, SLICE
from placement.domain.events import FactEnded, FactRecorded
from placement.domain.facts import Presence, Rivalry
from placement.domain.import_events import ImportState, ImportTaken, RowRefusal
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import Grade, PresenceKind

AREAS = sorted(code for code, area in RULESET.areas.items() if area.valid_on(TODAY))


class Desk:
    """Stages, approves and takes over."""

    def __init__(self, court):
        self.court = court
        self.staged = []
        self.key = b""

    def approved(self, *rows):
        """Stage rows in one part and have them approved; return the import's id."""
        self.key = self.court.reply(im.begin(len(rows))).ids[0]
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            outcome = self.court.decide(im.append(self.key, *part, position=start))
            self.staged += outcome.outcome.events
        self.court.reply(im.finish(self.key, im.over(*rows)))
        self.court.reply(im.approve(self.key, im.over(*rows)))
        return self.key

    def take(self):
        """Take over one slice; return what was decided."""
        known = self.court.state.imports.next()
        part = max(
            (part for part in self.staged if part.position <= known.taken),
            key=lambda part: part.position,
        )
        return self.court.decide(im.take(part, known.taken))

    def all(self):
        """Take over everything; return the refused rows and why."""
        while self.court.state.imports.next() is not None:
            self.take()
        known = self.court.state.imports.by_id[self.key]
        assert known.state is ImportState.DONE
        return dict(zip(known.refused, known.reasons, strict=True))


@pytest.fixture
def desk(court):
    return Desk(court)


def test_rows_become_facts(court, desk):
    """Facts are firm, of whoever staged them, and carry the import's id."""
    key = desk.approved(im.row(presence(kind="BASE")), im.row(rivalry(severity=3)))
    decision = desk.take()
    recorded, other, taken = decision.outcome.events

    assert [type(recorded.fact), type(other.fact)] == [Presence, Rivalry]
    assert {recorded.import_id, other.import_id} == {key}
    facts = court.state.facts.values()
    assert {(fact.approved, fact.author, fact.region) for fact in facts} == {
        (True, "co-01", "syd")
    }
    assert taken == ImportTaken(id=key, until=2)
    assert decision.note == Note(objects=(key,))
    assert court.state.imports.next() is None


def test_a_row_with_a_known_id_replaces_nothing(court, desk):
    """Recorded since it was staged, or by another row: it alone is refused."""
    known, twice = rivalry(severity=3), rivalry("C", "D")
    other = replace(rivalry("A", "C"), id=twice.id)
    desk.approved(im.row(presence()), im.row(known), im.row(twice), im.row(other))
    fact, _ = court.reply(record_facts(replace(presence(), id=known.id))).ids
    before = court.state.facts[fact]

    assert desk.all() == {1: RowRefusal.CONTRADICTION, 3: RowRefusal.CONTRADICTION}
    assert court.state.facts[fact] == before


def test_a_changed_row_is_one_step(court, desk):
    """The old fact ends and the new one stands with the same record of progress."""
    fact, _ = court.reply(record_facts(presence())).ids
    seen = court.state.histories.changed(fact)
    stated = replace(presence(kind="OCCASIONAL"), replaces=fact)
    key = desk.approved(im.row(stated, ends=(fact, TODAY, seen)))

    decision = desk.take()
    recorded, ended, *_ = decision.outcome.events

    assert (type(recorded), recorded.fact.replaces) == (FactRecorded, fact)
    assert ended == FactEnded(id=fact, valid_to=TODAY, person="co-01", import_id=key)
    assert decision.note == Note(objects=(key, fact))
    assert court.state.facts[fact].valid_to == TODAY


def test_slices(court, desk):
    """So many rows at once; each slice goes on behind the one before, over all parts."""
    rows = [
        im.row(
            draft(
                Presence,
                "presence",
                group=token("A" if n % 2 else "B"),
                area=AREAS[n // 2],
                kind=PresenceKind.ACTIVE,
            )
        )
        for n in range(520)
    ]
    desk.approved(*rows)
    sizes = []
    while (known := court.state.imports.next()) is not None:
        desk.take()
        sizes.append(court.state.imports.by_id[desk.key].taken - known.taken)

    assert max(sizes) == SLICE
    assert sum(sizes) == len(court.state.facts) == 520
    assert court.state.imports.by_id[desk.key].state is ImportState.DONE


def test_two_rows_of_one_pair_see_one_another(court, desk):
    """The second of two doubles is refused, though both were staged in two calls."""
    rows = (im.row(rivalry()), im.row(rivalry("B", "A")))
    desk.key = court.reply(im.begin(2)).ids[0]
    for n, row in enumerate(rows):
        outcome = court.decide(im.append(desk.key, row, position=n)).outcome
        desk.staged += outcome.events
    court.reply(im.finish(desk.key, im.over(*rows)))
    court.reply(im.approve(desk.key, im.over(*rows)))

    assert desk.all() == {1: RowRefusal.CONTRADICTION}


def test_a_discredited_row_keeps_no_true_one_out(court, desk):
    """Nor does one that held on no day."""
    never, _ = court.reply(record_facts(rivalry("C", "D", valid_from=TODAY))).ids
    over(court, never)
    rows = rivalry(given="3E"), rivalry(), rivalry("C", "D")
    desk.approved(*map(im.row, rows))

    assert desk.all() == {}
    assert len(court.state.facts) == 4


def test_two_rows_of_one_circle_see_one_another(court, desk):
    """What closes it was recorded behind the staging; one of both rows is refused."""
    court.reply(record_facts(faction("C", "D")))
    desk.approved(im.row(faction("A", "B")), im.row(faction("B", "C")))
    court.reply(record_facts(faction("D", "A")))

    assert desk.all() == {1: RowRefusal.CONTRADICTION}


@pytest.mark.parametrize(
    ("known", "after"),
    [
        (rivalry("A", "B"), rivalry("A", "C", valid_from=TODAY)),
        (faction("A", "B"), faction("C", "A", valid_from=TODAY)),
    ],
)
def test_what_a_row_ends_makes_room(court, desk, known, after):
    """For links of rows behind it: they wait until it has ended."""
    fact, _ = court.reply(record_facts(known)).ids
    desk.approved(im.row(ends=(fact, TODAY)), im.row(presence()), im.row(after))
    (change,) = court.reply(merge_groups("B", "C")).ids
    court.reply(approve(change))
    desk.take()

    assert court.state.imports.by_id[desk.key].taken == 2
    assert desk.all() == {}


def test_what_makes_no_room_holds_nothing_up(court, desk):
    """A link of another kind, or of another pair, is of the same slice."""
    war, other, _ = court.reply(record_facts(rivalry(), rivalry("C", "D"))).ids
    ends = im.row(ends=(war, TODAY)), im.row(ends=(other, TODAY))
    desk.approved(*ends, im.row(faction("A", "B")), im.row(rivalry("A", "C")))
    desk.take()

    assert court.state.imports.next() is None
    assert desk.all() == {}


def test_one_slice_ends_no_fact_twice(court, desk):
    """The second end of a fact is a contradiction."""
    fact, _ = court.reply(record_facts(presence())).ids
    desk.approved(im.row(ends=(fact, TODAY)), im.row(ends=(fact, TODAY - 1)))

    assert desk.all() == {1: RowRefusal.CONTRADICTION}
    assert court.state.facts[fact].valid_to == TODAY


def test_what_changed_meanwhile(court, desk):
    """Each row is held against what stands now; the others go on."""
    facts = [
        court.reply(record_facts(presence(area=area, kind="OCCASIONAL"))).ids[0]
        for area in AREAS[:4]
    ]
    seen = [court.state.histories.changed(fact) for fact in facts]
    desk.approved(
        im.row(ends=(facts[0], TODAY, seen[0])),
        im.row(ends=(facts[1], TODAY)),
        im.row(rivalry()),
        im.row(ends=(facts[2], TODAY, seen[2])),
        im.row(presence("B")),
    )
    _change(court, facts)
    over(court, facts[1])
    court.reply(record_facts(rivalry()))
    before = dict(court.state.facts)

    assert desk.all() == {
        0: RowRefusal.CHANGED,
        1: RowRefusal.CONTRADICTION,
        2: RowRefusal.CONTRADICTION,
    }
    for fact in (facts[0], facts[1]):
        assert court.state.facts[fact] == before[fact]


def test_a_presence_that_was_recorded_meanwhile(court, desk):
    """It is there twice: what was recorded may be retracted, or count for less."""
    desk.approved(im.row(presence(valid_from=TODAY - 9)))
    court.reply(record_facts(presence(valid_from=TODAY - 9)))

    assert desk.all() == {}
    assert len([*court.state.presences.of("1480")]) == 2


def _change(court, facts):
    change = court.reply(regrade_facts(facts[0], grade="2B")).ids[0]
    court.reply(approve(change, caller=SECOND))


def test_a_retracted_fact_is_not_ended(court, desk):
    """A row about it is refused."""
    fact, _ = court.reply(record_facts(presence())).ids
    desk.approved(im.row(ends=(fact, TODAY)))
    change = court.reply(retract_facts(fact)).ids[0]
    court.reply(approve(change, caller=SECOND))

    assert desk.all() == {0: RowRefusal.CONTRADICTION}


def test_by_the_ruleset_of_now(court, desk):
    """A grade that is no longer one refuses the row; one that counts less counts less."""
    desk.approved(im.row(presence(given="1B")), im.row(presence("B", given="2B")))
    grades = {
        scheme: {
            given: Grade.WEAK if given == "2B" else grade
            for given, grade in known.items()
            if given != "1B"
        }
        for scheme, known in RULESET.grades.items()
    }
    ruleset: Ruleset = replace(RULESET, grades=grades)
    court.moment = replace(court.moment, ruleset=ruleset)

    assert desk.all() == {0: RowRefusal.INVALID}
    assert [fact.grade for fact in court.state.facts.values()] == [Grade.WEAK]


def test_absent_facts(court, desk):
    """A fact that is on record no more refuses its row."""
    fact, _ = court.reply(record_facts(presence())).ids
    desk.approved(im.row(ends=(fact, TODAY)))
    del court.state.facts[fact]

    assert desk.all() == {0: RowRefusal.ABSENT}


def test_what_another_server_did(court, desk):
    """The same slice again, or rows that are not those, change nothing."""
    desk.approved(*(im.row(presence(area=area)) for area in AREAS[:200]))
    part = desk.staged[0]
    desk.take()
    for command in (
        im.take(part, 0),
        im.take(replace(part, digest=bytes(32)), SLICE),
        im.take(replace(part, id=token("none")), SLICE),
    ):
        assert court.decide(command).outcome.events == ()
    assert desk.all() == {}
    assert court.decide(im.take(part, 200)).outcome.events == ()
    assert len(court.state.facts) == 200


def test_a_kill_between_slices(court, desk):
    """Whoever folds what was written goes on behind the last row taken over."""
    desk.approved(*(im.row(presence(area=area)) for area in AREAS[:200]))
    desk.take()
    folded = State()
    for record in court.state.records():
        folded.apply(record)
    folded.revision = court.state.revision
    court.state = folded

    assert desk.all() == {}
    assert len(court.state.facts) == 200


def test_keys_are_looked_for_once_for_many_rows(desk):
    """Whoever takes over a slice finds most times that nothing is new."""
    desk.approved(*[presence_row(area) for area in AREAS[: AHEAD + 3 * SLICE]])
    (staged,) = desk.staged
    known, looked = set(), []
    for after in range(0, len(staged.rows), SLICE):
        ahead = im.take(staged, after).ahead
        looked.append(len(set(ahead) - known))
        known.update(ahead)

    assert looked == [AHEAD, *[0] * (AHEAD // SLICE - 1), 3 * SLICE, 0, 0]
    assert len(known) == len(staged.rows)


def presence_row(area):
    return im.row(presence(area=area))
