"""Facts as people write them, in files and options, to the messages of the wire.

A draft is a JSON object that mirrors ``Fact`` in ``types.proto``::

    {
      "valid_from": "2026-03-01",
      "grade": {"scheme": "3x5x2", "given": "2B"},
      "reason": "intelligence",
      "rivalry": {"group_a": "North Side", "group_b": "0f3c…", "severity": 2}
    }

Fields are those of the wire, but: a day is an ISO date or ``today`` and drops ``_day``;
an enumeration is its word in lower case; a group is its name or its token in 32 hex
digits; an area is its name or code; a person is ``{"case": "<handle>", "member": 1}``.
``{"identifier": "…"}`` is a person too, where the reader allows it.

Invariants:
    * a key that the wire does not know is refused, and so is a value of another kind;
    * an error names the place (``facts[3].rivalry.severity``), never what stood there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from placement.api.v1.types_pb2 import CaseMember, Fact, Person
from placement.errors import InvalidInputError
from placement_client.days import parse_day
from placement_client.identifiers import Identifier
from placement_client.nearness import perhaps
from placement_client.rendering import fields_of
from placement_client.texts import read_json

Draft: TypeAlias = Mapping[str, object]

TOKEN_BYTES: Final = 16

_FORM: Final = 'must be JSON: {"facts": [...]}'
_MAX_NUMBER: Final = 2**31 - 1
_SCHEMES: Final = {"3x5x2": 1, "6x6": 2, "4x4": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the words in a draft are understood.

    Attributes:
        group: token of a name or of 32 hex digits; takes text and field.
        area: code of a name or code; takes text and field.
        pseudonym: pseudonym of an identifier, 32 bytes.
        today: the day it is in Stockholm.
        case: the handle meant where a person names none; ``None`` when it must.
    """

    group: Callable[[str, str], bytes]
    area: Callable[[str, str], str]
    pseudonym: Callable[[Identifier], bytes]
    today: date
    case: bytes | None = None


def read_drafts(text: str) -> Sequence[object]:
    """Read ``{"facts": [...]}``.

    Raises:
        InvalidInputError: not JSON, a key that stands twice, or another shape.
    """
    data = read_json(text, field="file", form=_FORM)
    if not isinstance(data, dict) or data.keys() != {"facts"}:
        raise InvalidInputError("file", _FORM)
    facts = data["facts"]
    if not isinstance(facts, list) or not facts:
        raise InvalidInputError("facts", "must be a list of at least one fact")
    return facts


def people(
    draft: object, read: Callable[[str, str], Identifier], *, where: str
) -> object:
    """Return a draft with every ``{"identifier": text}`` turned into an identifier.

    Args:
        draft: any part of a draft.
        read: validates one; takes text and field.
        where: the place of that part.
    """
    match draft:
        case {"identifier": str(text), **others} if not others:
            return read(text, where)
        case Mapping():
            return {
                key: people(value, read, where=where) for key, value in draft.items()
            }
        case _:
            return draft


def identifiers(draft: object) -> Iterator[Identifier]:
    """Yield every identifier in a draft."""
    if isinstance(draft, Identifier):
        yield draft
    elif isinstance(draft, Mapping):
        for value in draft.values():
            yield from identifiers(value)


def read_fact(draft: object, names: Names, *, where: str = "fact") -> Fact:
    """Turn a draft into a fact.

    Args:
        draft: as drawn above.
        names: how its words are understood.
        where: its place, named in errors.

    Raises:
        InvalidInputError: it is not of the form, or has not exactly one statement.
    """
    fact = Fact()
    _fill(fact, draft, names, where)
    if fact.WhichOneof("statement") is None:
        raise InvalidInputError(where, "says nothing; exactly one statement is needed")
    return fact


