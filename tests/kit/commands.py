"""Callers and commands by short names, for the rooms behind the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any

import pytest

from kit.world import NOW, RULESET, TODAY, subject, token
from placement.access import Caller, Role
from placement.domain.decide import (
    approvals,
    balances,
    cases,
    checks,
    coverage,
    evaluations,
    groups,
    placements,
    registry,
    searches,
)
from placement.domain.decide.alerts import AlertCommand, as_shown
from placement.domain.decide.command import Command, Decision, Moment, RequestCommand
from placement.domain.decide.drafts import Draft
from placement.domain.decide.table import decide
from placement.domain.events import Record, Request
from placement.domain.facts import Facility, Group, Placement, Presence, Rivalry
from placement.domain.questions import Candidate
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    Basis,
    CaseHandle,
    Day,
    Micros,
    PlacementState,
    PresenceKind,
    Reason,
    Revision,
    Scheme,
    Window,
)
from placement.errors import InvalidInputError

MOMENT = Moment(now=NOW, ruleset=RULESET)

_LETTERS = str.maketrans("01234567", "abcdefgh")  # no id holds the code of an area
_numbers = count(1)


def caseworker(organisation: str = "1280", person: str = "cw-01") -> Caller:
    return Caller(Role.CASEWORKER, organisation, person, bytes(32))


def coordinator(organisation: str = "syd", person: str = "co-01") -> Caller:
    return Caller(Role.COORDINATOR, organisation, person, bytes(32))


CASEWORKER = caseworker()
COORDINATOR = coordinator()
SECOND = coordinator(person="co-02")
NATIONAL = coordinator("national", "co-09")
AUDITOR = Caller(Role.AUDITOR, "imy", "au-01", bytes(32))
OPERATOR = Caller(Role.OPERATOR, "drift", "op-01", bytes(32))


def fresh() -> bytes:
    """Return a token nobody has."""
    letters = f"{next(_numbers):o}".translate(_LETTERS)
    return token(f"fresh-{letters}")


def asked(caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every repeatable command has; ``request`` names its id."""
    request = given.get("request")
    return {
        "caller": given.get("caller", caller),
        "request_id": token(request) if request else fresh(),
        "digest": sha256(str(given.get("content", "")).encode()).digest(),
    }


def open_case(*members: str, **given: Any) -> cases.OpenCase:
    return cases.OpenCase(
        **asked(CASEWORKER, given),
        handle=given.get("handle") or fresh(),
        members=tuple(subject(member) for member in members or ("h",)),
        reference=given.get("reference", "SN 1"),
        basis=Basis.POLICE,
    )


def show_budgets(
    case: bytes | None = None, *areas: str, caller: Caller = CASEWORKER
) -> balances.ShowBudgets:
    return balances.ShowBudgets(
        caller=caller,
        case=None if case is None else CaseHandle(case),
        areas=tuple(map(AreaCode, areas)),
    )


def show_case(case: bytes, caller: Caller = CASEWORKER) -> cases.ShowCase:
    return cases.ShowCase(caller=caller, case=case)


def close_case(case: bytes, **given: Any) -> cases.CloseCase:
    reason = given.get("reason", "DONE")
    return cases.CloseCase(**asked(CASEWORKER, given), case=case, reason=reason)


def assess_case(case: bytes, *drafts: Draft, **given: Any) -> cases.AssessCase:
    return cases.AssessCase(
        **asked(COORDINATOR, given),
        case=case,
        drafts=drafts,
        none_known=given.get("none_known", True),
        children=given.get("children", ()),
        change=fresh(),
    )


def check(case: bytes, *areas: str | Candidate, **given: Any) -> checks.Check:
    candidates = tuple(
        area if isinstance(area, Candidate) else Candidate(area=AreaCode(area))
        for area in areas or ("2480",)
    )
    return checks.Check(
        **asked(CASEWORKER, given),
        case=case,
        candidates=candidates,
        window=given.get("window", Window(start=TODAY)),
        justification=given.get("justification", "PLANNED"),
        least=Revision(given.get("least", 0)),
        decisions=tuple(fresh() for _ in candidates),
        hold=given.get("hold"),
    )


