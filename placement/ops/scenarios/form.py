"""What a scenario says, in a neutral form that any runner can use.

Days are offsets from the day it is run: -1 is yesterday. Groups, people, cases, houses,
facts and placements are known by their names in the file.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from placement.domain.terms import AffiliationRole, AreaCode, PresenceKind, Scheme

_SEVERE: Final = 3


@dataclass(frozen=True, slots=True)
class Belongs:
    """A person belongs to a group."""

    person: str
    group: str
    role: AffiliationRole = AffiliationRole.CORE


@dataclass(frozen=True, slots=True)
class PartOf:
    """A group is part of another."""

    child: str
    parent: str
    inherits_rivalry: bool = True


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two groups are rivals; in the order in which the file names them."""

    one: str
    other: str
    severity: int


@dataclass(frozen=True, slots=True)
class Allied:
    """Two groups are allied."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class PresentIn:
    """A group is present in an area."""

    group: str
    area: AreaCode
    kind: PresenceKind


@dataclass(frozen=True, slots=True)
class Threatens:
    """A group or a person threatens a person; exactly one source is set."""

    target: str
    group: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class LocatedIn:
    """A person is located in an area."""

    person: str
    area: AreaCode


@dataclass(frozen=True, slots=True)
class TiedTo:
    """A person has a tie to an area."""

    person: str
    area: AreaCode
    danger: bool = False


@dataclass(frozen=True, slots=True)
class OnePerson:
    """Two people on record are one person."""

    one: str
    other: str


Said = (
    Belongs
    | PartOf
    | Rivals
    | Allied
    | PresentIn
    | Threatens
    | LocatedIn
    | TiedTo
    | OnePerson
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """A fact.

    Attributes:
        name: by which changes point at it; ``None`` when none does.
        said: what it says.
        since: first day; ``None`` when unknown.
        until: first day it was no longer true; ``None`` while it stands.
        scheme: of the grade.
        grade: the source grade as given.
        review_by: last day without a review; ``None`` when never reviewed.
        approved: a second coordinator approves it at once; when false, nobody does
            until a change says so. Only facts that need one can be unapproved.
    """

    name: str | None
    said: Said
    since: int | None = None
    until: int | None = None
    scheme: Scheme = Scheme.THREE_FIVE_TWO
    grade: str = "1B"
    review_by: int | None = None
    approved: bool = True

    @property
    def needs_approval(self) -> bool:
        """Tell whether it can give CONFLICT by itself, or joins two people."""
        match self.said:
            case Rivals(severity=severity):
                return severity == _SEVERE
            case PresentIn(kind=kind):
                return kind is PresenceKind.BASE
            case TiedTo(danger=danger):
                return danger
            case Threatens() | OnePerson():
                return True
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Ended:
    """A fact or a placement ended: ``on`` is the first day after."""

    name: str
    on: int


@dataclass(frozen=True, slots=True)
class Retracted:
    """A fact was never true."""

    name: str


@dataclass(frozen=True, slots=True)
class Regraded:
    """A fact's source is graded anew."""

    name: str
    grade: str
    scheme: Scheme = Scheme.THREE_FIVE_TWO


@dataclass(frozen=True, slots=True)
class Approved:
    """A second coordinator stands behind a fact."""

    name: str


@dataclass(frozen=True, slots=True)
class Assessed:
    """A coordinator assesses a case; nothing further is known."""

    case: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A case is closed, or consent withdrawn."""

    case: str
    consent_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A hold is confirmed, and stands."""

    hold: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A hold is given up."""

    hold: str


@dataclass(frozen=True, slots=True)
class Passed:
    """So many hours pass."""

    hours: int


@dataclass(frozen=True, slots=True)
class Released:
    """A coordinator lets a case have an area, for what is seen of it now."""

    case: str
    area: AreaCode


@dataclass(frozen=True, slots=True)
class ReleaseApproved:
    """A second coordinator stands behind a case's last release."""

    case: str


@dataclass(frozen=True, slots=True)
class OverrideProposed:
    """A municipality asks for an area despite what was answered."""

    case: str
    area: AreaCode


@dataclass(frozen=True, slots=True)
class OverrideSigned:
    """A coordinator signs a case's last override, as it is shown now."""

    case: str


Placed = (
    Confirmed
    | GivenUp
    | Passed
    | Released
    | ReleaseApproved
    | OverrideProposed
    | OverrideSigned
)
"""What only a service knows of."""
Amended = Ended | Retracted | Regraded | Approved | Assessed | Closed | Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A facility of a provider."""

    name: str
    provider: str
    area: AreaCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case, opened by a municipality; ``household`` begins with who is leaving."""

    name: str
    municipality: AreaCode
    household: tuple[str, ...]
    children: tuple[str, ...] = ()
    assessed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """A reviewed picture.

    Attributes:
        areas: of which areas; ``None`` is the whole country.
        age: how many days ago.
        region: by which police region; ``None`` is each area's own.
    """

    areas: tuple[AreaCode, ...] | None
    age: int
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An area, or a house in it."""

    area: str
    house: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementLine:
    """A placement that stands."""

    name: str | None
    case: str
    place: Place
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens, in this order."""

    cases: tuple[CaseLine, ...] = ()
    facts: tuple[FactLine, ...] = ()
    coverage: tuple[CoverageLine, ...] = ()
    placements: tuple[PlacementLine, ...] = ()
    amendments: tuple[Amended, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question, and what is answered.

    Attributes:
        case: whose.
        places: the candidates, in order; with ``refused`` perhaps no areas at all.
        since: first day of the window.
        until: first day after; ``None`` is open.
        expected: names of the verdicts, in order; empty when refused.
        refused: the reason of the refusal, or ``None``.
        holds: the name of the hold that is made, or found again under its name;
            ``nothing`` when one was wanted and none is; ``None`` when none was wanted.
    """

    case: str
    places: tuple[Place, ...]
    since: int = 0
    until: int | None = None
    expected: tuple[str, ...] = ()
    refused: str | None = None
    holds: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change, perhaps empty, and the checks after it.

    Attributes:
        change: what happens.
        checks: what is asked then, in order.
        race: what is asked at once; exactly one is held, and the rest is CONFLICT.
        alarms: then the cases with an open alert, and the verdict that it gives;
            ``closed`` where it is about the case; ``None`` when nobody looks.
        overrides: then how many signed ones stand in the register; ``None`` likewise.
    """

    change: Change
    checks: tuple[Check, ...] = ()
    race: tuple[Check, ...] = ()
    alarms: dict[str, str] | None = None
    overrides: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One file.

    Attributes:
        number: in the list of scenarios; 0 for a rule that no number covers.
        title: a few words.
        because: one sentence.
        through: ``both``, ``rules`` or ``service``.
        today: the day it is run; ``None`` for any.
        groups: by name.
        people: by name.
        houses: the facilities.
        given: what stands before the first step.
        steps: in order.
    """

    number: int
    title: str
    because: str
    through: str
    today: date | None
    groups: tuple[str, ...]
    people: tuple[str, ...]
    houses: tuple[House, ...]
    given: Change
    steps: tuple[Step, ...]
