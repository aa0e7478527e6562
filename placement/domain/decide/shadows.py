"""Shadow runs: what would become of everybody who is placed, by a ruleset that waits.

Invariants:
    * a run changes nothing but the word that it was made;
    * it is weighed a slice at a time, so that no check waits for it, and only the last
      slice ends it: without that, nobody can approve the ruleset.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Note, Outcome
from placement.domain.decide.rulesets import draft_of, require_national
from placement.domain.decide.weighing import remaining, weighed
from placement.domain.facts import Placement
from placement.domain.rule_events import RulesetShadowed, Shift
from placement.domain.ruleset import parse_adopted
from placement.domain.state import State
from placement.domain.terms import CaseHandle, FactId, Verdict
from placement.errors import InvalidInputError

MAX_SLICE: Final = 16
"""Placements that are weighed in one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a shadow run.

    Attributes:
        placements: at most ``MAX_SLICE``.
        weighed: how many the slices before weighed.
        shifts: what they found.
        done: nothing is left then.
    """

    placements: tuple[FactId, ...]
    weighed: int
    shifts: tuple[Shift, ...]
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRuleset(Command):
    """Weigh what stands by a ruleset that waits, a slice at a time.

    Attributes:
        ruleset: which.
        slice: what is weighed; ``None`` begins, with the first of all that stands.
    """

    action = Action.RULESET_SHADOW

    ruleset: FactId
    slice: Slice | None = None

    @property
    def note(self) -> Note:
        """Name the ruleset, and whoever is weighed."""
        placements = () if self.slice is None else self.slice.placements
        return Note(objects=(self.ruleset, *placements))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A placement that would be worth something else; its place is not told."""

    case: CaseHandle
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """The reply to ``ShadowRuleset``: so far, and what this slice found.

    Attributes:
        plan: all that there is to weigh, of a run that begins.
        weighed: how many, with the slices before.
        shifts: what all of them found.
        moved: what this one did.
    """

    weighed: int
    shifts: tuple[Shift, ...]
    moved: tuple[Moved, ...]
    plan: tuple[FactId, ...] = ()


def shadow_ruleset(state: State, command: ShadowRuleset, moment: Moment) -> Outcome:
    """Weigh a slice by a ruleset that waits; at the end, write down what came of it."""
    require_national(command.caller)
    draft = draft_of(state, command.ruleset, moment)
    plan = () if command.slice else tuple(state.stays.standing())
    part = command.slice or slice_of(plan, 0, Shadowed(weighed=0, shifts=(), moved=()))
    if len(part.placements) > MAX_SLICE:
        raise InvalidInputError("placements", "are more than one slice")
    ruleset = parse_adopted(draft.proposed.content, moment.ruleset.table)
    then = Moment(now=moment.now, ruleset=ruleset)
    found = (state.placements.get(key) for key in part.placements)
    standing = [each for each in found if each is not None]
    moved = [each for one in standing for each in _moved(state, one, then)]
    count = part.weighed + len(standing)
    shifts = _added(part.shifts, moved)
    reply = Shadowed(weighed=count, shifts=shifts, moved=tuple(moved), plan=plan)
    note = Note(objects=(command.ruleset, *part.placements))
    if not part.done:
        return Outcome(reply=reply, note=note)
    shadowed = RulesetShadowed(
        id=command.ruleset,
        person=command.caller.person,
        weighed=count,
        shifts=shifts,
    )
    return Outcome(reply=reply, events=(shadowed,), note=note)


def slice_of(plan: tuple[FactId, ...], start: int, found: Shadowed) -> Slice:
    """Return the part of a plan from a place on, after what was found before it."""
    return Slice(
        placements=plan[start : start + MAX_SLICE],
        weighed=found.weighed,
        shifts=found.shifts,
        done=start + MAX_SLICE >= len(plan),
    )


def _moved(state: State, placement: Placement, then: Moment) -> Iterator[Moved]:
    """Yield a placement if it would be worth something else than it is."""
    window = remaining(placement, then)
    if window is None or placement.over or not placement.live(then.now):
        return
    after = weighed(state, placement, window, then).verdict
    before = placement.verdict or Verdict.UNKNOWN
    if after is not before:
        yield Moved(case=placement.case, before=before, after=after)


def _added(shifts: tuple[Shift, ...], moved: Iterable[Moved]) -> tuple[Shift, ...]:
    counts = Counter({(each.before, each.after): each.count for each in shifts})
    counts.update((each.before, each.after) for each in moved)
    return tuple(
        Shift(before=before, after=after, count=count)
        for (before, after), count in sorted(counts.items())
    )
