"""Stop a provider, at once; let it go on, with a second coordinator.

Each region stops, and lets go on what itself stopped (ADR 0062): a provider goes on when
the last of them does.
"""

from dataclasses import dataclass

from placement.access import Action
from placement.domain.decide.command import Moment, Note, Outcome, RequestCommand
from placement.domain.decide.drafts import propose
from placement.domain.decide.whose import taken_back_as
from placement.domain.events import ProviderLifted
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
    regions = state.stopped.get(command.provider, frozenset())
    own = command.caller.organisation
    if not command.lift:
        if own in regions:
            raise ConflictError
        stopped = ProviderStopped(provider=command.provider, region=own)
        return Outcome.written(stopped, made=(b"",))
    whose = taken_back_as(command.caller, regions)
    if whose is None:
        raise ConflictError
    lifting = (ProviderLifted(id=command.provider, region=whose),)
    # One at a time: the second would lift a stop that came after it.
    for change in state.changes.values():
        if change.amendments == lifting and moment.now < change.expires_at:
            raise ConflictError
    proposed = propose(moment, command.caller, command.change, amendments=lifting)
    return Outcome.written(proposed, made=(command.change,))
