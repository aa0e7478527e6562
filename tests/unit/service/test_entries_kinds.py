"""What the leaves of every kind of command hold, and for whose eyes."""

from dataclasses import fields, replace

import pytest
from kit.commands import (
    AUDITOR,
    COORDINATOR,
    OPERATOR,
    approve,
    assess_case,
    check,
    close_case,
    end_facts,
    end_placements,
    list_entries,
    open_case,
    presence,
    record_facts,
    register_groups,
    regrade_facts,
    retract_facts,
    show_case,
    show_change,
)
from kit.engines import answer, details, entries
from kit.played import SECRETS, Play
from kit.samples import SAMPLES
from kit.world import token

from placement.audit.details import Sealed
from placement.audit.written import Written
from placement.domain.decide.searches import Filter
from placement.errors import NotFoundError, PlacementError
from placement.service.entries import Scribe
from placement.store.head import Head

# What stands in the leaves of every kind of command

EVENTS = {"events"}
OF_CASE = {"case"}
OBJECTS = {"objects"}
ASKED = {"subjects", "search"}
PLACE = {"reference", "areas", "facilities", "window"}
ANSWERED = {"request", "verdicts", "decisions", "valid_until"}
SEEN = OF_CASE | {"counties", "verdicts"}
WEIGHED = (
    SEEN | OBJECTS | {"decisions"},
    OF_CASE | OBJECTS | ANSWERED | PLACE - {"facilities"} | EVENTS,
)
IN_A_HOUSE = (WEIGHED[0], WEIGHED[1] | {"facilities"})
STEPPED = (OF_CASE | OBJECTS, OF_CASE | OBJECTS | {"reference", "request"} | EVENTS)
HANDLED = (OF_CASE | OBJECTS, OF_CASE | OBJECTS | {"reference"} | EVENTS)
EXPECTED = {
    "GROUP_REGISTER": (set(), {"tokens"} | EVENTS),
    "GROUP_LIST": (set(), set()),
    "GROUP_NAME": (set(), {"tokens"} | EVENTS),
    "LABEL_KEYS_SHOW": (set(), set()),
    "EXCHANGE_KEY_PUBLISH": (set(), EVENTS),
    "LABEL_KEY_HAND_OVER": (set(), EVENTS),
    "ROTATION_BEGIN": (set(), EVENTS),
    "LABELS_RENEW": (set(), EVENTS),
    "ROTATION_END": (set(), EVENTS),
    "CHANGEOVER_SHOW": (set(), set()),
    "CHANGEOVER_BEGIN": (OBJECTS, OBJECTS | EVENTS),
    "CHANGEOVER_END": (OBJECTS, OBJECTS | EVENTS),
    "PAIRS_OFFER": (set(), EVENTS),
    "GROUP_MERGE": (OBJECTS, OBJECTS | {"tokens"} | EVENTS),
    "FACILITY_REGISTER": (set(), {"tokens"} | EVENTS),
    "CASE_OPEN": (OF_CASE | {"subjects"}, OF_CASE | {"reference"} | EVENTS),
    "CASE_SHOW": (OF_CASE, OF_CASE | {"reference"}),
    "IDLE": (set(), EVENTS),
    "BUDGET_SHOW": (OF_CASE | {"counties"}, OF_CASE | {"areas", "reference"}),
    "CASE_ASSESS": (OF_CASE | OBJECTS, OF_CASE | OBJECTS | EVENTS),
    "CASE_CLOSE": (OF_CASE, OF_CASE | EVENTS),
    "CHECK": WEIGHED,
    "FACT_RECORD": (OBJECTS, OBJECTS | EVENTS),
    "FACT_END": (OBJECTS, OBJECTS | EVENTS),
    "FACT_RETRACT": (OBJECTS, OBJECTS | EVENTS),
    "FACT_REGRADE": (OBJECTS, OBJECTS | EVENTS),
    "FACT_AMEND": (OBJECTS, OBJECTS | EVENTS),
    "FACT_RENEW": (OBJECTS, OBJECTS | EVENTS),
    "FACT_CONTEST": (OBJECTS, OBJECTS | EVENTS),
    "FACT_PROPOSE": (OBJECTS, OBJECTS | EVENTS),
    "FACT_LIST": (OBJECTS, OBJECTS),
    "FACT_SHOW": (OBJECTS, OBJECTS),
    "CHANGE_APPROVE": (OBJECTS, OBJECTS | EVENTS),
    "CHANGE_REJECT": (OBJECTS, OBJECTS | EVENTS),
    "CHANGE_WITHDRAW": (OBJECTS, OBJECTS | EVENTS),
    "REVIEW_LIST": (OBJECTS, OBJECTS),
    "COVERAGE_SHOW": (set(), set()),
    "REVIEW_REPORT": (set(), set()),
    "PREVIEW_BEGIN": (OBJECTS, OBJECTS | EVENTS),
    "PREVIEW_WEIGH": (OBJECTS, OBJECTS),
    "CHANGE_LIST": (set(), set()),
    "CHANGE_SHOW": (OBJECTS, OBJECTS),
    "COVERAGE_ATTEST": (OBJECTS, OBJECTS | EVENTS),
    "PLACEMENT_RECORD": (OF_CASE | OBJECTS, OF_CASE | OBJECTS | EVENTS),
    "PLACEMENT_END": (OBJECTS, OBJECTS | EVENTS),
    "HOLD_CONFIRM": IN_A_HOUSE,
    "HOLD_EXTEND": STEPPED,
    "HOLD_RELEASE": STEPPED,
    "PLACEMENT_MOVE_IN": IN_A_HOUSE,
    "PLACEMENT_MOVE": WEIGHED,
    "PLACEMENT_MOVE_OUT": STEPPED,
    "PLACEMENT_ABORT": STEPPED,
    "PLACE_EXPLAIN": (SEEN, OF_CASE | PLACE | {"verdicts"}),
    "PLACE_RELEASE": (
        SEEN | OBJECTS,
        OF_CASE | OBJECTS | PLACE | {"verdicts"} | EVENTS,
    ),
    "OVERRIDE_PROPOSE": (
        OF_CASE | OBJECTS | {"counties"},
        OF_CASE | OBJECTS | PLACE | EVENTS,
    ),
    "OVERRIDE_SHOW": (SEEN | OBJECTS, OF_CASE | OBJECTS | PLACE | {"verdicts"}),
    "OVERRIDE_SIGN": (
        OF_CASE | OBJECTS | {"verdicts"},
        OF_CASE | OBJECTS | {"reference", "verdicts"} | EVENTS,
    ),
    "PROVIDER_STOP": (OBJECTS, OBJECTS | EVENTS),
    "ALERT_WATCH": (set(), set()),
    "ALERT_TELL": (OBJECTS, OBJECTS),
    "ALERT_LIST": (OBJECTS, OBJECTS),
    "ALERT_SHOW": (SEEN | OBJECTS, OF_CASE | OBJECTS | PLACE | {"verdicts"}),
    "ALERT_ACKNOWLEDGE": HANDLED,
    "ALERT_HAND_OVER": HANDLED,
    "ALERT_CLOSE": HANDLED,
    "RULESET_PROPOSE": (OBJECTS, OBJECTS | EVENTS),
    "RULESET_SHADOW": (OBJECTS, OBJECTS | EVENTS),
    "RULESET_APPROVE": (OBJECTS, OBJECTS | EVENTS),
    "RULESET_WITHDRAW": (OBJECTS, OBJECTS | EVENTS),
    "RULESET_LIST": (set(), set()),
    "RULESET_SHOW": (OBJECTS, OBJECTS),
    "IMPORT_TRY": (OBJECTS, OBJECTS | {"tokens"}),
    "IMPORT_BEGIN": (OBJECTS, OBJECTS | EVENTS),
    "IMPORT_APPEND": (OBJECTS, OBJECTS | EVENTS),
    "IMPORT_FINISH": (OBJECTS, OBJECTS | EVENTS),
    "IMPORT_SHOW": (OBJECTS, OBJECTS),
    "IMPORT_LIST": (set(), set()),
    "IMPORT_READ": (OBJECTS, OBJECTS),
    "IMPORT_APPROVE": (OBJECTS, OBJECTS | EVENTS),
    "IMPORT_CANCEL": (OBJECTS, OBJECTS | EVENTS),
    "IMPORT_TAKE": (OBJECTS, OBJECTS | EVENTS),
    "GROUP_SIZE": (OBJECTS, OBJECTS | {"tokens"} | EVENTS),
    "PHANTOM_LIFT": (
        SEEN | OBJECTS,
        OF_CASE | OBJECTS | PLACE - {"facilities"} | {"verdicts"} | EVENTS,
    ),
    "ERASURE_LIST": (set(), set()),
    "ERASURE_PROPOSE": (OBJECTS, OBJECTS | EVENTS),
    "ERASURE_APPROVE": (OBJECTS, OBJECTS | EVENTS),
    "EXTRACT_PROPOSE": (OBJECTS | ASKED, OBJECTS | EVENTS),
    "EXTRACT_SHOW": (OBJECTS | ASKED, OBJECTS),
    "EXTRACT_APPROVE": (OBJECTS | ASKED, OBJECTS | EVENTS),
    "EXTRACT_READ": (OBJECTS | ASKED, OBJECTS),
    "CLOCK_TICK": (OBJECTS, OBJECTS | EVENTS),
    "REEVALUATE": (OBJECTS, OBJECTS | EVENTS),
    "PERMIT_LIST": ({"search"}, set()),
    "EVALUATE": (set(), EVENTS),
    "ENTRY_LIST": (OF_CASE | {"search"}, OF_CASE | {"reference"}),
    "ENTRY_SHOW": ({"search"}, set()),
    "ENTRY_TAIL": ({"search"}, set()),
    "LOG_EXPORT": ({"search"}, set()),
    "DECISION_REPLAY": ({"search"}, set()),
    "ANOMALY_REPORT": ({"search"}, set()),
    "RECEIPT_READ": ({"search"}, set()),
}


