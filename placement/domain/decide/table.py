"""Every command and who decides it; the one place where a command is admitted.

Invariants:
    * nothing is decided for a caller whose role does not grant the action;
    * whatever happens, there is exactly one note for the access log;
    * a request that comes again finds its first answer; with other content it is
      refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from placement.access import admit
from placement.domain.decide import (
    approvals,
    cases,
    checks,
    coverage,
    evaluations,
    groups,
    placements,
    registry,
    searches,
)
from placement.domain.decide.command import (
    Command,
    Decision,
    Moment,
    Outcome,
    RequestCommand,
    Written,
)
from placement.domain.state import Answered, State
from placement.errors import PlacementError, RequestReusedError

Decide = Callable[[State, Any, Moment], Outcome]

DECIDES: Final[Mapping[type[Command], Decide]] = {
    cases.OpenCase: cases.open_case,
    cases.ShowCase: cases.show_case,
    cases.CloseCase: cases.close_case,
    cases.AssessCase: cases.assess_case,
    checks.Check: checks.check,
    registry.RecordFacts: registry.record_facts,
    registry.EndFacts: registry.end_facts,
    registry.RetractFacts: registry.retract_facts,
    registry.RegradeFacts: registry.regrade_facts,
    approvals.ApproveChange: approvals.approve_change,
    approvals.ListChanges: approvals.list_changes,
    approvals.ShowChange: approvals.show_change,
    coverage.AttestCoverage: coverage.attest_coverage,
    groups.RegisterGroups: groups.register_groups,
    groups.ListGroups: groups.list_groups,
    groups.RegisterFacilities: groups.register_facilities,
    placements.RecordPlacements: placements.record_placements,
    placements.EndPlacements: placements.end_placements,
    evaluations.Evaluate: evaluations.evaluate,
    searches.ListEntries: searches.search,
    searches.ShowEntry: searches.search,
    searches.TailEntries: searches.search,
    searches.ExportEntries: searches.search,
    searches.ReplayDecision: searches.search,
    searches.ReportAnomalies: searches.search,
    searches.ReadReceipt: searches.read_receipt,
}


def decide(state: State, command: Command, moment: Moment) -> Decision:
    """Decide a command; pure, and never raises a deliberate error."""
    try:
        outcome = _outcome(state, command, moment)
    except PlacementError as refusal:
        return Decision(note=command.note, outcome=refusal)
    return Decision(note=outcome.note or command.note, outcome=outcome)


def _outcome(state: State, command: Command, moment: Moment) -> Outcome:
    admit(command.caller, command.action)
    earlier = _earlier(state, command)
    if earlier is None or isinstance(command, checks.Check):
        return DECIDES[type(command)](state, command, moment)
    made = earlier.request.made
    return Outcome(reply=Written(ids=made), revision=earlier.revision)


def _earlier(state: State, command: Command) -> Answered | None:
    """Return the first answer to a request, if this is not the first time.

    Raises:
        RequestReusedError: the content was another.
    """
    if not isinstance(command, RequestCommand):
        return None
    earlier = state.requests.get(command.request_key)
    if earlier is not None and earlier.request.digest != command.digest:
        raise RequestReusedError
    return earlier
