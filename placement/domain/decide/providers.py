"""Stop a provider, at once; let it go on, with a second coordinator.

Each region stops, and lets go on what itself stopped (ADR 0062): a provider goes on when
the last of them does.
"""

from dataclasses import dataclass

from placement.access import Action
from placement.domain.decide.command import Moment, Note, Outcome, RequestCommand
from placement.domain.decide.drafts import propose
from placement.domain.decide.waiting import waiting_for
from placement.domain.events import ProviderLifted
from placement.domain.life_events import ChangeRejected
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
    """Stop a provider: from now on none of its houses may be had."""
    if command.provider not in state.providers:
        raise NotFoundError
    own = command.caller.organisation
    regions = state.stopped.get(command.provider, frozenset())
    if not command.lift:
        waits = waiting_for(state, moment, _lifting(command, own))
        if own in regions and waits is None:
            raise ConflictError
        stopped = ProviderStopped(provider=command.provider, region=own)
        # Whoever stops it anew has a reason that the lift which waits knows nothing of.
        over = () if waits is None else (_over(waits, command),)
        return Outcome.written(*over, stopped, made=(b"",))
    # What was stopped before each region had its own is anybody's.
    lifting = _lifting(command, own if own in regions else "")
    if lifting.region not in regions or waiting_for(state, moment, lifting):
        raise ConflictError
    proposed = propose(moment, command.caller, command.change, amendments=(lifting,))
    return Outcome.written(proposed, made=(command.change,))


def _lifting(command: StopProvider, region: str) -> ProviderLifted:
    return ProviderLifted(id=command.provider, region=region)


def _over(change: FactId, command: StopProvider) -> ChangeRejected:
    return ChangeRejected(id=change, person=command.caller.person, softly=True)
