"""The custodians' answers: from blinded elements to pseudonyms, proven or not at all.

The key is the service's own custodian's, or that of one who stands apart, or that of two
together who have a share each. Every one of them is asked about the same blinded
elements; each proves under its own pinned key; only then is anything added up.

Invariants:
    * nothing but blinded elements leaves, whoever is asked;
    * a custodian who does not answer, or does not prove, ends it: what the other said is
      thrown away;
    * a pseudonym never leaves this module without the id of its key.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import grpc

from placement.api.v1.pseudonym_service_pb2 import EvaluateRequest, EvaluateResponse
from placement.api.v1.pseudonym_service_pb2_grpc import PseudonymServiceStub
from placement.crypto import voprf
from placement.crypto.shares import key_id, summed, whole
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)
from placement_client.calls import REQUEST_ID_BYTES, Patience
from placement_client.pins import Pin

MAX_EVALUATED: Final = 50
"""How many elements a custodian evaluates in one call."""


class UnpinnedError(TamperedError):
    """The custodian that answered has another key than the pinned one."""

    text = (
        "The custodian's key is not the one that this context pins; nothing of its "
        "answer was used. Stop, and ask the operator which key is right."
    )


class AwayError(UnavailableError):
    """A custodian who stands apart does not answer."""

    text = (
        "A custodian does not answer, so nobody can be named and nothing was asked or "
        "stored. Try again, or phone; placement doctor says which one it is."
    )


class ApartError(AccessDeniedError):
    """The service evaluates nothing for this certificate, perhaps for anybody's."""

    text = (
        "The service names nobody for this certificate. Where custodians stand apart "
        "from it, add the context again with --custodian twice, once for each of them; "
        "its operator has their addresses and keys."
    )


@dataclass(frozen=True, slots=True)
class Custodian:
    """One who is asked.

    Attributes:
        pin: who, and by which key.
        channel: to them, closed with the session; to the service, it is the session's.
    """

    pin: Pin
    channel: grpc.Channel

    def evaluate(
        self, blinded: Sequence[voprf.BlindedElement], patience: Patience
    ) -> Sequence[voprf.EvaluatedElement]:
        """Have elements evaluated, and return what is proven.

        Raises:
            ApartError: the service has no custodian, or none for this certificate.
            AwayError: they stand apart and do not answer.
            UnpinnedError: another key answered.
            TamperedError: the answer does not prove that the pinned key made it.
            PlacementError: the call failed.
        """
        question = EvaluateRequest(
            request_id=secrets.token_bytes(REQUEST_ID_BYTES),
            blinded_elements=[element.encode() for element in blinded],
        )
        stub = PseudonymServiceStub(self.channel)
        try:
            answer = patience.call(stub.Evaluate, question)
        except UnavailableError as error:
            if not self.pin.address:
                raise
            raise AwayError from error
        except AccessDeniedError as error:
            if self.pin.address:
                raise
            raise ApartError from error
        return verified(self.pin.key, blinded, answer)

    def prove(self, patience: Patience) -> None:
        """See that they hold the pinned key: one evaluation, of nobody.

        Raises:
            PlacementError: as ``evaluate``.
        """
        (blinding,) = voprf.blind([secrets.token_bytes(REQUEST_ID_BYTES)])
        self.evaluate([blinding.element], patience)


class Custodians:
    """All who hold the key together.

    Args:
        members: each of them.

    Attributes:
        members: the same.
        key_id: of the key that they make, 32 bytes.
    """

    def __init__(self, members: Sequence[Custodian]) -> None:
        self.members = tuple(members)
        self.key_id = key_id(whole([each.pin.key for each in members]))

    @classmethod
    def of(
        cls,
        pins: Sequence[Pin],
        service: grpc.Channel,
        connect: Callable[[str], grpc.Channel],
    ) -> Self:
        """Connect to those who stand apart.

        Args:
            pins: who they are.
            service: the channel to the service.
            connect: opens a channel to another address.
        """
        return cls(
            [
                Custodian(pin, connect(pin.address) if pin.address else service)
                for pin in pins
            ]
        )

    def close(self) -> None:
        """Close the connections to those who stand apart."""
        for each in self.members:
            if each.pin.address:
                each.channel.close()

    def pseudonyms(
        self, inputs: Sequence[bytes], patience: Patience
    ) -> tuple[bytes, ...]:
        """Turn inputs into pseudonyms, each behind the id of its key: 64 bytes.

        Raises:
            PlacementError: as ``Custodian.evaluate``.

        Secret:
            inputs, and the result
        """
        found: list[bytes] = []
        for start in range(0, len(inputs), MAX_EVALUATED):
            blindings = voprf.blind(inputs[start : start + MAX_EVALUATED])
            blinded = [blinding.element for blinding in blindings]
            evaluations = [each.evaluate(blinded, patience) for each in self.members]
            outputs = voprf.finalize(blindings, _added(evaluations))
            found += [self.key_id + output for output in outputs]
        return tuple(found)


def verified(
    custodian: voprf.PublicKey,
    blinded: Sequence[voprf.BlindedElement],
    answer: EvaluateResponse,
) -> list[voprf.EvaluatedElement]:
    """Return the evaluated elements once they are proven.

    Raises:
        UnpinnedError: the answer speaks of another key.
        TamperedError: it does not prove that the pinned key made it.
    """
    # 1. The answer speaks of the pinned key, or a rotation has passed us by.
    if answer.key_id != key_id(custodian):
        raise UnpinnedError
    # 2. Every byte decodes in the one way, and there is one element for each.
    try:
        evaluated = [
            voprf.EvaluatedElement.decode(e) for e in answer.evaluated_elements
        ]
        proof = voprf.Proof.decode(answer.proof)
        # 3. The holder of the pinned key, never of a key that came along, made them.
        voprf.verify(custodian, blinded, evaluated, proof)
    except InvalidInputError as error:
        raise TamperedError from error
    return evaluated


def _added(
    evaluations: Sequence[Sequence[voprf.EvaluatedElement]],
) -> Sequence[voprf.EvaluatedElement]:
    """Add up what every custodian proved.

    Raises:
        TamperedError: they cancel out, as no two shares of a key that fits do.
    """
    try:
        return summed(evaluations)
    except InvalidInputError as error:
        raise TamperedError from error
