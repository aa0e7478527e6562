"""Replace the key of the pseudonyms without losing anybody.

Two persons of the national unit begin it, and two end it. In between whoever has
people's numbers, police and municipalities, says which of their pseudonyms belong
together. The service can't see that a pair is right, so one person's word is none.

Invariants:
    * whoever offers pairs is answered alike, whoever is on record: of others nothing is
      kept, and nothing is said;
    * no number of people is told to a region, however coarse: whoever brings it to an edge
      with people of their own making sees in it whether the next one was on record;
    * it does not end while somebody on record has no pair, unless both persons named how
      many may be left; nothing is CLEAR then (rules.md, R10).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from placement.access import NATIONAL, Action, Role
from placement.domain.changeover import Named, pairs_dossier, stands
from placement.domain.changeover_events import (
    NO_PAIR,
    ChangeoverBegun,
    ChangeoverEnded,
    ChangeoverSaid,
    ChangeoverStep,
    PairsOffered,
)
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.rulesets import require_national
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Event
from placement.domain.state import State
from placement.domain.terms import MICROS_AN_HOUR, DossierId, Micros
from placement.errors import ConflictError

MAX_PAIRS: Final = 100
_ID: Final = 16
"""Bytes of a key's id that an entry names it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowChangeover(Command):
    """Show under which key people are named, and how far another one has come."""

    action = Action.CHANGEOVER_SHOW


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginChangeover(RequestCommand):
    """Say that the key shall be replaced; the second person's word begins it.

    Attributes:
        to_key: id of the next key, 32 bytes.
    """

    action = Action.CHANGEOVER_BEGIN

    to_key: bytes

    @property
    def note(self) -> Note:
        """Name the key."""
        return Note(objects=(self.to_key[:_ID],))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPairs(RequestCommand):
    """Say which pseudonyms are one person's.

    Attributes:
        pairs: each under both keys.
    """

    action = Action.PAIRS_OFFER

    pairs: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndChangeover(RequestCommand):
    """Say that the next key shall be in force; the second person's word puts it there.

    Attributes:
        to_key: id of the next key, 32 bytes.
        give_up: the key in force stays instead, at once.
        left: how many may be left without a pair.
    """

    action = Action.CHANGEOVER_END

    to_key: bytes
    give_up: bool
    left: int

    @property
    def note(self) -> Note:
        """Name the key, and whether it is given up or somebody may be left."""
        purpose = "GIVE_UP" if self.give_up else "LEAVE" if self.left else ""
        return Note(purpose=purpose, objects=(self.to_key[:_ID],))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverView:
    """The reply to ``ShowChangeover``.

    Attributes:
        key: id of the key in force.
        to_key: id of the next one; empty if none is to come.
        said: what one person said, and a second one may say; ``None`` if nothing is.
        waiting: how many on record have no pair; 0 unless ``counted``, as below.
        halfway: of how many of these one person has offered a pair.
        disputed: of how many two persons said otherwise than two others.
        left: how many had none when a key was replaced, and are on record still.
        counted: whether the numbers are told.
    """

    key: bytes
    to_key: bytes
    said: ChangeoverSaid | None
    waiting: int
    halfway: int
    disputed: int
    left: int
    counted: bool


def show_changeover(state: State, command: ShowChangeover, moment: Moment) -> Outcome:
    """Show it; numbers to the national unit alone."""
    changeover = state.changeover
    begun, said = changeover.begun, _said(state, moment)
    view = ChangeoverView(
        key=changeover.key,
        to_key=b"" if begun is None else begun.to_key,
        said=None if said is None else replace(said, left=0),
        waiting=0,
        halfway=0,
        disputed=0,
        left=0,
        counted=False,
    )
    if command.caller.organisation != NATIONAL:
        return Outcome(reply=view)
    waiting = () if begun is None else changeover.without_pair(state)
    halfway = sum(1 for each in waiting if each in changeover.offers)
    counts = replace(
        view,
        said=said,
        waiting=len(waiting),
        halfway=halfway,
        disputed=len(changeover.disputed),
        left=len(changeover.left),
        counted=True,
    )
    return Outcome(reply=counts)


