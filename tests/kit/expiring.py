"""What ends before a court, and is erased once it is past its retention."""

from typing import Any

from kit.commands import (
    COORDINATOR,
    SECOND,
    Court,
    approve,
    coordinator,
    draft,
    end_facts,
    presence,
    record_facts,
    register_groups,
)
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.world import RULESET, subject, token
from placement.access import Caller
from placement.domain.decide.drafts import Draft
from placement.domain.facts import Affiliation, SameAs
from placement.domain.terms import MICROS_A_DAY, AffiliationRole


def of_two_groups() -> Court:
    """Return a court before which A and B are registered."""
    made = Court()
    made.reply(register_groups("A", "B"))
    return made


KEPT = RULESET.retention
OTHER = coordinator("nord", "co-05")


def days(court: Court, number: int) -> None:
    """Let days pass."""
    court.later(number * MICROS_A_DAY)


def recorded(court: Court, *drafts: Draft, **given: Any) -> list[bytes]:
    """Record facts and have them approved; return their ids."""
    *facts, change = court.reply(record_facts(*drafts, **given)).ids
    if change:
        court.reply(approve(change, caller=given.get("second", SECOND)))
    return facts


def ended(
    court: Court, what: Draft | None = None, *, on: int = 0, **given: Any
) -> bytes:
    """Record a fact and end it, on a day counted from today."""
    (fact,) = recorded(court, what or presence(), **given)
    made = court.reply(end_facts((fact, on), **given)).ids
    if made[0]:
        court.reply(approve(made[0], caller=given.get("second", SECOND)))
    return fact


def expired(court: Court, caller: Caller = COORDINATOR) -> list[bytes]:
    """Return what a coordinator may propose to erase."""
    return [each.id for each in court.reply(list_expired(caller)).listed]


def erased(court: Court, *dossiers: bytes) -> None:
    """Erase, by two persons."""
    (change,) = court.reply(propose_erasure(*dossiers)).ids
    court.reply(approve_erasure(change))


def same_as() -> Draft:
    """State that two are one person."""
    pair = {"low": subject("h"), "high": subject("i")}
    return draft(SameAs, "same_as", **pair)


def affiliated(who: str = "h") -> Draft:
    """State that somebody belongs to a group."""
    role = AffiliationRole.CORE
    stated = {"subject": subject(who), "group": token("A"), "role": role}
    return draft(Affiliation, "affiliation", **stated)
