"""Alerts for people and for programs, as each role gets them.

Each begins with the time at which it became as it stands; when it was first raised comes
after its state. A caseworker's is one sentence that is the same whatever happened: whom
to phone, and nothing about why. A coordinator's says what the placement is worth now and was before,
and who has it; what it rests on, `placement alert show` tells.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from placement.api.v1.alert_service_pb2 import (
    Alert,
    AlertClosing,
    AlertKind,
    AlertRaising,
    AlertState,
    CaseAlert,
    PoliceAlert,
)
from placement.api.v1.check_service_pb2 import ShowCaseResponse
from placement.errors import TamperedError
from placement_client.commands.finding_words import verdict_word
from placement_client.days import iso_instant, stockholm_second, stockholm_time
from placement_client.rendering import Json, enum_name, to_json

CASE_HEADINGS: Final = ("When (Stockholm)", "Alert", "State", "You")
"""Over the cells of a caseworker's alert."""
POLICE_HEADINGS: Final = (
    *("When (Stockholm)", "Alert", "Case", "What", "Now", "Before", "State"),
    *("Regions", "Acknowledge by", "Owner"),
)
"""Over the cells of a coordinator's alert."""

_PHONE: Final = "Phone the police about case {} before you do anything else: {}."
_UNKNOWN_NUMBER: Final = (
    "your police coordinator. The number stands in the answer to every check"
)
_PHONE_AGAIN: Final = (
    "It was raised again, so phone again. Phone the police about case {} before you do "
    "anything else, also if you have phoned before: {}."
)
_SEEN: Final = (
    "Your municipality has acknowledged the alert about case {}; the police have it, "
    "too. If nobody has phoned them about it yet, phone: {}. It stays open until they "
    "close it."
)
_NEXT: Final = " When you have: placement alert ack {}"
_CLOSED: Final = "The alert about case {} is closed. Ask again before you go on."
_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        AlertKind.ALERT_KIND_WORSE: "the picture got worse",
        AlertKind.ALERT_KIND_FOLLOW_UP: "the day to look again has come",
        AlertKind.ALERT_KIND_CASE_CLOSED: "the case was closed",
        AlertKind.ALERT_KIND_OVERDUE: "its last day has passed, and nobody ended it",
    }
)
_NONE: Final = "-"


def form(alert: Alert) -> CaseAlert | PoliceAlert:
    """Return an alert as the caller's role sees it.

    Raises:
        TamperedError: it has no form.
    """
    match alert.WhichOneof("alert"):
        case "case_alert":
            return alert.case_alert
        case "police_alert":
            return alert.police_alert
        case _:
            raise TamperedError


def headings(alert: CaseAlert | PoliceAlert) -> tuple[str, ...]:
    """Return what stands over the cells of an alert."""
    return CASE_HEADINGS if isinstance(alert, CaseAlert) else POLICE_HEADINGS


def row(
    alert: CaseAlert | PoliceAlert, case: ShowCaseResponse | None = None
) -> tuple[str, ...]:
    """Return the cells of an alert.

    Args:
        alert: it.
        case: of a caseworker's alert, as far as it can be seen.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    told, alert_id = stockholm_second(told_at(alert)), alert.alert_id.hex()
    if isinstance(alert, CaseAlert):
        return (told, alert_id, state_words(alert), must(alert, case))
    state = state_words(alert)
    return (
        *(told, alert_id, alert.case_handle.hex(), kind_words(alert)),
        *(verdict_word(alert.verdict), verdict_word(alert.before), state),
        *(", ".join(alert.regions) or _NONE, stockholm_time(alert.acknowledge_by)),
        alert.owner or _NONE,
    )


def line(
    alert: CaseAlert | PoliceAlert, case: ShowCaseResponse | None = None
) -> tuple[str, ...]:
    """Return the cells of an alert where no heading says what they are.

    Raises:
        TamperedError: as ``row``.
    """
    cells = row(alert, case)
    if isinstance(alert, CaseAlert):
        return cells
    told, alert_id, about, kind, now, before, state, regions, by, owner = cells
    return (
        *(told, alert_id, f"{now}, was {before}", kind, f"case {about}"),
        *(state, f"regions {regions}", f"acknowledge by {by}", f"owner {owner}"),
    )


def must(alert: CaseAlert, case: ShowCaseResponse | None = None) -> str:
    """Say what a caseworker does; nothing in it depends on what happened.

    Args:
        alert: it.
        case: that it is about, as far as it can be seen: its number, and whom to phone.
    """
    handle = alert.case_handle.hex()
    named = handle if case is None else f"{case.reference} ({handle})"
    phone = _UNKNOWN_NUMBER if case is None else case.contact or _UNKNOWN_NUMBER
    if alert.state == AlertState.ALERT_STATE_CLOSED:
        return _CLOSED.format(named)
    if alert.state == AlertState.ALERT_STATE_ACKNOWLEDGED:
        return _SEEN.format(named, phone)
    again = alert.raising == AlertRaising.ALERT_RAISING_AGAIN
    sentence = (_PHONE_AGAIN if again else _PHONE).format(named, phone)
    return sentence + _NEXT.format(alert.alert_id.hex())


def state_words(alert: CaseAlert | PoliceAlert) -> str:
    """Say where an alert is in its life, and what came before that.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    name = enum_name(AlertState.DESCRIPTOR, alert.state)
    again = alert.raising == AlertRaising.ALERT_RAISING_AGAIN
    if isinstance(alert, PoliceAlert) and alert.closing:
        name += f" ({enum_name(AlertClosing.DESCRIPTOR, alert.closing)})"
    if again:
        waits = alert.state == AlertState.ALERT_STATE_RAISED
        name += " again" if waits else ", raised again"
    words = [name]
    if told_at(alert) != alert.raised_at:
        first = "first raised" if again else "raised"
        words.append(f"{first} {stockholm_second(alert.raised_at)}")
    if isinstance(alert, PoliceAlert) and alert.seen:
        words.append("the municipality has seen it")
    return ", ".join(words)


def told_at(alert: CaseAlert | PoliceAlert) -> int:
    """Return when an alert became as it stands; an older service does not say."""
    return alert.told_at or alert.raised_at


def kind_words(alert: PoliceAlert) -> str:
    """Say what happened to a placement; of a kind that is not known, its number."""
    return _KINDS.get(alert.kind, enum_name(AlertKind.DESCRIPTOR, alert.kind))


def to_data(
    alert: CaseAlert | PoliceAlert, case: ShowCaseResponse | None = None
) -> Json:
    """Return an alert as the object of ``--json``.

    Args:
        alert: it.
        case: as of ``row``.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    data = {**to_json(alert), "told_at": iso_instant(told_at(alert))}
    if isinstance(alert, CaseAlert):
        return {**data, "must": must(alert, case)}
    for name in ("verdict", "before", "closing"):
        if not getattr(alert, name):
            data[name] = None
    return {**data, "acknowledge_by": iso_instant(alert.acknowledge_by)}
