"""The cases of a state, and where they are found: by their people, and by their number.

Invariants:
    * a case is found by each of its people and by its number for as long as it is there.
"""

from collections.abc import Hashable
from dataclasses import replace
from typing import TypeVar, assert_never

from placement.domain.events import CaseAssessed, CaseClosed, CaseOpened
from placement.domain.facts import Case
from placement.domain.terms import CaseHandle, Micros, SubjectId

Key = TypeVar("Key", bound=Hashable)


class Casebook:
    """All cases.

    Attributes:
        by_handle: each case.
        of: handles by member of the household.
        under: handles by municipality and its own case number.
    """

    def __init__(self) -> None:
        self.by_handle: dict[CaseHandle, Case] = {}
        self.of: dict[SubjectId, dict[CaseHandle, None]] = {}
        self.under: dict[tuple[str, str], dict[CaseHandle, None]] = {}

    def apply(self, event: CaseOpened | CaseAssessed | CaseClosed, at: Micros) -> None:
        """Fold one event in.

        Raises:
            KeyError: it speaks of a case that isn't there.
        """
        match event:
            case CaseOpened(case=case):
                self._open(case)
            case CaseAssessed(handle=handle, person=person, children=children):
                self.by_handle[handle] = replace(
                    self.by_handle[handle],
                    assessed_at=at,
                    assessed_by=person,
                    children=children,
                )
            case CaseClosed(handle=handle):
                closed = replace(self.by_handle[handle], closed_at=at)
                self.by_handle[handle] = closed
            case _ as never:
                assert_never(never)

    def _open(self, case: Case) -> None:
        self.by_handle[case.handle] = case
        self.under.setdefault(_number(case), {})[case.handle] = None
        for member in case.members:
            self.of.setdefault(member, {})[case.handle] = None

    def forget(self, handle: CaseHandle) -> None:
        """Let nothing be left of a case."""
        case = self.by_handle.pop(handle)
        for member in set(case.members):
            _take_out(self.of, member, handle)
        _take_out(self.under, _number(case), handle)


def _number(case: Case) -> tuple[str, str]:
    return case.organisation, case.reference


def _take_out(
    found: dict[Key, dict[CaseHandle, None]], key: Key, handle: CaseHandle
) -> None:
    del found[key][handle]
    if not found[key]:
        del found[key]
