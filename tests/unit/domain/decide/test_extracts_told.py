"""What an extract tells: what is the person's own, released, and there still."""

import pytest
from kit.commands import draft, field_of, open_case, presence, record_facts
from kit.extracted import granted, known, proposed
from kit.extracting import read_extract, seen_extract, show_extract
from kit.world import subject, token

from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.extract_events import ExtractPart
from placement.domain.facts import Tie


@pytest.fixture
def court():
    return known()


def test_a_case_that_was_erased_is_told_by_its_handle(court):
    """Of the handles that were given, and of no other."""
    gone = DossiersErased(dossiers=(token("gone"), token("more")))
    court.state.apply(Record(at=court.moment.now, event=gone))
    cases = (token("gone"), token("case"), token("none"))
    change = proposed(court, cases=cases)
    looked = court.reply(show_extract(change))
    court.reply(seen_extract(court, change))

    assert looked.erased == (token("gone"),)
    assert court.reply(read_extract(change)).erased == (token("gone"),)


def test_what_is_erased_afterwards_is_not_told(court):
    """A released fact, a case; they are gone from what could be read."""
    who = {"subject": subject("h"), "area": "1480", "danger": False}
    (fact,) = court.reply(record_facts(draft(Tie, "tie", **who))).ids[:1]
    change = granted(court, released=(fact,))
    before = court.reply(read_extract(change)).kept
    gone = DossiersErased(dossiers=(fact, token("case")))
    court.state.apply(Record(at=court.moment.now, event=gone))
    after = court.reply(read_extract(change)).kept

    assert (len(before.facts), len(before.cases)) == (1, 1)
    assert (after.facts, after.cases) == ((), ())


def test_only_what_could_be_told_is_released(court):
    """Another's fact is refused, and named as at fault."""
    (fact,) = court.reply(record_facts(presence("A"))).ids[:1]
    change = proposed(court)
    for released in ((fact,), (token("case"),), (token("none"),)):
        command = seen_extract(court, change, released=released)
        assert field_of(court, command) == "released_ids"


def test_an_own_case_is_told_unless_it_is_withheld(court):
    """Nothing else can be withheld by name: it is withheld without."""
    change = granted(court, withheld=(token("case"),))
    waiting = proposed(court)

    assert court.reply(read_extract(change)).kept.cases == ()
    for withheld in ((token("none"),), tuple(map(token, map(str, range(501))))):
        command = seen_extract(court, waiting, withheld=withheld)
        assert field_of(court, command) == "withheld_ids"


def test_a_case_that_was_opened_afterwards_is_not_told(court):
    """The second coordinator could not withhold it."""
    change = granted(court)
    court.later(1)
    court.reply(open_case("h", handle=token("later")))
    told = court.reply(read_extract(change)).kept.cases
    anew = court.reply(read_extract(granted(court))).kept.cases

    assert [each.case.handle for each in told] == [token("case")]
    assert [each.case.handle for each in anew] == [token("case"), token("later")]


def test_what_else_is_told_comes_with_it(court):
    """Each part once, in one order."""
    parts = (ExtractPart.POLICE_ENTRIES, ExtractPart.VERDICTS, ExtractPart.VERDICTS)
    change = granted(court, parts=parts)

    assert court.reply(read_extract(change)).parts == (
        ExtractPart.VERDICTS,
        ExtractPart.POLICE_ENTRIES,
    )
