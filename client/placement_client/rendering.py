"""Answers of the wire as JSON objects: the stable form that ``--json`` prints.

Every response becomes an object with the fields of its proto message, all of them:

* handles, tokens and ids are lower-case hex, empty where there is none;
* instants (``…_at``, ``valid_until``) are ISO 8601 in UTC with six decimals;
* an enumeration is its word in capitals, without the prefix: ``CLEAR``;
* revisions, indexes and counts are numbers; lists keep the order of the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from placement.api.v1.refusal_pb2 import Envelope
from placement.api.v1.types_pb2 import Fact, Person
from placement_client.days import iso_day, iso_instant

Json: TypeAlias = Mapping[str, object]

_COMMON: Final = frozenset(Envelope.DESCRIPTOR.fields_by_number)
_INSTANTS: Final = frozenset({"at", "valid_until"})


def to_json(message: Message) -> dict[str, object]:
    """Return a response as the object described above.

    Raises:
        TamperedError: an instant lies beyond every calendar.
    """
    return {f.name: _value(f, getattr(message, f.name)) for f in fields_of(message)}


def said(fact: Fact, names: Mapping[bytes, str]) -> dict[str, object]:
    """Return what a fact says: only what is set, groups by name where it is known.

    Returns:
        ``kind``, ``statement``, ``since``, ``until`` and ``review_by`` (ISO days or
        null), ``grade`` as given and ``scheme``.
    """
    kind = fact.WhichOneof("statement") or ""
    statement = getattr(fact, kind).ListFields() if kind else ()
    return {
        "kind": kind,
        "statement": {f.name: _said(f, value, names) for f, value in statement},
        "since": day_of(fact, "valid_from_day"),
        "until": day_of(fact, "valid_to_day"),
        "review_by": day_of(fact, "review_by_day"),
        "grade": fact.grade.given,
        "scheme": _one(
            fact.grade.DESCRIPTOR.fields_by_name["scheme"], fact.grade.scheme
        ),
    }


def _said(field: FieldDescriptor, value: Any, names: Mapping[bytes, str]) -> object:  # noqa: ANN401 (by reflection)
    if isinstance(value, bytes):
        return names.get(value, value.hex())
    if isinstance(value, Person):
        member = value.case_member
        known = member.case_handle.hex()
        return f"{known}:{member.position}" if known else "somebody"
    if field.name.endswith("_day"):
        return iso_day(value)
    return _one(field, value)


def day_of(message: Message, name: str) -> str | None:
    """Return the day that a field of a message holds, as calendars write it, if any."""
    return iso_day(getattr(message, name)) if message.HasField(name) else None


def fields_of(message: Message) -> Sequence[FieldDescriptor]:
    """Return the descriptors of a message's fields, in the order of the proto.

    What every response has is none of them: a refusal was raised, padding thrown away.
    """
    # The stubs tell two implementations of descriptors apart; they are used alike.
    fields = cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields)
    return [field for field in fields if field.number not in _COMMON]


def _value(field: FieldDescriptor, value: Any) -> object:  # noqa: ANN401 (by reflection)
    if field.is_repeated:
        return [_one(field, each) for each in value]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> object:  # noqa: ANN401 (by reflection)
    if field.message_type is not None:
        return to_json(value)
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    if isinstance(value, bytes):
        return value.hex()
    if field.name.endswith("_at") or field.name in _INSTANTS:
        return iso_instant(value)
    return value


def enum_name(kind: EnumDescriptor, number: int) -> str:
    """Return the word of an enumeration's number; of one not known, the number."""
    values = kind.values_by_number
    if number not in values:
        return str(number)
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    return values[number].name.removeprefix(prefix)
