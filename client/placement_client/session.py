"""A session: one server over mutual TLS, one method for every call on the wire.

A session belongs to one thread. It knows no rule and prints nothing; commands and
consoles use it alike.

Invariants:
    * identifiers become pseudonyms here and nowhere else: blinded before anything
      leaves, proven to come from the pinned custodians before anything is used;
    * an identifier lives for one call, in memory;
    * a check rests on at least the highest revision that this session wrote;
    * a verdict is what the server sent now, whole, or there is none (``verdicts``).

Example::

    with Session.open(profile) as session:
        pseudonyms = session.pseudonyms([identifier])
        case = session.open_case(pseudonyms, reference="SN 7", basis=BASIS_POLICE)
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Final, Self

import grpc

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.types_pb2 import Window
from placement.crypto import voprf
from placement.errors import InvalidInputError
from placement_client.alerts import AlertCalls
from placement_client.audits import AuditCalls
from placement_client.budgets import BudgetCalls
from placement_client.calls import Patience, RequestIds, Writes
from placement_client.changeovers import ChangeoverCalls
from placement_client.channel import open_channel, open_custodian
from placement_client.custodian import Custodian, Custodians
from placement_client.days import Clock, now
from placement_client.erasures import ErasureCalls
from placement_client.explanations import ExplanationCalls
from placement_client.extracts import ExtractCalls
from placement_client.groups import GroupCalls
from placement_client.holds import HoldCalls
from placement_client.identifiers import Identifier
from placement_client.imports import ImportCalls
from placement_client.lives import LifeCalls
from placement_client.logs import LogCalls
from placement_client.overrides import OverrideCalls
from placement_client.phantoms import PhantomCalls
from placement_client.pins import Pin
from placement_client.profile import Profile
from placement_client.registry import RegistryCalls
from placement_client.rulesets import RulesetCalls
from placement_client.verdicts import require_answer_now

_INPUT_PREFIX: Final = b"placement-v1|se-pnr|"


class Session:
    """Calls one server as one caller.

    Args:
        channel: closed with the session.
        custodian: the pinned public key of the service's own custodian, or those who
            stand apart, closed with the session; without either, no pseudonyms.
        patience: deadline and tries of each call.
        request_ids: where the ids of writes and checks come from.
        clock: what time it is; the time of an answer is held against it.

    Attributes:
        registry: calls of coordinators about what is on record.
        lives: calls of coordinators about what becomes of it.
        groups: calls about names of groups and the key that seals them.
        imports: calls of coordinators about many facts at once.
        budgets: calls about what a question would cost.
        holds: calls about what a municipality holds and has placed.
        overrides: calls about a place despite what was answered.
        logs: calls about the access log.
        audits: calls of audit staff.
        alerts: calls about alerts.
        erasures: calls about what the law takes.
        phantoms: calls about phantom stays.
        changeovers: calls about the key of the pseudonyms.
        extracts: calls about what a person is told.
        explanations: calls about one place, and about who runs it.
        rulesets: calls about the rules' data.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        custodian: voprf.PublicKey | Custodians | None = None,
        patience: Patience | None = None,
        request_ids: RequestIds | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.request_ids = request_ids or RequestIds()
        self._channel = channel
        if isinstance(custodian, voprf.PublicKey):
            custodian = Custodians([Custodian(Pin("", custodian), channel)])
        self._custodians = custodian
        self._patience = patience or Patience()
        self._clock = clock
        self._check = CheckServiceStub(channel)
        self._writes = Writes(self._patience, self.request_ids)
        self.registry = RegistryCalls(channel, self._writes)
        self.lives = LifeCalls(channel, self._writes)
        self.groups = GroupCalls(channel, self._writes)
        self.imports = ImportCalls(channel, self._writes)
        self.budgets = BudgetCalls(channel, self._patience)
        self.holds = HoldCalls(channel, self._writes, clock)
        self.overrides = OverrideCalls(channel, self._writes)
        self.logs = LogCalls(channel, self._patience)
        self.audits = AuditCalls(channel, self._patience)
        self.alerts = AlertCalls(channel, self._patience, self.request_ids)
        self.erasures = ErasureCalls(channel, self._writes)
        self.phantoms = PhantomCalls(channel, self._writes)
        self.changeovers = ChangeoverCalls(channel, self._writes)
        self.extracts = ExtractCalls(channel, self._writes)
        self.explanations = ExplanationCalls(channel, self._patience, self.request_ids)
        self.rulesets = RulesetCalls(channel, self._writes)

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
        channel = open_channel(profile)
        custodians = None
        if profile.custodian_key:
            connect = partial(open_custodian, profile)
            custodians = Custodians.of(
                profile.pins(), channel, connect, following=profile.next_pins()
            )
        return cls(
            channel,
            custodian=custodians,
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
        if self._custodians is not None:
            self._custodians.close()

    def pause(self, seconds: float) -> None:
        """Wait a while between two calls."""
        self._patience.sleep(seconds)

    @property
    def min_revision(self) -> int:
        """The least revision that a check rests on: the highest that was written."""
        return self._writes.min_revision

    @min_revision.setter
    def min_revision(self, revision: int) -> None:
        self._writes.min_revision = revision

    # Pseudonyms

    def pseudonyms(self, identifiers: Sequence[Identifier]) -> tuple[bytes, ...]:
        """Turn identifiers into pseudonyms, in order.

        While another key follows they are asked for under both, and the registry takes
        the one in force. A key that its custodian does not have, or no more, is left out;
        should that be the one in force, the registry refuses.

        Returns:
            Each behind the id of its key, 64 bytes, or twice that: see ``custodian``.

        Raises:
            InvalidInputError: the profile pins no custodian.
            AwayError: a custodian who stands apart does not answer.
            UnpinnedError: another custodian answered than the pinned one.
            TamperedError: the answer does not prove that it comes from the pinned
                custodian; nothing of it is used.
            PlacementError: the call failed.

        Secret:
            identifiers, and the result
        """
        return self.custodians.pseudonyms(_framed(identifiers), self._patience)

    def pairs(self, identifiers: Sequence[Identifier]) -> tuple[bytes, ...]:
        """Turn identifiers into pairs of pseudonyms, in order, 128 bytes each.

        Raises:
            InvalidInputError: the profile pins no key that follows.
            PlacementError: as ``pseudonyms``.

        Secret:
            identifiers, and the result
        """
        return self.custodians.pairs(_framed(identifiers), self._patience)

    def prove_custodian(self) -> None:
        """See that every custodian holds the pinned key: one evaluation, of nobody.

        Raises:
            PlacementError: as ``pseudonyms``.
        """
        for each in self.custodians.members:
            each.prove(self._patience)

    @property
    def custodians(self) -> Custodians:
        """Who makes pseudonyms.

        Raises:
            InvalidInputError: the profile pins no custodian.
        """
        if self._custodians is None:
            raise InvalidInputError("custodian_key", "is not pinned in this context")
        return self._custodians

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
        return self._writes.make(self._check.OpenCase, request)

    def show_case(
        self, case_handle: bytes, *, patience: Patience | None = None
    ) -> check.ShowCaseResponse:
        """Show one of the caller's own cases.

        Args:
            case_handle: 16 bytes.
            patience: of this call, if it is another than the session's.
        """
        request = check.ShowCaseRequest(case_handle=case_handle)
        return (patience or self._patience).call(self._check.ShowCase, request)

    def case_with(self, placement_id: bytes) -> check.ShowCaseResponse:
        """Show the caller's own case for which something is held or placed."""
        request = check.ShowCaseRequest(placement_id=placement_id)
        return self._patience.call(self._check.ShowCase, request)

    def close_case(
        self, case_handle: bytes, reason: "check.CloseReason.ValueType"
    ) -> check.CloseCaseResponse:
        """Close a case."""
        request = check.CloseCaseRequest(case_handle=case_handle, reason=reason)
        return self._writes.make(self._check.CloseCase, request)

    def question(
        self,
        case_handle: bytes,
        candidates: Sequence[check.Candidate],
        *,
        window: Window,
        justification: "check.Justification.ValueType",
        hold: bool = False,
    ) -> check.CheckPlacementRequest:
        """Return the question whether places are safe, under the next request id.

        Args:
            case_handle: 16 bytes.
            candidates: 1 to 5 places; exactly one with ``hold``.
            window: for which days.
            justification: why.
            hold: whether the place shall be held if it may be.
        """
        holding, asking = check.CHECK_MODE_CHECK_AND_HOLD, check.CHECK_MODE_CHECK
        return check.CheckPlacementRequest(
            request_id=self.request_ids.draw(),
            case_handle=case_handle,
            candidates=candidates,
            window=window,
            justification=justification,
            mode=holding if hold else asking,
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
        sent = now(self._clock)
        answer = self._patience.call(self._check.CheckPlacement, question)
        require_answer_now(question, answer, sent=sent, received=now(self._clock))
        return answer


def _framed(identifiers: Sequence[Identifier]) -> list[bytes]:
    return [_INPUT_PREFIX + each.digits.encode() for each in identifiers]
