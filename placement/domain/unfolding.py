"""A state as records again: what a snapshot keeps instead of the log.

Invariants:
    * the fold of what ``records`` yields equals the state, but for the revision.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, Protocol

from placement.domain import rolled
from placement.domain.answered import Requests
from placement.domain.budgets import Ledger
from placement.domain.changeover import Changeover
from placement.domain.erasures import Erasures
from placement.domain.events import (
    CaseOpened,
    ChangeProposed,
    CoverageAttested,
    Event,
    FacilityRegistered,
    Record,
)
from placement.domain.extracts import Extracts
from placement.domain.facts import Attestation, Case, Facility
from placement.domain.haunts import Haunts
from placement.domain.histories import Histories
from placement.domain.imports import Imports
from placement.domain.merges import Merges
from placement.domain.names import Names
from placement.domain.previews import Previews
from placement.domain.rulebook import Rulebook
from placement.domain.shelf import Shelf
from placement.domain.standing import Standing
from placement.domain.terms import CaseHandle, FacilityToken, FactId, Micros

_THEN: Final = Micros(0)  # what a record of a snapshot holds already has its own times


class Known(Protocol):
    """What has to be known of a state."""

    rulebook: Rulebook
    names: Names
    merges: Merges
    facilities: dict[FacilityToken, Facility]
    erasures: Erasures
    changeover: Changeover
    facts: Shelf
    histories: Histories
    cases: dict[CaseHandle, Case]
    standing: Standing
    attestations: dict[FactId, Attestation]
    haunts: Haunts
    imports: Imports
    changes: dict[FactId, ChangeProposed]
    requests: Requests
    extracts: Extracts
    previews: Previews
    ledger: Ledger


def records(state: Known) -> Iterator[Record]:
    """Yield records whose fold equals a state; each stands behind what it speaks of."""
    yield from _timeless(_before_facts(state))
    for token, facility in state.facilities.items():
        at = state.haunts.registered[token]
        yield Record(at=at, event=FacilityRegistered(facility=facility))
    yield from _timeless(_erased(state))
    yield from rolled.facts(state.facts, state.erasures.retracted)
    yield from _timeless(_behind_facts(state))
    for at, haunt in state.haunts.records():
        yield Record(at=at, event=haunt)
    yield from _timeless(chain(state.imports.records(), state.changes.values()))
    yield from state.requests.records()
    yield from state.extracts.records()
    for at, previewed in state.previews.records():
        yield Record(at=at, event=previewed)
    yield from state.ledger.records()
    yield from _timeless(state.standing.schedule())


def _timeless(events: Iterator[Event]) -> Iterator[Record]:
    return (Record(at=_THEN, event=event) for event in events)


def _before_facts(state: Known) -> Iterator[Event]:
    yield from state.rulebook.records()
    yield from state.names.records()
    yield from state.merges


def _erased(state: Known) -> Iterator[Event]:
    yield from state.erasures.records()
    # Behind what was erased: with it goes whoever was left and is on record no more.
    yield from state.changeover.records()
    yield from state.changeover.left_records()


def _behind_facts(state: Known) -> Iterator[Event]:
    yield from state.histories.records()
    for case in state.cases.values():
        yield CaseOpened(case=case)
    yield from state.standing.records()
    for attestation in state.attestations.values():
        yield CoverageAttested(attestation=attestation)
