"""Try rows before they are sent: which would be refused, as things stand.

What contradicts a row may stand under another name of a group, so whoever makes the dry
run can't find it alone.
"""

from dataclasses import dataclass
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.decide.staging import DraftRow, staged_rows
from placement.domain.decide.taking import refused_rows
from placement.domain.import_events import RowRefusal
from placement.domain.merges import GROUPS
from placement.domain.state import State

MOST: Final = 64
"""Rows in one call: few enough that nobody's check waits long behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRows(Command):
    """Ask what would become of rows.

    Attributes:
        rows: they.
    """

    action = Action.IMPORT_TRY

    rows: tuple[DraftRow, ...]

    @property
    def note(self) -> Note:
        """Name the facts that they would end, and the groups that they speak of."""
        drafts = [row.draft for row in self.rows if row.draft is not None]
        tokens = (
            draft.statement[name]
            for draft in drafts
            for name in GROUPS[draft.kind]
            if isinstance(draft.statement.get(name), bytes)
        )
        ends = (row.end.id for row in self.rows if row.end is not None)
        return Note(objects=tuple(ends), tokens=tuple(dict.fromkeys(tokens)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The reply to ``TryRows``: positions among the rows, and why each is refused."""

    refused: tuple[tuple[int, RowRefusal], ...]


def try_rows(state: State, command: TryRows, moment: Moment) -> Outcome:
    """Tell which rows would be refused if they were taken over now; nothing is stored.

    Raises:
        InvalidInputError: a row that can't be; its field is named.
        PlacementError: as ``append_rows``, of what a row would end.
    """
    require(1 <= len(command.rows) <= MOST, "rows", f"must be 1 to {MOST}")
    rows = staged_rows(state, command.caller, command.rows, moment)
    refused = refused_rows(state, moment, command.caller, rows)
    return Outcome(reply=Tried(refused=tuple(refused)))