def given(part):
    """Return the names of the fields that hold something."""
    return {each.name for each in fields(part) if getattr(part, each.name)}


def test_each_kind_of_command_leaves_what_belongs_to_it(engine, store, clock):
    """Neither more nor less, in each of the two parts."""
    named = Play(engine, store, clock).played()
    got = {
        entry.action: (given(each.outline), given(each.matter))
        for entry, each in zip(entries(store), details(store), strict=True)
    }
    objects = {
        entry.action: each.outline.objects
        for entry, each in zip(entries(store), details(store), strict=True)
    }

    assert set(got) == {make().action.name for make in SAMPLES}
    assert got == EXPECTED
    assert objects == {action: tuple(ids) for action, ids in named.items()}


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_secret_is_for_auditors(engine, store, clock, secret):
    """Neither in an entry nor in an outline, whatever was asked; but for its owner."""
    Play(engine, store, clock).played()
    leaves = store.entries(0, 1000)
    kept = [Sealed.parse(store.leaves.details(leaf)) for leaf in leaves]
    content = SECRETS[secret]

    for leaf, each in zip(leaves, kept, strict=True):
        assert content not in leaf.entry
        assert content not in each.shown(matter=False)
    owned = [each.shown(matter=True) for each in kept]
    if "subject" not in secret:
        assert any(content in each for each in owned)
    else:
        assert not any(content in each for each in owned)


