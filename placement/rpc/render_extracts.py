"""From what is kept about a person to the wire: of anybody else there is no field."""

from collections.abc import Iterable
from typing import assert_never

from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.domain.decide.extracting import OwnCase, OwnFact
from placement.domain.decide.extracts import Told
from placement.domain.facts import Affiliation, Placement, SameAs, Threat, Tie
from placement.domain.terms import Verdict, Window
from placement.rpc.render import VERDICTS, days
from placement.service.traces import Trace


def head(told: Told) -> wire.ExtractHead:
    """Render whom an extract is made for, and what is kept."""
    agreed = told.agreed
    return wire.ExtractHead(
        ground=wire.ExtractGround.Value(f"EXTRACT_GROUND_{agreed.ground}"),
        reference=agreed.reference,
        region=told.region,
        proposer=told.proposer,
        at=told.at,
        facts=map(_fact, told.kept.facts),
        cases=map(_case, told.kept.cases),
        erased_cases=told.erased,
        parts=[wire.ExtractPart.ValueType(part) for part in told.parts],
    )


def entries(traces: Iterable[Trace], *, last: bool = False) -> wire.ReadExtractResponse:
    """Render some entries of the access log."""
    told = wire.ExtractEntries(entries=map(_entry, traces), last=last)
    return wire.ReadExtractResponse(entries=told)


def _fact(fact: OwnFact) -> wire.ExtractFact:
    made = wire.ExtractFact(
        fact_id=fact.id,
        valid_from_day=fact.valid_from,
        valid_to_day=fact.valid_to,
        recorded_at=fact.recorded_at,
        retracted=fact.retracted,
    )
    match fact:
        case Affiliation():
            made.affiliation.CopyFrom(_affiliation(fact))
        case Tie(area=area, danger=danger):
            made.tie.CopyFrom(wire.ExtractTie(area=area, danger=danger))
        case Threat(severity=severity):
            made.threat.CopyFrom(wire.ExtractThreat(severity=severity))
        case SameAs():
            made.same_as.SetInParent()
        case _ as never:
            assert_never(never)
    return made


def _affiliation(fact: Affiliation) -> wire.ExtractAffiliation:
    return wire.ExtractAffiliation(
        group=fact.group,
        role=types.AffiliationRole.ValueType(fact.role),
        left_on_day=fact.left_on,
    )


def _case(own: OwnCase) -> wire.ExtractCase:
    case = own.case
    return wire.ExtractCase(
        case_handle=case.handle,
        municipality=case.organisation,
        reference=case.reference,
        basis=check_wire.Basis.ValueType(case.basis),
        is_first=own.is_first,
        opened_at=case.opened_at,
        assessed_at=case.assessed_at or 0,
        closed_at=case.closed_at or 0,
        stays=map(_stay, own.placements),
    )


def _stay(placement: Placement) -> wire.ExtractStay:
    return wire.ExtractStay(
        area=placement.area,
        in_facility=placement.facility is not None,
        window=days(Window(start=placement.valid_from, end=placement.valid_to)),
        state=types.PlacementState.ValueType(placement.state),
        moved_in_day=placement.moved_in_on,
    )


def _entry(trace: Trace) -> wire.ExtractEntry:
    entry = trace.entry
    return wire.ExtractEntry(
        at=entry.at,
        action=entry.action,
        role=entry.role,
        organisation=entry.organisation,
        purpose=entry.purpose,
        answered=trace.answered,
        case_handle=trace.case,
        answers=[
            wire.ExtractAnswer(area=area, verdict=VERDICTS[Verdict(verdict)])
            for area, verdict in trace.answers
        ],
    )
