"""What happens to placements in time: holds, moves, permits, alerts, what is due."""

from dataclasses import dataclass

from placement.domain.agenda import Due
from placement.domain.alerts import Alert
from placement.domain.idle_events import Idled
from placement.domain.permits import Permit
from placement.domain.terms import (
    AlertClosing,
    Day,
    FactId,
    FindingKey,
    Micros,
    ProviderToken,
    Revision,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExtended:
    """A hold got its whole time again."""

    id: FactId
    expires_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldConfirmed:
    """A hold became ACTIVE.

    Attributes:
        id: the placement's.
        verdict: what the place was worth then.
        seen: the findings behind that.
        permit: what it was confirmed under, or ``None``.
    """

    id: FactId
    verdict: Verdict
    seen: tuple[FindingKey, ...]
    permit: FactId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedIn:
    """A household moved in on a day."""

    id: FactId
    day: Day
    verdict: Verdict
    seen: tuple[FindingKey, ...]
    permit: FactId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementWeighed:
    """A placement is worth something else than it was."""

    id: FactId
    verdict: Verdict
    seen: tuple[FindingKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitGiven:
    """Somebody asked for a permit, or gave one that needs no second person."""

    permit: Permit


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSigned:
    """A second person stood behind an override."""

    id: FactId
    organisation: str
    person: str
    expires_at: Micros
    verdict: Verdict
    floor: Verdict
    seen: tuple[FindingKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStopped:
    """A coordinator stopped a provider.

    Attributes:
        provider: which.
        region: the coordinator's; empty before each region had its own.
    """

    provider: ProviderToken
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """An alert was raised, for the first time or again."""

    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """Somebody of the municipality acknowledged an alert."""

    id: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged:
    """A coordinator took an alert on."""

    id: FactId
    person: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHandedOver:
    """Another region has an alert too, and nobody owns it."""

    id: FactId
    region: str
    acknowledge_by: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEscalated:
    """Nobody acknowledged an alert in time."""

    id: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClosed:
    """An alert is done."""

    id: FactId
    closing: AlertClosing


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPassed:
    """A day began; whatever its date changes is to be weighed again."""

    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepBegun:
    """Everything is weighed again, though nothing should be found."""

    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFollowed:
    """Other rules are in force than those by which everything was last weighed."""

    rules: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reevaluated:
    """Some of what changes touched was weighed again.

    Attributes:
        until: revision of the last change of the round.
        after: the last placement that was weighed; empty when there was none.
        done: all were.
    """

    until: Revision
    after: FactId
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKept:
    """In a snapshot only: an alert as it stands."""

    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaKept:
    """In a snapshot only, with nothing else behind it: what is due.

    Attributes:
        day: the last day that was noticed to have begun.
        rules: digests of the rules that were ever followed.
        ruled_at: when the last ones were.
        due: everything that is due, or a piece of it.
        further: a piece behind the one in the record before.
    """

    day: Day
    rules: tuple[bytes, ...]
    ruled_at: Micros
    due: tuple[Due, ...]
    further: bool = False


AlertEvent = (
    AlertRaised
    | AlertSeen
    | AlertAcknowledged
    | AlertHandedOver
    | AlertEscalated
    | AlertClosed
    | AlertKept
)
StayEvent = (
    HoldExtended
    | HoldConfirmed
    | MovedIn
    | PlacementWeighed
    | PermitGiven
    | OverrideSigned
    | ProviderStopped
    | AlertEvent
    | DayPassed
    | SweepBegun
    | RulesFollowed
    | Reevaluated
    | Idled
    | AgendaKept
)
