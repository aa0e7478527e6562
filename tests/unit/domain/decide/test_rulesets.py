"""Two persons of the national unit change the rules; versions only grow."""

from dataclasses import replace

import pytest
from kit.commands import AUDITOR, COORDINATOR, NATIONAL, coordinator, field_of
from kit.ruled import (
    OTHER,
    approve,
    list_,
    propose,
    ruleset,
    shadow,
    show,
    text,
    withdraw,
)
from kit.world import NOW, RULESET, token

from placement.domain.decide.rulesets import MAX_FAULTS, MAX_WAITING
from placement.domain.events import Record
from placement.domain.rule_events import RulesetFounded
from placement.domain.terms import MICROS_AN_HOUR
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

WAIT = RULESET.change_hours * MICROS_AN_HOUR
KEY = token("rules")


def proposed(court, content=None, key=KEY):
    (made,) = court.reply(propose(content, ruleset=key)).ids
    return made


def adopted(court, version="2026-12-1", **numbers):
    """Have a ruleset adopted; return its id."""
    key = proposed(court, text(version, **numbers), token(version))
    court.reply(shadow(key))
    court.reply(approve(key, ruleset(version, **numbers).digest))
    return key


def states(court, caller=AUDITOR):
    """Return version, and whether it is in force, of all that are listed."""
    views = court.reply(list_(caller)).views
    return [(each.proposed.version, each.in_force) for each in views]


def test_until_one_is_adopted_the_packages_own_is_in_force(court):
    """It has no id, and is shown without one."""
    view = court.reply(show())

    assert (view.proposed.id, view.proposed.person, view.in_force) == (b"", "", True)
    assert (view.proposed.version, view.proposed.content) == (
        RULESET.version,
        RULESET.content,
    )
    assert view.proposed.rules == RULESET.digest


def test_a_ruleset_waits(court):
    """In its one form; comments are not kept, and nothing is in force."""
    court.reply(propose("# Anna\n" + text(), ruleset=KEY))
    (draft,) = court.state.rulebook.drafts.values()

    assert draft.proposed.content == text()
    assert (draft.proposed.version, draft.proposed.rules) == (
        "2026-12-1",
        ruleset().digest,
    )
    assert (draft.proposed.person, draft.proposed.expires_at) == ("co-09", NOW + WAIT)
    assert court.state.rulebook.in_force is None
    assert states(court) == [(RULESET.version, True), ("2026-12-1", False)]


