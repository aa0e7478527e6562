"""How often each person looked at what a change would do, on the newest day of theirs."""

from collections.abc import Iterator

from placement.domain.life_events import Previewed
from placement.domain.terms import Micros, stockholm_day


class Previews:
    """The previews of each person: a preview tells who is placed where."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], tuple[Micros, int]] = {}

    def spend(self, event: Previewed, at: Micros) -> None:
        """Enter previews; those of earlier days are forgotten."""
        key = (event.organisation, event.person)
        self._spent[key] = (at, self.on_day(event, at) + event.count)

    def on_day(self, event: Previewed, at: Micros) -> int:
        """Return how many somebody had on the day of an instant."""
        last, count = self._spent.get((event.organisation, event.person), (at, 0))
        return count if stockholm_day(last) == stockholm_day(at) else 0

    def records(self) -> Iterator[tuple[Micros, Previewed]]:
        """Yield events, with their times, that make the same."""
        for (organisation, person), (at, count) in self._spent.items():
            yield (
                at,
                Previewed(organisation=organisation, person=person, count=count),
            )
