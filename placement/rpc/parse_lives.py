"""From requests about the lives of facts to commands; see ``parse``."""

from hashlib import sha256
from typing import Any, Final

from placement.access import NATIONAL, POLICE_REGIONS
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1 import review_service_pb2 as review_wire
from placement.domain.decide import (
    amendments,
    approvals,
    facts,
    previews,
    registry,
    reviews,
)
from placement.domain.imagined import Imagined
from placement.domain.life_events import Doubt
from placement.domain.tallies import KINDS
from placement.domain.terms import Day, FactId, GroupToken, Reason, Revision
from placement.errors import InvalidInputError
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse_facts import parse_facts, parse_replacement
from placement.rpc.parse_registry import endings_of

_YEARS: Final = range(2000, 2200)
_HALF: Final = 64  # bits of an id in one number of a token
_EARLIEST: Final = -(
    2**20
)  # a day of a token is counted from here, so that it is none below 0


def amend_facts(
    request: registry_wire.AmendFactsRequest, origin: Origin
) -> amendments.AmendFacts:
    """Read facts to amend."""
    forms.at_most(request.amendments, registry.MAX_AMENDMENTS, "amendments")
    return amendments.AmendFacts(
        **common(request, origin),
        replacements=tuple(
            _replacement(item, origin, f"amendments[{index}]")
            for index, item in enumerate(request.amendments)
        ),
        change=FactId(fresh()),
    )


def _replacement(
    item: registry_wire.FactAmendment, origin: Origin, field: str
) -> amendments.Replacement:
    replaced = _id(item.fact_id, f"{field}.fact_id")
    return amendments.Replacement(
        id=replaced,
        valid_to=forms.day(item.valid_to_day, f"{field}.valid_to_day"),
        draft=parse_replacement(
            item.fact, replaced, FactId(fresh()), origin.named, f"{field}.fact"
        ),
        seen=Revision(item.seen_revision),
    )


def renew_facts(
    request: registry_wire.RenewFactsRequest, origin: Origin
) -> amendments.RenewFacts:
    """Read facts to renew."""
    forms.at_most(request.renewals, registry.MAX_AMENDMENTS, "renewals")
    return amendments.RenewFacts(
        **common(request, origin),
        renewals=tuple(
            amendments.Renewal(
                id=_id(item.fact_id, f"renewals[{index}].fact_id"),
                review_by=forms.day(
                    item.review_by_day, f"renewals[{index}].review_by_day"
                ),
                reason=forms.member(Reason, item.reason, f"renewals[{index}].reason"),
                seen=Revision(item.seen_revision),
            )
            for index, item in enumerate(request.renewals)
        ),
        change=FactId(fresh()),
    )


def contest_facts(
    request: registry_wire.ContestFactsRequest, origin: Origin
) -> amendments.ContestFacts:
    """Read facts to doubt, or to doubt no more."""
    forms.at_most(request.contests, registry.MAX_AMENDMENTS, "contests")
    return amendments.ContestFacts(
        **common(request, origin),
        contests=tuple(
            amendments.Contest(
                id=_id(item.fact_id, f"contests[{index}].fact_id"),
                doubt=_doubt(item, f"contests[{index}].reason"),
                seen=Revision(item.seen_revision),
            )
            for index, item in enumerate(request.contests)
        ),
    )


def _doubt(item: registry_wire.FactContest, field: str) -> Doubt | None:
    if not item.withdraw:
        return forms.member(Doubt, item.reason, field)
    if item.reason:
        raise InvalidInputError(field, "must be unset with withdraw")
    return None


def propose_facts(
    request: registry_wire.ProposeFactsRequest, origin: Origin
) -> amendments.ProposeFacts:
    """Read facts to propose again."""
    forms.at_most(request.fact_ids, registry.MAX_AMENDMENTS, "fact_ids")
    return amendments.ProposeFacts(
        **common(request, origin),
        ids=tuple(
            _id(value, f"fact_ids[{index}]")
            for index, value in enumerate(request.fact_ids)
        ),
        change=FactId(fresh()),
        seen=tuple(map(Revision, request.seen_revisions)),
    )


def reject_change(
    request: registry_wire.RejectChangeRequest, origin: Origin
) -> approvals.RejectChange:
    """Read which change to reject."""
    change = _id(request.change_id, "change_id")
    return approvals.RejectChange(
        **common(request, origin), change=change, retraction=FactId(fresh())
    )


def withdraw_change(
    request: registry_wire.WithdrawChangeRequest, origin: Origin
) -> approvals.WithdrawChange:
    """Read which change to take back."""
    change = _id(request.change_id, "change_id")
    return approvals.WithdrawChange(**common(request, origin), change=change)


