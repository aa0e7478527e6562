"""Records of the log as bytes, by the names of their fields.

A message of ``placement/log/v1/event.proto`` mirrors a dataclass of the domain: same
name, same field names. So one mechanism writes and reads them all, and a field that
one side lacks fails in the first test instead of being lost.

Invariants:
    * ``decode(encode(record)) == record``;
    * a field or kind that this version does not know is refused, never skipped: a hole
      in the state could become a false CLEAR.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, is_dataclass
from enum import IntEnum
from functools import cache, lru_cache, partial
from hashlib import sha256
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NewType, Union, cast, get_args, get_origin, get_type_hints

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from placement.domain.erasure_events import Sealed
from placement.domain.events import Record, Request
from placement.domain.idle_events import Idled
from placement.domain.terms import DossierId, Micros
from placement.errors import TamperedError
from placement.log.v1 import event_pb2


def encode(record: Record) -> bytes:
    """Write a record.

    Secret: the result
    """
    message = event_pb2.Record()
    if isinstance(record.event, Sealed):  # most of a log is, so without looking around
        message.at = record.at
        message.sealed.dossier = record.event.dossier
        message.sealed.content = record.event.content
        if record.request is not None:
            _write(record.request, message.request)
    elif isinstance(record.event, Idled) and record.request is None:
        return _idled(record.at)
    else:
        _write(record, message)
    return message.SerializeToString(deterministic=True)


@lru_cache(1)
def _idled(at: Micros) -> bytes:
    """Write that nothing happened; a tick is filled up with thousands that are alike."""
    message = event_pb2.Record()
    _write(Record(at=at, event=Idled()), message)
    return message.SerializeToString(deterministic=True)


def decode(payload: bytes) -> Record:
    """Read a record.

    Raises:
        TamperedError: the bytes are no record that this version understands.
    """
    message = event_pb2.Record()
    try:
        message.ParseFromString(payload)
        message.DiscardUnknownFields()
        if message.ByteSize() != len(payload):
            raise TamperedError
        event = message.WhichOneof("event")
        if event == "sealed":
            return _sealed(message)
        if event == "idled" and not message.HasField("request"):  # likewise, of ticks
            return Record(at=Micros(message.at), event=Idled())
        return cast("Record", _read(_shape(Record), message))
    except (DecodeError, ValueError) as error:
        raise TamperedError from error


def erasures_in(payload: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Look at what a record has to do with erasures, and at nothing else.

    Returns:
        The dossier whose key seals it, or nothing; and the dossiers that it says are
        erased. Neither, for what is no record: whoever reads it refuses it.
    """
    message = event_pb2.Record()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        return b"", ()
    match message.WhichOneof("event"):
        case "sealed":
            return message.sealed.dossier, ()
        case "dossiers_erased":
            return b"", tuple(message.dossiers_erased.dossiers)
        case _:
            return b"", ()


def stub_of(payload: bytes, *, hashed: bool = True) -> bytes:
    """Return what is left of a record once its dossier is erased: when, whose, its hash.

    Done again, it changes nothing.

    Args:
        payload: the record.
        hashed: keep its hash; those from before have none.
    """
    message = event_pb2.Record()
    message.ParseFromString(payload)
    if message.sealed.content:
        message.sealed.content = b""
        if hashed:
            message.sealed.digest = sha256(payload).digest()
    return message.SerializeToString(deterministic=True)


def is_stub(payload: bytes) -> bool:
    """Tell whether a record is what ``stub_of`` left."""
    message = event_pb2.Record()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        return False
    return message.WhichOneof("event") == "sealed" and not message.sealed.content


def hash_of(payload: bytes) -> bytes:
    """Return the SHA-256 of a record, also of one of which a stub is left.

    Returns:
        32 bytes; none of a stub from before there were hashes in them, or with what is
        none: among hashes of other lengths an event could stand in another's place.
    """
    if not is_stub(payload):
        return sha256(payload).digest()
    message = event_pb2.Record()
    message.ParseFromString(payload)
    digest = message.sealed.digest
    return digest if len(digest) == sha256().digest_size else b""


