"""What people say about phantom stays: whom to leave alone, and how large a group is.

Both wait for a second coordinator. Invariants:
    * whoever lifts phantoms has seen what is real, and names it;
    * a lift is refused where no phantom stands in the way, and for want of budget by what
      the region lifted before, and by nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from placement.access import Action, Caller
from placement.domain.decide.command import (
    CaseCommand,
    Moment,
    Note,
    Outcome,
    RequestCommand,
)
from placement.domain.decide.drafts import propose
from placement.domain.decide.permits import require_asked
from placement.domain.decide.seeing import asked_note, seen_by, told_note, weighed_place
from placement.domain.decide.whose import linked_case
from placement.domain.events import ChangeProposed
from placement.domain.haunt_events import GroupSized, HauntAmendment, PhantomsLifted
from placement.domain.questions import Candidate
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    FactId,
    GroupSize,
    GroupToken,
    LiftGround,
    Micros,
    Window,
)
from placement.errors import (
    BudgetError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftPhantoms(CaseCommand):
    """Propose that phantoms do not stand in a case's way in an area.

    Attributes:
        candidate: the place that was answered.
        window: for which days.
        ground: why.
        seen: digest of what the coordinator saw, from ``Explained``.
        change: 16 fresh random bytes.
    """

    action = Action.PHANTOM_LIFT

    candidate: Candidate
    window: Window
    ground: LiftGround
    seen: bytes
    change: FactId

    @property
    def note(self) -> Note:
        """Name the case, the place and the ground."""
        note = asked_note(self.case, self.candidate, self.window)
        return replace(note, purpose=self.ground.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeGroup(RequestCommand):
    """Propose how large a group is.

    Attributes:
        group: its token.
        size: how large.
        change: 16 fresh random bytes.
    """

    action = Action.GROUP_SIZE

    group: GroupToken
    size: GroupSize
    change: FactId

    @property
    def note(self) -> Note:
        """Name the group where auditors don't see it."""
        return Note(tokens=(self.group,))


def lift_phantoms(state: State, command: LiftPhantoms, moment: Moment) -> Outcome:
    """Let a lift wait for a second coordinator."""
    case = linked_case(state, command.caller, command.case, moment)
    if case.closed_at is not None:
        raise ClosedError
    require_asked(state, case, command.candidate, moment)
    weighed = weighed_place(state, moment, case, command.candidate, command.window)
    if seen_by(command.caller, weighed) != command.seen:
        raise StaleError
    found = weighed.found
    lifting = moment.ruleset.phantoms.lift
    lifted = PhantomsLifted(
        case=case.handle,
        area=command.candidate.area,
        ground=command.ground,
        hours=lifting.hours,
    )
    waiting = list(waiting_lifts(state, moment))
    stands = found.real.verdict < found.verdict
    if not stands or any(_alike(lifted, each) for _, each in waiting):
        raise ConflictError
    since = Micros(moment.now - lifting.days * MICROS_A_DAY)
    region = command.caller.organisation
    spent = sum(1 for _ in state.haunts.lifts_of(region, since))
    spent += sum(change.region == region for change, _ in waiting)
    if spent >= lifting.allowed:
        raise BudgetError
    change = _proposed(moment, command.caller, command.change, lifted)
    note = told_note(command.note, weighed)
    return replace(Outcome.written(change, made=(command.change,)), note=note)


def size_group(state: State, command: SizeGroup, moment: Moment) -> Outcome:
    """Let the size of a group wait for a second coordinator."""
    if command.group not in state.groups:
        raise NotFoundError
    sized = GroupSized(group=command.group, size=command.size)
    if state.haunts.size_of(command.group) is command.size:
        raise ConflictError
    for change in state.changes.values():
        if change.amendments == (sized,) and moment.now < change.expires_at:
            raise ConflictError
    proposed = _proposed(moment, command.caller, command.change, sized)
    return Outcome.written(proposed, made=(command.change,))


def _proposed(
    moment: Moment, caller: Caller, change: FactId, amendment: HauntAmendment
) -> ChangeProposed:
    return propose(moment, caller, change, amendments=(amendment,))


def waiting_lifts(
    state: State, moment: Moment
) -> Iterator[tuple[ChangeProposed, PhantomsLifted]]:
    """Yield the lifts that wait."""
    for change in state.changes.values():
        for amendment in change.amendments:
            if isinstance(amendment, PhantomsLifted) and moment.now < change.expires_at:
                yield change, amendment


def _alike(one: PhantomsLifted, other: PhantomsLifted) -> bool:
    return (one.case, one.area) == (other.case, other.area)
