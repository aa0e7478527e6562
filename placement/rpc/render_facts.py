"""From facts to the wire, for coordinators: what each kind says, but not of whom.

The mirror of ``parse_facts``. The server knows no person but by a key that nobody else
has, so a person on the wire is left out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from placement.api.v1 import phantom_service_pb2 as phantom_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.approvals import ChangeView
from placement.domain.erasure_events import ErasureAgreed
from placement.domain.events import (
    Amendment,
    FactAmendment,
    FactEnded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    ProviderLifted,
    ReleaseSigned,
)
from placement.domain.extract_events import ExtractAgreed
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged, MergeEvent
from placement.domain.haunt_events import GroupSized, PhantomsLifted
from placement.domain.life_events import FactRenewed
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import Day, FactId, Scheme, Window
from placement.rpc.render import VERDICTS, days, place, waiting
from placement.rpc.render_groups import merged_groups
from placement.service.batch import Answer

Item = registry_wire.ChangeItem


def change(answer: Answer) -> registry_wire.ShowChangeResponse:
    """Render a change that waits."""
    reply: Any = answer.reply
    view: ChangeView = reply
    firm = (_firm(view.facts[fact_id]) for fact_id in view.change.records)
    amended = (_item(item, view) for item in view.change.amendments)
    return registry_wire.ShowChangeResponse(
        change=waiting(view.change),
        items=[*firm, *amended],
        revision=answer.revision,
    )


def _firm(fact: AnyFact) -> Item:
    return Item(
        fact_id=fact.id,
        fact=fact_of(fact),
        made_firm=True,
        replaces=fact.replaces or b"",
    )


def fact_of(fact: AnyFact) -> wire.Fact:
    """Render a fact without its persons."""
    name, state = _KINDS[type(fact)]
    return wire.Fact(
        valid_from_day=fact.valid_from,
        valid_to_day=fact.valid_to,
        grade=grade_of(fact.scheme, fact.given),
        review_by_day=fact.review_by,
        reason=wire.FactReason.ValueType(fact.reason),
        **{name: state(fact)},
    )


def _item(item: Amendment, view: ChangeView) -> Item:
    match item:
        case ReleaseSigned() | PlacementEnded() | PhantomsLifted():
            return _of_a_case(item, view)
        case ProviderLifted(id=provider):
            return Item(fact_id=provider, provider_goes_on=True)
        case GroupSized(group=group, size=kept):
            size = phantom_wire.GroupSize.ValueType(kept)
            return Item(sized=registry_wire.SizedGroup(group=group, size=size))
        case GroupsMerged() | GroupsUnmerged():
            return _regrouped(item)
        case ErasureAgreed() | ExtractAgreed():
            return _by_law(item, view)
        case _:
            return _amended(item, fact_of(view.facts[item.id]))


def _of_a_case(
    item: ReleaseSigned | PlacementEnded | PhantomsLifted, view: ChangeView
) -> Item:
    match item:
        case ReleaseSigned(id=key):
            return Item(fact_id=key, released=_released(view.permits[key]))
        case PlacementEnded(id=key, valid_to=day):
            return Item(fact_id=key, placement_ended=_ended(view.placements[key], day))
        case PhantomsLifted():
            return Item(
                lifted=registry_wire.LiftedPhantoms(
                    case_handle=item.case,
                    area=item.area,
                    ground=phantom_wire.LiftGround.ValueType(item.ground),
                    hours=item.hours,
                )
            )


def _by_law(item: ErasureAgreed | ExtractAgreed, view: ChangeView) -> Item:
    if isinstance(item, ExtractAgreed):
        return Item(extract=item.reference)
    fact = view.facts.get(FactId(item.id))
    shown = None if fact is None else fact_of(fact)
    return Item(fact_id=item.id, fact=shown, erased=True)


def _released(permit: Permit) -> registry_wire.ReleasedPlace:
    return registry_wire.ReleasedPlace(
        case_handle=permit.case,
        candidate=place(permit.candidate),
        window=days(permit.window),
        verdict=VERDICTS[permit.verdict],
    )


def _regrouped(item: MergeEvent) -> Item:
    if isinstance(item, GroupsMerged):
        return Item(merged=merged_groups(item))
    return Item(unmerged=merged_groups(item))


def _ended(placement: Placement, day: Day) -> registry_wire.EndedPlacement:
    return registry_wire.EndedPlacement(
        case_handle=placement.case,
        candidate=place(Candidate(area=placement.area, facility=placement.facility)),
        window=days(Window(start=placement.valid_from, end=placement.valid_to)),
        valid_to_day=day,
    )


def _amended(item: FactAmendment, fact: wire.Fact) -> Item:
    match item:
        case FactEnded(valid_to=day):
            return Item(fact_id=item.id, fact=fact, ended_on_day=day)
        case FactRetracted():
            return Item(fact_id=item.id, fact=fact, retracted=True)
        case FactRegraded(scheme=scheme, given=given):
            return Item(fact_id=item.id, fact=fact, regraded=grade_of(scheme, given))
        case FactRenewed(review_by=day, reason=reason):
            renewed = registry_wire.RenewedFact(
                review_by_day=day, reason=wire.FactReason.ValueType(reason)
            )
            return Item(fact_id=item.id, fact=fact, renewed=renewed)
        case _ as never:
            assert_never(never)


def grade_of(scheme: Scheme, given: str) -> wire.SourceGrade:
    """Render a grade as given."""
    return wire.SourceGrade(scheme=wire.GradeScheme.ValueType(scheme), given=given)


def _affiliation(fact: Affiliation) -> wire.Affiliation:
    return wire.Affiliation(
        group=fact.group,
        role=wire.AffiliationRole.ValueType(fact.role),
        left_on_day=fact.left_on,
    )


def _faction(fact: Faction) -> wire.Faction:
    return wire.Faction(
        child=fact.child,
        parent=fact.parent,
        own_rivalries_only=not fact.inherits_rivalry,
    )


def _rivalry(fact: Rivalry) -> wire.Rivalry:
    return wire.Rivalry(
        group_a=fact.low,
        group_b=fact.high,
        severity=fact.severity,
        last_violence_on_day=fact.last_violence_on,
    )


def _alliance(fact: Alliance) -> wire.Alliance:
    return wire.Alliance(group_a=fact.low, group_b=fact.high)


def _presence(fact: Presence) -> wire.Presence:
    kind = wire.PresenceKind.ValueType(fact.kind)
    return wire.Presence(group=fact.group, area=fact.area, kind=kind)


def _threat(fact: Threat) -> wire.Threat:
    threat = wire.Threat(severity=fact.severity)
    if fact.source_group is not None:
        threat.group = fact.source_group
    return threat


def _located(fact: Located) -> wire.Located:
    return wire.Located(area=fact.area)


def _tie(fact: Tie) -> wire.Tie:
    return wire.Tie(area=fact.area, danger=fact.danger)


def _same_as(fact: SameAs) -> wire.SameAs:
    del fact
    return wire.SameAs()


_State = Callable[[Any], Any]
_KINDS: Final[Mapping[type[AnyFact], tuple[str, _State]]] = {
    Affiliation: ("affiliation", _affiliation),
    Faction: ("faction", _faction),
    Rivalry: ("rivalry", _rivalry),
    Alliance: ("alliance", _alliance),
    Presence: ("presence", _presence),
    Threat: ("threat", _threat),
    Located: ("located", _located),
    Tie: ("tie", _tie),
    SameAs: ("same_as", _same_as),
}
