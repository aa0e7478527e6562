"""Alerts: what was safe when somebody was placed is so no longer.

Invariants:
    * a placement has at most one alert of a kind that is not closed; when the picture
      gets worse again, that one is raised again;
    * an alert never says a cause: whoever may know it has it explained.
"""

from collections import OrderedDict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from placement.domain.terms import (
    MICROS_AN_HOUR,
    AlertClosing,
    AlertKind,
    AlertState,
    CaseHandle,
    FactId,
    Micros,
    Revision,
    Verdict,
    start_of,
    stockholm_day,
)

_NONE = Revision(0)
_NEVER = Micros(0)
_WEEK = 7
_SATURDAY = 5
_MONDAY_OF = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alarm about one placement.

    Attributes:
        id: 16 random bytes.
        kind: what happened.
        case: whose.
        placement: which; empty when it is about the case alone.
        organisation: the municipality that is told; empty where none is.
        before: what the place was worth.
        verdict: what it is worth now.
        regions: which have it, in order.
        raised_at: when it was first raised.
        acknowledge_by: when it escalates unless somebody acknowledged it.
        state: where in its life.
        owner: person id of the coordinator who has it; empty before, and once it was
            raised again.
        owner_region: theirs.
        seen: somebody of the municipality acknowledged it.
        closing: why it was closed, or ``None``.
        revision: of its last change; set by the state.
        told: of its last change that the municipality sees; set by the state.
        raised: of when it was last raised; set by the state.
        changed_at: when it last changed; set by the state.
        told_at: when it last changed as the municipality sees; set by the state.
        again: it was raised more than once; set by the state.
    """

    id: FactId
    kind: AlertKind
    case: CaseHandle
    placement: FactId
    organisation: str
    before: Verdict
    verdict: Verdict
    regions: tuple[str, ...]
    raised_at: Micros
    acknowledge_by: Micros
    state: AlertState = AlertState.RAISED
    owner: str = ""
    owner_region: str = ""
    seen: bool = False
    closing: AlertClosing | None = None
    revision: Revision = _NONE
    told: Revision = _NONE
    raised: Revision = _NONE
    changed_at: Micros = _NEVER
    told_at: Micros = _NEVER
    again: bool = False

    @property
    def waits(self) -> bool:
        """Whether nobody has acknowledged it, and it has not escalated."""
        return self.state is AlertState.RAISED


class Alerts:
    """Every alert, the one that changed last at the end."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[FactId, Alert] = OrderedDict()
        self._open: dict[tuple[AlertKind, CaseHandle, FactId], FactId] = {}
        self._waiting: dict[FactId, Micros] = {}

    def put(self, alert: Alert) -> None:
        """Add an alert, or replace it by its newer form."""
        self._by_id[alert.id] = alert
        self._by_id.move_to_end(alert.id)
        place = (alert.kind, alert.case, alert.placement)
        if alert.state is AlertState.CLOSED:
            if self._open.get(place) == alert.id:
                del self._open[place]
        else:
            self._open[place] = alert.id
        self._waiting.pop(alert.id, None)
        if alert.waits:
            self._waiting[alert.id] = alert.acknowledge_by

    def forget(self, cases: AbstractSet[CaseHandle]) -> None:
        """Remove every alert about some cases."""
        gone = [alert for alert in self._by_id.values() if alert.case in cases]
        for alert in gone:
            del self._by_id[alert.id]
            self._waiting.pop(alert.id, None)
            self._open.pop((alert.kind, alert.case, alert.placement), None)

    def raise_(self, alert: Alert, revision: Revision, at: Micros) -> None:
        """Add an alert that is raised now, for the first time or again."""
        known = self._by_id.get(alert.id)
        # Whom the first telling left out is told for the first time.
        again = known is not None and known.organisation == alert.organisation
        raised = replace(
            alert,
            revision=revision,
            told=revision,
            raised=revision,
            changed_at=at,
            told_at=at,
            again=again,
        )
        self.put(raised)

    def change(self, alert_id: FactId, **changes: object) -> None:
        """Replace some attributes of an alert.

        Raises:
            KeyError: there is no such alert.
        """
        self.put(replace(self._by_id[alert_id], **changes))  # type: ignore[arg-type]

    def __getitem__(self, alert_id: FactId) -> Alert:
        """Return an alert."""
        return self._by_id[alert_id]

    def get(self, alert_id: FactId) -> Alert | None:
        """Return an alert, or ``None``."""
        return self._by_id.get(alert_id)

    def open_of(
        self, kind: AlertKind, case: CaseHandle, placement: FactId
    ) -> Alert | None:
        """Return the alert of a kind that is not closed, or ``None``."""
        found = self._open.get((kind, case, placement))
        return None if found is None else self._by_id[found]

    def not_closed(self) -> Iterator[Alert]:
        """Yield every alert that is not closed."""
        return (self._by_id[each] for each in self._open.values())

    def overdue(self, now: Micros) -> list[Alert]:
        """Return the alerts that nobody acknowledged in time."""
        return [self._by_id[each] for each, by in self._waiting.items() if by <= now]

    def changed_after(self, revision: Revision) -> list[Alert]:
        """Return the alerts that changed after a revision, in order of their change."""
        found: list[Alert] = []
        for alert in reversed(self._by_id.values()):
            if alert.revision <= revision:
                break
            found.append(alert)
        found.reverse()
        return found

    def __iter__(self) -> Iterator[Alert]:
        """Yield every alert, in the order of their last change."""
        return iter(self._by_id.values())


def acknowledge_by(verdict: Verdict, now: Micros, conflict_hours: int) -> Micros:
    """Return by when somebody has to acknowledge an alert.

    A CONFLICT gives hours; everything else until the next working day is over. Holidays
    are not known, so that such a day comes too early and never too late.
    """
    if verdict is Verdict.CONFLICT:
        return Micros(now + conflict_hours * MICROS_AN_HOUR)
    day = stockholm_day(now) + 1
    while (day + _MONDAY_OF) % _WEEK >= _SATURDAY:
        day += 1
    return start_of(day + 1)
