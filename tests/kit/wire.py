"""A server whose answers come from the test: real mutual TLS, no service behind it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from hashlib import sha256
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health, health_pb2_grpc

from kit.certs import Pki
from placement.api.v1 import (
    alert_service_pb2,
    audit_service_pb2,
    budget_service_pb2,
    changeover_service_pb2,
    check_service_pb2,
    erasure_service_pb2,
    extract_service_pb2,
    group_service_pb2,
    import_service_pb2,
    log_service_pb2,
    phantom_service_pb2,
    placement_service_pb2,
    pseudonym_service_pb2,
    registry_service_pb2,
    review_service_pb2,
    ruleset_service_pb2,
)
from placement.api.v1.pseudonym_service_pb2 import EvaluateRequest, EvaluateResponse
from placement.api.v1.refusal_pb2 import Envelope, Refusal
from placement.crypto import voprf
from placement.crypto.shares import key_id
from placement.rpc.identity import server_credentials

_FILES = (
    alert_service_pb2,
    audit_service_pb2,
    budget_service_pb2,
    changeover_service_pb2,
    check_service_pb2,
    erasure_service_pb2,
    extract_service_pb2,
    import_service_pb2,
    group_service_pb2,
    log_service_pb2,
    phantom_service_pb2,
    placement_service_pb2,
    pseudonym_service_pb2,
    registry_service_pb2,
    ruleset_service_pb2,
    review_service_pb2,
)
DOMAIN = "placement.api.v1"
_SOME = budget_service_pb2.Budget(allowed=9, left=9, cost=1, left_after=8, hours=48)
PLENTY = budget_service_pb2.ShowBudgetsResponse(
    areas=budget_service_pb2.AreaBudgets(case=_SOME, organisation=_SOME, person=_SOME),
    evaluations=budget_service_pb2.EvaluationBudgets(organisation=_SOME, person=_SOME),
    affords=True,
)
"""Budgets of which nothing runs out."""


class RefusalError(Exception):
    """What an answer raises to refuse: in a response, or with trailers as a status."""

    def __init__(
        self,
        code: grpc.StatusCode,
        *details: Message,
        message: str = "refused",
        trailers: Iterable[tuple[str, bytes]] | None = None,
    ) -> None:
        super().__init__()
        status = Status(code=code.value[0], message=message)
        for detail in details:
            packed = Packed()
            packed.Pack(detail)
            status.details.append(packed)
        self.code = code
        self.message = message
        self.trailers = None if trailers is None else tuple(trailers)
        self.response = Envelope(
            refusal=Refusal.FromString(status.SerializeToString()), padding=bytes(9)
        )


def refusal(code: grpc.StatusCode, reason: str, **metadata: str) -> RefusalError:
    """Return a refusal as the service makes it."""
    return RefusalError(
        code, ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    )


def invalid(*fields: tuple[str, str]) -> RefusalError:
    """Return a refusal that names fields."""
    violations = [
        BadRequest.FieldViolation(field=field, description=description)
        for field, description in fields
    ]
    return RefusalError(
        grpc.StatusCode.INVALID_ARGUMENT,
        ErrorInfo(reason="INVALID_INPUT", domain=DOMAIN),
        BadRequest(field_violations=violations),
    )


def in_turn(*answers: Any) -> Callable[[Any], Any]:
    """Return a function that gives one answer a call; of a method that streams, too."""
    waiting = iter(answers)
    return lambda _request: next(waiting)


class Wire:
    """The server.

    Attributes:
        answers: by method: a response, a refusal, or a function of the request that
            returns or raises one; a list gives one after another. Of a method that
            streams: the same, or an iterable of responses, of which a refusal may be
            the last.
        seen: method and request of every call, in order.
        key: the custodian's; ``Evaluate`` answers with it unless told otherwise, there
            is enough of each budget, and the log has no checkpoint unless it is.
        initial: metadata sent before every answer of the health service.
        health_refusal: name of the status that it refuses with, if it shall.
    """

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.answers: dict[str, Any] = {}
        self.seen: list[tuple[str, Any]] = []
        self.initial: tuple[tuple[str, str], ...] = ()
        self.key = voprf.generate_key()
        self._otherwise = {
            "Evaluate": self.evaluate,
            "ShowBudgets": PLENTY,
            "GetCheckpoint": refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
        }
        self.health = health.HealthServicer()
        self.health_refusal: str | None = None
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        for file in _FILES:
            for service in file.DESCRIPTOR.services_by_name.values():
                self._serve(service)
        health_pb2_grpc.add_HealthServicer_to_server(_Health(self), self._server)
        credentials = server_credentials(pki.paths)
        self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"localhost:{self.port}"

    def stop(self) -> None:
        """Stop at once."""
        self._server.stop(None).wait()

    def requests(self, method: str) -> list[Any]:
        """Return what came in for one method."""
        return [request for name, request in self.seen if name == method]

    def evaluate(self, request: EvaluateRequest) -> EvaluateResponse:
        """Answer as an honest custodian."""
        decode = voprf.BlindedElement.decode
        blinded = [decode(element) for element in request.blinded_elements]
        evaluated = voprf.evaluate(self.key, blinded)
        return EvaluateResponse(
            evaluated_elements=[element.encode() for element in evaluated],
            proof=voprf.prove(self.key, blinded, evaluated).encode(),
            key_id=sha256(self.key.public.encode()).digest(),
        )

    def pseudonyms(self, *numbers: str) -> tuple[bytes, ...]:
        """Return what an honest evaluation of national numbers comes to, with its key."""
        framed = [f"placement-v1|se-pnr|{each}".encode() for each in numbers]
        blindings = voprf.blind(framed)
        evaluated = voprf.evaluate(self.key, [each.element for each in blindings])
        outputs = voprf.finalize(blindings, evaluated)
        return tuple(key_id(self.key.public) + each for each in outputs)

    def _serve(self, service: Any) -> None:
        handlers = {method.name: self._handler(method) for method in service.methods}
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service.full_name, handlers),)
        )

    def _handler(self, method: Any) -> Any:
        made, behave = grpc.unary_unary_rpc_method_handler, self._answer
        if method.server_streaming:
            made, behave = grpc.unary_stream_rpc_method_handler, self._stream
        return made(
            lambda request, context: behave(method.name, request, context),
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=lambda answer: (
                answer if isinstance(answer, bytes) else answer.SerializeToString()
            ),
        )

    def _answer(self, name: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.seen.append((name, request))
        answer = self.answers.get(name, self._otherwise.get(name))
        if isinstance(answer, list):
            answer = answer.pop(0)
        try:
            return _given(answer(request) if callable(answer) else answer)
        except RefusalError as error:
            return _refused(error, context)

    def _stream(
        self, name: str, request: Any, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        self.seen.append((name, request))
        answer = self.answers.get(name)
        try:
            given = _given(answer(request) if callable(answer) else answer)
            alone = isinstance(given, bytes | Message)
            for each in (given,) if alone else given:
                yield _given(each)
        except RefusalError as error:
            yield _refused(error, context)


def _refused(error: RefusalError, context: grpc.ServicerContext) -> Envelope:
    """Return the response of a refusal, or end the call with its status."""
    if error.trailers is not None:
        context.set_trailing_metadata(error.trailers)
        context.abort(error.code, error.message)
    return error.response


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class _Health(health_pb2_grpc.HealthServicer):
    """Health, with what the test wants before it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 (gRPC's)
        """Answer or refuse."""
        if self._wire.health_refusal is not None:
            code = grpc.StatusCode[self._wire.health_refusal]
            context.abort(code, "refused")
        context.send_initial_metadata(self._wire.initial)
        return self._wire.health.Check(request, context)
