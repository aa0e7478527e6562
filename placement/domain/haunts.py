"""What phantom stays follow, beside the ruleset: sizes, houses, and whom they leave alone.

Invariants:
    * a group's size in a month is what was said before the month began; a house is one
      of a month if it was registered before;
    * a lift is of one case and one area, and ends by itself.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from placement.domain.events import ChangeProposed
from placement.domain.haunt_events import (
    GroupSized,
    HauntAmendment,
    HauntEvent,
    Lift,
    LiftKept,
    PhantomsLifted,
)
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AreaCode,
    CaseHandle,
    FacilityToken,
    GroupSize,
    GroupToken,
    Micros,
)


class Haunts:
    """What phantom stays follow.

    Attributes:
        registered: when each house was.
        lifts: in the order they came; some are over.
    """

    def __init__(self) -> None:
        self.registered: dict[FacilityToken, Micros] = {}
        self.lifts: list[Lift] = []
        self._sizes: dict[GroupToken, list[tuple[Micros, GroupSize]]] = {}

    def copy(self) -> "Haunts":
        """Return the same, apart from this."""
        found = Haunts()
        found.registered = dict(self.registered)
        found.lifts = list(self.lifts)
        found._sizes = {group: list(said) for group, said in self._sizes.items()}
        return found

    def apply(self, event: HauntEvent, at: Micros) -> None:
        """Fold one event in."""
        if isinstance(event, LiftKept):
            self.lifts.append(event.lift)
        else:
            self._sizes.setdefault(event.group, []).append((at, event.size))

    def agree(
        self,
        amendment: HauntAmendment,
        change: ChangeProposed,
        second: str,
        at: Micros,
    ) -> None:
        """Follow what a second coordinator stood behind."""
        if isinstance(amendment, GroupSized):
            self.apply(amendment, at)
        else:
            self.lift(amendment, change, second, at)

    def lift(
        self, lifted: PhantomsLifted, change: ChangeProposed, second: str, at: Micros
    ) -> None:
        """Let phantoms not stand in a case's way.

        Args:
            lifted: where, and how long.
            change: that says so.
            second: who approved it.
            at: when.
        """
        lift = Lift(
            case=lifted.case,
            area=lifted.area,
            ground=lifted.ground,
            region=change.region,
            at=at,
            until=Micros(at + lifted.hours * MICROS_AN_HOUR),
            change=change.id,
            person=change.person,
            second=second,
        )
        self.lifts.append(lift)

    def size_of(self, group: GroupToken, before: Micros | None = None) -> GroupSize:
        """Return how large a group is.

        Args:
            group: its token.
            before: only what was said before that counts.
        """
        found = GroupSize.MEDIUM
        for at, size in self._sizes.get(group, ()):
            if before is None or at < before:
                found = size
        return found

    def lifted(self, case: CaseHandle, now: Micros) -> set[AreaCode]:
        """Return the areas where phantoms do not stand in a case's way."""
        return {
            each.area for each in self.lifts if each.case == case and now < each.until
        }

    def lifts_of(self, region: str, since: Micros) -> Iterator[Lift]:
        """Yield what a region lifted since."""
        return (
            each for each in self.lifts if each.region == region and each.at >= since
        )

    def forget(self, cases: AbstractSet[CaseHandle]) -> None:
        """Remove what belongs to cases."""
        self.lifts = [each for each in self.lifts if each.case not in cases]

    def records(self) -> Iterator[tuple[Micros, HauntEvent]]:
        """Yield events, and when they happened, whose fold equals this but for houses."""
        for group, said in self._sizes.items():
            for at, size in said:
                yield at, GroupSized(group=group, size=size)
        for lift in self.lifts:
            yield lift.at, LiftKept(lift=lift)
