"""A store to which a court's records are appended, as an engine would."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kit.commands import Court
from kit.stored import leaf
from placement.domain.decide.command import Command, Written
from placement.domain.dossiers import begun_by, dossier_of
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.state import State
from placement.store.log import Store


class Log:
    """Decides commands and appends their records to a store, as an engine would."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.court = Court()
        self.payloads: list[bytes] = []
        apply, vault = self.court.state.apply, store.vault

        def applied(record: Record) -> None:
            event = record.event
            dossier = dossier_of(event, self.court.state)
            begun = begun_by(event, self.court.state)
            vault.begin([] if begun is None else [begun])
            self.payloads.append(vault.seal(record, dossier))
            apply(record)

        self.court.state.apply = applied

    def run(self, command: Command) -> Sequence[bytes]:
        """Return what the command made, if it was not refused."""
        outcome = self.court.decide(command).outcome
        self.write()
        reply = getattr(outcome, "reply", None)
        return reply.ids if isinstance(reply, Written) else ()

    def write(self) -> None:
        """Append what was applied."""
        with self.store.writing() as log:
            self.store.vault.flush()
            entry = replace(leaf(b"entry"), at=self.court.moment.now)
            log.append(self.payloads, [entry])
        self.payloads.clear()

    def erase(self, *dossiers: bytes) -> None:
        """Erase, without asking anybody."""
        event = DossiersErased(dossiers=dossiers)
        self.court.state.apply(Record(at=self.court.moment.now, event=event))
        self.write()
        self.store.vault.owe(self.court.state.erasures.erased)
        self.store.vault.settle()

    @property
    def placements(self) -> Mapping[bytes, Any]:
        """Return what stands or stood, by id."""
        return self.court.state.placements

    @property
    def alerts(self) -> list[bytes]:
        """Return the ids of the alerts there are."""
        return [alert.id for alert in self.court.state.alerts]

    @property
    def state(self) -> State:
        """Return the state; what is applied to it from then on is not appended."""
        state = self.court.state
        vars(state).pop("apply", None)
        return state
