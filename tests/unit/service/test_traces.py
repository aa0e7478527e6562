"""Who did what with a person's data: as what and for whom, never who."""

from dataclasses import replace

import pytest
from kit.commands import (
    AUDITOR,
    CASEWORKER,
    COORDINATOR,
    SECOND,
    assess_case,
    caseworker,
    check,
    coordinator,
    list_entries,
    open_case,
    show_case,
)
from kit.engines import answer, details
from kit.extracting import (
    approve_extract,
    propose_extract,
    read_extract,
    show_extract,
)
from kit.story import ReadingRoom

from placement.audit.entry import ANSWERED, Entry
from placement.domain.decide.searches import Filter
from placement.domain.extract_events import ExtractPart
from placement.errors import PlacementError
from placement.service import traces as module
from placement.service.entries import Scribe
from placement.service.selection import Found
from placement.service.traces import traces

NORD = coordinator("nord", "co-05"), coordinator("nord", "co-06")
NATIONAL = coordinator("national", "co-08"), coordinator("national", "co-09")
BOTH = (ExtractPart.VERDICTS, ExtractPart.POLICE_ENTRIES)


@pytest.fixture
def case(engine):
    """A case that a municipality, two regions and an auditor did something with."""
    opened = open_case("h")
    commands = (
        opened,
        assess_case(opened.handle),
        check(opened.handle, "2480", "0180"),
        show_case(opened.handle, caseworker("0180", "cw-07")),
        assess_case(opened.handle, caller=NORD[0]),
        list_entries(Filter(case=opened.handle)),
        open_case("other"),
    )
    for command in commands:
        try:
            answer(engine, command)
        except PlacementError:
            continue
    return opened.handle


def told(engine, store, *who, parts=(), by=(COORDINATOR, SECOND)):
    """Make an extract and return its traces."""
    first = answer(engine, propose_extract(*who, caller=by[0]))
    (change,) = first.reply.ids
    seen = answer(engine, show_extract(change, *who, caller=by[1])).reply.seen
    approval = approve_extract(change, *who, caller=by[1], parts=parts, seen=seen)
    answer(engine, approval)
    read = answer(engine, read_extract(change, *who, caller=by[0]))
    found = traces(ReadingRoom(store).review, read.reply, read.leaf)
    return [trace for piece in found for trace in piece]


def words(found):
    return [
        (each.entry.action, each.entry.role, each.entry.organisation, each.answered)
        for each in found
    ]


OWN = [
    ("CASE_OPEN", "caseworker", CASEWORKER.organisation, True),
    ("CHECK", "caseworker", CASEWORKER.organisation, True),
    ("CASE_SHOW", "caseworker", "0180", False),
]
EXTRACT = [
    (action, "coordinator", "syd", True)
    for action in ("EXTRACT_PROPOSE", "EXTRACT_SHOW", "EXTRACT_APPROVE")
]


def test_a_person_is_told_what_municipalities_did(engine, store, case):
    """Refused ones too; and of the extract itself, but for this reading of it."""
    found = told(engine, store)

    assert words(found) == OWN + EXTRACT
    assert [each.case for each in found] == [case] * 3 + [b""] * 3
    assert [each.answers for each in found] == [()] * 6


def test_what_the_police_did_is_told_if_released(engine, store, case):
    """Of the own region and of auditors; of another region never."""
    found = told(engine, store, parts=BOTH)
    assessed = ("CASE_ASSESS", "coordinator", "syd", True)
    searched = ("ENTRY_LIST", AUDITOR.role.value, AUDITOR.organisation, True)
    answers = [each.answers for each in found if each.answers]

    assert words(found) == [OWN[0], assessed, *OWN[1:], searched, *EXTRACT]
    assert [[area for area, _ in each] for each in answers] == [["2480", "0180"]]
    assert {verdict for each in answers for _, verdict in each} <= {1, 2, 3, 4}


def test_the_national_unit_tells_of_all_regions(engine, store, case):
    """Theirs is the one extract that does."""
    found = told(engine, store, parts=BOTH, by=NATIONAL)

    assert ("CASE_ASSESS", "coordinator", "nord", False) in words(found)


def test_a_person_learns_who_else_asked_in_their_name(engine, store, case):
    """From each extract of any region, by whatever number."""
    told(engine, store, "h", "i", by=NORD)
    found = told(engine, store)
    again = told(engine, store, "i")

    assert ("EXTRACT_READ", "coordinator", "nord", True) in words(found)
    assert ("EXTRACT_READ", "coordinator", "nord", True) in words(again)
    assert ("EXTRACT_READ", "coordinator", "syd", True) not in words(again)


def test_somebody_on_whom_nothing_is_kept_is_told_the_same(engine, store, case):
    """What was done for their own extract."""
    assert words(told(engine, store, "nobody", parts=BOTH)) == EXTRACT


def test_a_long_log_comes_in_pieces(engine, store, case, monkeypatch):
    """Each of them small, none left out."""
    monkeypatch.setattr(module, "MOST", 1)

    assert words(told(engine, store)) == OWN + EXTRACT


def test_an_entry_without_details_is_of_nobody():
    """And tells no answers, whoever it was of."""
    entry = Entry(at=1, kind="DISCLOSURE", action="EXTRACT_READ", outcome=ANSWERED)
    found = Found(7, b"", entry, None)

    assert not module._is_of(found, {bytes(16)}, bytes)
    assert module._trace(found, b"", verdicts=True).answers == ()


def test_nobody_is_named(engine, store, case):
    """Every entry has a person, who is not told: the service's wire has no field."""
    found = told(engine, store, parts=BOTH)
    fields = set(module.Trace.__dataclass_fields__)

    assert fields == {"entry", "case", "answers"}
    assert all(each.entry.person for each in found)
    assert any(each.outline.subjects for each in details(store))


def outlines(store):
    """Yield the outline of each entry that shows a subject's alias."""
    for each in details(store):
        if each.outline.subjects:
            yield each.outline


def test_no_alias_of_an_extract_is_another_entrys(engine, store, case):
    """Once the case is erased nothing joins what is left, or a case that comes later."""
    told(engine, store)
    told(engine, store)
    named = [each for each in outlines(store) if each.case]
    asked = [each for each in outlines(store) if not each.case]
    by_extract = {}
    for each in asked:
        by_extract.setdefault(each.objects[0], set()).update(each.subjects)
    aliases = [alias for found in by_extract.values() for alias in found]

    assert [len(each) for each in by_extract.values()] == [1, 1]
    assert len(set(aliases)) == 2
    assert set(aliases).isdisjoint(one for each in named for one in each.subjects)


def test_an_extract_of_an_old_log_is_found(engine, store, case, monkeypatch):
    """There its entries have the aliases that cases have."""
    now = Scribe.alias
    with monkeypatch.context() as old:
        old.setattr(Scribe, "alias", lambda self, named: now(self, named[-32:]))
        told(engine, store, "h", "i", by=NORD)
    found = told(engine, store)

    assert ("EXTRACT_READ", "coordinator", "nord", True) in words(found)


def test_a_refused_proposal_is_told(engine, store, case):
    """Whoever tried is told of, too."""
    bad = replace(propose_extract("h"), reference="Somebody")
    with pytest.raises(PlacementError):
        answer(engine, bad)
    refused = ("EXTRACT_PROPOSE", "coordinator", "syd", False)

    assert refused in words(told(engine, store))
