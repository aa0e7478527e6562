"""A session: one server over mutual TLS, one method for every call on the wire.

A session belongs to one thread. It knows no rule and prints nothing; commands and
consoles use it alike.

Invariants:
    * identifiers become pseudonyms here and nowhere else: blinded before anything
      leaves, proven to come from the pinned custodian before anything is used;
    * an identifier lives for one call, in memory;
    * a check rests on at least the highest revision that this session wrote;
    * a verdict is what the server sent now, whole, or there is none (``verdicts``).

Example::

    with Session.open(profile) as session:
        pseudonyms = session.pseudonyms([identifier])
        case = session.open_case(pseudonyms, reference="SN 7", basis=BASIS_POLICE)
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Final, Protocol, Self, TypeVar

import grpc

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.pseudonym_service_pb2 import EvaluateRequest
from placement.api.v1.pseudonym_service_pb2_grpc import PseudonymServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.api.v1.types_pb2 import Fact, Window
from placement.crypto import voprf
from placement.errors import InvalidInputError, TamperedError
from placement_client.audits import AuditCalls
from placement_client.calls import REQUEST_ID_BYTES, Method, Patience, RequestIds
from placement_client.channel import open_channel
from placement_client.custodian import verified
from placement_client.days import Clock
from placement_client.identifiers import Identifier
from placement_client.logs import LogCalls
from placement_client.profile import Profile
from placement_client.verdicts import require_answer_now

MAX_FACTS: Final = 500
"""Facts, endings, retractions or regradings in one call."""
MAX_ASSESSED: Final = 100
"""Facts in one assessment."""
MAX_REGISTERED: Final = 100
"""Groups or facilities in one call."""

_MAX_EVALUATED: Final = 50
_INPUT_PREFIX: Final = b"placement-v1|se-pnr|"
_MICROS: Final = 1_000_000  # in a second


class _Write(Protocol):
    """A request that changes something."""

    request_id: bytes


class _Written(Protocol):
    """Its response."""

    revision: int


_Request = TypeVar("_Request", bound=_Write)
_Response = TypeVar("_Response", bound=_Written)


class Session:
    """Calls one server as one caller.

    Args:
        channel: closed with the session.
        custodian: the pinned public key; without one there are no pseudonyms.
        patience: deadline and tries of each call.
        request_ids: where the ids of writes and checks come from.
        clock: what time it is; the time of an answer is held against it.

    Attributes:
        logs: calls about the access log.
        audits: calls of audit staff.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        custodian: voprf.PublicKey | None = None,
        patience: Patience | None = None,
        request_ids: RequestIds | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.request_ids = request_ids or RequestIds()
        self.min_revision = 0
        self._channel = channel
        self._custodian = custodian
        self._patience = patience or Patience()
        self._clock = clock
        self._pseudonym = PseudonymServiceStub(channel)
        self._check = CheckServiceStub(channel)
        self._registry = RegistryServiceStub(channel)
        self.logs = LogCalls(channel, self._patience)
        self.audits = AuditCalls(channel, self._patience)

    @classmethod
    def open(
        cls,
        profile: Profile,
        *,
        patience: Patience | None = None,
        request_ids: RequestIds | None = None,
        clock: Clock = time.time,
    ) -> Self:
        """Open a session as a profile says.

        Raises:
            InvalidInputError: a file of the profile can't be read.
        """
        return cls(
            open_channel(profile),
            custodian=profile.pinned() if profile.custodian_key else None,
            patience=patience,
            request_ids=request_ids,
            clock=clock,
        )

    def __enter__(self) -> Self:
        """Use the session in a ``with`` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; no call can follow."""
        self._channel.close()

    # Pseudonyms

    def pseudonyms(self, identifiers: Sequence[Identifier]) -> tuple[bytes, ...]:
        """Turn identifiers into pseudonyms of 32 bytes, in order.

        Raises:
            InvalidInputError: the profile pins no custodian.
            UnpinnedError: another custodian answered than the pinned one.
            TamperedError: the answer does not prove that it comes from the pinned
                custodian; nothing of it is used.
            PlacementError: the call failed.

        Secret:
            identifiers, and the result
        """
        framed = [_INPUT_PREFIX + i.digits.encode() for i in identifiers]
        found: list[bytes] = []
        for start in range(0, len(framed), _MAX_EVALUATED):
            found += self._evaluated(framed[start : start + _MAX_EVALUATED])
        return tuple(found)

    def prove_custodian(self) -> None:
        """See that the custodian holds the pinned key: one evaluation, of nobody.

        Raises:
            PlacementError: as ``pseudonyms``.
        """
        self._evaluated([secrets.token_bytes(REQUEST_ID_BYTES)])

    def _evaluated(self, inputs: Sequence[bytes]) -> tuple[bytes, ...]:
        if self._custodian is None:
            raise InvalidInputError("custodian_key", "is not pinned in this context")
        blindings = voprf.blind(inputs)
        blinded = [blinding.element for blinding in blindings]
        question = EvaluateRequest(
            request_id=secrets.token_bytes(REQUEST_ID_BYTES),
            blinded_elements=[element.encode() for element in blinded],
        )
        answer = self._patience.call(self._pseudonym.Evaluate, question)
        return voprf.finalize(blindings, verified(self._custodian, blinded, answer))

    # What a municipality does

    def open_case(
        self,
        pseudonyms: Sequence[bytes],
        *,
        reference: str,
        basis: "check.Basis.ValueType",
    ) -> check.OpenCaseResponse:
        """Open a case for a household, the leaving subject first.

        Secret:
            pseudonyms
        """
        request = check.OpenCaseRequest(
            pseudonyms=pseudonyms, reference=reference, basis=basis
        )
        return self._write(self._check.OpenCase, request)

    def show_case(self, case_handle: bytes) -> check.ShowCaseResponse:
        """Show one of the caller's own cases."""
        request = check.ShowCaseRequest(case_handle=case_handle)
        return self._patience.call(self._check.ShowCase, request)

    def close_case(
        self, case_handle: bytes, reason: "check.CloseReason.ValueType"
    ) -> check.CloseCaseResponse:
        """Close a case."""
        request = check.CloseCaseRequest(case_handle=case_handle, reason=reason)
        return self._write(self._check.CloseCase, request)

    def question(
        self,
        case_handle: bytes,
        candidates: Sequence[check.Candidate],
        *,
        window: Window,
        justification: "check.Justification.ValueType",
    ) -> check.CheckPlacementRequest:
        """Return the question whether places are safe, under the next request id."""
        return check.CheckPlacementRequest(
            request_id=self.request_ids.draw(),
            case_handle=case_handle,
            candidates=candidates,
            window=window,
            justification=justification,
            mode=check.CHECK_MODE_CHECK,
            min_revision=self.min_revision,
        )

    def check_placement(
        self, question: check.CheckPlacementRequest
    ) -> check.CheckPlacementResponse:
        """Ask whether places are safe.

        Args:
            question: from ``question``.

        Raises:
            TamperedError: the answer is none that can be given now.
            PlacementError: no verdict was made.
        """
        sent = self._now()
        answer = self._patience.call(self._check.CheckPlacement, question)
        require_answer_now(question, answer, sent=sent, received=self._now())
        return answer

    def _now(self) -> int:
        return round(self._clock() * _MICROS)

    # What coordinators do

    def assess_case(
        self,
        case_handle: bytes,
        facts: Iterable[Fact],
        *,
        none_known: bool,
        children: Iterable[int] = (),
    ) -> registry.AssessCaseResponse:
        """Attest that what is known about a case's members is recorded."""
        request = registry.AssessCaseRequest(
            case_handle=case_handle,
            facts=facts,
            none_known=none_known,
            children=children,
        )
        answer = self._write(self._registry.AssessCase, request)
        _require_all(request.facts, answer.fact_ids)
        return answer

    def record_facts(self, facts: Iterable[Fact]) -> registry.RecordFactsResponse:
        """Record 1 to 500 facts: all of them, or none."""
        request = registry.RecordFactsRequest(facts=facts)
        answer = self._write(self._registry.RecordFacts, request)
        _require_all(request.facts, answer.fact_ids)
        return answer

    def end_facts(
        self, endings: Iterable[registry.Ending]
    ) -> registry.EndFactsResponse:
        """Say that facts stopped being true."""
        request = registry.EndFactsRequest(endings=endings)
        return self._write(self._registry.EndFacts, request)

    def retract_facts(self, fact_ids: Iterable[bytes]) -> registry.RetractFactsResponse:
        """Say that facts were never true."""
        request = registry.RetractFactsRequest(fact_ids=fact_ids)
        return self._write(self._registry.RetractFacts, request)

    def regrade_facts(
        self, regradings: Iterable[registry.Regrading]
    ) -> registry.RegradeFactsResponse:
        """Grade facts' sources anew."""
        request = registry.RegradeFactsRequest(regradings=regradings)
        return self._write(self._registry.RegradeFacts, request)

    def approve_change(self, change_id: bytes) -> registry.ApproveChangeResponse:
        """Stand behind another coordinator's change."""
        request = registry.ApproveChangeRequest(change_id=change_id)
        return self._write(self._registry.ApproveChange, request)

    def list_changes(self) -> registry.ListChangesResponse:
        """List the changes that wait for a second coordinator."""
        request = registry.ListChangesRequest()
        return self._patience.call(self._registry.ListChanges, request)

    def show_change(self, change_id: bytes) -> registry.ShowChangeResponse:
        """Show what a change that waits would do, fact by fact."""
        request = registry.ShowChangeRequest(change_id=change_id)
        return self._patience.call(self._registry.ShowChange, request)

    def attest_coverage(
        self, areas: Iterable[str], *, reviewed_on: int, whole_region: bool = False
    ) -> registry.AttestCoverageResponse:
        """Attest that the picture of areas was reviewed on a day.

        Args:
            areas: codes; none with ``whole_region``, else at least one.
            reviewed_on: days since 1970-01-01, Europe/Stockholm.
            whole_region: all of the caller's region.
        """
        request = registry.AttestCoverageRequest(
            areas=areas, reviewed_on_day=reviewed_on, whole_region=whole_region
        )
        return self._write(self._registry.AttestCoverage, request)

    def register_groups(
        self, groups: Iterable[registry.NewGroup]
    ) -> registry.RegisterGroupsResponse:
        """Register 1 to 100 groups under new tokens."""
        request = registry.RegisterGroupsRequest(groups=groups)
        answer = self._write(self._registry.RegisterGroups, request)
        _require_all(request.groups, answer.tokens)
        return answer

    def list_groups(self) -> Iterator[registry.RegisteredGroup]:
        """List every registered group, page by page.

        Raises:
            TamperedError: the pages go round in a circle.
        """
        seen: set[bytes] = {b""}
        request = registry.ListGroupsRequest()
        while True:
            page = self._patience.call(self._registry.ListGroups, request)
            yield from page.groups
            if not page.next_page_token:
                return
            if page.next_page_token in seen:
                raise TamperedError
            seen.add(page.next_page_token)
            request = registry.ListGroupsRequest(page_token=page.next_page_token)

    def register_facilities(
        self, facilities: Iterable[registry.NewFacility]
    ) -> registry.RegisterFacilitiesResponse:
        """Register 1 to 100 facilities under their providers."""
        request = registry.RegisterFacilitiesRequest(facilities=facilities)
        answer = self._write(self._registry.RegisterFacilities, request)
        _require_all(request.facilities, answer.facilities)
        return answer

    def record_placements(
        self, placements: Iterable[registry.StandingPlacement]
    ) -> registry.RecordPlacementsResponse:
        """Record placements that stand already."""
        request = registry.RecordPlacementsRequest(placements=placements)
        answer = self._write(self._registry.RecordPlacements, request)
        _require_all(request.placements, answer.placement_ids)
        return answer

    def end_placements(
        self, endings: Iterable[registry.PlacementEnding]
    ) -> registry.EndPlacementsResponse:
        """Say that placements ended."""
        request = registry.EndPlacementsRequest(endings=endings)
        return self._write(self._registry.EndPlacements, request)

    def _write(
        self,
        method: Method[_Request, _Response],
        request: _Request,
    ) -> _Response:
        """Make one write under the next request id; remember how far it got."""
        request.request_id = self.request_ids.draw()
        response = self._patience.call(method, request)
        self.min_revision = max(self.min_revision, response.revision)
        return response


def _require_all(asked: Sized, answered: Sized) -> None:
    """Refuse an answer that is not one for each of what was asked."""
    if len(asked) != len(answered):
        raise TamperedError