def test_counties_stand_in_the_order_of_the_places(engine, store, clock):
    """Two digits each; the places themselves stand in the matter."""
    Play(engine, store, clock).played()
    asked = [each for each in details(store) if each.outline.counties]

    assert asked[0].outline.counties == ("24", "01")
    assert asked[0].matter.areas == ("2480", "0180")
    assert asked[0].matter.facilities == (SECRETS["facility"], b"")


def test_entries_of_one_case_are_of_one_case(engine, store, clock):
    """All with the same alias, whoever asked; those of another with another."""
    Play(engine, store, clock).played()
    other = open_case("secret subject")
    answer(engine, other)
    answer(engine, show_case(other.handle))
    by_case = {}
    for each in details(store):
        if each.matter.case:
            by_case.setdefault(each.matter.case, set()).add(each.outline.case)
    named = [each.outline for each in details(store) if each.outline.subjects]
    opened_cases = [each for each in named if each.case]
    extracts = {alias for each in named if not each.case for alias in each.subjects}

    assert [len(aliases) for aliases in by_case.values()] == [1, 1]
    assert by_case[SECRETS["case"]] != by_case[other.handle]
    assert opened_cases[0].subjects[0] == opened_cases[1].subjects[0]
    assert len(set(opened_cases[0].subjects)) == 2
    assert extracts
    assert extracts.isdisjoint(opened_cases[0].subjects)


