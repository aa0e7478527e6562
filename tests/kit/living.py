"""Commands about the lives of facts, by short names."""

from dataclasses import replace
from typing import Any

from kit.commands import COORDINATOR, SECOND, asked, fresh
from kit.world import TODAY
from placement.access import Caller
from placement.domain.decide import amendments, approvals, facts, reviews
from placement.domain.decide.drafts import Draft
from placement.domain.life_events import Doubt
from placement.domain.terms import Day, Reason, Revision


def reject(change: bytes, **given: Any) -> approvals.RejectChange:
    return approvals.RejectChange(**asked(SECOND, given), change=change)


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
