"""Replace the label key without losing a label."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import Court, field_of, register_groups
from kit.naming import (
    FAR,
    ME,
    NEW,
    OLD,
    OTHER,
    begin,
    end,
    name_groups,
    named_court,
    renew,
    renewal,
    who,
)
from kit.often import often
from kit.world import subject, token

from placement.domain.decide import rotations
from placement.domain.decide.command import Command
from placement.domain.decide.label_keys import MAX_HANDED
from placement.domain.decide.rotations import MAX_RENEWED
from placement.domain.facts import Group
from placement.domain.names import Names, Person
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    PlacementError,
    StaleError,
)

THIRD = token("third key")


@pytest.fixture
def court():
    """Groups A and B under the old key; three coordinators."""
    return named_court()


def test_a_rotation_from_end_to_end(court):
    """One begins and renews, another one ends; every name stands under the next key."""
    court.reply(begin(OTHER, FAR))
    court.reply(renew("A"))
    court.reply(renew("B"))
    court.reply(end(court.state.names.seen))
    names = court.state.names

    assert (names.key, names.rotation) == (NEW, None)
    assert set(names.prints) == {subject("new A"), subject("new B")}
    assert set(names.handed[OTHER]) == set(names.handed[FAR]) == {NEW}


def test_one_of_two_begins(court):
    """Both name the key that they replace; the other one's next key is nothing."""
    court.reply(begin(OTHER))
    with pytest.raises(ConflictError):
        court.reply(begin(ME, to_key=THIRD, key=THIRD, caller=who(OTHER)))

    assert court.state.names.rotation.to_key == NEW
    assert THIRD not in court.state.names.handed[OTHER]


def test_what_is_replaced_is_what_is_in_force(court):
    """Whoever missed a rotation would replace the wrong key."""
    with pytest.raises(ConflictError):
        court.reply(begin(OTHER, from_key=THIRD))
    court.reply(begin(OTHER))
    court.reply(renew("A", "B"))
    court.reply(end(court.state.names.seen))
    with pytest.raises(ConflictError):
        court.reply(begin(OTHER, to_key=THIRD, key=THIRD))


def test_without_a_name_there_is_nothing_to_replace():
    """The next key would come into force with nothing under it."""
    with pytest.raises(ConflictError):
        Court().reply(begin(OTHER, from_key=b""))


@pytest.mark.parametrize(
    ("given", "receivers", "expected"),
    [
        ({"to_key": OLD, "key": OLD}, (OTHER,), "to_key_id"),
        ({"key": THIRD}, (OTHER,), "keys"),
        ({}, (ME,), "keys"),
        ({"without": (OTHER,)}, (OTHER,), "without"),
        ({"without": (ME,)}, (OTHER,), "without"),
        (
            {"without": tuple(("syd", f"co-{n:03}") for n in range(MAX_HANDED + 1))},
            (OTHER,),
            "without",
        ),
    ],
    ids=["the same", "another", "only me", "left", "me", "many"],
)
def test_what_can_not_begin(court, given, receivers, expected):
    """The next key is another one, handed to somebody else, and to nobody who left."""
    assert field_of(court, begin(*receivers, **given)) == expected


def test_who_left_is_forgotten(court):
    """The exchange key is gone with the beginning."""
    court.reply(begin(OTHER, without=(FAR,)))

    assert set(court.state.names.exchange) == {ME, OTHER}


def test_only_who_began_renews(court):
    """Whoever ends it verifies what somebody else did."""
    court.reply(begin(OTHER))
    for person in (OTHER, ("nord", ME[1])):
        with pytest.raises(AccessDeniedError):
            court.reply(renew("A", caller=who(person)))

    assert court.state.names.renewed == {}


def test_a_name_is_renewed_once(court):
    """Neither twice in a call nor again, and only a name that there is."""
    court.reply(begin(OTHER))
    court.reply(renew("A"))
    twice = replace(renew("B"), renewals=(renewal("B"), renewal("B")))
    for command in (renew("A"), twice, renew("B", "nobody")):
        with pytest.raises(ConflictError):
            court.reply(command)

    assert set(court.state.names.renewed) == {subject("A")}


def test_a_fingerprint_is_one_names(court):
    """Under either key."""
    court.reply(begin(OTHER))
    for known in ("A", "B"):
        taken = replace(renewal("A"), fingerprint=subject(known))
        with pytest.raises(ConflictError):
            court.reply(replace(renew("A"), renewals=(taken,)))
    court.reply(renew("A"))
    taken = replace(renewal("B"), fingerprint=subject("new A"))
    with pytest.raises(ConflictError):
        court.reply(replace(renew("B"), renewals=(taken,)))
    same = (renewal("B"), replace(renewal("B"), renews=subject("A")))
    with pytest.raises(ConflictError):
        court.reply(replace(renew("B"), renewals=same))


def test_renewals_have_limits(court):
    """At least one, and not too many."""
    court.reply(begin(OTHER))

    assert field_of(court, renew()) == "labels"
    assert field_of(court, renew(*map(str, range(MAX_RENEWED + 1)))) == "labels"


