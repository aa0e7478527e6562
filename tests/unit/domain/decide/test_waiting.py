"""What waits for a second person, and what has waited for too long."""

from kit.commands import presence, record_facts, retract_facts

from placement.domain.decide.waiting import waiting_records
from placement.domain.terms import MICROS_AN_HOUR


def test_a_record_waits_until_its_change_lapses(court):
    """What a change amends does not wait; it stands."""
    base, _ = court.reply(record_facts(presence(kind="BASE"))).ids
    fact, _ = court.reply(record_facts(presence("B"))).ids
    court.reply(retract_facts(fact))

    assert waiting_records(court.state, court.moment) == {base}
    court.later(72 * MICROS_AN_HOUR)
    assert waiting_records(court.state, court.moment) == set()
