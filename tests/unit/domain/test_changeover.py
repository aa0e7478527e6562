"""Under which key pseudonyms are made, and how another one takes its place."""

from dataclasses import replace

import pytest
from kit.changing import (
    BEGUN,
    NEW,
    OLD,
    THIRD,
    agree,
    both,
    ended,
    named,
    offered,
    pair,
    under,
)
from kit.world import World, subject

from placement.domain.changeover import on_record, stands
from placement.domain.changeover_events import (
    ChangeoverBegun,
    ChangeoverEnded,
    CustodianNamed,
    Pair,
)
from placement.domain.erasure_events import DossiersErased
from placement.errors import InvalidInputError, TamperedError


@pytest.fixture
def world():
    """The old key is in force, and h is on record."""
    world = World()
    world.apply(CustodianNamed(key_id=OLD))
    world.affiliation("h", "A")
    return world


def refused(world, named):
    with pytest.raises(InvalidInputError) as caught:
        world.state.changeover.of(named)
    return caught.value.field, caught.value.description


# Who is on record


def test_everybody_is_on_record_of_whom_something_speaks():
    """As a member, in a fact of any kind, or as the source of a threat; no group is."""
    world = World()
    world.affiliation("a", "A")
    world.same_as("b", "c")
    world.tie("d", "0180")
    world.located("e", "0180")
    world.threat("f", by="g")
    world.threat("f", group="A")
    world.case("i")
    everybody = set(map(subject, "abcdefgi"))

    assert on_record(world.state) == everybody
    assert all(stands(world.state, each) for each in everybody)
    assert not stands(world.state, subject("z"))


def test_what_was_retracted_speaks_until_it_is_erased(world):
    """An extract has to find it."""
    (fact,) = world.state.facts
    world.retract(fact)
    assert on_record(world.state) == {subject("h")}
    world.apply(DossiersErased(dossiers=(fact,), counts=()))

    assert on_record(world.state) == set()


# Whom a request names


def test_the_key_in_force_names_somebody(world):
    """Alone, or beside another; in whichever order."""
    of = world.state.changeover.of

    assert of(named("h", OLD)) == subject("h")
    assert of(named("h", OLD, NEW)) == of(named("h", NEW, OLD)) == subject("h")
    assert of(subject("x")) == subject("x")


@pytest.mark.parametrize("begun", [False, True])
def test_another_key_alone_names_nobody(world, begun):
    """Not the next one before it is in force, whoever has a pair: that would tell who."""
    if begun:
        world.apply(BEGUN)
        agree(world, pair("h"))
    expected = ("pseudonyms[0]", "was made under a key that is not in force")

    assert refused(world, named("h", NEW)) == expected
    assert refused(world, named("h", THIRD)) == expected
    assert refused(world, named("h")) == expected


def test_what_names_no_key_is_taken_as_long_as_one_was_in_force(world):
    """Afterwards it may be under either, and would perhaps find nobody."""
    bare = replace(named("h", OLD), under=((b"", subject("h")),))
    of = world.state.changeover.of
    assert of(bare) == subject("h")
    world.apply(BEGUN)
    assert of(bare) == subject("h")
    world.apply(ChangeoverEnded(done=False, left=()))
    assert of(bare) == subject("h")
    world.apply(BEGUN)
    world.apply(ended(world.state))

    assert refused(world, bare)[0] == "pseudonyms[0]"


def test_the_next_key_leads_to_who_was_known(world):
    """Their subject stays what it was; the old key names nobody any more."""
    world.apply(BEGUN)
    agree(world, pair("h"))
    world.apply(ended(world.state))
    changeover = world.state.changeover

    assert (changeover.key, changeover.before, changeover.begun) == (NEW, OLD, None)
    assert changeover.of(named("h", NEW)) == subject("h")
    assert changeover.of(named("h", OLD, NEW)) == subject("h")
    assert changeover.of(named("new", NEW)) == under(NEW, "new")
    assert refused(world, named("h", OLD))[0] == "pseudonyms[0]"
    assert changeover.serves == {OLD, NEW}
    assert not changeover.left


def test_a_second_changeover_leads_on(world):
    """From the third key to the subject under the first."""
    world.apply(BEGUN)
    agree(world, pair("h"))
    world.apply(ended(world.state))
    world.affiliation("new", "A")
    changeover = world.state.changeover
    world.apply(ChangeoverBegun(from_key=NEW, to_key=THIRD))
    found = changeover.pair(named("h", NEW, THIRD))
    assert found == Pair(old=subject("h"), new=under(THIRD, "h"))
    agree(world, found, Pair(old=subject("new"), new=under(THIRD, "new")))
    world.apply(ended(world.state))

    assert changeover.of(named("h", THIRD)) == subject("h")
    assert changeover.of(named("new", THIRD)) == subject("new")
    assert changeover.serves == {NEW, THIRD}
    assert not changeover.left


def test_what_is_given_up_leaves_everything_as_it_was(world):
    """Pairs are heard anew, should it begin again."""
    world.apply(BEGUN)
    agree(world, pair("h"))
    world.apply(ChangeoverEnded(done=False, left=()))
    changeover = world.state.changeover

    assert changeover.of(named("h", OLD)) == subject("h")
    assert (changeover.key, changeover.agreed, changeover.offers) == (OLD, {}, {})


