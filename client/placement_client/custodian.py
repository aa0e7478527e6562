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

_NONE_FOLLOWS: Final = "is not pinned in this context; see placement context follow"
MAX_EVALUATED: Final = 50
"""How many elements a custodian evaluates in one call."""


class UnpinnedError(TamperedError):
    """The custodian that answered has another key than the pinned one."""

    text = (
        "The custodian's key is not the one that this context pins; nothing of its "
        "answer was used. Stop, and ask the operator which key is right."
    )


class NotHeldError(InvalidInputError):
    """A custodian does not have the key that is asked for, or no more."""

    def __init__(self) -> None:
        super().__init__("key_id", "is no key of this custodian")


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
        one_of: they may have another key beside it, and are told which one is meant.
    """

    pin: Pin
    channel: grpc.Channel
    one_of: bool = False

    def evaluate(
        self, blinded: Sequence[voprf.BlindedElement], patience: Patience
    ) -> Sequence[voprf.EvaluatedElement]:
        """Have elements evaluated, and return what is proven.

        Raises:
            ApartError: the service has no custodian, or none for this certificate.
            AwayError: they stand apart and do not answer.
            NotHeldError: they do not have this key, or no more.
            UnpinnedError: another key answered.
            TamperedError: the answer does not prove that the pinned key made it.
            PlacementError: the call failed.
        """
        question = EvaluateRequest(
            request_id=secrets.token_bytes(REQUEST_ID_BYTES),
            blinded_elements=[element.encode() for element in blinded],
            key_id=key_id(self.pin.key) if self.one_of else b"",
        )
        stub = PseudonymServiceStub(self.channel)
        try:
            answer = patience.call(stub.Evaluate, question)
        except InvalidInputError as error:
            if error.field != "key_id":
                raise
            raise NotHeldError from error
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
        following: those who hold the key that follows on theirs, while one does.

    Attributes:
        members: the same.
        key_id: of the key that they make, 32 bytes.
    """

    def __init__(
        self, members: Sequence[Custodian], following: "Custodians | None" = None
    ) -> None:
        self.members = tuple(members)
        self._following = following
        self.key_id = key_id(whole([each.pin.key for each in members]))

    @classmethod
    def of(
        cls,
        pins: Sequence[Pin],
        service: grpc.Channel,
        connect: Callable[[str], grpc.Channel],
        *,
        following: Sequence[Pin] = (),
    ) -> Self:
        """Connect to those who stand apart.

        Args:
            pins: who they are.
            service: the channel to the service.
            connect: opens a channel to another address.
            following: who holds the key that follows.
        """

        def reached(pins: Sequence[Pin]) -> list[Custodian]:
            return [
                Custodian(
                    pin,
                    connect(pin.address) if pin.address else service,
                    one_of=bool(following),
                )
                for pin in pins
            ]

        after = cls(reached(following)) if following else None
        return cls(reached(pins), after)

    @property
    def following(self) -> "Custodians":
        """Those who hold the key that follows.

        Raises:
            InvalidInputError: the profile pins none.
        """
        if self._following is None:
            raise InvalidInputError("next_custodian_key", _NONE_FOLLOWS)
        return self._following

    @property
    def next_members(self) -> tuple[Custodian, ...]:
        """Each of those who hold the key that follows; nobody if none does."""
        return () if self._following is None else self._following.members

    def close(self) -> None:
        """Close the connections to those who stand apart."""
        for each in self.members:
            if each.pin.address:
                each.channel.close()
        if self._following is not None:
            self._following.close()

    def pseudonyms(
        self, inputs: Sequence[bytes], patience: Patience
    ) -> tuple[bytes, ...]:
        """Turn inputs into pseudonyms, each behind the id of its key: 64 bytes.

        While a key follows, under both keys: 128 bytes. A key that its custodians do not
        have, or no more, is left out.

        Raises:
            PlacementError: as ``Custodian.evaluate``.

        Secret:
            inputs, and the result
        """
        if self._following is None:
            return self._evaluated(inputs, patience)
        found: list[tuple[bytes, ...]] = []
        missing: NotHeldError | None = None
        for each in (self, self._following):
            try:
                found.append(each._evaluated(inputs, patience))  # noqa: SLF001 (its own)
            except NotHeldError as error:
                missing = error
        if missing is not None and not found:
            raise missing
        return tuple(map(b"".join, zip(*found, strict=True)))

    def pairs(self, inputs: Sequence[bytes], patience: Patience) -> tuple[bytes, ...]:
        """Turn inputs into pseudonyms under both keys: 128 bytes each.

        Raises:
            PlacementError: as ``following`` and ``Custodian.evaluate``.

        Secret:
            inputs, and the result
        """
        following = self.following
        old = self._evaluated(inputs, patience)
        new = following._evaluated(inputs, patience)  # noqa: SLF001 (its own)
        return tuple(map(b"".join, zip(old, new, strict=True)))

    def _evaluated(
        self, inputs: Sequence[bytes], patience: Patience
    ) -> tuple[bytes, ...]:
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
