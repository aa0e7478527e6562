"""Every action has a kind, and a leaf says who asked what, to whom it belongs to know."""

from dataclasses import replace

import pytest
from kit.commands import (
    AUDITOR,
    CASEWORKER,
    MOMENT,
    OPERATOR,
    show_case,
)
from kit.world import subject, token

from placement.access import Action
from placement.audit.details import Details, Matter, Outline, opened
from placement.audit.entry import Entry, parse
from placement.audit.written import Written
from placement.domain.decide.command import Command, Decision, Note, Outcome
from placement.errors import CertificateError, NotFoundError
from placement.service.entries import KINDS, Refused, Scribe

NOTHING = Written.of(0, ())
NOTE = Note(
    purpose="PLANNED",
    case=token("case"),
    subjects=(subject("h"), subject("i")),
    reference="SN 1",
    candidates=("2480", "0180"),
    facilities=(token("house"), b""),
    window="2026-06-15/",
    verdicts=(1, 4),
    decisions=(token("one"), token("two")),
    objects=(token("fact"),),
    tokens=(token("group"),),
    search="matter=DI 1",
)


@pytest.fixture
def scribe(store):
    return Scribe(store.ring)


def read(leaf):
    """Return a leaf's entry, and its details, held against it."""
    entry = parse(leaf.entry)
    return entry, opened(leaf.details, entry.details)


# The fields of an entry


def test_every_action_has_a_kind():
    """The kinds are those of semantics.md section 10."""
    assert set(KINDS) == set(Action)
    assert set(KINDS.values()) <= {
        "COLLECTION",
        "ALTERATION",
        "CONSULTATION",
        "DISCLOSURE",
        "COMBINATION",
        "ERASURE",
    }


def test_an_answer_names_its_recipient(scribe):
    """Caller, purpose, outcome, and to whom it was disclosed; nothing of the case."""
    decision = Decision(note=NOTE, outcome=Outcome(reply=None))
    leaf = scribe.leaf(show_case(token("case")), decision, MOMENT, NOTHING, 7)
    entry, _ = read(leaf)

    assert replace(entry, details=bytes(32)) == Entry(
        at=MOMENT.now,
        kind="CONSULTATION",
        action="CASE_SHOW",
        person="cw-01",
        organisation="1280",
        role="caseworker",
        certificate=CASEWORKER.certificate,
        purpose="PLANNED",
        outcome="ANSWERED",
        revision=7,
        ruleset=MOMENT.ruleset.version,
        rules=MOMENT.ruleset.digest,
        recipient="1280",
    )
    assert leaf.at == MOMENT.now


def test_a_refusal_discloses_nothing(scribe):
    """Its reason is the outcome; there is no recipient."""
    decision = Decision(note=Note(), outcome=NotFoundError())
    leaf = scribe.leaf(show_case(token("case")), decision, MOMENT, NOTHING, 7)
    entry, got = read(leaf)

    assert (entry.outcome, entry.recipient) == ("NOT_FOUND", "")
    assert got == Details()


@pytest.mark.parametrize("action", Action)
def test_only_what_shows_something_has_a_recipient(scribe, action):
    """A change discloses nothing, a consultation does."""
    command = type("Anything", (Command,), {"action": action})(caller=AUDITOR)
    decision = Decision(note=Note(), outcome=Outcome(reply=None))
    entry, _ = read(scribe.leaf(command, decision, MOMENT, NOTHING, 0))

    shows = KINDS[action] in {"CONSULTATION", "DISCLOSURE", "COMBINATION"}
    assert entry.recipient == ("imy" if shows else "")


@pytest.mark.parametrize(
    ("caller", "expected"),
    [(None, ("", "", "", b"")), (OPERATOR, ("op-01", "drift", "operator", bytes(32)))],
)
def test_a_call_refused_at_the_door(scribe, caller, expected):
    """It may have no caller; it discloses nothing, and has no details."""
    refused = Refused(Action.CHECK, CertificateError(), caller)
    got, kept = read(scribe.leaf_of_refused(refused, MOMENT, 3))

    assert (got.person, got.organisation, got.role, got.certificate) == expected
    assert (got.kind, got.action) == ("DISCLOSURE", "CHECK")
    assert (got.outcome, got.recipient) == ("CERTIFICATE_REFUSED", "")
    assert (got.at, got.revision) == (MOMENT.now, 3)
    assert kept == Details()


# The two parts of the details


def test_what_was_noted_is_for_two_kinds_of_eyes(scribe):
    """Auditors see that it is one case, counties, verdicts, ids; owners see it all."""
    written = Written.of(8, [b"event"])
    decision = Decision(note=NOTE, outcome=Outcome(reply=None))
    leaf = scribe.leaf(show_case(token("case")), decision, MOMENT, written, 7)
    _, got = read(leaf)

    assert got.outline == Outline(
        case=scribe.alias(token("case")),
        subjects=(scribe.alias(subject("h")), scribe.alias(subject("i"))),
        counties=("24", "01"),
        verdicts=(1, 4),
        decisions=(token("one"), token("two")),
        objects=(token("fact"),),
        search="matter=DI 1",
    )
    assert got.matter == Matter(
        case=token("case"),
        reference="SN 1",
        areas=("2480", "0180"),
        facilities=(token("house"), b""),
        verdicts=(1, 4),
        decisions=(token("one"), token("two")),
        objects=(token("fact"),),
        window="2026-06-15/",
        tokens=(token("group"),),
        events=written.render(),
    )


def test_an_alias_is_of_one_store_and_one_case(scribe):
    """The same for one, another for each other, and 16 bytes long."""
    names = [token("case"), token("other"), subject("case"), b""]
    aliases = [scribe.alias(name) for name in names]

    assert [scribe.alias(name) for name in names] == aliases
    assert len(set(aliases)) == 4
    assert {len(alias) for alias in aliases} == {16}


def test_the_same_details_are_never_committed_to_alike(scribe):
    """Nobody can tell by trying that two entries say the same."""
    decision = Decision(note=NOTE, outcome=Outcome(reply=None))
    leaves = [
        scribe.leaf(show_case(token("case")), decision, MOMENT, NOTHING, 7)
        for _ in range(2)
    ]
    first, second = (parse(leaf.entry).details for leaf in leaves)

    assert first != second
