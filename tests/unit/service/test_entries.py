"""Every action has a kind, and an entry says who asked what and what was disclosed."""

import pytest
from kit.commands import AUDITOR, CASEWORKER, MOMENT, OPERATOR, show_case
from kit.world import token

from placement.access import Action
from placement.audit.entry import Entry
from placement.domain.decide.command import Command, Decision, Note, Outcome
from placement.errors import CertificateError, NotFoundError
from placement.service.entries import KINDS, Refused, entry_of, entry_of_refused

NOTE = Note(
    purpose="PLANNED",
    case=token("case"),
    reference="SN 1",
    candidates=("2480", "0180"),
    verdicts=(1, 4),
    decisions=(token("one"), token("two")),
)


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


def test_an_answer_names_its_recipient():
    """Everything that was noted stands in the entry, and to whom it was disclosed."""
    decision = Decision(note=NOTE, outcome=Outcome(reply=None))
    got = entry_of(show_case(token("case")), decision, MOMENT, 7)

    assert got == Entry(
        at=MOMENT.now,
        kind="CONSULTATION",
        action="CASE_SHOW",
        person="cw-01",
        organisation="1280",
        role="caseworker",
        certificate=CASEWORKER.certificate,
        purpose="PLANNED",
        case=token("case"),
        reference="SN 1",
        candidates=("2480", "0180"),
        outcome="ANSWERED",
        verdicts=(1, 4),
        decisions=(token("one"), token("two")),
        revision=7,
        ruleset=MOMENT.ruleset.version,
        recipient="1280",
    )


def test_a_refusal_discloses_nothing():
    """Its reason is the outcome; there is no recipient."""
    decision = Decision(note=Note(), outcome=NotFoundError())
    got = entry_of(show_case(token("case")), decision, MOMENT, 7)

    assert (got.outcome, got.recipient) == ("NOT_FOUND", "")


@pytest.mark.parametrize("action", Action)
def test_only_what_shows_something_has_a_recipient(action):
    """A change discloses nothing, a consultation does."""
    command = type("Anything", (Command,), {"action": action})(caller=AUDITOR)
    decision = Decision(note=Note(), outcome=Outcome(reply=None))
    got = entry_of(command, decision, MOMENT, 0).recipient

    shows = KINDS[action] in {"CONSULTATION", "DISCLOSURE", "COMBINATION"}
    assert got == ("imy" if shows else "")


@pytest.mark.parametrize(
    ("caller", "expected"),
    [(None, ("", "", "", b"")), (OPERATOR, ("op-01", "drift", "operator", bytes(32)))],
)
def test_a_call_refused_at_the_door(caller, expected):
    """It may have no caller; it discloses nothing."""
    refused = Refused(Action.CHECK, CertificateError(), caller)
    got = entry_of_refused(refused, MOMENT, 3)

    assert (got.person, got.organisation, got.role, got.certificate) == expected
    assert (got.kind, got.action) == ("DISCLOSURE", "CHECK")
    assert (got.outcome, got.recipient) == ("CERTIFICATE_REFUSED", "")
    assert (got.at, got.revision) == (MOMENT.now, 3)
