"""Erasing what is past its retention: look, propose, and stand behind it.

Invariants:
    * nobody erases alone;
    * nothing is erased that stands, or that may protect somebody who is placed; that is
      looked at again when the second person comes;
    * another region's fact or case is answered like one that isn't there.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.changeovers import without_faded
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import propose
from placement.domain.decide.facts import owned
from placement.domain.decide.weighing import region_of
from placement.domain.erasure_events import DossiersErased, ErasureAgreed
from placement.domain.events import ChangeApproved, ChangeProposed
from placement.domain.expired import Expired, expired
from placement.domain.state import State
from placement.domain.tallies import counted_of
from placement.domain.terms import AreaCode, CaseHandle, DossierId, FactId, Revision
from placement.errors import AccessDeniedError, ConflictError, NotFoundError

MAX_ERASED: Final = 500
"""Dossiers that are erased at once, or listed on one page but for ties."""
LOOKED_AT: Final = 1000
"""Dossiers that are looked through for one page, so that nobody waits for long."""

Place = tuple[int, int]
"""Where a page ends: among facts, the revision of the last one; or among cases, when the
last one was opened."""
_FACTS: Final = 0
_CASES: Final = 1
_START: Final[Place] = (_FACTS, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExpired(Command):
    """List what is past its retention in the own region; the national unit sees all.

    Attributes:
        after: where the page before ended; ``None`` for the first.
        scope: 32 bytes: what the list is of; its token is bound to that.
    """

    action = Action.ERASURE_LIST

    after: Place | None
    scope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeErasure(RequestCommand):
    """Propose that facts and cases are erased.

    Attributes:
        dossiers: which.
        change: 16 fresh random bytes.
    """

    action = Action.ERASURE_PROPOSE

    dossiers: tuple[DossierId, ...]
    change: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveErasure(RequestCommand):
    """Stand behind another coordinator's erasure: it is done, and for good."""

    action = Action.ERASURE_APPROVE

    change: FactId

    @property
    def note(self) -> Note:
        """Name the change."""
        return Note(objects=(self.change,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredList:
    """The reply to ``ListExpired``: of a page, what is past the longest, first.

    Attributes:
        listed: some of it; perhaps nothing, though more may follow.
        after: where the next page begins, or ``None`` on the last.
        scope: of the list.
    """

    listed: tuple[Expired, ...]
    after: Place | None
    scope: bytes


def list_expired(state: State, command: ListExpired, moment: Moment) -> Outcome:
    """List a page of what may be erased, looking through no more than so many."""
    caller, waiting = command.caller, _waiting(state, moment)
    found: list[Expired] = []
    last = command.after or _START
    for count, (place, dossier) in enumerate(_behind(state, caller, last)):
        # What stands at one place is never split: a page begins behind all of it.
        if place != last and (count >= LOOKED_AT or len(found) >= MAX_ERASED):
            break
        last = place
        each = expired(state, moment.ruleset, dossier, moment.today)
        if each is None or each.id in waiting:
            continue
        if caller.organisation in (each.region, NATIONAL):
            found.append(each)
    else:
        last = _START
    found.sort(key=lambda each: (each.since, each.id))
    page = ExpiredList(
        listed=tuple(found),
        after=None if last == _START else last,
        scope=command.scope,
    )
    return Outcome(reply=page)


def _behind(
    state: State, caller: Caller, last: Place
) -> Iterator[tuple[Place, DossierId]]:
    """Yield facts as they were recorded, then cases as they were opened."""
    among, after = last
    if among == _FACTS:
        for fact in owned(state, caller, None, Revision(after)):
            yield (_FACTS, state.histories.recorded(fact.id)), DossierId(fact.id)
    handles = list(state.cases)
    opened = 0 if among == _FACTS else bisect_right(handles, after, key=_opened(state))
    for handle in islice(handles, opened, None):
        yield (_CASES, _opened(state)(handle)), DossierId(handle)


def _opened(state: State) -> Callable[[CaseHandle], int]:
    return lambda handle: state.cases[handle].opened_at


def propose_erasure(state: State, command: ProposeErasure, moment: Moment) -> Outcome:
    """Propose an erasure; until it is approved, everything acts as before."""
    dossiers = command.dossiers
    require(1 <= len(dossiers) <= MAX_ERASED, "ids", "must be 1 to 500")
    require(len(set(dossiers)) == len(dossiers), "ids", "must all be different")
    for dossier in dossiers:
        _require_own(state, command.caller, dossier, moment)
    if not _erasable(state, dossiers, moment) or _proposed(state, dossiers, moment):
        raise ConflictError
    agreed = tuple(ErasureAgreed(id=dossier) for dossier in dossiers)
    proposed = propose(moment, command.caller, command.change, amendments=agreed)
    note = Note(objects=tuple(each for each in dossiers if FactId(each) in state.facts))
    return replace(Outcome.written(proposed, made=(command.change,)), note=note)


def approve_erasure(state: State, command: ApproveErasure, moment: Moment) -> Outcome:
    """Erase, if all of it is still past its retention and protects nobody."""
    change = state.changes.get(command.change)
    if (
        change is None
        or not is_erasure(change)
        or not _concerns(change, command.caller)
    ):
        raise NotFoundError
    if change.person == command.caller.person:
        raise AccessDeniedError
    dossiers = erased_by(change)
    if moment.now >= change.expires_at or not _erasable(state, dossiers, moment):
        raise ConflictError
    over = state.imports.over(moment.now)
    lives = [
        (state.facts[key], state.histories.later(key))
        for key in map(FactId, dossiers)
        if key in state.facts
    ]
    return Outcome.written(
        ChangeApproved(id=change.id, person=command.caller.person),
        *without_faded(state),
        # Rows that were staged may be a second copy; what is over needs none.
        DossiersErased(
            dossiers=(*dossiers, *map(DossierId, over)),
            counts=counted_of(lives, moment.now, moment.today),
        ),
    )


def is_erasure(change: ChangeProposed) -> bool:
    """Tell whether a change erases; then it is approved by ``ApproveErasure`` alone."""
    return bool(erased_by(change))


def erased_by(change: ChangeProposed) -> tuple[DossierId, ...]:
    """Return the dossiers that a change erases; nothing of a change that doesn't."""
    return tuple(
        each.id for each in change.amendments if isinstance(each, ErasureAgreed)
    )


def _concerns(change: ChangeProposed, caller: Caller) -> bool:
    return caller.organisation in (change.region, NATIONAL)


def _require_own(
    state: State, caller: Caller, dossier: DossierId, moment: Moment
) -> None:
    """Refuse what is not of the caller's region.

    Raises:
        NotFoundError: there is none, or it is another region's.
    """
    fact = state.facts.get(FactId(dossier))
    case = state.cases.get(CaseHandle(dossier))
    if fact is not None:
        region = fact.region
    elif case is not None:
        region = region_of(moment, AreaCode(case.organisation))
    else:
        raise NotFoundError
    if caller.organisation not in (region, NATIONAL):
        raise NotFoundError


def _erasable(state: State, dossiers: Iterable[DossierId], moment: Moment) -> bool:
    """Tell whether all dossiers are there, and past their retention."""
    return all(
        (FactId(each) in state.facts or CaseHandle(each) in state.cases)
        and expired(state, moment.ruleset, each, moment.today) is not None
        for each in dossiers
    )


def _proposed(state: State, dossiers: Iterable[DossierId], moment: Moment) -> bool:
    """Tell whether a change that waits erases one of some dossiers already."""
    return not _waiting(state, moment).isdisjoint(dossiers)


def _waiting(state: State, moment: Moment) -> set[DossierId]:
    """Return what a change that waits erases already."""
    return {
        dossier
        for change in state.changes.values()
        if moment.now < change.expires_at
        for dossier in erased_by(change)
    }