def begin_changeover(state: State, command: BeginChangeover, moment: Moment) -> Outcome:
    """Begin it, if another person said the same; else wait for one who does."""
    require_national(command.caller)
    changeover, to_key = state.changeover, command.to_key
    if changeover.begun is not None:
        raise ConflictError
    differs = to_key not in (changeover.key, changeover.before)
    require(differs, "to_key_id", "must be a key that was not in force before")
    said = _said(state, moment)
    if said and said.person != command.caller.person and said.to_key == to_key:
        begun = ChangeoverBegun(
            from_key=changeover.key,
            to_key=to_key,
            dossier=pairs_dossier(state.revision),
        )
        return Outcome.written(begun)
    return Outcome.written(_say(ChangeoverStep.BEGIN, command, moment, left=0))


def offer_pairs(state: State, command: OfferPairs, moment: Moment) -> Outcome:
    """Hear which pseudonyms belong together; of whom nothing is on record, forget it."""
    del moment
    changeover, caller = state.changeover, command.caller
    if changeover.begun is None:
        raise ConflictError
    require(1 <= len(command.pairs) <= MAX_PAIRS, "pairs", "must be 1 to 100")
    pairs = tuple(map(changeover.pair, command.pairs))
    differ = len({each.old for each in pairs}) == len(pairs)
    require(differ, "pairs", "must be of different people")
    # One event of one size whoever they are, so that neither a revision nor a row of the
    # store tells how many were known.
    offered = PairsOffered(
        organisation=caller.organisation,
        person=caller.person,
        coordinates=caller.role is Role.COORDINATOR,
        pairs=tuple(each if stands(state, each.old) else NO_PAIR for each in pairs),
    )
    return Outcome.written(offered)


def end_changeover(state: State, command: EndChangeover, moment: Moment) -> Outcome:
    """Put the next key into force, if another person said the same; or give it up."""
    require_national(command.caller)
    changeover = state.changeover
    if changeover.begun is None or changeover.begun.to_key != command.to_key:
        raise ConflictError
    if command.give_up:
        ended = ChangeoverEnded(done=False, left=())
        return Outcome.written(ended, *_erased(changeover.begun.dossier))
    without = changeover.without_pair(state)
    waiting = len(without)
    if changeover.disputed or waiting > command.left:
        raise ConflictError
    said = _said(state, moment)
    if said and said.person != command.caller.person and waiting <= said.left:
        # Who offered what, and of whom nothing is on record, is of no use any more.
        return Outcome.written(
            ChangeoverEnded(done=True, left=tuple(sorted(without))),
            *changeover.ending(state, state.revision),
            *_erased(changeover.begun.dossier, changeover.kept_in),
        )
    said = _say(ChangeoverStep.END, command, moment, left=command.left)
    return Outcome.written(said)


def without_faded(state: State) -> Iterator[Event]:
    """Yield events that keep no pair of anybody of whom nothing else is kept."""
    changeover = state.changeover
    if changeover.faded(state):
        yield from changeover.remaining(state, state.revision)
        yield from _erased(changeover.kept_in)


def _erased(*dossiers: DossierId) -> Iterator[DossiersErased]:
    """Yield what takes pairs out of the log, for good; those from before stay."""
    if found := tuple(filter(None, dossiers)):
        yield DossiersErased(dossiers=found)


def _said(state: State, moment: Moment) -> ChangeoverSaid | None:
    """Return what one person said, as long as a second one may say the same."""
    said = state.changeover.said
    return said if said is not None and moment.now < said.expires_at else None


def _say(
    step: ChangeoverStep,
    command: BeginChangeover | EndChangeover,
    moment: Moment,
    *,
    left: int,
) -> ChangeoverSaid:
    wait = moment.ruleset.change_hours * MICROS_AN_HOUR
    return ChangeoverSaid(
        step=step,
        to_key=command.to_key,
        person=command.caller.person,
        left=left,
        expires_at=Micros(moment.now + wait),
    )