@pytest.mark.parametrize(
    "command",
    [
        propose(caller=COORDINATOR),
        shadow(KEY, caller=COORDINATOR),
        approve(KEY, bytes(32), caller=COORDINATOR),
        withdraw(KEY, caller=COORDINATOR),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_region_changes_no_rules(court, command):
    """Not even one that is proposed already."""
    proposed(court)
    with pytest.raises(AccessDeniedError):
        court.reply(command)


def test_a_file_that_is_none_is_refused_with_every_fault(court):
    """Each says where; what the file says there is not repeated."""
    content = text().replace("live = 2", "Anna = 2").replace("[near]", "[nearer]")
    with pytest.raises(InvalidInputError) as refused:
        court.reply(propose(content))
    said = [refused.value.description, *refused.value.others]

    assert refused.value.field == "content"
    assert len(said) == 4
    assert all(each.startswith("line ") for each in said)
    assert "Anna" not in str(said)
    assert court.state.rulebook.drafts == {}


def test_a_refusal_names_so_many_faults_and_no_more(court):
    """What is left is told elsewhere; a refusal must fit into a trailer."""
    content = text().replace("days = ", "day = ")
    with pytest.raises(InvalidInputError) as refused:
        court.reply(propose(content))

    assert len(refused.value.others) == MAX_FAULTS
    assert refused.value.others[-1].startswith("and more")
    assert sum(map(len, refused.value.others)) < 4000


@pytest.mark.parametrize("version", [RULESET.version, "2026-11-3", "2025-12-9"])
def test_a_version_must_be_newer(court, version):
    """Than the one in force."""
    assert field_of(court, propose(text(version))) == "content"


def test_no_version_is_adopted_twice(court):
    """Nor an older one, whatever it says."""
    adopted(court, "2026-12-2")
    for version in ("2026-12-2", "2026-12-1"):
        assert field_of(court, propose(text(version, live=3))) == "content"
    assert proposed(court, text("2026-12-10"))


def test_so_many_may_wait_and_no_more(court):
    """Until one lapses, or is withdrawn."""
    for number in range(MAX_WAITING):
        proposed(court, key=token(f"rules {number}"))
    with pytest.raises(ConflictError):
        court.reply(propose())
    court.reply(withdraw(token("rules 0")))

    assert proposed(court) == KEY


def test_what_has_lapsed_is_forgotten_with_the_next(court):
    """It can't be approved before that either."""
    proposed(court)
    court.reply(shadow(KEY))
    court.later(WAIT)
    with pytest.raises(NotFoundError):
        court.reply(approve(KEY, ruleset().digest))
    assert states(court) == [(RULESET.version, True)]
    assert set(court.state.rulebook.drafts) == {KEY}
    proposed(court, key=token("next"))

    assert set(court.state.rulebook.drafts) == {token("next")}


def test_a_second_person_puts_it_into_force(court):
    """From then on everything is decided by it, and the old one is past."""
    key = adopted(court, live=3)
    kept = court.state.rulebook.in_force

    assert kept.proposed.content == text(live=3)
    assert (kept.adopted.person, kept.at) == ("co-10", NOW)
    assert kept.revision == court.state.revision
    assert court.state.agenda.rules == (ruleset(live=3).digest,)
    assert court.state.rulebook.drafts == {}
    assert states(court) == [("2026-12-1", True)]
    assert court.reply(show(key)).kept is kept
    with pytest.raises(NotFoundError):
        court.reply(show())


def test_whoever_proposed_it_does_not_approve_it(court):
    """Whatever was shadowed."""
    proposed(court)
    court.reply(shadow(KEY))
    with pytest.raises(AccessDeniedError):
        court.reply(approve(KEY, ruleset().digest, caller=NATIONAL))


def test_it_is_shadowed_before_it_is_approved(court):
    """Nobody stands behind what nobody looked at; half a run is none."""
    proposed(court)
    command = approve(KEY, ruleset().digest)
    with pytest.raises(ConflictError):
        court.reply(command)
    court.reply(shadow(KEY, done=False))
    with pytest.raises(ConflictError):
        court.reply(command)
    court.reply(shadow(KEY))

    assert court.reply(command).ids == ()


def test_another_content_than_was_shown_is_not_approved(court):
    """The digest says which was."""
    proposed(court)
    court.reply(shadow(KEY))
    with pytest.raises(ConflictError):
        court.reply(approve(KEY, ruleset(live=3).digest))


def test_with_another_table_of_areas_it_is_another(court):
    """A server with other municipalities approves nothing that this one took."""
    proposed(court)
    court.reply(shadow(KEY))
    table = RULESET.table.changed(added=[("0180", "0980")], removed=[])
    court.moment = replace(court.moment, ruleset=replace(RULESET, table=table))
    with pytest.raises(ConflictError):
        court.reply(approve(KEY, ruleset().digest))


def test_of_two_that_wait_the_older_version_comes_too_late(court):
    """Once the newer one is in force."""
    proposed(court)
    court.reply(shadow(KEY))
    adopted(court, "2026-12-2")
    with pytest.raises(ConflictError):
        court.reply(approve(KEY, ruleset().digest))


@pytest.mark.parametrize("caller", [NATIONAL, OTHER], ids=["own", "another's"])
def test_what_waits_is_withdrawn(court, caller):
    """By whoever proposed it, or turned down by another."""
    proposed(court)
    court.reply(withdraw(KEY, caller=caller))

    assert court.state.rulebook.drafts == {}
    with pytest.raises(NotFoundError):
        court.reply(withdraw(KEY, caller=caller))


def test_what_there_is_not_is_not_found(court):
    """Whatever is asked about it."""
    for command in (shadow(KEY), approve(KEY, bytes(32)), show(KEY)):
        with pytest.raises(NotFoundError):
            court.reply(command)


def test_all_that_were_in_force_are_listed(court):
    """The oldest first, and what waits at the end."""
    adopted(court, "2026-12-1")
    adopted(court, "2026-12-2")
    proposed(court, text("2027-01-1"))

    assert states(court) == [
        ("2026-12-1", False),
        ("2026-12-2", True),
        ("2027-01-1", False),
    ]


@pytest.mark.parametrize(
    ("content", "listed"),
    [(RULESET.content, [(RULESET.version, False)]), ("format = 5", [])],
    ids=["as ever", "can't be read any more"],
)
def test_what_the_store_was_made_with_is_listed_first(court, content, listed):
    """As long as it can be read; what was adopted is listed anyway."""
    event = RulesetFounded(content=content)
    court.state.apply(Record(at=NOW, event=event))
    adopted(court, "2026-12-1")

    assert states(court) == [*listed, ("2026-12-1", True)]


@pytest.mark.parametrize(
    ("caller", "told"),
    [(AUDITOR, True), (NATIONAL, True), (coordinator("nord"), False)],
    ids=["auditor", "national", "region"],
)
def test_who_is_told_what_a_shadow_run_found(court, caller, told):
    """It is about the whole country, so regions are not."""
    adopted(court)
    proposed(court, text("2027-01-1"))
    court.reply(shadow(KEY))
    views = court.reply(list_(caller)).views

    assert [each.shadowed is not None for each in views] == [told, told]
