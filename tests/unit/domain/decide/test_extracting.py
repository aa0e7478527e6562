"""What is gathered about a person: their own, of one region, and of nobody else."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    Court,
    approve,
    caseworker,
    coordinator,
    draft,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_groups,
    retract_facts,
    rivalry,
)
from kit.world import NOW, subject, token

from placement.domain.decide.extracting import kept_of
from placement.domain.facts import Affiliation, Located, SameAs, Threat, Tie
from placement.domain.terms import AffiliationRole

NORD = coordinator("nord", "co-05"), coordinator("nord", "co-06")


@pytest.fixture
def court():
    made = Court()
    made.reply(register_groups("A", "B"))
    return made


def recorded(court, *drafts, by=(COORDINATOR, SECOND)):
    *facts, change = court.reply(record_facts(*drafts, caller=by[0])).ids
    if change:
        court.reply(approve(change, caller=by[1]))
    return facts


def affiliated(who="h", group="A"):
    stated = {"group": token(group), "role": AffiliationRole.CORE}
    return draft(Affiliation, "affiliation", subject=subject(who), **stated)


def tied(who="h", area="1480"):
    return draft(Tie, "tie", subject=subject(who), area=area, danger=False)


def threatened(target="h", source="x", group=None):
    return draft(
        Threat,
        "threat",
        target=subject(target),
        source_group=None if group is None else token(group),
        source_subject=None if source is None else subject(source),
        severity=2,
    )


def located(who="h"):
    return draft(Located, "located", subject=subject(who), area="1480")


def same(one="h", other="i"):
    return draft(SameAs, "same_as", low=subject(one), high=subject(other))


def kept(court, *who, region="syd"):
    subjects = tuple(map(subject, who or ("h",)))
    return kept_of(court.state, subjects, region, court.moment)


def ids(found):
    return [fact.id for fact in found.facts]


def test_facts_about_the_person_are_found(court):
    """Of the kinds that can be told, each once, retracted ones too."""
    facts = recorded(
        court,
        affiliated(),
        tied(),
        threatened(),
        same("h", "z"),
        threatened(group="A", source=None),
    )
    (_,) = change = court.reply(retract_facts(facts[1])).ids
    court.reply(approve(change[0]))
    found = kept(court)

    assert sorted(ids(found)) == sorted(facts)
    assert [fact.retracted for fact in found.facts if fact.id == facts[1]] == [True]
    assert found.releasable == set(facts)


def test_nothing_about_anybody_else_is_found(court):
    """What others are, what the person does to others, and where the groups are."""
    recorded(
        court,
        affiliated("other"),
        tied("other"),
        threatened("other", "h"),
        located("h"),
        rivalry("A", "B"),
        presence("A"),
    )

    assert kept(court).facts == ()


def test_a_link_to_another_number_leads_nowhere(court):
    """It may be wrong: what is kept under the other is told to whoever names it."""
    facts = recorded(court, same("h", "i"), affiliated("i"), tied("i", "0180"))
    court.reply(open_case("i", handle=token("theirs")))
    court.reply(open_case("h", handle=token("own")))

    assert ids(kept(court)) == facts[:1]
    assert [each.case.handle for each in kept(court).cases] == [token("own")]
    assert sorted(ids(kept(court, "h", "i"))) == sorted(facts)
    assert {each.case.handle for each in kept(court, "i", "h").cases} == {
        token("own"),
        token("theirs"),
    }


def test_a_region_finds_its_own_alone(court):
    """The national unit finds all."""
    (own,) = recorded(court, affiliated())
    (theirs,) = recorded(court, tied(area="2480"), by=NORD)
    court.reply(open_case("h", handle=token("syd")))
    court.reply(open_case("h", handle=token("nord"), caller=caseworker("2480")))
    by = {region: kept(court, region=region) for region in ("syd", "nord", "national")}

    assert {region: set(ids(found)) for region, found in by.items()} == {
        "syd": {own},
        "nord": {theirs},
        "national": {own, theirs},
    }
    assert {
        region: {each.case.handle for each in found.cases}
        for region, found in by.items()
    } == {
        "syd": {token("syd")},
        "nord": {token("nord")},
        "national": {token("syd"), token("nord")},
    }


def test_a_case_is_theirs_who_leaves(court):
    """Where another stands first, it would tell where that person is."""
    for handle, members in (("own", ("h", "x")), ("other", ("x", "h"))):
        court.reply(open_case(*members, handle=token(handle)))
    stay = placement(token("own"), "1280")
    court.reply(record_placements(stay, caller=NATIONAL))
    found = kept(court)

    assert [(each.case.handle, each.is_first) for each in found.cases] == [
        (token("own"), True),
        (token("other"), False),
    ]
    assert [each.id for each in found.cases[0].placements] == [stay.id]
    assert found.releasable == {token("other")}


def test_what_is_not_released_is_not_told(court):
    """Neither facts nor the cases of somebody else; nor an own case that is withheld."""
    one, other = recorded(court, affiliated(), tied())
    for handle, members in (("own", ("h",)), ("other", ("x", "h"))):
        court.reply(open_case(*members, handle=token(handle)))
    found = kept(court)
    nothing = found.told(frozenset(), frozenset(), NOW)
    some = found.told({other, token("other")}, frozenset(), NOW)
    less = found.told(frozenset(), {token("own")}, NOW)

    assert (nothing.facts, [c.case.handle for c in nothing.cases]) == (
        (),
        [token("own")],
    )
    assert ids(some) == [other]
    assert [each.case.handle for each in some.cases] == [token("own"), token("other")]
    assert one not in ids(some)
    assert found.withholdable == {token("own")}
    assert less.cases == ()


def test_somebody_on_whom_nothing_is_kept(court):
    """Has nothing."""
    found = kept(court, "nobody")

    assert (found.facts, found.cases, found.releasable) == ((), (), frozenset())
