"""Calls that coordinators make: facts, changes, coverage, groups, facilities, places."""

from collections.abc import Iterable, Iterator, Sized
from typing import Final

import grpc

from placement.api.v1 import registry_service_pb2 as wire
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.api.v1.types_pb2 import Fact
from placement.errors import StaleError, TamperedError
from placement_client.calls import Writes
from placement_client.label_book import Listing

MAX_FACTS: Final = 500
"""Facts, endings, retractions or regradings in one call."""
MAX_ASSESSED: Final = 100
"""Facts in one assessment."""
MAX_REGISTERED: Final = 100
"""Groups or facilities in one call."""

_LISTINGS: Final = 3  # how often to begin anew, if the label key is replaced meanwhile


class RegistryCalls:
    """The calls of ``RegistryService`` about what is on record.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = RegistryServiceStub(channel)
        self._writes = writes

    def assess_case(
        self,
        case_handle: bytes,
        facts: Iterable[Fact],
        *,
        none_known: bool,
        children: Iterable[int] = (),
    ) -> wire.AssessCaseResponse:
        """Attest that what is known about a case's members is recorded."""
        request = wire.AssessCaseRequest(
            case_handle=case_handle,
            facts=facts,
            none_known=none_known,
            children=children,
        )
        answer = self._writes.make(self._stub.AssessCase, request)
        _require_all(request.facts, answer.fact_ids)
        return answer

    def record_facts(self, facts: Iterable[Fact]) -> wire.RecordFactsResponse:
        """Record 1 to 500 facts: all of them, or none."""
        request = wire.RecordFactsRequest(facts=facts)
        answer = self._writes.make(self._stub.RecordFacts, request)
        _require_all(request.facts, answer.fact_ids)
        return answer

    def end_facts(self, endings: Iterable[wire.Ending]) -> wire.EndFactsResponse:
        """Say that facts stopped being true."""
        request = wire.EndFactsRequest(endings=endings)
        return self._writes.make(self._stub.EndFacts, request)

    def retract_facts(
        self, fact_ids: Iterable[bytes], seen: Iterable[int] = ()
    ) -> wire.RetractFactsResponse:
        """Say that facts were never true, seen in these revisions or in any."""
        request = wire.RetractFactsRequest(fact_ids=fact_ids, seen_revisions=seen)
        return self._writes.make(self._stub.RetractFacts, request)

    def regrade_facts(
        self, regradings: Iterable[wire.Regrading]
    ) -> wire.RegradeFactsResponse:
        """Grade facts' sources anew."""
        request = wire.RegradeFactsRequest(regradings=regradings)
        return self._writes.make(self._stub.RegradeFacts, request)

    def approve_change(
        self, change_id: bytes, *, shown: int = 0, seen: bytes = b""
    ) -> wire.ApproveChangeResponse:
        """Stand behind another coordinator's change.

        Args:
            change_id: 16 bytes.
            shown: the revision at which it was shown; 0 is any.
            seen: of a release, what was shown of the place, 32 bytes; else empty.
        """
        request = wire.ApproveChangeRequest(
            change_id=change_id, seen_revision=shown, seen=seen
        )
        return self._writes.make(self._stub.ApproveChange, request)

    def list_changes(self) -> wire.ListChangesResponse:
        """List the changes that wait for a second coordinator."""
        request = wire.ListChangesRequest()
        return self._writes.patience.call(self._stub.ListChanges, request)

    def show_change(self, change_id: bytes) -> wire.ShowChangeResponse:
        """Show what a change that waits would do, fact by fact."""
        request = wire.ShowChangeRequest(change_id=change_id)
        return self._writes.patience.call(self._stub.ShowChange, request)

    def attest_coverage(
        self, areas: Iterable[str], *, reviewed_on: int, whole_region: bool = False
    ) -> wire.AttestCoverageResponse:
        """Attest that the picture of areas was reviewed on a day.

        Args:
            areas: codes; none with ``whole_region``, else at least one.
            reviewed_on: days since 1970-01-01, Europe/Stockholm.
            whole_region: all of the caller's region.
        """
        request = wire.AttestCoverageRequest(
            areas=areas, reviewed_on_day=reviewed_on, whole_region=whole_region
        )
        return self._writes.make(self._stub.AttestCoverage, request)

    def register_groups(
        self, groups: Iterable[wire.NewGroup]
    ) -> wire.RegisterGroupsResponse:
        """Register 1 to 100 groups under new tokens."""
        request = wire.RegisterGroupsRequest(groups=groups)
        answer = self._writes.make(self._stub.RegisterGroups, request)
        _require_all(request.groups, answer.tokens)
        return answer

    def list_groups(self) -> Listing:
        """List every name of every registered group.

        Raises:
            TamperedError: the pages go round in a circle.
            StaleError: the label key was replaced again and again meanwhile.
        """
        for _ in range(_LISTINGS):
            pages = list(self._pages())
            # Each name has another fingerprint then, and so another place.
            if len({page.key_id for page in pages}) == 1:
                return Listing(
                    groups=[each for page in pages for each in page.groups],
                    key_id=pages[0].key_id,
                    merges=_distinct(each for page in pages for each in page.merges),
                )
        raise StaleError

    def _pages(self) -> Iterator[wire.ListGroupsResponse]:
        seen: set[bytes] = {b""}
        request = wire.ListGroupsRequest()
        while True:
            page = self._writes.patience.call(self._stub.ListGroups, request)
            yield page
            if not page.next_page_token:
                return
            if page.next_page_token in seen:
                raise TamperedError
            seen.add(page.next_page_token)
            request = wire.ListGroupsRequest(page_token=page.next_page_token)

    def register_facilities(
        self, facilities: Iterable[wire.NewFacility]
    ) -> wire.RegisterFacilitiesResponse:
        """Register 1 to 100 facilities under their providers."""
        request = wire.RegisterFacilitiesRequest(facilities=facilities)
        answer = self._writes.make(self._stub.RegisterFacilities, request)
        _require_all(request.facilities, answer.facilities)
        return answer

    def record_placements(
        self, placements: Iterable[wire.StandingPlacement]
    ) -> wire.RecordPlacementsResponse:
        """Record placements that stand already."""
        request = wire.RecordPlacementsRequest(placements=placements)
        answer = self._writes.make(self._stub.RecordPlacements, request)
        _require_all(request.placements, answer.placement_ids)
        return answer

    def end_placements(
        self, endings: Iterable[wire.PlacementEnding]
    ) -> wire.EndPlacementsResponse:
        """Say that placements ended."""
        request = wire.EndPlacementsRequest(endings=endings)
        return self._writes.make(self._stub.EndPlacements, request)


def _distinct(merges: Iterable[wire.MergedGroups]) -> list[wire.MergedGroups]:
    """Return each region's merges once: a group's names may stand on two pages."""
    return list(
        {(each.group_a, each.group_b, each.region): each for each in merges}.values()
    )


def _require_all(asked: Sized, answered: Sized) -> None:
    """Refuse an answer that is not one for each of what was asked."""
    if len(asked) != len(answered):
        raise TamperedError
