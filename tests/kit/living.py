"""Commands about the lives of facts, by short names."""

from dataclasses import replace
from typing import Any

from kit.commands import (
    COORDINATOR,
    SECOND,
    Court,
    approve,
    asked,
    end_facts,
    fresh,
    record_facts,
)
from kit.world import TODAY
from placement.access import Caller
from placement.domain.decide import (
    amendments,
    approvals,
    facts,
    previews,
    registry,
    reviews,
)
from placement.domain.decide.drafts import Draft
from placement.domain.imagined import Imagined
from placement.domain.life_events import Doubt, StepKind
from placement.domain.terms import Day, Reason, Revision


def reject(change: bytes, **given: Any) -> approvals.RejectChange:
    retraction = given.get("retraction") or fresh()
    return approvals.RejectChange(
        **asked(SECOND, given), change=change, retraction=retraction
    )


def withdraw(change: bytes, **given: Any) -> approvals.WithdrawChange:
    return approvals.WithdrawChange(**asked(COORDINATOR, given), change=change)


def amend_facts(*pairs: tuple[bytes, Draft], **given: Any) -> amendments.AmendFacts:
    """Replace facts, on a day counted from today."""
    return amendments.AmendFacts(
        **asked(COORDINATOR, given),
        replacements=tuple(
            amendments.Replacement(
                id=fact,
                valid_to=Day(TODAY + given.get("days", 0)),
                draft=replace(draft, replaces=fact),
                seen=Revision(given.get("seen", 0)),
            )
            for fact, draft in pairs
        ),
        change=given.get("change") or fresh(),
    )


def renew_facts(*ids: bytes, days: int = 90, **given: Any) -> amendments.RenewFacts:
    """Renew facts until a day counted from today."""
    return amendments.RenewFacts(
        **asked(COORDINATOR, given),
        renewals=tuple(
            amendments.Renewal(
                id=fact,
                review_by=Day(TODAY + days),
                reason=given.get("reason", Reason.COURT),
                seen=Revision(given.get("seen", 0)),
            )
            for fact in ids
        ),
        change=given.get("change") or fresh(),
    )


def contest_facts(
    *ids: bytes, doubt: Doubt | None = Doubt.OUTDATED, **given: Any
) -> amendments.ContestFacts:
    return amendments.ContestFacts(
        **asked(COORDINATOR, given),
        contests=tuple(
            amendments.Contest(
                id=fact, doubt=doubt, seen=Revision(given.get("seen", 0))
            )
            for fact in ids
        ),
    )


def propose_facts(*ids: bytes, **given: Any) -> amendments.ProposeFacts:
    seen = (Revision(given["seen"]),) * len(ids) if "seen" in given else ()
    change = given.get("change") or fresh()
    return amendments.ProposeFacts(
        **asked(COORDINATOR, given), ids=ids, change=change, seen=seen
    )


def list_facts(
    caller: Caller = COORDINATOR, after: int = 0, **wanted: Any
) -> facts.ListFacts:
    return facts.ListFacts(
        caller=caller,
        filter=facts.FactFilter(**wanted),
        after=Revision(after),
        scope=bytes(32),
    )


def show_fact(fact: bytes, caller: Caller = COORDINATOR) -> facts.ShowFact:
    return facts.ShowFact(caller=caller, fact=fact)


def begin_preview(
    change: bytes | None = None, caller: Caller = COORDINATOR, **given: Any
) -> previews.BeginPreview:
    return previews.BeginPreview(caller=caller, sketch=sketch(change, **given))


def weigh_preview(
    *placements: bytes,
    change: bytes | None = None,
    caller: Caller = COORDINATOR,
    imagined: Imagined | None = None,
    **given: Any,
) -> previews.WeighPreview:
    return previews.WeighPreview(
        caller=caller,
        sketch=sketch(change, **given),
        placements=placements,
        imagined=imagined,
    )


def sketch(change: bytes | None, **given: Any) -> previews.Sketch:
    """Imagine a change, or drafts and endings."""
    endings = tuple(
        registry.Ending(id=fact, valid_to=Day(TODAY + days))
        for fact, days in given.get("endings", ())
    )
    drafts = tuple(given.get("drafts", ()))
    return previews.Sketch(change=change, drafts=drafts, endings=endings)


def list_reviews(caller: Caller = COORDINATOR, **given: Any) -> reviews.ListReviews:
    return reviews.ListReviews(
        caller=caller,
        region=given.get("region"),
        reason=given.get("reason"),
        after=given.get("after"),
        scope=bytes(32),
    )


def show_coverage(
    caller: Caller = COORDINATOR, region: str | None = None
) -> reviews.ShowCoverage:
    return reviews.ShowCoverage(caller=caller, region=region)


def report_reviews(
    caller: Caller = COORDINATOR, year: int = 2026, region: str | None = None
) -> reviews.ReportReviews:
    return reviews.ReportReviews(caller=caller, year=year, region=region)


def record(court: Court, what: Draft, **given: Any) -> tuple[bytes, ...]:
    """Record one fact; return its id, and that of its change, if any."""
    return court.reply(record_facts(what, **given)).ids


def kinds(court: Court, fact: bytes) -> list[StepKind]:
    """Return what happened to a fact, step by step."""
    return [step.kind for step in court.state.histories.later(fact)]


def over(court: Court, fact: bytes, days: int = 0) -> None:
    """Have a fact ended, by two persons if need be."""
    (change,) = court.reply(end_facts((fact, days))).ids
    if change:
        court.reply(approve(change))