# Pairs


@pytest.mark.parametrize(
    ("offers", "agreed"),
    [
        ([("co-01", True)], False),
        ([("co-01", True), ("co-01", True)], False),
        ([("co-01", True), ("co-02", True)], True),
        ([("cw-01", False), ("co-01", True)], True),
        ([("co-01", True), ("cw-01", False)], True),
        ([("cw-01", False), ("cw-02", False)], False),
        ([("cw-01", False), ("cw-02", False), ("co-01", True)], True),
    ],
)
def test_two_persons_agree_one_of_them_a_coordinator(world, offers, agreed):
    """One person's word could hide somebody."""
    world.apply(BEGUN)
    for by, coordinates in offers:
        world.apply(offered(pair("h"), by=by, coordinates=coordinates))
    changeover = world.state.changeover

    assert (changeover.agreed == {subject("h"): under(NEW, "h")}) is agreed
    assert changeover.without_pair(world.state) == (set() if agreed else {subject("h")})
    assert bool(changeover.offers) is not agreed


def test_one_person_with_two_certificates_is_one(world):
    """Wherever they work and whatever they are there; as with changes."""
    world.apply(BEGUN)
    world.apply(offered(pair("h"), by="x-01"))
    world.apply(offered(pair("h"), by="x-01", coordinates=False))
    world.apply(replace(offered(pair("h"), by="x-01"), organisation="nord"))
    assert not world.state.changeover.agreed
    world.apply(offered(pair("h"), by="x-02", coordinates=False))

    assert world.state.changeover.agreed == {subject("h"): under(NEW, "h")}


def test_whoever_says_otherwise_later_takes_back_what_they_said(world):
    """A slip in a list is put right by the next one."""
    world.apply(BEGUN)
    world.apply(offered(pair("h", "x")))
    world.apply(offered(pair("h")))
    world.apply(offered(pair("h", "x"), by="co-02"))
    assert not world.state.changeover.agreed
    world.apply(offered(pair("h"), by="co-02"))

    assert world.state.changeover.agreed == {subject("h"): under(NEW, "h")}


def test_what_is_agreed_stays_whoever_says_otherwise(world):
    """One person changes nothing; two who do are a dispute."""
    world.apply(BEGUN)
    agree(world, pair("h"))
    world.apply(offered(pair("h"), by="co-03"))
    world.apply(offered(pair("h", "x"), by="co-03"))
    changeover = world.state.changeover
    assert (changeover.agreed, changeover.disputed) == (
        {subject("h"): under(NEW, "h")},
        {},
    )
    world.apply(offered(pair("h", "x"), by="co-04"))

    assert changeover.agreed == {subject("h"): under(NEW, "h")}
    assert list(changeover.disputed) == [subject("h")]


def test_one_new_pseudonym_is_not_two_persons(world):
    """The second pair with it is a dispute, not an answer."""
    world.affiliation("p", "A")
    world.apply(BEGUN)
    agree(world, pair("p", "h"))
    agree(world, pair("h"))
    changeover = world.state.changeover

    assert changeover.agreed == {subject("p"): under(NEW, "h")}
    assert list(changeover.disputed) == [subject("h")]


def test_a_pair_is_under_both_keys(world):
    """Not under one of them, nor another one."""
    changeover = world.state.changeover
    for begun in (False, True):
        if begun:
            world.apply(BEGUN)
            assert changeover.pair(both("h")) == pair("h")
        for keys in ((OLD,), (NEW,), (OLD, THIRD), ()):
            with pytest.raises(InvalidInputError):
                changeover.pair(named("h", *keys))
    world.apply(ended(world.state))
    with pytest.raises(InvalidInputError):
        changeover.pair(both("h"))


# Who is left


def test_who_has_no_pair_at_the_end_is_left(world):
    """Until what is on record about them is erased."""
    (fact,) = world.state.facts
    other = world.affiliation("p", "A")
    world.apply(BEGUN)
    agree(world, pair("p"))
    world.apply(ended(world.state))
    assert list(world.state.changeover.left) == [subject("h")]
    world.apply(DossiersErased(dossiers=(other,), counts=()))
    assert list(world.state.changeover.left) == [subject("h")]
    world.apply(DossiersErased(dossiers=(fact,), counts=()))

    assert not world.state.changeover.left


def test_who_was_left_stays_left_over_the_next_changeover(world):
    """No pseudonym leads to them from there either."""
    world.apply(BEGUN)
    world.apply(ended(world.state))
    world.apply(ChangeoverBegun(from_key=NEW, to_key=THIRD))
    world.apply(ended(world.state))

    assert list(world.state.changeover.left) == [subject("h")]


def test_an_end_without_a_beginning_is_none(world):
    """A hole in the log is an incident."""
    with pytest.raises(TamperedError):
        world.apply(ended(world.state))


def test_who_is_left_stays_left_in_a_snapshot_of_a_log_that_was_erased_from(world):
    """Else a restart would make CLEAR what nobody can know."""
    other = world.affiliation("i", "A")
    world.apply(BEGUN)
    world.apply(ChangeoverEnded(done=True, left=(subject("h"),)))
    world.apply(DossiersErased(dossiers=(other,), counts=()))
    again = World()
    for record in world.state.records():
        again.state.apply(record)

    assert [*again.state.changeover.left] == [subject("h")]
