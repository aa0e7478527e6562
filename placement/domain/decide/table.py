"""Every command and who decides it; the one place where a command is admitted.

Invariants:
    * nothing is decided for a caller whose role does not grant the action;
    * whatever happens, there is exactly one note for the access log;
    * a request that comes again finds its first answer; with other content it is
      refused;
    * nothing is begun under an id that is known.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from placement.access import admit
from placement.domain.answered import Answered
from placement.domain.decide import (
    alerts,
    amendments,
    approvals,
    balances,
    cases,
    changeovers,
    checks,
    coverage,
    erasures,
    evaluations,
    extracts,
    facts,
    groups,
    haunting,
    holds,
    idling,
    imports,
    label_keys,
    merging,
    moves,
    permits,
    placements,
    previews,
    providers,
    reevaluations,
    register,
    registry,
    reviews,
    rotations,
    rulesets,
    searches,
    shadows,
    staging,
    taking,
    trying,
)
from placement.domain.decide.beginning import refuse_known
from placement.domain.decide.command import (
    Command,
    Decision,
    Moment,
    Outcome,
    RequestCommand,
    Written,
)
from placement.domain.decide.whose import shares_reference
from placement.domain.state import State
from placement.domain.terms import CaseHandle, FactId, Micros
from placement.errors import PlacementError, RequestReusedError

Decide = Callable[[State, Any, Moment], Outcome]

DECIDES: Final[Mapping[type[Command], Decide]] = {
    cases.OpenCase: cases.open_case,
    cases.ShowCase: cases.show_case,
    balances.ShowBudgets: balances.show_budgets,
    cases.CloseCase: cases.close_case,
    cases.AssessCase: cases.assess_case,
    checks.Check: checks.check,
    registry.RecordFacts: registry.record_facts,
    registry.EndFacts: registry.end_facts,
    registry.RetractFacts: registry.retract_facts,
    registry.RegradeFacts: registry.regrade_facts,
    amendments.AmendFacts: amendments.amend_facts,
    amendments.RenewFacts: amendments.renew_facts,
    amendments.ContestFacts: amendments.contest_facts,
    amendments.ProposeFacts: amendments.propose_facts,
    facts.ListFacts: facts.list_facts,
    facts.ShowFact: facts.show_fact,
    approvals.ApproveChange: approvals.approve_change,
    approvals.RejectChange: approvals.reject_change,
    approvals.WithdrawChange: approvals.withdraw_change,
    approvals.ListChanges: approvals.list_changes,
    approvals.ShowChange: approvals.show_change,
    coverage.AttestCoverage: coverage.attest_coverage,
    reviews.ListReviews: reviews.list_reviews,
    reviews.ShowCoverage: reviews.show_coverage,
    reviews.ReportReviews: reviews.report_reviews,
    previews.BeginPreview: previews.begin_preview,
    previews.WeighPreview: previews.weigh_preview,
    groups.RegisterGroups: groups.register_groups,
    groups.NameGroups: groups.name_groups,
    groups.ListGroups: groups.list_groups,
    merging.MergeGroups: merging.merge_groups,
    label_keys.ShowLabelKeys: label_keys.show_label_keys,
    label_keys.PublishExchangeKey: label_keys.publish_exchange_key,
    label_keys.HandOverLabelKey: label_keys.hand_over_label_key,
    rotations.BeginRotation: rotations.begin_rotation,
    rotations.RenewLabels: rotations.renew_labels,
    rotations.EndRotation: rotations.end_rotation,
    groups.RegisterFacilities: groups.register_facilities,
    placements.RecordPlacements: placements.record_placements,
    placements.EndPlacements: placements.end_placements,
    evaluations.Evaluate: evaluations.evaluate,
    holds.ConfirmHold: holds.confirm_hold,
    holds.ExtendHold: holds.extend_hold,
    holds.ReleaseHold: holds.release_hold,
    moves.MoveIn: moves.move_in,
    moves.Move: moves.move,
    moves.MoveOut: moves.move_out,
    moves.Abort: moves.abort,
    permits.ExplainPlacement: permits.explain_placement,
    permits.ReleasePlace: permits.release_place,
    permits.ProposeOverride: permits.propose_override,
    permits.ShowOverride: permits.show_override,
    permits.SignOverride: permits.sign_override,
    providers.StopProvider: providers.stop_provider,
    haunting.LiftPhantoms: haunting.lift_phantoms,
    haunting.SizeGroup: haunting.size_group,
    changeovers.ShowChangeover: changeovers.show_changeover,
    changeovers.BeginChangeover: changeovers.begin_changeover,
    changeovers.OfferPairs: changeovers.offer_pairs,
    changeovers.EndChangeover: changeovers.end_changeover,
    erasures.ListExpired: erasures.list_expired,
    erasures.ProposeErasure: erasures.propose_erasure,
    erasures.ApproveErasure: erasures.approve_erasure,
    extracts.ProposeExtract: extracts.propose_extract,
    extracts.ShowExtract: extracts.show_extract,
    extracts.ApproveExtract: extracts.approve_extract,
    extracts.ReadExtract: extracts.read_extract,
    rulesets.ProposeRuleset: rulesets.propose_ruleset,
    shadows.ShadowRuleset: shadows.shadow_ruleset,
    rulesets.ApproveRuleset: rulesets.approve_ruleset,
    rulesets.WithdrawRuleset: rulesets.withdraw_ruleset,
    rulesets.ListRulesets: rulesets.list_rulesets,
    rulesets.ShowRuleset: rulesets.show_ruleset,
    trying.TryRows: trying.try_rows,
    imports.BeginImport: imports.begin_import,
    staging.AppendRows: staging.append_rows,
    imports.FinishImport: imports.finish_import,
    imports.ShowImport: imports.show_import,
    imports.ListImports: imports.list_imports,
    imports.ReadRows: imports.read_rows,
    imports.ApproveImport: imports.approve_import,
    imports.CancelImport: imports.cancel_import,
    taking.TakeRows: taking.take_rows,
    alerts.WatchAlerts: alerts.watch_alerts,
    alerts.TellAlerts: alerts.tell_alerts,
    alerts.ListAlerts: alerts.list_alerts,
    alerts.ShowAlert: alerts.show_alert,
    alerts.AcknowledgeAlert: alerts.acknowledge_alert,
    alerts.HandOverAlert: alerts.hand_over_alert,
    alerts.CloseAlert: alerts.close_alert,
    reevaluations.Tick: reevaluations.tick,
    reevaluations.Reevaluate: reevaluations.reevaluate,
    idling.Idle: idling.idle,
    searches.ListEntries: searches.search,
    searches.ShowEntry: searches.search,
    searches.TailEntries: searches.search,
    searches.ExportEntries: searches.search,
    searches.ReplayDecision: searches.search,
    searches.ReportAnomalies: searches.search,
    register.ListPermits: register.list_permits,
    searches.ReadReceipt: searches.read_receipt,
}


def decide(state: State, command: Command, moment: Moment) -> Decision:
    """Decide a command; pure, and never raises a deliberate error."""
    known = command
    try:
        admit(command.caller, command.action)
        earlier = _earlier(state, command)
        if earlier is None or command.anew:
            known = command.resolved(state.changeover.of)
            outcome = DECIDES[type(command)](state, known, moment)
            refuse_known(state, outcome.events)
        else:
            outcome = _again(state, earlier)
    except PlacementError as refusal:
        return Decision(note=known.note, outcome=refusal)
    return Decision(note=outcome.note or known.note, outcome=outcome)


def _lapse(state: State, made: tuple[bytes, ...]) -> Micros:
    """Return when the permit that a request made lapses; 0 if it made none."""
    permit = state.permits.get(FactId(made[0])) if made else None
    return Micros(0) if permit is None else permit.expires_at


def _shares(state: State, made: tuple[bytes, ...]) -> bool:
    """Tell whether the case that a request opened shares its number with an open one."""
    case = state.cases.get(CaseHandle(made[0])) if made else None
    if case is None:
        return False
    return shares_reference(state, case.organisation, case.reference, case.handle)


def _again(state: State, earlier: Answered) -> Outcome:
    """Return the first answer to a request."""
    made = earlier.request.made
    reply = Written(
        ids=made,
        expires_at=_lapse(state, made),
        same_reference=_shares(state, made),
    )
    return Outcome(reply=reply, revision=earlier.revision)


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