def draft(kind: type, name: str, /, **given: Any) -> Draft:
    """State a fact; what is not its frame is its statement."""
    frame = {
        "valid_from": None,
        "valid_to": None,
        "scheme": Scheme.THREE_FIVE_TWO,
        "given": "1B",
        "review_by": None,
        "reason": Reason.INTELLIGENCE,
    }
    frame = {key: given.pop(key, value) for key, value in frame.items()}
    return Draft(id=fresh(), kind=kind, name=name, statement=given, **frame)


def rivalry(a: str = "A", b: str = "B", severity: int = 1, **given: Any) -> Draft:
    pair = {"low": token(a), "high": token(b)}
    return draft(Rivalry, "rivalry", **pair, severity=severity, **given)


def presence(
    group: str = "A", area: str = "1480", kind: str = "ACTIVE", **given: Any
) -> Draft:
    where = {"group": token(group), "area": area, "kind": PresenceKind[kind]}
    return draft(Presence, "presence", **where, **given)


def record_facts(*drafts: Draft, **given: Any) -> registry.RecordFacts:
    change = given.get("change") or fresh()
    return registry.RecordFacts(
        **asked(COORDINATOR, given), drafts=drafts, change=change
    )


def end_facts(*endings: tuple[bytes, int], **given: Any) -> registry.EndFacts:
    """End facts, each on a day counted from today."""
    return registry.EndFacts(
        **asked(COORDINATOR, given),
        endings=tuple(
            registry.Ending(
                id=fact,
                valid_to=Day(TODAY + days),
                seen=Revision(given.get("seen", 0)),
            )
            for fact, days in endings
        ),
        change=given.get("change") or fresh(),
    )


def retract_facts(*ids: bytes, **given: Any) -> registry.RetractFacts:
    change = given.get("change") or fresh()
    seen = (Revision(given["seen"]),) * len(ids) if "seen" in given else ()
    return registry.RetractFacts(
        **asked(COORDINATOR, given), ids=ids, change=change, seen=seen
    )


def regrade_facts(*ids: bytes, grade: str = "1E", **given: Any):
    regradings = tuple(
        registry.Regrading(
            id=fact,
            scheme=Scheme.THREE_FIVE_TWO,
            given=grade,
            seen=Revision(given.get("seen", 0)),
        )
        for fact in ids
    )
    change = given.get("change") or fresh()
    return registry.RegradeFacts(
        **asked(COORDINATOR, given), regradings=regradings, change=change
    )


def approve(change: bytes, **given: Any) -> approvals.ApproveChange:
    shown, seen = Revision(given.get("shown", 0)), given.get("seen", b"")
    return approvals.ApproveChange(
        **asked(SECOND, given), change=change, shown=shown, seen=seen
    )


def list_changes(caller: Caller = COORDINATOR) -> approvals.ListChanges:
    return approvals.ListChanges(caller=caller)


def show_change(change: bytes, caller: Caller = SECOND) -> approvals.ShowChange:
    return approvals.ShowChange(caller=caller, change=change)


def attest(*areas: str, days: int = 0, **given: Any) -> coverage.AttestCoverage:
    return coverage.AttestCoverage(
        **asked(COORDINATOR, given),
        attestation=fresh(),
        areas=areas,
        whole_region=not areas,
        reviewed_on=Day(TODAY + days),
    )


def register_groups(*names: str, **given: Any) -> groups.RegisterGroups:
    """Register groups; token, fingerprint and label are made of the name."""
    return groups.RegisterGroups(
        **asked(COORDINATOR, given),
        groups=tuple(
            Group(
                token=token(name),
                fingerprint=subject(name),
                label=name.encode(),
                key=given.get("key", b""),
            )
            for name in names
        ),
    )


def list_groups(after: bytes = b"", caller: Caller = COORDINATOR) -> groups.ListGroups:
    return groups.ListGroups(caller=caller, after=after)


