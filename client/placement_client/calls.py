"""One call over the wire: a deadline, a few tries, one request id for all of them.

Invariants:
    * every call has a deadline, and at most ``MAX_DEADLINE``, or the server refuses;
    * only what went unanswered, or met too much else, is tried again, unchanged, with
      the same request id, and not before the service wants it;
    * what can't be had is an error: nothing is ever made up for an answer.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import grpc

from placement.errors import InvalidInputError
from placement_client.failures import translate, wait_of

DEADLINE: Final = 5.0  # seconds
MAX_DEADLINE: Final = 10.0  # seconds
REQUEST_ID_BYTES: Final = 16

_PAUSES: Final = (0.2, 1.0)  # seconds, one between two tries

_Question_contra = TypeVar("_Question_contra", contravariant=True)
_Answer_co = TypeVar("_Answer_co", covariant=True)
_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")


class _Write(Protocol):
    """A request that changes something."""

    request_id: bytes


class _Written(Protocol):
    """Its response."""

    revision: int


_Request = TypeVar("_Request", bound=_Write)
_Response = TypeVar("_Response", bound=_Written)


class Method(Protocol[_Question_contra, _Answer_co]):
    """A method of a stub."""

    def __call__(
        self, request: _Question_contra, timeout: float | None = None
    ) -> _Answer_co:
        """Call it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for an answer, and how often to ask.

    Attributes:
        deadline: seconds for one try, above 0 and at most ``MAX_DEADLINE``.
        pauses: seconds before each further try, shortened at random by up to half, so
            that many clients do not come back in step.
        sleep: what waits.
    """

    deadline: float = DEADLINE
    pauses: tuple[float, ...] = _PAUSES
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Refuse a deadline that the server would refuse."""
        if not 0 < self.deadline <= MAX_DEADLINE:
            raise InvalidInputError("deadline", "must be above 0 and at most 10 s")

    def call(
        self,
        method: Method[_Question, _Answer],
        question: _Question,
    ) -> _Answer:
        """Ask until there is an answer, a refusal, or no try left.

        Raises:
            PlacementError: the class that the refusal names; ``UnavailableError``
                when every try went unanswered.
        """
        for pause in self.pauses:
            try:
                return method(question, timeout=self.deadline)
            except grpc.RpcError as error:
                least = wait_of(error)
                if least is None:
                    raise translate(error) from error
            self.sleep(least + pause * (0.5 + secrets.randbelow(1001) / 2000))
        try:
            return method(question, timeout=self.deadline)
        except grpc.RpcError as error:
            raise translate(error) from error


class RequestIds:
    """The request ids of one session, in order, all drawn from one seed.

    A session that failed half-way can be repeated with the seed of the first: equal
    requests get equal ids, and the server does nothing twice. The n-th id is the first
    16 bytes of SHA-256("placement-request-v1" | seed | n in 8 bytes, big-endian).

    Args:
        seed: 16 bytes; drawn at random when not given.

    Raises:
        InvalidInputError: the seed has another length.
    """

    def __init__(self, seed: bytes | None = None) -> None:
        self.seed = secrets.token_bytes(REQUEST_ID_BYTES) if seed is None else seed
        if len(self.seed) != REQUEST_ID_BYTES:
            raise InvalidInputError("request_id", "must be 16 bytes")
        self.used = 0

    def draw(self) -> bytes:
        """Return the next id, 16 bytes."""
        number = self.used.to_bytes(8, "big")
        self.used += 1
        digest = hashlib.sha256(b"placement-request-v1" + self.seed + number).digest()
        return digest[:REQUEST_ID_BYTES]


class Writes:
    """Makes the calls of one session that change something.

    Args:
        patience: deadline and tries of each call.
        request_ids: where their ids come from.

    Attributes:
        min_revision: the highest revision that a write of the session reached.
    """

    def __init__(self, patience: Patience, request_ids: RequestIds) -> None:
        self.patience = patience
        self.request_ids = request_ids
        self.min_revision = 0

    def make(self, method: Method[_Request, _Response], request: _Request) -> _Response:
        """Make one write under the next request id; remember how far it got.

        Raises:
            PlacementError: as ``Patience.call``.
        """
        request.request_id = self.request_ids.draw()
        response = self.patience.call(method, request)
        self.reached(response.revision)
        return response

    def reached(self, revision: int) -> None:
        """Remember that the session wrote up to a revision."""
        self.min_revision = max(self.min_revision, revision)
