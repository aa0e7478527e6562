"""Pairs of a changeover lie in the log no longer than the people whose they are."""

import pytest
from kit.changing import (
    NEW,
    OLD,
    OTHER,
    begin_changeover,
    belongs,
    both,
    end_changeover,
    named,
    offer_pairs,
    under,
)
from kit.commands import SECOND, Court, record_facts
from kit.erased import Kept
from kit.stored import on_sqlite
from kit.world import subject, token

from placement.domain.changeover_events import CustodianNamed
from placement.domain.decide.changeovers import without_faded
from placement.domain.events import Record
from placement.domain.facts import Group
from placement.domain.group_events import GroupRegistered
from placement.service import fold
from placement.store import fsck
from placement.store.codec import encode
from placement.store.compaction import compact, retire
from placement.store.head import Head


class Logged(Court):
    """A court whose events are appended to a store; what is erased goes at once."""

    def __init__(self, store):
        self.kept = Kept(store)
        super().__init__(self.kept.state)
        self.kept.apply(CustodianNamed(key_id=OLD))
        group = Group(token=token("A"), fingerprint=subject("A"), label=b"x")
        self.kept.apply(GroupRegistered(group=group))

    def _apply(self, command, decision):
        self.write(*decision.outcome.events)

    def write(self, *events):
        if events:
            self.kept.write(*(Record(at=self.moment.now, event=e) for e in events))
        vault = self.kept.store.vault
        vault.owe(self.state.erasures.erased)
        vault.settle()

    def enrol(self, *names, to_key=NEW):
        pairs = [both(name) for name in names]
        self.reply(offer_pairs(*pairs))
        self.reply(offer_pairs(*pairs, caller=SECOND))

    def erase(self, *facts):
        self.kept.erase(*facts)


@pytest.fixture
def court(store):
    """A changeover is under way; h and i are on record."""
    made = Logged(store)
    made.facts = {
        name: made.reply(record_facts(belongs(named(name, OLD)))).ids[0]
        for name in "hi"
    }
    made.reply(begin_changeover())
    made.reply(begin_changeover(caller=OTHER))
    return made


def finish(court, **given):
    court.reply(end_changeover(**given))
    court.reply(end_changeover(caller=OTHER, **given))


def readable(store):
    """Return whatever opens of the log, with every key that there is."""
    return b"".join(
        encode(store.vault.open(payload)) for _, payload in store.tail(Head.GENESIS)
    )


def found(store, *names):
    """Return who is named under the next key by what opens."""
    content = readable(store)
    return [name for name in names if under(NEW, name) in content]


def refolded(court):
    """Fold the log anew; nothing of it may differ from what was folded as it went."""
    state, _ = fold.load(court.kept.store, anew=True)
    assert vars(state.changeover) == vars(court.state.changeover)
    return state.changeover


def test_who_said_what_goes_with_the_changeover(court):
    """What is left says who is whom, of those on record, and nothing of who said so."""
    court.enrol("h", "i")
    court.reply(offer_pairs(both("h", "somebody else"), caller=OTHER))
    before = found(court.kept.store, "h", "somebody else")
    finish(court)

    assert before == ["h", "somebody else"]
    assert found(court.kept.store, "h", "i", "somebody else") == ["h", "i"]
    assert refolded(court).resolved == {
        under(NEW, name): under(OLD, name) for name in "hi"
    }
    assert fsck.verify(court.kept.store).revision == court.state.revision


def test_nobody_who_was_erased_meanwhile_is_kept(court):
    """Their pair was agreed, and leads to nothing."""
    court.enrol("h", "i")
    court.erase(court.facts["h"])
    finish(court)

    assert found(court.kept.store, "h", "i") == ["i"]
    assert [*refolded(court).resolved] == [under(NEW, "i")]


def test_what_is_given_up_leaves_nothing(court):
    """No pair, of nobody."""
    court.enrol("h", "i")
    court.reply(end_changeover(give_up=True))

    assert found(court.kept.store, "h", "i") == []
    assert refolded(court).resolved == {}


def test_who_is_erased_later_takes_their_pair_along(court):
    """All pairs are written anew without it; nobody else is lost."""
    court.enrol("h", "i")
    finish(court)
    court.erase(court.facts["h"])
    still = found(court.kept.store, "h", "i")
    court.write(*without_faded(court.state))

    assert still == ["h", "i"]
    assert found(court.kept.store, "h", "i") == ["i"]
    assert refolded(court).resolved == {under(NEW, "i"): under(OLD, "i")}
    assert [*without_faded(court.state)] == []
    assert court.state.changeover.of(named("i", NEW)) == under(OLD, "i")


def test_the_last_one_takes_all_of_it(court):
    """Also nothing takes the place of something."""
    court.enrol("h", "i")
    finish(court)
    court.erase(*court.facts.values())
    court.write(*without_faded(court.state))

    assert found(court.kept.store, "h", "i") == []
    assert refolded(court).resolved == {}


@on_sqlite
def test_a_compaction_leaves_neither_bytes_nor_keys_of_them(court, store):
    """What was erased is a stub then; what is kept opens, and is the same."""
    court.enrol("h", "i")
    sealed = [p for _, p in store.tail(Head.GENESIS)]
    finish(court)
    court.erase(court.facts["h"])
    court.write(*without_faded(court.state))
    compact(store, lambda *_: None)
    retire(store, lambda _: None)
    left = [p for _, p in store.tail(Head.GENESIS)]
    offers = [p for p in sealed if p not in left]

    assert len(offers) == 3  # h's fact, and who said what, twice
    assert found(store, "h", "i") == ["i"]
    assert [*refolded(court).resolved] == [under(NEW, "i")]
