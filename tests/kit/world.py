"""A small builder of states: facts by short names, days as ISO dates."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import Any

from kit.still import STILL
from placement.domain.areas import Areas, parse_areas
from placement.domain.events import (
    CaseOpened,
    CoverageAttested,
    Event,
    FacilityRegistered,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementRecorded,
    Record,
)
from placement.domain.facts import (
    Affiliation,
    Alliance,
    Attestation,
    Case,
    Facility,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.questions import Assessment, Candidate, Question
from placement.domain.rules import assess
from placement.domain.ruleset import Ruleset, parse_ruleset
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    AffiliationRole,
    AreaCode,
    Basis,
    Day,
    Micros,
    PlacementState,
    PresenceKind,
    Reason,
    Scheme,
    Window,
    day_of,
)

_DATA = files("placement.domain") / "data"
TODAY = day_of(date(2026, 6, 15))
NOW = Micros(TODAY * MICROS_A_DAY + 10 * 3_600_000_000)


def areas() -> Areas:
    return parse_areas((_DATA / "municipalities.csv").read_text("utf-8"))


def ruleset() -> Ruleset:
    return parse_ruleset(STILL, areas())


RULESET = ruleset()


def token(name: str, size: int = 16) -> bytes:
    """Return a readable token: the name, padded."""
    return name.encode().ljust(size, b"\0")[:size]


def subject(name: str) -> bytes:
    return token(name, 32)


def day(text: str | int | None) -> Day | None:
    if text is None or isinstance(text, int):
        return None if text is None else Day(TODAY + text)
    return day_of(date.fromisoformat(text))


class World:
    """A state under construction."""

    def __init__(self, ruleset: Ruleset = RULESET) -> None:
        self.ruleset = ruleset
        self.state = State()
        self._count = 0

    def apply(self, event: Event) -> None:
        self.state.apply(Record(at=NOW, event=event))

    def _common(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._count += 1
        grade = given.get("grade", "1B")
        scheme = given.get("scheme", Scheme.THREE_FIVE_TWO)
        return {
            "id": token(f"fact-{self._count}"),
            "valid_from": day(given.get("start")),
            "valid_to": day(given.get("end")),
            "recorded_at": given.get("recorded_at", NOW),
            "author": "co-01",
            "region": given.get("region", "stockholm"),
            "scheme": scheme,
            "given": grade,
            "grade": self.ruleset.grades[scheme][grade],
            "review_by": day(given.get("review_by")),
            "reason": Reason.INTELLIGENCE,
            "approved": given.get("approved", True),
        }

    def _record(self, fact: Any) -> bytes:
        self.apply(FactRecorded(fact=fact))
        return fact.id

    def affiliation(self, who: str, group: str, **given: Any) -> bytes:
        return self._record(
            Affiliation(
                subject=subject(who),
                group=token(group),
                role=AffiliationRole.CORE,
                **self._common(given),
            )
        )

    def faction(
        self, child: str, parent: str, *, inherits: bool = True, **given: Any
    ) -> bytes:
        return self._record(
            Faction(
                child=token(child),
                parent=token(parent),
                inherits_rivalry=inherits,
                **self._common(given),
            )
        )

    def rivalry(self, a: str, b: str, severity: int = 3, **given: Any) -> bytes:
        low, high = sorted((token(a), token(b)))
        return self._record(
            Rivalry(low=low, high=high, severity=severity, **self._common(given))
        )

    def alliance(self, a: str, b: str, **given: Any) -> bytes:
        low, high = sorted((token(a), token(b)))
        return self._record(Alliance(low=low, high=high, **self._common(given)))

    def presence(
        self, group: str, area: str, kind: str = "base", **given: Any
    ) -> bytes:
        return self._record(
            Presence(
                group=token(group),
                area=AreaCode(area),
                kind=PresenceKind[kind.upper()],
                **self._common(given),
            )
        )

    def threat(
        self,
        target: str,
        *,
        group: str | None = None,
        by: str | None = None,
        **given: Any,
    ) -> bytes:
        return self._record(
            Threat(
                target=subject(target),
                source_group=token(group) if group else None,
                source_subject=subject(by) if by else None,
                severity=3,
                **self._common(given),
            )
        )

    def located(self, who: str, area: str, **given: Any) -> bytes:
        return self._record(
            Located(subject=subject(who), area=AreaCode(area), **self._common(given))
        )

    def tie(self, who: str, area: str, *, danger: bool = False, **given: Any) -> bytes:
        return self._record(
            Tie(
                subject=subject(who),
                area=AreaCode(area),
                danger=danger,
                **self._common(given),
            )
        )

    def same_as(self, a: str, b: str, **given: Any) -> bytes:
        low, high = sorted((subject(a), subject(b)))
        return self._record(SameAs(low=low, high=high, **self._common(given)))

    def facility(self, name: str, provider: str, area: str) -> None:
        self.apply(
            FacilityRegistered(
                facility=Facility(
                    token=token(name), provider=token(provider), area=AreaCode(area)
                )
            )
        )

    def case(
        self,
        *members: str,
        assessed: bool = True,
        org: str = "1280",
        children: tuple[int, ...] = (),
    ) -> Case:
        self._count += 1
        case = Case(
            handle=token(f"case-{self._count}"),
            organisation=org,
            reference="SN 1",
            basis=Basis.POLICE,
            members=tuple(subject(member) for member in members),
            opened_at=NOW,
            assessed_at=NOW if assessed else None,
            children=children,
        )
        self.apply(CaseOpened(case=case))
        return case

    def placement(
        self,
        case: Case,
        area: str,
        *,
        facility: str | None = None,
        start: str | int = -10,
        end: str | int | None = None,
        state: PlacementState = PlacementState.ACTIVE,
        expires_at: int | None = None,
    ) -> bytes:
        self._count += 1
        placement = Placement(
            id=token(f"place-{self._count}"),
            case=case.handle,
            area=AreaCode(area),
            facility=token(facility) if facility else None,
            valid_from=day(start),
            valid_to=day(end),
            state=state,
            expires_at=expires_at,
        )
        self.apply(PlacementRecorded(placement=placement))
        return placement.id

    def cover(self, *codes: str, age: int = 20, region: str | None = None) -> None:
        """Attest areas, each by its own region; without codes the whole country."""
        for code in codes or self.ruleset.areas:
            self._count += 1
            self.apply(
                CoverageAttested(
                    attestation=Attestation(
                        id=token(f"cover-{self._count}"),
                        region=region or self.ruleset.areas[code].police_region,
                        areas=(AreaCode(code),),
                        reviewed_on=Day(TODAY - age),
                    )
                )
            )

    def end(self, fact: bytes, on: str | int) -> None:
        self.apply(FactEnded(id=fact, valid_to=day(on)))

    def retract(self, fact: bytes) -> None:
        self.apply(FactRetracted(id=fact))

    def regrade(self, fact: bytes, grade: str) -> None:
        scheme = Scheme.THREE_FIVE_TWO
        normalised = self.ruleset.grades[scheme][grade]
        self.apply(FactRegraded(id=fact, scheme=scheme, given=grade, grade=normalised))

    def check(
        self,
        case: Case,
        *places: str,
        facility: str | None = None,
        start: str | int = 0,
        end: str | int | None = None,
        now: Micros = NOW,
        today: Day = TODAY,
    ) -> tuple[Assessment, ...]:
        candidates = tuple(
            Candidate(
                area=AreaCode(place), facility=token(facility) if facility else None
            )
            for place in places
        )
        question = Question(
            case=replace(case),
            candidates=candidates,
            window=Window(start=day(start), end=day(end)),
            now=now,
        )
        return assess(self.state, question, self.ruleset, today)

    def verdict(self, case: Case, place: str, **how: Any) -> str:
        return self.check(case, place, **how)[0].verdict.name