def _fill(message: Message, draft: object, names: Names, where: str) -> None:
    """Set the fields of a message that a draft gives."""
    if not isinstance(draft, Mapping):
        raise InvalidInputError(where, "must be an object")
    fields = {f.name.removesuffix("_day"): f for f in fields_of(message)}
    for place, (key, value) in enumerate(draft.items(), 1):
        field = fields.get(key)
        if field is None:
            phrase = f"has a key that is not known, number {place}; {perhaps(key, [*fields])}"
            raise InvalidInputError(where, phrase)
        one_of = field.containing_oneof
        if one_of is not None and message.WhichOneof(one_of.name) is not None:
            raise InvalidInputError(where, "says two things where one is allowed")
        _put(message, field, value, names, f"{where}.{key}")


def _put(
    message: Message, field: FieldDescriptor, value: object, names: Names, where: str
) -> None:
    """Set one field."""
    if field.message_type is None:
        setattr(message, field.name, _scalar(field, value, names, where))
    elif field.message_type is Person.DESCRIPTOR:
        getattr(message, field.name).CopyFrom(_person(value, names, where))
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _fill(inner, value, names, where)


def _scalar(
    field: FieldDescriptor, value: object, names: Names, where: str
) -> int | str | bytes:
    """Return what a field is set to."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _boolean(value, where)
    if field.type == FieldDescriptor.TYPE_UINT32:
        return _number(value, where)
    text = _text(value, where)
    if field.enum_type is not None:
        return enum_number(field.enum_type, text, field=where)
    if field.type == FieldDescriptor.TYPE_INT32:
        return parse_day(text, field=where, today=names.today)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return names.group(text, where)
    return names.area(text, where) if field.name == "area" else text


def _person(value: object, names: Names, where: str) -> Person:
    """Return somebody by pseudonym, or by case and position in its household."""
    if isinstance(value, Identifier):
        return Person(pseudonym=names.pseudonym(value))
    if not isinstance(value, Mapping) or value.keys() - {"case", "member"}:
        raise InvalidInputError(where, 'must be {"case": handle, "member": position}')
    handle = names.case
    if "case" in value:
        handle = read_token(_text(value["case"], where), field=where)
    if handle is None:
        raise InvalidInputError(where, "must name a case")
    position = _number(value.get("member", 0), where)
    return Person(case_member=CaseMember(case_handle=handle, position=position))


_HANDLE: Final = (
    "must be the handle that `placement case open` printed, 32 hex digits, and not the "
    "reference"
)


def read_token(text: str, *, field: str) -> bytes:
    """Read a token, handle or id: 16 bytes in 32 hex digits.

    Raises:
        InvalidInputError: it is anything else.
    """
    try:
        token = bytes.fromhex(text)
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES or len(text) != 2 * TOKEN_BYTES:
        phrase = _HANDLE if field == "case_handle" else "must be 32 hex digits"
        raise InvalidInputError(field, phrase)
    return token


def enum_number(kind: EnumDescriptor, text: str, *, field: str) -> int:
    """Return the number of an enumeration's word, for example ``social-only``.

    Raises:
        InvalidInputError: there is no such word; the error lists those there are.
    """
    known = enum_words(kind)
    if text not in known:
        raise InvalidInputError(field, f"must be one of {', '.join(known)}")
    return known[text]


def enum_words(kind: EnumDescriptor) -> Mapping[str, int]:
    """Return the words of an enumeration and their numbers; zero has none."""
    if kind.name == "GradeScheme":
        return _SCHEMES
    unspecified, *values = sorted(kind.values, key=lambda value: value.number)
    prefix = unspecified.name.removesuffix("UNSPECIFIED")
    return {
        value.name.removeprefix(prefix).lower().replace("_", "-"): value.number
        for value in values
    }


def _text(value: object, where: str) -> str:
    # Half characters, as JSON can escape them, are not printable either.
    if not isinstance(value, str) or not value.isprintable():
        raise InvalidInputError(where, "must be a text")
    return value


def _boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInputError(where, "must be true or false")
    return value


def _number(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(where, "must be a whole number")
    if not 0 <= value <= _MAX_NUMBER:
        raise InvalidInputError(where, "is out of range")
    return value
