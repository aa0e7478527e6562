"""With or without a snapshot before it, the fold of the log is the same: random lives."""

from dataclasses import is_dataclass
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kit.appended import Log
from kit.commands import (
    NATIONAL,
    SECOND,
    approve,
    assess_case,
    attest,
    check,
    close_case,
    draft,
    end_facts,
    end_placements,
    evaluate,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_facilities,
    register_groups,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import begin_preview, contest_facts, reject, renew_facts, withdraw
from kit.naming import merge_groups
from kit.often import often
from kit.steps import (
    abort,
    acknowledge,
    close_alert,
    confirm,
    hold,
    move_in,
    propose_override,
    release,
    sign_override,
    stop_provider,
)
from kit.world import subject, token

from placement.crypto.custody import FileCustody
from placement.domain.facts import Affiliation, SameAs
from placement.domain.graph import GroupGraph
from placement.domain.indexing import Index
from placement.domain.life_events import Doubt
from placement.domain.residents import Residents
from placement.domain.roll import Roll
from placement.domain.terms import MICROS_A_DAY, AffiliationRole
from placement.service import fold
from placement.service.worker import Worker
from placement.store.log import Store

NUMBERS = count()
PICK = st.integers(0, 10**6)
GROUPS = ("A", "B", "C")


def plain(value, *, ordered=True):
    """Return all that a value holds, down to plain data, order included."""
    if isinstance(value, GroupGraph):  # but for the views it keeps
        value = {"links": value._links, "pairs": value._pairs}
    if isinstance(value, Residents):  # whoever reads it sorts
        value = residents(value)
    if isinstance(value, Index):  # whatever it is made of
        value = dict(value.entries())
    if isinstance(value, Roll):  # a row that was erased has only its number
        value = rows(value)
    if isinstance(value, dict):
        items = [
            (plain(key), plain(item, ordered=ordered)) for key, item in value.items()
        ]
        return items if ordered else sorted(items, key=repr)
    if isinstance(value, set):
        return sorted(value)
    if is_dataclass(value) and value.__hash__:
        return value
    if hasattr(value, "__dict__"):  # first: what is generic has slots, too, and none
        return plain(vars(value), ordered=ordered)
    if hasattr(value, "__slots__"):
        return [plain(getattr(value, name)) for name in value.__slots__]
    return [plain(item) for item in value] if hasattr(value, "append") else value


PASSING = {"agenda", "areas", "at", "calendar", "erasures", "standing", "ledger"}
"""What need not be the same once something was erased: it is named elsewhere (the time, by
the head of the log), or more than is needed is harmless."""


def unordered(state):
    """Return all that a state holds but in what order its indexes came to be."""
    return {
        name: plain(part, ordered=False)
        for name, part in vars(state).items()
        if name not in PASSING
    }


def rows(roll):
    """Return what stands in rows, and what is said of each, by what it is about."""

    def said(lists):
        return {item: [roll.id(row) for row in lists.of(item)] for item in lists}

    members = said(roll._members)
    return {
        "facts": [(roll.fact(row), roll.recorded(row)) for row in roll.rows()],
        "turning": said(roll._turning),
        "reviews": said(roll._reviews),
        "members": {roll.groups.items[group]: members[group] for group in members},
        "regions": said(roll._regions),
    }


def residents(value):
    """Return who is placed where, without the order in which they came."""
    here = [
        (code, str(belonged), sorted(ids))
        for code, groups in value._by_group.items()
        for belonged, ids in groups.items()
    ]
    waiting = sorted(
        (code, sorted(ids)) for code, ids in value._unassessed.items() if ids
    )
    return {"here": sorted(here), "waiting": waiting, "known": sorted(value._groups_of)}


class Town:
    """Makes commands about what earlier ones made; picks are taken modulo."""

    def __init__(self, log):
        self.log = log
        self.cases, self.facts, self.changes, self.stays = [], [], [], []
        self.permits = []

    @staticmethod
    def one(of, pick):
        return of[pick % len(of)] if of else bytes(16)

    def do(self, name, pick):
        self.log.court.later(pick % 3 * MICROS_A_DAY // 2)
        getattr(self, name)(pick)

    def open(self, pick):
        self.cases += self.log.run(open_case(f"h{pick % 5}", f"i{pick % 7}"))

    def assess(self, pick):
        children = (pick % 2,)
        self.log.run(assess_case(self.one(self.cases, pick), children=children))

    def close(self, pick):
        self.log.run(close_case(self.one(self.cases, pick)))

    def record(self, pick):
        a, b = GROUPS[pick % 3], GROUPS[(pick + 1) % 3]
        what = rivalry(a, b, 1 + pick % 3) if pick % 2 else presence(a, kind="BASE")
        *facts, change = self.log.run(record_facts(what)) or (b"",)
        self.facts += facts
        self.changes += [change] if change else []

    def belong(self, pick):
        who, group = subject(f"h{pick % 5}"), token(GROUPS[pick % 3])
        role = AffiliationRole.CORE
        stated = {"subject": who, "group": group, "role": role}
        drafted = draft(Affiliation, "affiliation", **stated)
        self.facts += self.log.run(record_facts(drafted))[:1]

    def same(self, pick):
        low, high = sorted((subject(f"h{pick % 5}"), subject(f"i{pick % 7}")))
        drafted = draft(SameAs, "same_as", low=low, high=high)
        *facts, change = self.log.run(record_facts(drafted)) or (b"",)
        self.facts += facts
        self.changes += [change] if change else []

    def renew(self, pick):
        renewed = renew_facts(self.one(self.facts, pick), days=30 + pick % 60)
        self.changes += [each for each in self.log.run(renewed) if each]

    def doubt(self, pick):
        doubt = Doubt.SOURCE if pick % 3 else None
        self.log.run(contest_facts(self.one(self.facts, pick), doubt=doubt))

    def refuse(self, pick):
        make = reject if pick % 2 else withdraw
        made = self.log.run(make(self.one(self.changes, pick)))
        self.changes += [each for each in made if each]

    def join(self, pick):
        a, b = GROUPS[pick % 3], GROUPS[(pick + 1) % 3]
        self.changes += self.log.run(merge_groups(a, b, undo=not pick % 4))

    def preview(self, pick):
        self.log.run(begin_preview(self.one(self.changes, pick)))

    def end(self, pick):
        self.changes += self.log.run(end_facts((self.one(self.facts, pick), -pick % 2)))

    def retract(self, pick):
        self.changes += self.log.run(retract_facts(self.one(self.facts, pick)))

    def regrade(self, pick):
        self.changes += self.log.run(regrade_facts(self.one(self.facts, pick)))

    def approve(self, pick):
        self.log.run(approve(self.one(self.changes, pick), caller=SECOND))

    def attest(self, pick):
        self.log.run(attest(days=-(pick % 100), caller=NATIONAL))

    def house(self, pick):
        house = (f"house-{pick}", f"firm-{pick % 3}", "2480")
        self.log.run(register_facilities(house, new=[0]))

    def place(self, pick):
        facilities = list(self.log.court.state.facilities)
        house = facilities[pick % len(facilities)] if facilities and pick % 2 else None
        stay = placement(
            self.one(self.cases, pick), facility=house and house.decode().rstrip("\0")
        )
        self.stays += self.log.run(record_placements(stay))

    def leave(self, pick):
        self.changes += self.log.run(end_placements((self.one(self.stays, pick), 0)))

    def hold(self, pick):
        command = hold(self.one(self.cases, pick), ("2480", "0180")[pick % 2])
        self.log.run(command)
        self.stays += [command.hold] if command.hold in self.log.placements else []

    def confirm(self, pick):
        self.log.run(confirm(self.one(self.stays, pick)))

    def move_in(self, pick):
        self.log.run(move_in(self.one(self.stays, pick)))

    def give_up(self, pick):
        make = release if pick % 2 else abort
        self.log.run(make(self.one(self.stays, pick)))

    def override(self, pick):
        self.permits += self.log.run(propose_override(self.one(self.cases, pick)))

    def sign(self, pick):
        self.log.run(sign_override(self.one(self.permits, pick)))

    def stop(self, pick):
        self.changes += self.log.run(stop_provider(f"firm-{pick % 3}", lift=pick % 2))

    def acknowledge(self, pick):
        make = acknowledge if pick % 2 else close_alert
        self.log.run(make(self.one(self.log.alerts, pick), caller=NATIONAL))

    def work(self, pick):
        for _ in range(1 + pick % 4):
            command = Worker().next(self.log.court.state, self.log.court.moment)
            if command is not None:
                self.log.run(command)

    def ask(self, pick):
        name = f"question-{pick % 4}" if pick % 2 else None
        area = ("2480", "0180", "0580")[pick % 3]
        self.log.run(check(self.one(self.cases, pick % 2), area, request=name))

    def erase(self, pick):
        state = self.log.court.state
        some = [*state.facts, *state.cases][pick % 3 :: 4]
        if some:
            self.log.erase(*some)

    def evaluate(self, pick):
        self.log.run(evaluate(1 + pick % 9))


DEEDS = [name for name in vars(Town) if name not in {"one", "do"} and name[0] != "_"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder, and a custody for all stores in it."""
    folder = tmp_path_factory.mktemp("shelf")
    return folder, FileCustody.create(folder / "kek")


@often(20)
@given(
    deeds=st.lists(st.tuples(st.sampled_from(DEEDS), PICK), min_size=1, max_size=40),
    snapshots=st.sets(st.integers(0, 40), max_size=2),
)
@example(deeds=[("open", 0), ("open", 0), ("place", 0), ("leave", 0)], snapshots={3})
@example(
    deeds=[("open", 0), ("place", 0), ("leave", 0), ("approve", 0), ("erase", 1)],
    snapshots={2},
)
def test_a_snapshot_is_nothing_but_a_shorter_log(shelf, deeds, snapshots):
    """From a snapshot or from the first record: the very same state, order and all."""
    folder, custody = shelf
    store = Store.create(f"sqlite:///{folder}/{next(NUMBERS)}.db", custody)
    log = Log(store)
    town = Town(log)
    log.run(register_groups(*GROUPS))
    log.run(attest(caller=NATIONAL))  # so that something can be held
    town.open(0)
    town.assess(0)
    for number, (name, pick) in enumerate(deeds):
        town.do(name, pick)
        if number in snapshots:
            fold.keep(store, *fold.load(store))
    fresh, head = fold.load(store)
    lived = log.state
    store.close()

    assert head.revision == lived.revision
    assert max(fresh.at, head.at) == max(lived.at, head.at)  # whence an engine goes on
    *ours, agenda = fresh.records()
    *theirs, theirs_due = lived.records()
    assert ours == theirs
    if lived.erasures.erased:  # what can't be read touches nothing; erasing it did
        assert set(agenda.event.due) <= set(theirs_due.event.due)
        assert unordered(fresh) == unordered(lived)
    else:
        assert agenda == theirs_due
        if lived.merges.links:  # facts went to the end of indexes then
            assert unordered(fresh) == unordered(lived)
        else:
            assert plain(fresh) == plain(lived)
