"""The nation as the registry has it: records, the state they fold to, its questions."""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from typing import Any, Final

from benchmarks.nation import Asked, Nation
from placement.domain.events import (
    CaseAssessed,
    CaseOpened,
    CoverageAttested,
    Event,
    FactRecorded,
    PlacementRecorded,
    Record,
)
from placement.domain.facts import (
    Affiliation,
    Attestation,
    Case,
    Group,
    Placement,
    Presence,
    Rivalry,
)
from placement.domain.group_events import GroupRegistered
from placement.domain.questions import Candidate, Question
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AffiliationRole,
    AreaCode,
    Basis,
    CaseHandle,
    FactId,
    Grade,
    GroupToken,
    Micros,
    PlacementState,
    PresenceKind,
    Reason,
    Scheme,
    SubjectId,
    Window,
    stockholm_day,
)

_REGIONS: Final = ("syd", "vast", "stockholm", "nord", "ost", "mitt", "bergslagen")
_AUTHORS: Final = tuple(f"co-{number:02}" for number in range(40))
_REVIEWED_YEARLY: Final = 365


def of(kind: str, number: int, size: int = 16) -> bytes:
    """Return the token of something by its number; no two are alike."""
    return blake2b(f"{kind}/{number}".encode(), digest_size=size).digest()


def person(number: int) -> SubjectId:
    """Return somebody's pseudonym as the store keeps it."""
    return SubjectId(of("person", number, 32))


class Registry:
    """Records that a nation folds from; each has dates and its own time, as real ones.

    Args:
        nation: what is on record.
        now: the instant of the questions.
    """

    def __init__(self, nation: Nation, now: Micros) -> None:
        self._nation, self._now = nation, now
        self._today = stockholm_day(now)
        self._groups = [GroupToken(of("group", n)) for n in range(nation.groups)]
        self._areas = tuple(AreaCode(code) for code in nation.codes)
        self._number = count()

    def state(self) -> State:
        """Fold everything."""
        state = State()
        for record in self.records():
            state.apply(record)
        return state

    def records(self) -> Iterator[Record]:
        """Yield everything in the order of a log."""
        at = Micros(self._now - MICROS_AN_HOUR)
        for event in self._events():
            yield Record(at=at, event=event)

    def question(self, asked: Asked) -> Question:
        """Return a question as the rules take it; nobody's case is on record."""
        return Question(
            case=self._case(asked.person),
            candidates=tuple(Candidate(area=self._areas[area]) for area in asked.areas),
            window=Window(start=self._today),
            now=self._now,
        )

    def opened(self, number: int) -> tuple[CaseHandle, list[Record]]:
        """Return somebody's case, and the records that open and assess it."""
        case, at = self._case(number), Micros(self._now - MICROS_AN_HOUR)
        return case.handle, [Record(at=at, event=event) for event in _opening(case)]

    def _case(self, number: int) -> Case:
        return Case(
            handle=CaseHandle(of("case", number)),
            organisation="1280",
            reference=f"SN {number}",
            basis=Basis.POLICE,
            members=(person(number),),
            opened_at=self._now,
            assessed_at=self._now,
        )

    def _common(self) -> dict[str, Any]:
        """Return what all facts have: a grade, an author, dates of their own."""
        number = next(self._number)
        return {
            "id": FactId(of("fact", number)),
            "valid_from": self._today - 2_000 + number % 1_900,
            "valid_to": None,
            "recorded_at": Micros(self._now - MICROS_AN_HOUR - 977 * number),
            "author": _AUTHORS[number % len(_AUTHORS)],
            "region": _REGIONS[number % len(_REGIONS)],
            "scheme": Scheme.THREE_FIVE_TWO,
            "given": "2B",
            "grade": Grade.MEDIUM,
            "review_by": self._today + 1 + number % _REVIEWED_YEARLY,
            "reason": Reason.INTELLIGENCE,
        }

    def _events(self) -> Iterator[Event]:
        for number, token in enumerate(self._groups):
            named = Group(token=token, fingerprint=of("name", number, 32), label=b"")
            yield GroupRegistered(group=named)
        attested = Attestation(
            id=FactId(of("attestation", 0)),
            region="national",
            areas=self._areas,
            reviewed_on=self._today,
        )
        yield CoverageAttested(attestation=attested)
        yield from self._between_groups()
        for number, group in enumerate(self._nation.group_of):
            member = Affiliation(
                subject=person(number),
                group=self._groups[group],
                role=AffiliationRole.ASSOCIATE,
                **self._common(),
            )
            yield FactRecorded(fact=member)
        yield from self._placed()

    def _between_groups(self) -> Iterator[Event]:
        for pair, severity in self._nation.rivalries.items():
            low, high = sorted(self._groups[each] for each in pair)
            war = Rivalry(low=low, high=high, severity=severity, **self._common())
            yield FactRecorded(fact=war)
        for group, area, kind in self._nation.presences:
            present = Presence(
                group=self._groups[group],
                area=self._areas[area],
                kind=PresenceKind(kind + 1),
                **self._common(),
            )
            yield FactRecorded(fact=present)

    def _placed(self) -> Iterator[Event]:
        for number, area in self._nation.placements:
            case = self._case(number)
            yield from _opening(case)
            placement = Placement(
                id=FactId(of("placement", number)),
                case=case.handle,
                area=self._areas[area],
                valid_from=self._today,
                state=PlacementState.ACTIVE,
            )
            yield PlacementRecorded(placement=placement)


def _opening(case: Case) -> Iterator[Event]:
    yield CaseOpened(case=case)
    yield CaseAssessed(handle=case.handle, person="co-01", children=())