# What is found again, or not found


@pytest.fixture
def scribe(store):
    return Scribe(store.ring)


def test_a_retry_names_what_the_first_made(engine, store):
    """The case, the facts, the tokens: not those that were drawn for the retry."""
    case = open_case("h", request="c", handle=token("first"))
    group = register_groups("A", request="g")
    facts = record_facts(presence("A"), request="f")
    for command in (case, group, facts):
        answer(engine, command)
    first = details(store)
    for command in (
        replace(case, handle=token("again")),
        replace(group, groups=register_groups("B").groups),
        replace(facts, drafts=(presence("A"),)),
    ):
        answer(engine, command)
    again = details(store)[3:]

    assert [each.outline.case for each in again] == [
        each.outline.case for each in first
    ]
    assert [each.outline.objects for each in again] == [
        each.outline.objects for each in first
    ]
    assert [each.matter.tokens for each in again] == [(), (token("A"),), ()]
    assert again[0].matter.case == token("first")
    assert [each.matter.events for each in again] == [b""] * 3


ABOUT_A_CASE = {
    "operator shows": lambda case: show_case(case, OPERATOR),
    "shows": show_case,
    "auditor closes": lambda case: close_case(case, caller=AUDITOR),
    "closes": close_case,
    "assesses": assess_case,
    "coordinator asks": lambda case: check(case, caller=COORDINATOR),
    "asks nonsense": lambda case: check(case, "2480", "9999"),
}


@pytest.mark.parametrize("make", ABOUT_A_CASE.values(), ids=ABOUT_A_CASE)
def test_a_refused_command_names_its_case(engine, store, scribe, make):
    """Whoever pries into a case is found by it, let in or not."""
    command = make(token("somebody's"))
    with pytest.raises(PlacementError) as refused:
        answer(engine, command)
    (entry,), (kept,) = entries(store), details(store)

    assert entry.outcome == refused.value.reason
    assert kept.outline.case == scribe.alias(token("somebody's"))
    assert kept.matter.case == token("somebody's")
    assert (kept.outline.verdicts, kept.outline.decisions) == ((), ())
    assert kept.matter.events == b""


def test_a_refused_amendment_names_what_it_was_about(engine, store):
    """Whether or not it is there."""
    fact = token("no fact")
    for command in (
        end_facts((fact, 0)),
        retract_facts(fact),
        regrade_facts(fact),
        approve(fact),
        show_change(fact),
        end_placements((fact, 0)),
    ):
        with pytest.raises(NotFoundError):
            answer(engine, command)

    assert [each.outline.objects for each in details(store)] == [(fact,)] * 6


def test_a_search_for_an_alias_is_found_under_it(engine, store, scribe):
    """An auditor gives what entries show; so does the search's own entry."""
    case = open_case("h")
    answer(engine, case)
    alias = scribe.alias(case.handle)
    for sought in (alias, case.handle, token("unknown")):
        answer(engine, list_entries(Filter(case=sought)))
    found = details(store)[1:]

    assert [each.outline.case for each in found] == [alias, alias, token("unknown")]
    assert [each.matter.case for each in found] == [b"", case.handle, b""]


# The events


def test_every_event_is_vouched_for_by_its_entry(engine, store, clock):
    """The hashes in the matters are those of what was appended, without a gap."""
    Play(engine, store, clock).played()
    events = [payload for _, payload in store.tail(Head.GENESIS)]
    parsed = (Written.parse(each.matter.events) for each in details(store))
    said = [each for each in parsed if each is not None]
    covered = 1
    for each in said:
        part = events[covered - 1 : covered - 1 + each.count]

        assert each == Written.of(covered, part)
        covered += each.count
    assert covered == len(events) + 1
