"""Calls about the lives of facts: amend, renew, contest, list, show, review."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import grpc

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as wire
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.api.v1.review_service_pb2_grpc import ReviewServiceStub
from placement.errors import TamperedError
from placement_client.calls import Writes
from placement_client.failures import translate

MAX_CHANGED: Final = 500
"""Facts in one call."""
MAX_STREAM: Final = 600.0
"""Seconds that a preview may take."""


class LifeCalls:
    """The calls of coordinators about what becomes of facts.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._registry = RegistryServiceStub(channel)
        self._review = ReviewServiceStub(channel)
        self._writes = writes

    def amend(
        self, amendments: Iterable[registry.FactAmendment]
    ) -> registry.AmendFactsResponse:
        """End facts and record others instead, in one step.

        Raises:
            TamperedError: the answer is not one new fact for each.
            PlacementError: the call failed.
        """
        request = registry.AmendFactsRequest(amendments=amendments)
        answer = self._writes.make(self._registry.AmendFacts, request)
        if len(answer.fact_ids) != len(request.amendments):
            raise TamperedError
        return answer

    def renew(
        self, renewals: Iterable[registry.Renewal]
    ) -> registry.RenewFactsResponse:
        """Say that facts were looked at and stand."""
        request = registry.RenewFactsRequest(renewals=renewals)
        return self._writes.make(self._registry.RenewFacts, request)

    def contest(
        self, contests: Iterable[registry.FactContest]
    ) -> registry.ContestFactsResponse:
        """Doubt facts, or doubt them no more."""
        request = registry.ContestFactsRequest(contests=contests)
        return self._writes.make(self._registry.ContestFacts, request)

    def propose(
        self, fact_ids: Iterable[bytes], seen: Iterable[int] = ()
    ) -> registry.ProposeFactsResponse:
        """Propose facts again that nobody stood behind in time."""
        request = registry.ProposeFactsRequest(fact_ids=fact_ids, seen_revisions=seen)
        return self._writes.make(self._registry.ProposeFacts, request)

    def reject(self, change_id: bytes) -> registry.RejectChangeResponse:
        """End another coordinator's change."""
        request = registry.RejectChangeRequest(change_id=change_id)
        return self._writes.make(self._registry.RejectChange, request)

    def withdraw(self, change_id: bytes) -> registry.WithdrawChangeResponse:
        """End a change that the caller proposed."""
        request = registry.WithdrawChangeRequest(change_id=change_id)
        return self._writes.make(self._registry.WithdrawChange, request)

    def preview(
        self, request: registry.PreviewChangeRequest
    ) -> Iterator[registry.PreviewChangeResponse]:
        """Show what a change would do, slice by slice.

        Asked once: each time costs a preview of the day.

        Raises:
            PlacementError: the class that the refusal names.
        """
        try:
            yield from self._registry.PreviewChange(request, timeout=MAX_STREAM)
        except grpc.RpcError as error:
            raise translate(error) from error

    def list_facts(self, request: wire.ListFactsRequest) -> Iterator[wire.RecordedFact]:
        """List facts, page by page.

        Args:
            request: which; without a token.

        Raises:
            TamperedError: the pages go round in a circle.
            PlacementError: a call failed.
        """
        for page in self._pages(self._review.ListFacts, request):
            yield from page.facts

    def show_fact(self, fact_id: bytes) -> wire.ShowFactResponse:
        """Show a fact and everything that happened to it."""
        request = wire.ShowFactRequest(fact_id=fact_id)
        return self._writes.patience.call(self._review.ShowFact, request)

    def queue(
        self, request: wire.ListReviewsRequest
    ) -> Iterator[wire.ListReviewsResponse]:
        """List the pages of what has to be looked at, as ``list_facts`` does."""
        return self._pages(self._review.ListReviews, request)

    def coverage(self, region: str = "") -> wire.ShowCoverageResponse:
        """Show when areas were reviewed last."""
        request = wire.ShowCoverageRequest(region=region)
        return self._writes.patience.call(self._review.ShowCoverage, request)

    def report(self, year: int, region: str = "") -> wire.ReportReviewsResponse:
        """Count what was kept in a year, and why."""
        request = wire.ReportReviewsRequest(year=year, region=region)
        return self._writes.patience.call(self._review.ReportReviews, request)

    def _pages(self, method: Callable[..., Any], request: Any) -> Iterator[Any]:  # noqa: ANN401 (any list)
        seen = {b""}
        while True:
            page: Any = self._writes.patience.call(method, request)
            yield page
            token = page.next_page_token
            if not token:
                return
            # A token is sealed anew each time; only one that comes again is a circle.
            if token in seen:
                raise TamperedError
            seen.add(token)
            request.page_token = token
