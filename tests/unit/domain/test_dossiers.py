"""Every event is of a dossier, or known to say nothing of anybody."""

from typing import get_args

import pytest
from kit.commands import (
    Court,
    assess_case,
    check,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_groups,
)
from kit.steps import propose_override, sign_override
from kit.world import NOW, token

from placement.domain.changeover_events import PairsOffered
from placement.domain.dossiers import _DOSSIERS, begun_by, dossier_of
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    Event,
    PlacementEnded,
    ReleaseSigned,
)
from placement.domain.state import State
from placement.domain.terms import FactId, Micros, PlacementState

SAYS_NOTHING = {
    "CoverageAttested",
    "GroupRegistered",
    "FacilityRegistered",
    "CustodianNamed",
    "Evaluated",
    "ProviderStopped",
    "DayPassed",
    "SweepBegun",
    "RulesFollowed",
    "Reevaluated",
    "Idled",
    "DossiersErased",
    "Sealed",
    "ExtractAsked",
    "ExtractGranted",
    "RequestKept",
    "AlertKept",
    "AgendaKept",
    "FactsKept",
    "FactStepsKept",
    "RollBegun",
    "AffiliationsKept",
    "Previewed",
    "RulesetFounded",
    "RulesetProposed",
    "RulesetShadowed",
    "RulesetAdopted",
    "RulesetWithdrawn",
    "RulesetKept",
    "GroupNamed",
    "GroupsMerged",
    "GroupsUnmerged",
    "ExchangeKeyPublished",
    "ExchangeKeyWithdrawn",
    "LabelKeyHandedOver",
    "RotationBegun",
    "LabelRenewed",
    "RotationEnded",
    "ImportBegun",
    "ImportFinished",
    "ImportApproved",
    "ImportCancelled",
    "ImportTaken",
    "ImportKept",
    "GroupSized",
    "LiftKept",
    "ChangeoverSaid",
    "ChangeoverBegun",
    "ChangeoverEnded",
    "ChangeoverKept",
}


def test_every_event_was_thought_of():
    """A new one that is not here would outlive what it speaks of."""
    assert set(_DOSSIERS) == set(get_args(Event))
    assert {kind.__name__ for kind, of in _DOSSIERS.items() if of is None} == (
        SAYS_NOTHING
    )


def test_whatever_happens_to_a_case_is_its_dossiers():
    """Placements, permits and alerts too, which name it by their own ids."""
    court, of = Court(), []
    apply = court.state.apply

    def applied(record):
        dossier = dossier_of(record.event, court.state)
        of.append((type(record.event).__name__, dossier))
        apply(record)

    court.state.apply = applied
    case = open_case("h")
    court.reply(case)
    court.reply(assess_case(case.handle))
    court.decide(check(case.handle))
    (stay,) = court.reply(record_placements(placement(case.handle))).ids
    (permit,) = court.reply(propose_override(case.handle)).ids
    court.decide(sign_override(permit))

    assert {dossier for _, dossier in of} == {case.handle}
    assert dossier_of(
        PlacementEnded(id=stay, state=PlacementState.ENDED, valid_to=1), court.state
    ) == (case.handle)


def test_what_a_change_does_to_facts_is_of_many_dossiers():
    """A release, of one case."""
    court = Court()
    case = open_case("h")
    court.reply(case)
    court.reply(assess_case(case.handle))
    (permit,) = court.reply(propose_override(case.handle)).ids
    change = ChangeProposed(
        id=FactId(token("c")),
        person="co-01",
        region="syd",
        expires_at=Micros(NOW + 1),
        records=(),
        amendments=(ReleaseSigned(id=permit),),
    )
    of_release = dossier_of(change, court.state)
    court.state.changes[change.id] = change
    court.reply(register_groups("A", "B"))
    court.reply(record_facts(presence(kind="BASE")))
    (_, waiting) = court.state.changes.values()

    assert of_release == case.handle
    assert dossier_of(ChangeApproved(id=change.id, person="x"), court.state) == (
        case.handle
    )
    assert dossier_of(waiting, court.state) is None


def test_what_is_not_there_has_no_dossier():
    """A hole in the log is an incident, whoever meets it first."""
    end = PlacementEnded(id=token("p"), state=PlacementState.ENDED, valid_to=1)
    with pytest.raises(KeyError):
        dossier_of(end, State())
    offer = PairsOffered(organisation="1280", person="x", coordinates=False, pairs=())
    with pytest.raises(KeyError):
        dossier_of(offer, State())


def test_a_dossier_begins_with_its_fact_or_its_case():
    """Then its key is made."""
    court, begun = Court(), []
    apply = court.state.apply

    def applied(record):
        begun.append(begun_by(record.event, court.state))
        apply(record)

    court.state.apply = applied
    case = open_case("h")
    court.reply(case)
    court.reply(assess_case(case.handle))
    court.reply(register_groups("A", "B"))
    fact, *_ = court.reply(record_facts(presence())).ids

    assert begun == [case.handle, None, None, None, fact]
