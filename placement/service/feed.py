"""What has become of alerts, for those who follow them, beside the engine's thread.

Invariants:
    * whoever goes on behind a revision gets every alert that changed since, each as it
      stands, in the order of the changes;
    * only what is durable is here.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from placement.domain.alerts import Alert
from placement.domain.terms import AlertState, FactId, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Alerts that changed.

    Attributes:
        alerts: in the order of their last change.
        until: the revision up to which nothing else did.
    """

    alerts: tuple[Alert, ...]
    until: Revision


class Feed:
    """The alerts of one store, as far as this server knows them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: OrderedDict[FactId, Alert] = OrderedDict()
        self._until = Revision(0)

    @property
    def until(self) -> Revision:
        """The revision up to which it knows everything."""
        return self._until

    def publish(self, changed: Iterable[Alert], until: Revision) -> None:
        """Add what changed, up to a revision that is durable."""
        with self._lock:
            for alert in changed:
                self._alerts[alert.id] = alert
                self._alerts.move_to_end(alert.id)
            self._until = until

    def forget(self, cases: Collection[bytes]) -> None:
        """Remove the alerts about cases that were erased."""
        gone = set(cases)
        with self._lock:
            for alert in tuple(self._alerts.values()) if gone else ():
                if alert.case in gone:
                    del self._alerts[alert.id]

    def since(
        self, revision: Revision | None, wanted: Callable[[Alert], bool], most: int
    ) -> Changed:
        """Return what changed behind a revision.

        Args:
            revision: which; ``None`` for everything that is not closed.
            wanted: tells whether an alert is the caller's.
            most: how many at most; the rest is behind what is returned.
        """
        with self._lock:
            alerts, until = self._behind(revision), self._until
        found = [
            alert
            for alert in alerts
            if wanted(alert)
            and (revision is not None or alert.state is not AlertState.CLOSED)
        ]
        if len(found) > most:
            found = found[:most]
            until = found[-1].revision
        return Changed(alerts=tuple(found), until=until)

    def _behind(self, revision: Revision | None) -> list[Alert]:
        found: list[Alert] = []
        for alert in reversed(self._alerts.values()):
            if revision is not None and alert.revision <= revision:
                break
            found.append(alert)
        found.reverse()
        return found
