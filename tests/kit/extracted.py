"""Extracts before a court: a case of somebody, what is proposed about them and granted."""

from typing import Any

from kit.commands import Court, open_case, register_groups
from kit.extracting import propose_extract, seen_extract
from kit.world import token


def known() -> Court:
    """Return a court with a case of h."""
    made = Court()
    made.reply(register_groups("A"))
    made.reply(open_case("h", handle=token("case")))
    return made


def proposed(court: Court, *who: str, **given: Any) -> bytes:
    """Propose an extract; return the change that waits."""
    change: bytes
    (change,) = court.reply(propose_extract(*who, **given)).ids
    return change


def granted(court: Court, *who: str, **given: Any) -> bytes:
    """Propose an extract and have it approved; return the change."""
    change = proposed(court, *who)
    court.reply(seen_extract(court, change, *who, **given))
    return change
