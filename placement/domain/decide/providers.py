"""Stop a provider, at once; let it go on, with a second coordinator.

Each region stops, and lets go on what itself stopped (ADR 0062): a provider goes on when
the last of them does.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from placement.access import Action
from placement.domain.decide.command import Moment, Note, Outcome, RequestCommand
from placement.domain.decide.drafts import propose
from placement.domain.decide.waiting import waiting_for
from placement.domain.events import ProviderLifted
from placement.domain.life_events import ChangeRejected, ChangeWithdrawn
from placement.domain.state import State
from placement.domain.stay_events import ProviderStopped
from placement.domain.terms import FactId, ProviderToken
from placement.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class StopProvider(RequestCommand):
    """Stop a provider, or propose that it goes on as far as the own region is concerned.

    Attributes:
        provider: which.
        lift: it may go on.
        change: 16 fresh random bytes, used if it may.
    """

    action = Action.PROVIDER_STOP

    provider: ProviderToken
    lift: bool
    change: FactId

    @property
    def note(self) -> Note:
        """Name the provider."""
        return Note(objects=(self.provider,))


def stop_provider(state: State, command: StopProvider, moment: Moment) -> Outcome:
    """Stop a provider, so that none of its houses may be had; or let it go on.

    Raises:
        NotFoundError: nobody registered a house of it.
        ConflictError: there is nothing to stop or to lift, or a lift waits.
    """
    if command.provider not in state.providers:
        raise NotFoundError
    regions = state.stopped.get(command.provider, frozenset())
    return (_lift if command.lift else _stop)(state, command, moment, regions)


def _stop(
    state: State, command: StopProvider, moment: Moment, regions: AbstractSet[str]
) -> Outcome:
    """Stop it; whoever does so anew knows more than the lift that waits, and ends it."""
    caller = command.caller
    stopped = ProviderStopped(provider=command.provider, region=caller.organisation)
    if stopped.region not in regions:
        return Outcome.written(stopped, made=(b"",))
    lifting = ProviderLifted(id=command.provider, region=stopped.region)
    waits = waiting_for(state, moment, lifting)
    if waits is None:
        raise ConflictError
    own = state.changes[waits].person == caller.person
    over = (
        ChangeWithdrawn(id=waits, person=caller.person)
        if own
        else ChangeRejected(id=waits, person=caller.person, softly=True)
    )
    note = Note(objects=(command.provider, waits))
    return replace(Outcome.written(over, stopped, made=(b"",)), note=note)


def _lift(
    state: State, command: StopProvider, moment: Moment, regions: AbstractSet[str]
) -> Outcome:
    """Propose that it goes on, as far as the own region is concerned."""
    own = command.caller.organisation
    # What was stopped before each region had its own is anybody's.
    region = own if own in regions else ""
    lifting = ProviderLifted(id=command.provider, region=region)
    if region not in regions or waiting_for(state, moment, lifting):
        raise ConflictError
    proposed = propose(moment, command.caller, command.change, amendments=(lifting,))
    return Outcome.written(proposed, made=(command.change,))
