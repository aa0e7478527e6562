"""Alerts as a feed has them, each like the other but for its number."""

from typing import Any

from kit.world import NOW, token
from placement.domain.alerts import Alert
from placement.domain.terms import AlertKind, Revision, Verdict


def alert(number: int, **given: Any) -> Alert:
    """Return an alert that was raised and told at the revision of its number."""
    values = {
        "id": token(f"alert-{number}"),
        "kind": AlertKind.WORSE,
        "case": token("case"),
        "placement": token("place"),
        "organisation": "1280",
        "before": Verdict.CLEAR,
        "verdict": Verdict.CONFLICT,
        "regions": ("syd", "vast"),
        "raised_at": NOW,
        "acknowledge_by": NOW,
        "revision": Revision(number),
        "told": Revision(number),
        "raised": Revision(number),
    }
    return Alert(**(values | given))