def register_facilities(
    *facilities: tuple[str, str, str], new: Iterable[int] = (), **given: Any
) -> groups.RegisterFacilities:
    """Register facilities, each as (name, provider, area)."""
    return groups.RegisterFacilities(
        **asked(COORDINATOR, given),
        facilities=tuple(
            Facility(token=token(name), provider=token(provider), area=AreaCode(area))
            for name, provider, area in facilities
        ),
        new_providers=frozenset(new),
    )


def placement(case: bytes, area: str = "2480", **given: Any) -> Placement:
    facility = given.get("facility")
    return Placement(
        id=given.get("id") or fresh(),
        case=case,
        area=AreaCode(area),
        facility=token(facility) if facility else None,
        valid_from=Day(TODAY + given.get("start", 0)),
        valid_to=Day(TODAY + given["end"]) if "end" in given else None,
        state=PlacementState.ACTIVE,
    )


def record_placements(*stays: Placement, **given: Any) -> placements.RecordPlacements:
    return placements.RecordPlacements(**asked(COORDINATOR, given), placements=stays)


def end_placements(
    *endings: tuple[bytes, int], **given: Any
) -> placements.EndPlacements:
    """End placements, each on a day counted from today."""
    return placements.EndPlacements(
        **asked(COORDINATOR, given),
        change=given.get("change") or fresh(),
        endings=tuple(
            placements.PlacementEnding(id=one, valid_to=Day(TODAY + days))
            for one, days in endings
        ),
    )


def evaluate(elements: int = 1, caller: Caller = CASEWORKER) -> evaluations.Evaluate:
    return evaluations.Evaluate(caller=caller, elements=("element",) * elements)


GROUND = searches.Ground(purpose="SUPERVISION", matter="DI 2026-17")


def list_entries(
    asked: searches.Filter | None = None,
    page_size: int = 10,
    *,
    caller: Caller = AUDITOR,
) -> searches.ListEntries:
    asked = searches.Filter(first=0) if asked is None else asked
    return searches.ListEntries(
        caller=caller, ground=GROUND, filter=asked, page_size=page_size
    )


def search(
    kind: type[searches.Search], /, *, caller: Caller = AUDITOR, **asked: Any
) -> searches.Search:
    return kind(caller=caller, ground=GROUND, filter=searches.Filter(**asked))


def read_receipt(
    index: int = 0, *, owned: bool = True, caller: Caller = CASEWORKER
) -> searches.ReadReceipt:
    return searches.ReadReceipt(caller=caller, index=index, owned=owned)


AS_IT_STANDS = Revision(2**63)
"""Of a command about an alert: as whoever gives it would be shown it now."""


class Court:
    """Decides commands on a state of its own, as the engine would."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.moment = MOMENT

    def later(self, micros: int) -> None:
        """Let time pass."""
        self.moment = replace(self.moment, now=Micros(self.moment.now + micros))

    def decide(self, command: Command) -> Decision:
        """Decide, and apply what follows."""
        if isinstance(command, AlertCommand) and command.shown == AS_IT_STANDS:
            known = self.state.alerts.get(command.alert)
            shown = as_shown(known, command.caller) if known else Revision(0)
            command = replace(command, shown=shown)
        decision = decide(self.state, command, self.moment)
        if not isinstance(decision.outcome, Exception):
            self._apply(command, decision)
        return decision

    def reply(self, command: Command) -> Any:
        """Decide, and return the reply or raise the refusal."""
        outcome = self.decide(command).outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.reply

    def _apply(self, command: Command, decision: Decision) -> None:
        events = decision.outcome.events
        for event in events:
            request = None
            if event is events[-1] and isinstance(command, RequestCommand):
                organisation, person, request_id = command.request_key
                request = Request(
                    organisation=organisation,
                    person=person,
                    id=request_id,
                    digest=command.digest,
                    made=decision.outcome.made,
                )
            self.state.apply(Record(at=self.moment.now, event=event, request=request))


def field_of(court: Court, command: Command) -> str:
    """Return the field that a command is refused for."""
    with pytest.raises(InvalidInputError) as refused:
        court.reply(command)
    return refused.value.field
