"""Groups and facilities get tokens; a known name is refused."""

from dataclasses import replace

import pytest
from kit.commands import (
    Court,
    approve,
    field_of,
    list_groups,
    register_facilities,
    register_groups,
)
from kit.naming import NEW, OLD, OTHER, begin, merge_groups, name_groups, publish, renew
from kit.world import subject, token

from placement.domain.decide.groups import MAX_REGISTERED, PAGE, place_of
from placement.domain.facts import Facility, Group
from placement.errors import ConflictError, NotFoundError

NAMES = [f"g-{number:03}" for number in range(PAGE + 1)]


@pytest.fixture
def court():
    """A court where nothing is registered."""
    return Court()


# Groups


def test_groups_get_their_tokens(court):
    """In order; what stands is token, fingerprint and sealed label."""
    assert court.reply(register_groups("B", "A")).ids == (token("B"), token("A"))
    assert court.state.groups[token("A")] == (
        Group(token=token("A"), fingerprint=subject("A"), label=b"A"),
    )


def test_a_known_fingerprint_is_refused(court):
    """One name is one group, within a request and over time; nothing is stored."""
    twice = register_groups("A", "B")
    first, second = twice.groups
    groups = (first, replace(second, fingerprint=first.fingerprint))
    with pytest.raises(ConflictError):
        court.reply(replace(twice, groups=groups))
    court.reply(register_groups("A"))
    with pytest.raises(ConflictError):
        court.reply(register_groups("B", "A"))

    assert list(court.state.groups) == [token("A")]


@pytest.mark.parametrize("size", [0, MAX_REGISTERED + 1])
def test_groups_have_limits(court, size):
    """At least one, and not too many."""
    assert field_of(court, register_groups(*NAMES[:size])) == "groups"


def test_groups_are_listed_in_pages(court):
    """In the order of their tokens, whatever the order of registration."""
    court.reply(register_groups(*reversed(NAMES[1:])))
    full = court.reply(list_groups())
    court.reply(register_groups(NAMES[0]))
    first = court.reply(list_groups())
    last = court.reply(list_groups(after=place_of(first.groups[-1])))

    assert (len(full.groups), full.more) == (PAGE, False)
    assert [group.token for group in first.groups] == [*map(token, NAMES[:PAGE])]
    assert first.more
    assert [group.token for group in last.groups] == [token(NAMES[PAGE])]
    assert not last.more


def test_nothing_to_list(court):
    """An empty page is the last one."""
    page = court.reply(list_groups())

    assert (page.groups, page.more) == ((), False)


def test_a_group_gets_further_names(court):
    """Each is listed, with what it is and what stands for the group."""
    court.reply(register_groups("B", "A", key=OLD))
    court.reply(name_groups(("A", "Aleph"), ("B", "Beth"), key=OLD))
    (change,) = court.reply(merge_groups("A", "B")).ids
    court.reply(approve(change))
    court.reply(publish(OTHER))
    court.reply(begin(OTHER))
    court.reply(renew("Aleph"))
    page = court.reply(list_groups())

    assert [(one.token, one.label) for one in page.groups] == [
        (token("A"), b"A"),
        (token("A"), b"Aleph"),
        (token("B"), b"B"),
        (token("B"), b"Beth"),
    ]
    assert page.further == {subject("Aleph"), subject("Beth")}
    assert page.renewed.keys() == {subject("Aleph")}
    assert page.renewed[subject("Aleph")].key == NEW
    assert page.chiefs == {token("B"): token("A")}
    assert [(one.low, one.high) for one in page.merges] == [(token("A"), token("B"))]
    assert page.key == OLD


def test_a_further_name_is_a_new_one(court):
    """Neither known nor twice, of a group that there is, under the key in force."""
    court.reply(register_groups("A", "B", key=OLD))
    court.reply(name_groups(("A", "Aleph"), key=OLD))
    for names in (("A", "B"),), (("B", "Aleph"),), (("A", "x"), ("B", "x")):
        with pytest.raises(ConflictError):
            court.reply(name_groups(*names, key=OLD))
    with pytest.raises(NotFoundError):
        court.reply(name_groups(("A", "x"), ("nobody", "y"), key=OLD))

    assert field_of(court, name_groups(("A", "x"), key=NEW)) == "names[0].key_id"
    assert field_of(court, name_groups(("A", "x"))) == "names[0].key_id"
    assert field_of(court, name_groups()) == "names"
    assert len(list(court.state.names)) == 3


def test_a_group_is_registered_under_the_key_in_force(court):
    """Under another one a known name would be a second group."""
    both = register_groups("A", "B", key=OLD)
    first, second = both.groups
    mixed = replace(both, groups=(first, replace(second, key=NEW)))

    assert field_of(court, mixed) == "groups[1].key_id"
    court.reply(register_groups("C"))  # an older client's, which names no key
    court.reply(both)
    assert field_of(court, register_groups("D", key=NEW)) == "groups[0].key_id"
    assert field_of(court, register_groups("D")) == "groups[0].key_id"


# Facilities


def test_facilities_get_their_tokens(court):
    """Token and provider in turn; a known provider runs a second house."""
    first = register_facilities(("one", "firm", "1480"), new=[0])
    second = register_facilities(
        ("two", "firm", "2480"), ("3", "other", "2480"), new=[1]
    )

    assert court.reply(first).ids == (token("one"), token("firm"))
    assert court.reply(second).ids == (
        token("two"),
        token("firm"),
        token("3"),
        token("other"),
    )
    assert court.state.facilities[token("two")] == Facility(
        token=token("two"), provider=token("firm"), area="2480"
    )
    assert court.state.providers == {token("firm"), token("other")}


def test_an_unknown_provider_is_refused(court):
    """A token that nobody got names nobody."""
    with pytest.raises(NotFoundError):
        court.reply(register_facilities(("house", "nobody", "1480")))


def test_a_facility_stands_in_a_municipality(court):
    """A code that is none is refused by its position."""
    houses = (("one", "firm", "1480"), ("two", "firm", "0199"))
    command = register_facilities(*houses, new=[0, 1])

    assert field_of(court, command) == "facilities[1].area"
    assert court.state.facilities == {}


@pytest.mark.parametrize("size", [0, MAX_REGISTERED + 1])
def test_facilities_have_limits(court, size):
    """At least one, and not too many."""
    houses = [(name, name, "1480") for name in NAMES[:size]]

    assert field_of(court, register_facilities(*houses, new=range(size))) == (
        "facilities"
    )
