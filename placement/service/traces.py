"""Who did what with a person's data, from the access log, as far as the person is told.

Invariants:
    * nobody's person id is told, and nothing that an auditor looked for;
    * what a municipality did with a case of the person is told; what the police and
      auditors did is told if that was released, and of other regions to nobody but the
      national unit's extracts;
    * every extract that anybody asked for about the person is told: it is how a person
      learns that somebody asked in their name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from placement.access import NATIONAL, Action, Role
from placement.audit.details import Details
from placement.audit.entry import ANSWERED, Entry
from placement.domain.decide.extracts import Told
from placement.domain.decide.searches import Filter
from placement.domain.extract_events import ExtractPart
from placement.service.review import Review
from placement.service.selection import Found

MOST: Final = 100
"""Traces in one piece."""
_EXTRACTS: Final = (
    Action.EXTRACT_PROPOSE,
    Action.EXTRACT_SHOW,
    Action.EXTRACT_APPROVE,
    Action.EXTRACT_READ,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Somebody did something with the person's data.

    Attributes:
        entry: of the access log.
        case: with which case, or empty: an extract.
        answers: of a check: which area, which verdict; empty unless released.
    """

    entry: Entry
    case: bytes = b""
    answers: tuple[tuple[str, int], ...] = ()

    @property
    def answered(self) -> bool:
        """Whether it was answered; else it was refused."""
        return self.entry.outcome == ANSWERED


def traces(review: Review, told: Told, end: int) -> Iterator[tuple[Trace, ...]]:
    """Yield traces some at a time; a piece may be empty.

    Args:
        review: reads the log.
        told: the extract that they belong to.
        end: index to end before.

    Raises:
        TamperedError: an entry does not verify.
        UnavailableError: the database does not answer.
    """
    verdicts = ExtractPart.VERDICTS in told.parts
    for each in told.kept.cases:
        handle = each.case.handle
        for page in _pages(review, Filter(case=handle), end):
            yield tuple(
                _trace(found, handle, verdicts=verdicts)
                for found in page
                if _is_told(found.entry, told)
            )
    for action in _EXTRACTS:
        for page in _pages(review, Filter(action=action.name), end):
            yield tuple(
                Trace(entry=found.entry)
                for found in page
                if _is_of(found, told.subjects, review.alias)
            )


def _pages(review: Review, asked: Filter, end: int) -> Iterator[tuple[Found, ...]]:
    selection, start = review.selection(asked), 0
    while start < end:
        page = review.page(selection, start, end, most=MOST)
        start = page.next
        yield page.found


def _is_told(entry: Entry, told: Told) -> bool:
    if entry.role == Role.CASEWORKER.value:
        return True
    if ExtractPart.POLICE_ENTRIES not in told.parts:
        return False
    foreign = entry.role == Role.COORDINATOR.value and entry.organisation != told.region
    return told.region == NATIONAL or not foreign


def _is_of(
    found: Found, subjects: Iterable[bytes], alias: Callable[[bytes], bytes]
) -> bool:
    """Tell whether an extract's entry names one of some subjects."""
    details = found.opened
    outline = None if details is None else details.outline
    if outline is None:
        return False
    change = outline.objects[0] if outline.objects else b""
    # An old log has the aliases that the cases of the person have.
    aliases = (alias(about + each) for each in subjects for about in {change, b""})
    return not set(outline.subjects).isdisjoint(aliases)


def _trace(found: Found, case: bytes, *, verdicts: bool) -> Trace:
    details = found.opened if verdicts else None
    return Trace(entry=found.entry, case=case, answers=_answers(details))


def _answers(details: Details | None) -> tuple[tuple[str, int], ...]:
    matter = None if details is None else details.matter
    if matter is None:
        return ()
    # Of a refused question no place has a verdict.
    return tuple(zip(matter.areas, matter.verdicts, strict=False))
