"""The coordinators' service for looking at what is on record; see ``servicers``."""

from placement.api.v1 import review_service_pb2 as wire
from placement.api.v1.review_service_pb2_grpc import ReviewServiceServicer
from placement.rpc import parse_lives as parse
from placement.rpc import render_lives as render
from placement.rpc.desk import Desk
from placement.rpc.servicers import Context


class Reviews(ReviewServiceServicer):
    """The service of coordinators who look.

    Args:
        desk: asks the engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ListFacts(
        self, request: wire.ListFactsRequest, context: Context
    ) -> wire.ListFactsResponse:
        """List a page of facts."""
        answer = await self._desk.ask(parse.list_facts, request)
        return render.listed(answer, self._desk.bookmark)

    async def ShowFact(
        self, request: wire.ShowFactRequest, context: Context
    ) -> wire.ShowFactResponse:
        """Show a fact and its life."""
        return render.shown(await self._desk.ask(parse.show_fact, request))

    async def ListReviews(
        self, request: wire.ListReviewsRequest, context: Context
    ) -> wire.ListReviewsResponse:
        """List a page of the queue."""
        answer = await self._desk.ask(parse.list_reviews, request)
        return render.queue(answer, self._desk.bookmark)

    async def ShowCoverage(
        self, request: wire.ShowCoverageRequest, context: Context
    ) -> wire.ShowCoverageResponse:
        """Show when areas were reviewed last."""
        return render.coverage(await self._desk.ask(parse.show_coverage, request))

    async def ReportReviews(
        self, request: wire.ReportReviewsRequest, context: Context
    ) -> wire.ReportReviewsResponse:
        """Count what was kept in a year."""
        return render.report(await self._desk.ask(parse.report_reviews, request))
