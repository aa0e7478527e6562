"""Where the picture of what is going on is fresh (R10).

Whether an area and all that is near are covered is asked by every check, and changes when
somebody attests or a day begins. So what was found stays until then.

Invariants:
    * nothing is kept beyond the statement, the ruleset or the day that it follows from.
"""

from placement.domain.facts import Attestation
from placement.domain.indexing import Index
from placement.domain.ruleset import Ruleset
from placement.domain.terms import AreaCode, Day, FactId


class Coverage(Index[AreaCode, Attestation]):
    """Statements of coverage by area.

    Attributes:
        by_id: each statement.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by_id: dict[FactId, Attestation] = {}
        self._by: tuple[Ruleset, Day] | None = None
        self._fresh: dict[AreaCode, bool] = {}

    def attest(self, statement: Attestation) -> None:
        """Add a statement about several areas."""
        self.by_id[statement.id] = statement
        for area in statement.areas:
            self.put(area, statement.id, statement)

    def put(self, key: AreaCode, entry_id: FactId, entry: Attestation) -> None:
        """Add a statement, or replace its older form."""
        self._fresh.clear()
        super().put(key, entry_id, entry)

    def drop(self, key: AreaCode, entry_id: FactId) -> None:
        """Take a statement out.

        Raises:
            KeyError: it isn't there.
        """
        self._fresh.clear()
        super().drop(key, entry_id)

    def is_fresh(self, area: AreaCode, ruleset: Ruleset, today: Day) -> bool:
        """Tell whether the picture of an area and of what is near is fresh.

        A code that is no longer in use is no municipality: its successor's picture
        holds it.
        """
        if self._by is None or self._by[0] is not ruleset or self._by[1] != today:
            self._by = (ruleset, today)
            self._fresh.clear()
        fresh = self._fresh.get(area)
        if fresh is None:
            areas = ruleset.areas
            fresh = self._fresh[area] = self._covers(area, ruleset, today) and all(
                self._covers(code, ruleset, today) or not areas[code].valid_on(today)
                for code in areas.near(area)
            )
        return fresh

    def _covers(self, area: AreaCode, ruleset: Ruleset, today: Day) -> bool:
        trusted = (ruleset.areas[area].police_region, "national")
        oldest = today - ruleset.coverage_days
        return any(
            each.region in trusted and oldest <= each.reviewed_on <= today
            for each in self.newest(area)
        )
