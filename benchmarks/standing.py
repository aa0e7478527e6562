"""Placements that stand, many of them, written into a store as events.

Nothing goes over the wire here: a hundred thousand placements would take an hour. What is
written is what the wire would have led to, so that a server starts on it as on its own:
everybody assessed, everywhere covered, everything weighed, nothing due.

Most people have a group of their own and nobody's rival. *Pairs* are two groups that no
rivalry joins yet, with members who stand side by side: once it does, every one of them
is in CONFLICT, and nobody else is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final

from benchmarks.dataset import SEED
from placement.access import NATIONAL
from placement.domain.dossiers import begun_by, dossier_of
from placement.domain.events import (
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
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.stay_events import AgendaKept
from placement.domain.terms import (
    AffiliationRole,
    AreaCode,
    Basis,
    CaseHandle,
    Day,
    FactId,
    Grade,
    GroupToken,
    Micros,
    PlacementState,
    PresenceKind,
    Reason,
    Scheme,
    SubjectId,
    Verdict,
    stockholm_day,
)
from placement.store.log import Store
from placement.store.vault import Vault

QUIET: Final = 100
"""Areas in which nobody stands but pairs."""
STEP: Final = 9
"""Days of a stay of a pair; others of its groups follow in the same area."""
PRESENCES: Final = 1_500
_CHUNK: Final = 2_000  # events a transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two groups that a rivalry may join.

    Attributes:
        one: a group.
        other: another.
        placements: how many a rivalry would affect.
    """

    one: GroupToken
    other: GroupToken
    placements: int


class Nation:
    """Makes events, and writes them into an empty store.

    Args:
        store: where.
        ruleset: by which areas and rules.
        now: microseconds since 1970-01-01.
    """

    def __init__(self, store: Store, ruleset: Ruleset, now: Micros) -> None:
        self._store = store
        self._ruleset = ruleset
        self._now = now
        self._today = stockholm_day(now)
        self._areas = tuple(AreaCode(code) for code in ruleset.areas)
        self._draw = Random(SEED)
        self._numbers = count(1)
        self._events: list[Event] = []

    def _token(self, size: int = 16) -> bytes:
        return next(self._numbers).to_bytes(size)

    def cover(self) -> None:
        """Let the national unit attest every area, and let groups be seen in some."""
        attested = Attestation(
            id=FactId(self._token()),
            region=NATIONAL,
            areas=self._areas,
            reviewed_on=self._today,
        )
        self._add(CoverageAttested(attestation=attested))
        for _ in range(PRESENCES):
            presence = Presence(
                **self._common(),
                group=GroupToken(self._token()),
                area=self._draw.choice(self._areas),
                kind=PresenceKind.ACTIVE,
            )
            self._add(FactRecorded(fact=presence))

    def stand(self, placements: int) -> None:
        """Place people who are nobody's rivals, in all areas but the quiet ones."""
        for _ in range(placements):
            group = GroupToken(self._token())
            self._place(group, self._draw.choice(self._areas[QUIET:]), self._today - 30)

    def pair(self, placements: int, *, quiet: bool = True) -> Pair:
        """Register two groups, and let their members stand side by side.

        Args:
            placements: how many, an even number of at most 1,800.
            quiet: in areas where nobody else is, or where everybody is.
        """
        one, other = (self.group() for _ in range(2))
        areas = self._areas[:QUIET] if quiet else self._areas[QUIET:]
        for number in range(placements // 2):
            turn, place = divmod(number, len(areas))
            start, end = self._today + STEP * turn, self._today + STEP * (turn + 1)
            for group in (one, other):
                self._place(group, areas[place], start, end)
        return Pair(one=one, other=other, placements=placements)

    def group(self) -> GroupToken:
        """Register a group."""
        token = GroupToken(self._token())
        group = Group(token=token, fingerprint=self._token(32), label=bytes(64))
        self._add(GroupRegistered(group=group))
        return token

    def at_war(self, one: GroupToken, other: GroupToken) -> None:
        """Join two groups by a rivalry."""
        low, high = min(one, other), max(one, other)
        rivalry = Rivalry(**self._common(), low=low, high=high, severity=1)
        self._add(FactRecorded(fact=rivalry))

    def case(self, group: GroupToken, organisation: str) -> CaseHandle:
        """Open and assess the case of a member of a group."""
        subject = SubjectId(self._token(32))
        case = Case(
            handle=CaseHandle(self._token()),
            organisation=organisation,
            reference="SN 1",
            basis=Basis.POLICE,
            members=(subject,),
            opened_at=self._now,
            assessed_at=self._now,
            assessed_by="co-01",
        )
        belongs = Affiliation(
            **self._common(),
            subject=subject,
            group=group,
            role=AffiliationRole.ASSOCIATE,
        )
        self._add(CaseOpened(case=case))
        self._add(FactRecorded(fact=belongs))
        return case.handle

    def finish(self) -> None:
        """Say that nothing is due, and write what is left."""
        nothing = AgendaKept(
            day=self._today,
            rules=(self._ruleset.digest,),
            ruled_at=self._now,
            due=(),
        )
        self._add(nothing)
        self._write()

    def _place(
        self, group: GroupToken, area: AreaCode, start: int, end: int | None = None
    ) -> None:
        """Place a member of a group."""
        placement = Placement(
            id=FactId(self._token()),
            case=self.case(group, area),
            area=area,
            valid_from=Day(start),
            valid_to=None if end is None else Day(end),
            state=PlacementState.ACTIVE,
            verdict=Verdict.CLEAR,
        )
        self._add(PlacementRecorded(placement=placement))

    def _common(self) -> dict[str, Any]:
        """Return what all facts have in common."""
        return {
            "id": FactId(self._token()),
            "recorded_at": self._now,
            "author": "co-01",
            "region": NATIONAL,
            "scheme": Scheme.THREE_FIVE_TWO,
            "given": "2B",
            "grade": Grade.MEDIUM,
            "reason": Reason.INTELLIGENCE,
        }

    def _add(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) >= _CHUNK:
            self._write()

    def _write(self) -> None:
        vault = self._store.vault
        payloads = list(_payloads(vault, self._events, self._now))
        with self._store.writing() as log:
            vault.flush()
            log.append(payloads, ())
        self._events.clear()


def _payloads(vault: Vault, events: Sequence[Event], now: Micros) -> Iterator[bytes]:
    nothing = State()  # none of these speaks of anything before it
    dossiers = [dossier_of(event, nothing) for event in events]
    pairs = list(zip(events, dossiers, strict=True))
    begun = (begun_by(event, nothing) for event in events)
    vault.begin([dossier for dossier in begun if dossier is not None])
    for event, dossier in pairs:
        yield vault.seal(Record(at=now, event=event), dossier)
