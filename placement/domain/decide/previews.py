"""What a change would do to standing placements, before anybody makes it.

A preview is an oracle: it tells who is placed near what. So it is budgeted by person and
day, whoever asks it is in the log, and so is each placement that is weighed.

Invariants:
    * nothing but the budget is changed;
    * a placement is weighed twice by the rules of a check: as everything stands, and as
      it would stand;
    * whose placement it is, is told of cases of the caller's own region alone; of all
      others they are counted.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import ClassVar

from placement.access import Action
from placement.domain.decide.approvals import waiting_change
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.decide.drafts import Draft, drafted
from placement.domain.decide.erasures import is_erasure
from placement.domain.decide.fitting import ended_by, still_fits
from placement.domain.decide.registry import Ending, own_fact, require_endable
from placement.domain.decide.weighing import remaining, weighed
from placement.domain.decide.whose import polices
from placement.domain.events import ChangeApproved, Event, FactEnded, FactRecorded
from placement.domain.facts import Placement
from placement.domain.imagined import Imagined
from placement.domain.life_events import Previewed
from placement.domain.state import State
from placement.domain.terms import CaseHandle, FactId, Verdict
from placement.errors import BudgetError, ConflictError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is imagined: a change that waits is approved, or something is stated.

    Attributes:
        change: which change, or ``None``.
        drafts: facts that are recorded, with whoever has to stand behind them.
        endings: facts that are ended, likewise.
    """

    change: FactId | None = None
    drafts: tuple[Draft, ...] = ()
    endings: tuple[Ending, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Previewing(Command):
    """What both steps of a preview have.

    Attributes:
        sketch: what is imagined.
    """

    sketch: Sketch

    @property
    def note(self) -> Note:
        """Name the change, and the facts that would end."""
        named = () if self.sketch.change is None else (self.sketch.change,)
        return Note(objects=(*named, *(each.id for each in self.sketch.endings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginPreview(_Previewing):
    """Ask which placements a change would have weighed again; costs a preview."""

    action: ClassVar[Action] = Action.PREVIEW_BEGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighPreview(_Previewing):
    """Weigh some of them, as they stand and as they would.

    Attributes:
        placements: some of those that ``BeginPreview`` named.
        imagined: from the reply to the one before, so that nothing is imagined twice;
            it is used only if nothing has changed since.
    """

    action: ClassVar[Action] = Action.PREVIEW_WEIGH

    placements: tuple[FactId, ...]
    imagined: Imagined | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The reply to ``BeginPreview``.

    Attributes:
        placements: what would be weighed again, in order.
        sketch: what is imagined.
    """

    placements: tuple[FactId, ...]
    sketch: Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A placement whose verdict would be another, of a case of the own region."""

    case: CaseHandle
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """The reply to ``WeighPreview``.

    Attributes:
        weighed: how many placements count, and were weighed.
        counts: how many go from which verdict to which other.
        moved: those of them that the caller may know.
        imagined: the state as it would be; for the next ``WeighPreview`` alone, since it
            shares the engine's own.
    """

    weighed: int
    counts: tuple[tuple[Verdict, Verdict, int], ...]
    moved: tuple[Moved, ...]
    imagined: Imagined = field(compare=False, repr=False)


def begin_preview(state: State, command: BeginPreview, moment: Moment) -> Outcome:
    """Let somebody look at what a change would do, if they may still afford it."""
    caller = command.caller
    spent = Previewed(organisation=caller.organisation, person=caller.person, count=1)
    if state.previews.on_day(spent, moment.now) >= moment.ruleset.previews:
        raise BudgetError
    imagined = _imagine(state, command, moment)
    planned = tuple(imagined.affected(moment.ruleset))
    return Outcome(
        reply=Planned(placements=planned, sketch=command.sketch), events=(spent,)
    )


def weigh_preview(state: State, command: WeighPreview, moment: Moment) -> Outcome:
    """Weigh placements in both states; what is over or lapsed counts in neither."""
    imagined = command.imagined
    if imagined is None or not imagined.fits(state):
        imagined = _imagine(state, command, moment)
    counts: Counter[tuple[Verdict, Verdict]] = Counter()
    moved: list[Moved] = []
    count = 0
    for key in command.placements:
        placement = state.placements[key]
        window = remaining(placement, moment)
        if window is None or placement.over or not placement.live(moment.now):
            continue
        count += 1
        before = weighed(state, placement, window, moment).verdict
        after = weighed(imagined, placement, window, moment).verdict
        if before != after:
            counts[before, after] += 1
            if _knows(state, command, placement, moment):
                moved.append(Moved(case=placement.case, before=before, after=after))
    reply = Foreseen(
        weighed=count,
        counts=tuple((*pair, counts[pair]) for pair in sorted(counts)),
        moved=tuple(moved),
        imagined=imagined,
    )
    note = Note(objects=(*command.note.objects, *command.placements))
    return Outcome(reply=reply, note=note)


def _knows(
    state: State, command: WeighPreview, placement: Placement, moment: Moment
) -> bool:
    return polices(command.caller, state.cases[placement.case], moment)


def _imagine(state: State, command: _Previewing, moment: Moment) -> Imagined:
    """Return the state as it would be.

    Raises:
        InvalidInputError: there is nothing to imagine, or two things, or a draft that
            can't be.
        NotFoundError: no such change or fact, or another region's.
        ConflictError: it lapsed, or contradicts what stands.
    """
    return Imagined(state, _events(state, command, moment), moment.now)


def _events(state: State, command: _Previewing, moment: Moment) -> tuple[Event, ...]:
    caller, sketch = command.caller, command.sketch
    stated = bool(sketch.drafts or sketch.endings)
    require(stated is (sketch.change is None), "change_id", "or facts, and not both")
    if sketch.change is not None:
        change = waiting_change(state, sketch.change, caller)
        # What it erases protects nobody who is placed, or it is refused.
        require(not is_erasure(change), "change_id", "must not erase: it moves nobody")
        # Standing placements are shared with the state that is real.
        require(not ended_by(change), "change_id", "must not end placements")
        if moment.now >= change.expires_at or not still_fits(state, change):
            raise ConflictError
        return (ChangeApproved(id=change.id, person=""),)
    for index, ending in enumerate(sketch.endings):
        fact = own_fact(state, caller, ending.id, ending.seen)
        name = f"endings[{index}].valid_to_day"
        require_endable(fact, ending.valid_to, moment, name)
    # Drafted on the real state: what a request that is sent would meet.
    facts = drafted(state, moment, caller, sketch.drafts, "facts[{}]")
    return (
        *(FactRecorded(fact=replace(fact, approved=True)) for fact in facts),
        *(FactEnded(id=each.id, valid_to=each.valid_to) for each in sketch.endings),
    )