def test_nothing_is_renewed_or_ended_without_a_rotation(court):
    """Nor under another key than the one it goes to."""
    for command in (renew("A"), end(bytes(32)), end(give_up=True)):
        with pytest.raises(ConflictError):
            court.reply(command)
    court.reply(begin(OTHER))
    for command in (
        renew("A", to_key=THIRD),
        end(bytes(32), to_key=THIRD),
        end(give_up=True, to_key=THIRD),
    ):
        with pytest.raises(ConflictError):
            court.reply(command)


def test_who_began_does_not_end(court):
    """Under no organisation."""
    court.reply(begin(OTHER))
    court.reply(renew("A", "B"))
    seen = court.state.names.seen
    for person in (ME, ("national", ME[1])):
        with pytest.raises(AccessDeniedError):
            court.reply(end(seen, person=person))

    assert court.state.names.key == OLD


def test_no_label_is_left_behind(court):
    """A name that came meanwhile has to be renewed, too."""
    court.reply(begin(OTHER))
    court.reply(renew("A", "B"))
    court.reply(register_groups("C", key=OLD, caller=who(FAR)))
    court.reply(name_groups(("A", "D"), key=OLD))
    with pytest.raises(ConflictError):
        court.reply(end(court.state.names.seen))
    court.reply(renew("C", "D"))
    court.reply(end(court.state.names.seen))

    assert len(list(court.state.names)) == 4
    assert court.state.names.key == NEW


def test_what_was_not_verified_does_not_come_into_force(court):
    """Whoever ends it names what was opened and compared."""
    court.reply(begin(OTHER))
    court.reply(renew("A"))
    seen = court.state.names.seen
    court.reply(renew("B"))
    with pytest.raises(StaleError):
        court.reply(end(seen))

    assert court.state.names.key == OLD


@pytest.mark.parametrize("person", [ME, OTHER])
def test_a_rotation_is_given_up_by_anybody(court, person):
    """The key in force stays, with every name; the next one begins anew."""
    court.reply(begin(OTHER))
    court.reply(renew("A"))
    court.reply(end(give_up=True, person=person))

    assert (court.state.names.key, court.state.names.rotation) == (OLD, None)
    assert court.reply(begin(OTHER, to_key=THIRD, key=THIRD)).ids == ()


def test_doubles_are_refused_under_either_key(court):
    """While a name stands under both, and afterwards."""
    court.reply(begin(OTHER))
    court.reply(renew("A", "B"))
    for known in ("A", "new A"):
        with pytest.raises(ConflictError):
            court.reply(register_groups(known, key=OLD))
    assert field_of(court, register_groups("C", key=NEW)) == "groups[0].key_id"
    court.reply(end(court.state.names.seen))
    with pytest.raises(ConflictError):
        court.reply(register_groups("new A", key=NEW))
    assert field_of(court, register_groups("C", key=OLD)) == "groups[0].key_id"


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from((ME, OTHER))),
        st.tuples(st.just("renew"), st.sampled_from((ME, OTHER))),
        st.tuples(st.just("end"), st.sampled_from((ME, OTHER))),
        st.tuples(st.just("give up"), st.sampled_from((ME, OTHER))),
        st.tuples(st.just("register"), st.just(ME)),
        st.tuples(st.just("name"), st.just(ME)),
    ),
    max_size=25,
)


def text_of(name: Group) -> str:
    """Return which name a label is: sealing it anew puts a sign in front of it."""
    return name.label.decode().strip("+")


def step(names: Names, kind: str, person: Person, number: int) -> Command:
    """Return what somebody does, as well as can be known from outside."""
    to_key = names.rotation.to_key if names.rotation else token(f"key-{number}")
    common = {"to_key": to_key, "key": to_key}
    if kind == "begin":
        other = OTHER if person == ME else ME
        given = {"from_key": names.key, "caller": who(person)}
        return begin(other, **given, **common)
    if kind == "renew":
        waiting = [one for one in names if one.fingerprint not in names.renewed]
        renewals = tuple(
            rotations.Renewal(
                renews=one.fingerprint,
                fingerprint=subject(f"{to_key[:9]}{text_of(one)}"),
                label=b"+" + one.label,
            )
            for one in waiting
        )
        return replace(renew(caller=who(person), **common), renewals=renewals)
    if kind in {"end", "give up"}:
        give_up = kind == "give up"
        return end(names.seen, give_up=give_up, person=person, to_key=to_key)
    if kind == "register":
        return register_groups(str(number), key=names.key)
    return name_groups(("A", str(number)), key=names.key)


@often(40)
@given(_STEPS)
def test_no_label_is_ever_lost(steps):
    """Whatever two coordinators do in whatever order, every name has its label.

    A label tells here which name it is.
    """
    court = named_court("A")
    names, texts = court.state.names, {"A"}
    for number, (kind, person) in enumerate(steps):
        try:
            court.reply(step(names, kind, person, number))
        except PlacementError:
            continue
        texts |= {f"{number}"} if kind in {"register", "name"} else set()

        assert {text_of(one) for one in names} == texts
        assert {one.key for one in names} == {names.key}
        assert {one.fingerprint for one in names} <= names.prints.keys()
