"""Exchange keys, and label keys that lie ready."""

from dataclasses import replace

import pytest
from kit.commands import Court, field_of
from kit.naming import (
    FAR,
    ME,
    NEW,
    OLD,
    OTHER,
    begin,
    hand_key_over,
    named_court,
    publish,
    show_label_keys,
    who,
)

from placement.domain.decide.label_keys import MAX_HANDED, PAGE
from placement.errors import ConflictError, NotFoundError

LONG = [("syd", f"co-{number:03}") for number in range(PAGE + 1)]


def test_nothing_to_show():
    """Before anybody published anything."""
    got = Court().reply(show_label_keys())

    assert (got.key, got.rotation, got.exchange, got.handed) == (b"", None, (), ())
    assert not got.more


def test_an_exchange_key_is_the_callers():
    """Whoever publishes is who the certificate says; a newer key replaces it."""
    court = named_court()
    court.reply(publish(OTHER, public_key=b"n" * 32))
    got = {
        (each.organisation, each.person): each.public_key
        for each in court.reply(show_label_keys()).exchange
    }

    assert got == {ME: bytes(32), OTHER: b"n" * 32, FAR: bytes(32)}


def test_exchange_keys_are_shown_in_pages():
    """In the order of their owners; letters stand on the first page."""
    court = Court()
    for person in reversed(LONG):
        court.reply(publish(person))
    court.reply(hand_key_over(LONG[0]))
    first = court.reply(show_label_keys(caller=who(LONG[0])))
    last = court.reply(show_label_keys(LONG[PAGE - 1], caller=who(LONG[0])))

    assert [each.person for each in first.exchange] == [p for _, p in LONG[:PAGE]]
    assert (first.more, len(first.handed)) == (True, 1)
    assert [each.person for each in last.exchange] == [LONG[PAGE][1]]
    assert (last.more, last.handed) == (False, ())


def test_a_key_lies_ready_for_its_receiver():
    """And for nobody else; the sender is who the certificate says."""
    court = named_court()
    court.reply(hand_key_over(OTHER))
    (letter,) = court.reply(show_label_keys(caller=who(OTHER))).handed

    assert (letter.from_organisation, letter.from_person) == ME
    assert (letter.organisation, letter.person) == OTHER
    assert (letter.key, letter.sealed) == (OLD, b"sealed")
    for person in (ME, FAR):
        assert court.reply(show_label_keys(caller=who(person))).handed == ()


def test_only_a_key_that_counts_is_handed_over():
    """The one in force, and while it is replaced the next one."""
    court = named_court()
    with pytest.raises(ConflictError):
        court.reply(hand_key_over(OTHER, key=NEW))
    court.reply(begin(OTHER))
    court.reply(hand_key_over(FAR, key=NEW))
    court.reply(hand_key_over(FAR))
    got = court.reply(show_label_keys(caller=who(FAR))).handed

    assert {each.key for each in got} == {NEW, OLD}


def test_before_the_first_name_any_key_may_be_shared():
    """None is in force that it could differ from."""
    court = Court()
    court.reply(publish(OTHER))
    court.reply(hand_key_over(OTHER, key=NEW))

    assert court.reply(show_label_keys(caller=who(OTHER))).handed[0].key == NEW


def test_a_receiver_has_an_exchange_key():
    """There is nobody else whom it could have been sealed to."""
    court = named_court()
    with pytest.raises(NotFoundError):
        court.reply(hand_key_over(OTHER, ("syd", "co-99")))

    assert court.state.names.handed == {}


def test_keys_have_limits():
    """At least one, and not too many."""
    court = named_court()
    command = hand_key_over(OTHER)
    many = replace(command, keys=command.keys * (MAX_HANDED + 1))

    assert field_of(court, hand_key_over()) == "keys"
    assert field_of(court, many) == "keys"
