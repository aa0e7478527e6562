"""Entries as a detector of anomalies sees them, by short names."""

from dataclasses import fields
from datetime import datetime

from kit.world import token
from placement.audit.details import Outline
from placement.audit.entry import ANSWERED, Entry
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.seen import Anomaly, Seen
from placement.domain.ruleset import (
    AnomalyLimits,
    CaseLimit,
    Limit,
    NightLimit,
    ShareLimit,
)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TWO = Limit(allowed=2, days=1)
NIGHT = NightLimit(allowed=2, days=1, begins=6, ends=20)
_QUIET = {
    NightLimit: NightLimit(allowed=1000, days=1, begins=6, ends=20),
    CaseLimit: CaseLimit(allowed=1000, days=1, hours=1),
    ShareLimit: ShareLimit(percent=99, checks=1000, days=1),
    Limit: Limit(allowed=1000, days=1),
}


def instant(text: str) -> int:
    """Return microseconds of an ISO time with its offset."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


SATURDAY = instant("2026-06-20T12:00+02:00")
MONDAY = instant("2026-06-15T12:00+02:00")


def limits(**loud) -> AnomalyLimits:
    """Return limits that nothing passes, but for those named."""
    quiet = {field.name: _QUIET[field.type] for field in fields(AnomalyLimits)}
    return AnomalyLimits(**(quiet | loud))


def seen(
    index: int,
    at: int,
    action: str = "CHECK",
    *,
    outcome: str = ANSWERED,
    person: str = "cw-01",
    organisation: str = "1280",
    role: str = "caseworker",
    certificate: str = "",
    case: str = "",
    subjects: tuple[str, ...] = (),
    areas: tuple[str, ...] = (),
    purpose: str = "",
    objects: tuple[str, ...] = (),
) -> Seen:
    """Return an entry; empty names stay empty."""
    entry = Entry(
        at=at,
        kind="CONSULTATION",
        action=action,
        outcome=outcome,
        person=person,
        organisation=organisation,
        role=role,
        purpose=purpose,
        certificate=token(certificate, 32) if certificate else b"",
    )
    outline = Outline(
        case=token(case) if case else b"",
        subjects=tuple(map(token, subjects)),
        objects=tuple(map(token, objects)),
    )
    return Seen(index, entry, outline, areas)


def told(detector: Detector, log: list[Seen]) -> list[Anomaly]:
    """Return everything that a detector tells of some entries."""
    return [anomaly for each in log for anomaly in detector.observe(each)]


def loud(pattern: str) -> Detector:
    """Return a detector that two supporting entries of a pattern leave quiet."""
    limit = NIGHT if pattern == "NIGHT_WORK" else TWO
    return Detector(limits(**{pattern.lower(): limit}))
