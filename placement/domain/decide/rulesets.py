"""Rulesets: propose one, weigh all that stands by it, have a second person adopt it.

Only the national unit changes the rules, two persons of it together, and not before a
shadow run said what would become of everybody who is placed. Coordinators and auditors
read what is in force and what was.

Invariants:
    * what is approved is what was shown: the approval names the digest, and the ruleset
      is read anew when it is adopted;
    * versions only grow, so no version ever stands for two contents.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
)
from placement.domain.rule_events import (
    RulesetAdopted,
    RulesetKept,
    RulesetProposed,
    RulesetShadowed,
    RulesetWithdrawn,
)
from placement.domain.rulebook import Draft
from placement.domain.ruleset import Ruleset, parse_adopted, parse_ruleset
from placement.domain.ruleset_keys import version_of
from placement.domain.ruleset_reading import Fault, RulesetError
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    FactId,
    Micros,
)
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

MAX_WAITING: Final = 8
"""Rulesets that wait at once."""
MAX_FAULTS: Final = 20
"""Faults of a file that a refusal names; ``placement-server ruleset check`` has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeRuleset(RequestCommand):
    """Propose a ruleset.

    Attributes:
        ruleset: 16 fresh random bytes.
        text: the file; what it comments is never kept.
    """

    action = Action.RULESET_PROPOSE

    ruleset: FactId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRuleset(RequestCommand):
    """A request about a ruleset that waits."""

    ruleset: FactId

    @property
    def note(self) -> Note:
        """Name it."""
        return Note(objects=(self.ruleset,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRuleset(AboutRuleset):
    """Put a ruleset into force.

    Attributes:
        rules: the digest that it was shown with.
    """

    action = Action.RULESET_APPROVE

    rules: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRuleset(AboutRuleset):
    """Take a ruleset that waits back, or turn it down."""

    action = Action.RULESET_WITHDRAW


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRulesets(Command):
    """List what is in force, what was, and what waits."""

    action = Action.RULESET_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRuleset(Command):
    """Show one ruleset.

    Attributes:
        ruleset: its id; ``None`` for the one that the store was made with.
    """

    action = Action.RULESET_SHOW

    ruleset: FactId | None

    @property
    def note(self) -> Note:
        """Name it."""
        return Note(objects=() if self.ruleset is None else (self.ruleset,))


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetView:
    """A ruleset as it is shown.

    Attributes:
        proposed: what it says; the one that the store was made with has no id.
        shadowed: its last shadow run; ``None`` without one, or where it is not told.
        kept: set once it was adopted.
        in_force: whether it is.
    """

    proposed: RulesetProposed
    shadowed: RulesetShadowed | None = None
    kept: RulesetKept | None = None
    in_force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulesets:
    """The reply to ``ListRulesets``: the oldest first, what waits at the end."""

    views: tuple[RulesetView, ...]


def propose_ruleset(state: State, command: ProposeRuleset, moment: Moment) -> Outcome:
    """Let a ruleset wait for a second person of the national unit."""
    require_national(command.caller)
    ruleset = _read(command.text, moment)
    _require_newer(ruleset, state, moment)
    if len(_waiting(state, moment)) >= MAX_WAITING:
        raise ConflictError
    wait = moment.ruleset.change_hours * MICROS_AN_HOUR
    proposed = RulesetProposed(
        id=command.ruleset,
        person=command.caller.person,
        expires_at=Micros(moment.now + wait),
        version=ruleset.version,
        content=ruleset.content,
        rules=ruleset.digest,
    )
    return Outcome.written(proposed, made=(command.ruleset,))


def approve_ruleset(state: State, command: ApproveRuleset, moment: Moment) -> Outcome:
    """Put a ruleset into force, from the next revision on."""
    require_national(command.caller)
    draft = draft_of(state, command.ruleset, moment)
    if draft.proposed.person == command.caller.person:
        raise AccessDeniedError
    ruleset = parse_adopted(draft.proposed.content, moment.ruleset.table)
    # Another table of areas makes another digest: then nobody saw what it would do.
    if not ruleset.digest == draft.proposed.rules == command.rules:
        raise ConflictError
    if draft.shadowed is None or not _is_newer(ruleset, state, moment):
        raise ConflictError
    adopted = RulesetAdopted(
        id=command.ruleset, person=command.caller.person, rules=ruleset.digest
    )
    return Outcome.written(adopted)


def withdraw_ruleset(state: State, command: WithdrawRuleset, moment: Moment) -> Outcome:
    """Let a ruleset wait no longer; whoever proposed it, or another, may say so."""
    require_national(command.caller)
    draft_of(state, command.ruleset, moment)
    withdrawn = RulesetWithdrawn(id=command.ruleset, person=command.caller.person)
    return Outcome.written(withdrawn)


def list_rulesets(state: State, command: ListRulesets, moment: Moment) -> Outcome:
    """List every ruleset that was adopted or waits."""
    views = _views(state, moment, command.caller)
    return Outcome(reply=Rulesets(views=tuple(views)))


def show_ruleset(state: State, command: ShowRuleset, moment: Moment) -> Outcome:
    """Show one of them."""
    for view in _views(state, moment, command.caller):
        if view.proposed.id == (command.ruleset or b""):
            return Outcome(reply=view)
    raise NotFoundError


def require_national(caller: Caller) -> None:
    """Refuse coordinators of a region.

    Raises:
        AccessDeniedError: one is.
    """
    if caller.organisation != NATIONAL:
        raise AccessDeniedError


def _read(text: str, moment: Moment) -> Ruleset:
    """Read a file.

    Raises:
        InvalidInputError: it is no ruleset; each fault says where.
    """
    try:
        return parse_ruleset(text, moment.ruleset.table)
    except RulesetError as error:
        raise _refusal(error.faults) from None


def _refusal(faults: tuple[Fault, ...]) -> InvalidInputError:
    said = [str(fault) for fault in faults[:MAX_FAULTS]]
    if len(faults) > MAX_FAULTS:
        said.append("and more; placement-server ruleset check tells all")
    return InvalidInputError("content", said[0], *said[1:])


def _require_newer(ruleset: Ruleset, state: State, moment: Moment) -> None:
    """Refuse a version that is not newer than all that were in force.

    Raises:
        InvalidInputError: it is not.
    """
    if not _is_newer(ruleset, state, moment):
        phrase = "version must be newer than every one that was in force"
        raise InvalidInputError("content", phrase)


def _is_newer(ruleset: Ruleset, state: State, moment: Moment) -> bool:
    adopted = (each.proposed.version for each in state.rulebook.adopted)
    known = map(version_of, (moment.ruleset.version, *adopted))
    return version_of(ruleset.version) > max(known)


def _waiting(state: State, moment: Moment) -> list[Draft]:
    return [
        draft
        for draft in state.rulebook.drafts.values()
        if moment.now < draft.proposed.expires_at
    ]


def draft_of(state: State, key: FactId, moment: Moment) -> Draft:
    """Return a ruleset that waits.

    Raises:
        NotFoundError: there is none, or it has lapsed.
    """
    draft = state.rulebook.drafts.get(key)
    if draft is None or moment.now >= draft.proposed.expires_at:
        raise NotFoundError
    return draft


def _views(state: State, moment: Moment, caller: Caller) -> Iterator[RulesetView]:
    """Yield what was in force, the oldest first, then what waits.

    What a shadow run found is about the whole country: regions are not told.
    """
    told = caller.region in (None, NATIONAL)
    book = state.rulebook
    if not book.adopted:
        yield RulesetView(proposed=_first(moment.ruleset), in_force=True)
    elif (first := _founded(state, moment)) is not None:
        yield RulesetView(proposed=_first(first))
    for kept in book.adopted:
        yield RulesetView(
            proposed=kept.proposed,
            shadowed=kept.shadowed if told else None,
            kept=kept,
            in_force=kept is book.in_force,
        )
    for draft in _waiting(state, moment):
        shadowed = draft.shadowed if told else None
        yield RulesetView(proposed=draft.proposed, shadowed=shadowed)


def _founded(state: State, moment: Moment) -> Ruleset | None:
    """Return what the store was made with, if the log says it and it can be read.

    A code that is in it may be in no table any more.
    """
    founded = state.rulebook.founded
    if founded is not None:
        with suppress(ValueError):
            return parse_adopted(founded.content, moment.ruleset.table)
    return None


def _first(ruleset: Ruleset) -> RulesetProposed:
    return RulesetProposed(
        id=FactId(b""),
        person="",
        expires_at=Micros(0),
        version=ruleset.version,
        content=ruleset.content,
        rules=ruleset.digest,
    )