def _sealed(message: event_pb2.Record) -> Record:
    """Read a record of which the rest is sealed, without looking around."""
    request = None
    if message.HasField("request"):
        request = cast("Request", _read(_shape(Request), message.request))
    event = Sealed(
        dossier=DossierId(message.sealed.dossier), content=message.sealed.content
    )
    return Record(at=Micros(message.at), event=event, request=request)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How values of one annotation stand in a message.

    Attributes:
        arms: dataclasses by the snake-case of their names; one unless a union.
        build: makes a scalar's type again; ``None`` for dataclasses.
        optional: the value may be ``None``.
        many: the value is a tuple of such.
    """

    arms: dict[str, type[Any]]
    build: Callable[[Any], Any] | None
    optional: bool
    many: bool


@cache
def _shape(annotation: Any) -> _Shape:  # noqa: ANN401 (a type expression)
    """Read a type expression."""
    if get_origin(annotation) is tuple:
        one = _shape(get_args(annotation)[0])
        return _Shape(one.arms, one.build, optional=False, many=True)
    union = get_origin(annotation) in (Union, UnionType)
    kinds = get_args(annotation) if union else (annotation,)
    optional = NoneType in kinds
    plain = [_plain(kind) for kind in kinds if kind is not NoneType]
    if is_dataclass(plain[0]):
        arms = {_snake(kind.__name__): kind for kind in plain}
        return _Shape(arms, None, optional=optional, many=False)
    (kind,) = plain
    build = kind if issubclass(kind, IntEnum) else _as_is
    return _Shape({}, build, optional=optional, many=False)


def _plain(kind: Any) -> type[Any]:  # noqa: ANN401 (a type expression)
    return cast("type[Any]", kind.__supertype__ if isinstance(kind, NewType) else kind)


def _as_is(value: object) -> object:
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


Put = Callable[[Any, Any], None]
"""Writes a value that is not ``None`` into a message."""
Take = Callable[[Any], object]
"""Reads a value from a message."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a dataclass, and where it stands.

    Attributes:
        name: of both.
        own: it stands in the dataclass's own message, not in the enclosing one.
        put: writes it.
        take: reads it.
    """

    name: str
    own: bool
    put: Put
    take: Take


@cache
def _fields(kind: Any, own: Descriptor, around: Descriptor) -> tuple[_Field, ...]:  # noqa: ANN401 (a class)
    """Return where each field of a dataclass stands; looked for once, as none moves.

    Args:
        kind: the dataclass.
        own: its own message.
        around: the enclosing one, or the same.
    """
    found = []
    for name, hint in get_type_hints(kind).items():
        shape, mine = _shape(hint), name in own.fields_by_name
        if shape.build is not None:
            way = _scalars(name, shape, shape.build)
        elif shape.many or mine or name in around.fields_by_name:
            way = _parts(name, shape)
        else:  # a union that is the message's own oneof
            way = _write, partial(_read, shape)
        found.append(_Field(name, mine, *way))
    return tuple(found)


def _scalars(name: str, shape: _Shape, build: Take) -> tuple[Put, Take]:
    """Return how a field is written and read that has no message of its own."""
    get = attrgetter(name)

    def put(item: object, to: object) -> None:
        setattr(to, name, item)

    def put_all(items: object, to: object) -> None:
        get(to).extend(items)

    if shape.many and build is _as_is:
        return put_all, lambda of: tuple(get(of))
    if shape.many:
        return put_all, lambda of: tuple(map(build, get(of)))
    take = get if build is _as_is else lambda of: build(get(of))
    return put, _if_there(name, take) if shape.optional else take


def _parts(name: str, shape: _Shape) -> tuple[Put, Take]:
    """Return how a field is written and read that has messages of its own."""
    get = attrgetter(name)

    def put(item: object, to: object) -> None:
        _write(item, get(to))

    def put_all(items: Iterable[object], to: object) -> None:
        parts = get(to)
        for item in items:
            _write(item, parts.add())

    def take(of: object) -> object:
        return _read(shape, get(of))

    if shape.many:
        return put_all, lambda of: tuple([_read(shape, one) for one in get(of)])
    return put, _if_there(name, take) if shape.optional else take


def _if_there(name: str, take: Take) -> Take:
    """Read ``None`` where a field is not set."""
    return lambda of: take(of) if of.HasField(name) else None


@cache
def _arm(kind: Any, around: Descriptor) -> str:  # noqa: ANN401 (a class)
    """Return the field of a message that is a kind's own part; empty: all of it is."""
    name = _snake(kind.__name__)
    return name if name in around.fields_by_name else ""


def _write(value: Any, message: Any) -> None:  # noqa: ANN401 (dataclass, its message)
    """Write a dataclass; what its own message lacks stands in the enclosing one."""
    kind: Any = type(value)
    around = message.DESCRIPTOR
    arm = _arm(kind, around)
    own = getattr(message, arm) if arm else message
    own.SetInParent()
    for field in _fields(kind, own.DESCRIPTOR, around):
        item = getattr(value, field.name)
        if item is not None:
            field.put(item, own if field.own else message)


def _read(shape: _Shape, message: Message) -> object:
    """Read a dataclass of one of a shape's arms."""
    own: Any = message
    kind: Any
    if len(shape.arms) == 1:
        (kind,) = shape.arms.values()
    else:
        name = _which(message, shape)
        kind, own = shape.arms[name], getattr(message, name)
    fields = _fields(kind, own.DESCRIPTOR, message.DESCRIPTOR)
    return kind(
        **{field.name: field.take(own if field.own else message) for field in fields}
    )


def _which(message: Message, shape: _Shape) -> str:
    """Return the one arm that is set."""
    name: str | None = message.WhichOneof(_oneof(message.DESCRIPTOR))
    if name is None or name not in shape.arms:
        raise TamperedError
    return name


@cache
def _oneof(descriptor: Descriptor) -> str:
    """Return the name of a message's oneof; those of optional fields begin with _."""
    names = [oneof.name for oneof in descriptor.oneofs]
    return next(name for name in names if not name.startswith("_"))