def list_facts(
    request: review_wire.ListFactsRequest, origin: Origin
) -> facts.ListFacts:
    """Read which page of which facts."""
    scope, numbers = page_of(request, origin)
    group = forms.token(request.group, "group") if request.group else None
    state = facts.FactState
    return facts.ListFacts(
        caller=origin.caller,
        filter=facts.FactFilter(
            kind=_kind(request.kind),
            group=None if group is None else GroupToken(group),
            area=forms.area(request.area, "area") if request.area else None,
            state=forms.member(state, request.state, "state")
            if request.state
            else None,
            region=_region(request.region),
        ),
        after=Revision(numbers[0] if numbers else 0),
        scope=scope,
    )


def _kind(value: int) -> Any:  # noqa: ANN401 (a class of facts, or none)
    """Return a kind of fact by its place in ``KINDS``, counted from 1."""
    if not 0 <= value <= len(KINDS):
        raise InvalidInputError("kind", "is no known value")
    return KINDS[value - 1] if value else None


def preview(
    request: registry_wire.PreviewChangeRequest, origin: Origin
) -> previews.BeginPreview:
    """Read what to imagine."""
    forms.at_most(request.endings, registry.MAX_AMENDMENTS, "endings")
    change = _id(request.change_id, "change_id") if request.change_id else None
    sketch = previews.Sketch(
        change=change,
        drafts=parse_facts(request.facts, fresh, origin.named),
        endings=endings_of(request),
    )
    return previews.BeginPreview(caller=origin.caller, sketch=sketch)


def preview_slice(
    given: tuple[previews.Sketch, tuple[FactId, ...], Imagined | None], origin: Origin
) -> previews.WeighPreview:
    """Say what of a preview is to be weighed next; of this the wire says nothing."""
    sketch, placements, imagined = given
    return previews.WeighPreview(
        caller=origin.caller, sketch=sketch, placements=placements, imagined=imagined
    )


def show_fact(request: review_wire.ShowFactRequest, origin: Origin) -> facts.ShowFact:
    """Read which fact to show."""
    return facts.ShowFact(caller=origin.caller, fact=_id(request.fact_id, "fact_id"))


def list_reviews(
    request: review_wire.ListReviewsRequest, origin: Origin
) -> reviews.ListReviews:
    """Read which page of which queue."""
    scope, numbers = page_of(request, origin)
    reason = reviews.ReviewReason
    return reviews.ListReviews(
        caller=origin.caller,
        region=_region(request.region),
        reason=(
            forms.member(reason, request.reason, "reason") if request.reason else None
        ),
        after=_queued(numbers) if numbers else None,
        scope=scope,
    )


def show_coverage(
    request: review_wire.ShowCoverageRequest, origin: Origin
) -> reviews.ShowCoverage:
    """Read whose coverage to show."""
    return reviews.ShowCoverage(caller=origin.caller, region=_region(request.region))


def report_reviews(
    request: review_wire.ReportReviewsRequest, origin: Origin
) -> reviews.ReportReviews:
    """Read which year to report."""
    if request.year not in _YEARS:
        raise InvalidInputError("year", "must be a year from 2000 to 2199")
    return reviews.ReportReviews(
        caller=origin.caller, year=request.year, region=_region(request.region)
    )


def queue_numbers(after: tuple[Day, FactId]) -> tuple[int, int, int]:
    """Return a place in the queue as numbers of a token; ``list_reviews`` reads them."""
    day, number = after[0] - _EARLIEST, int.from_bytes(after[1])
    return day, number >> _HALF, number & ((1 << _HALF) - 1)


def _queued(numbers: tuple[int, ...]) -> tuple[Day, FactId]:
    day, high, low = numbers
    number = high << _HALF | low
    return Day(day + _EARLIEST), FactId(number.to_bytes(forms.TOKEN_SIZE))


def page_of(request: Any, origin: Origin) -> tuple[bytes, tuple[int, ...]]:  # noqa: ANN401 (any request for a page)
    """Read where a list goes on; a token belongs to one list of one caller."""
    whole = type(request)()
    whole.CopyFrom(request)
    whole.page_token = b""
    name = request.DESCRIPTOR.full_name.encode()
    content = whole.SerializeToString(deterministic=True)
    scope = sha256(name + b"\0" + content).digest()
    token = request.page_token
    return scope, origin.resume(scope, token, "page_token") if token else ()


def _region(text: str) -> str | None:
    if text and text not in (*POLICE_REGIONS, NATIONAL):
        raise InvalidInputError("region", "is no region")
    return text or None


def _id(value: bytes, field: str) -> FactId:
    return FactId(forms.token(value, field))
