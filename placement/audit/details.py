"""The details of an entry: kept beside its leaf, for few eyes, under one commitment.

They have two parts, one for each kind of reader, who gets that one and not the other.
The *outline* is for auditors: that two entries are of one case but not which, counties
but no municipality, verdicts and the ids of facts. The *matter* is for those whose case
it is: the case, the municipality's own number, the places, the days, what was answered;
but nothing by which they could know the same case or person elsewhere.

Each part is hashed with a salt of its own, and both hashes into the commitment that the
entry holds. So either part can be shown without the other and checked against the leaf
with no key at all; and once salt and part are destroyed, nobody can tell by trying what
stood there, while the leaf stays as it was.

Invariants:
    * a part has exactly one form in bytes;
    * ``opened`` returns nothing that does not lead to the commitment.

::

    part hash      SHA-256("placement-details-v1" | number, 1 | salt, 32 | part)
    commitment     SHA-256("placement-details-v1" | 00 | outline hash | matter hash)

    stored, and shown: the two parts, outline first, each of them
        01 | salt, 32 | length, 4 | part        what may be seen
        00 | part hash, 32                      what may not

>>> sealed = Sealed.of(Details(matter=Matter(reference="SN 7")), bytes(64))
>>> opened(sealed.shown(matter=True), sealed.commitment).matter.reference
'SN 7'
>>> opened(sealed.shown(matter=False), sealed.commitment).matter is None
True
"""

import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NamedTuple

from placement.audit.fields import (
    BYTE,
    BYTES,
    NUMBER,
    TEXT,
    Form,
    fixed,
    list_of,
)
from placement.errors import TamperedError

SALTS_SIZE: Final = 64  # bytes: one salt for each part

_SALT_SIZE: Final = 32  # bytes
_DIGEST_SIZE: Final = 32  # bytes
_ID_SIZE: Final = 16  # bytes
_DOMAIN: Final = b"placement-details-v1"
_HEAD: Final = struct.Struct(">32sI")
_SHOWN: Final = b"\x01"
_HIDDEN: Final = b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What an auditor may see.

    Attributes:
        case: 16 bytes that all entries of one case share, or empty.
        subjects: of an opened case, or an extract: 16 bytes that all of one subject
            share.
        counties: two digits each, in the order of the places asked about.
        verdicts: in that order, by harm from 1.
        decisions: 16 bytes each, in that order.
        objects: 16 bytes each: facts, changes and placements made, changed or read.
        search: what an auditor looked for, and under which number of his own.
    """

    case: bytes = b""
    subjects: tuple[bytes, ...] = ()
    counties: tuple[str, ...] = ()
    verdicts: tuple[int, ...] = ()
    decisions: tuple[bytes, ...] = ()
    objects: tuple[bytes, ...] = ()
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What only those may see whose case it is.

    Attributes:
        case: the handle, 16 bytes, or empty.
        reference: the municipality's own case number, or empty.
        areas: four digits each: the places asked about.
        facilities: in that order, 16 bytes or empty.
        window: for which days: first and first after, as in ``2026-06-01/2026-07-01``;
            the second is empty while open; all of it is empty without a question.
        request: the request's id, 16 bytes, or empty.
        verdicts: in the order of the places, by harm from 1.
        decisions: 16 bytes each, in that order.
        valid_until: in that order, microseconds since 1970-01-01T00:00Z.
        objects: 16 bytes each: facts, changes and placements made, changed or read.
        tokens: 16 bytes each: groups or facilities registered.
        events: what was written to the log of events: revision of the first, 8 bytes,
            how many, 4, and SHA-256 over all of them, each behind its length in 4
            bytes; or empty.
    """

    case: bytes = b""
    reference: str = ""
    areas: tuple[str, ...] = ()
    facilities: tuple[bytes, ...] = ()
    window: str = ""
    request: bytes = b""
    verdicts: tuple[int, ...] = ()
    decisions: tuple[bytes, ...] = ()
    valid_until: tuple[int, ...] = ()
    objects: tuple[bytes, ...] = ()
    tokens: tuple[bytes, ...] = ()
    events: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Both parts; ``None`` for one that is not shown."""

    outline: Outline | None = field(default_factory=Outline)
    matter: Matter | None = field(default_factory=Matter)


_ID: Final = fixed(_ID_SIZE)
_OUTLINE: Final = Form(
    Outline,
    1,
    {
        "case": BYTES,
        "subjects": list_of(_ID),
        "counties": list_of(TEXT),
        "verdicts": list_of(BYTE),
        "decisions": list_of(_ID),
        "objects": list_of(_ID),
        "search": TEXT,
    },
)
_MATTER: Final = Form(
    Matter,
    1,
    {
        "case": BYTES,
        "reference": TEXT,
        "areas": list_of(TEXT),
        "facilities": list_of(BYTES),
        "window": TEXT,
        "request": BYTES,
        "verdicts": list_of(BYTE),
        "decisions": list_of(_ID),
        "valid_until": list_of(NUMBER),
        "objects": list_of(_ID),
        "tokens": list_of(_ID),
        "events": BYTES,
    },
)
_FORMS: Final[tuple[Form[Any], ...]] = (_OUTLINE, _MATTER)


class _Part(NamedTuple):
    """One part as it stands in the bytes: with its salt, or only its hash."""

    salt: bytes
    content: bytes
    digest: bytes

    @classmethod
    def of(cls, number: int, salt: bytes, content: bytes) -> "_Part":
        """Return a part that is shown."""
        named = b"%b%c%b%b" % (_DOMAIN, number, salt, content)
        return cls(salt, content, sha256(named).digest())

    @classmethod
    def take(cls, content: bytes, at: int, number: int) -> tuple["_Part", int]:
        """Read the part at an index; return the index behind it as well.

        Raises:
            TamperedError: there is none.
        """
        mark, at = content[at : at + 1], at + 1
        if mark == _HIDDEN:
            end = at + _DIGEST_SIZE
            found = cls(b"", b"", content[at:end])
        elif mark == _SHOWN and len(content) >= at + _HEAD.size:
            salt, length = _HEAD.unpack_from(content, at)
            at += _HEAD.size
            end = at + length
            found = cls.of(number, salt, content[at:end])
        else:
            raise TamperedError
        if end > len(content):
            raise TamperedError
        return found, end

    def bytes(self, *, shown: bool) -> bytes:
        """Return the part, or its hash alone."""
        if not shown:
            return _HIDDEN + self.digest
        return _SHOWN + _HEAD.pack(self.salt, len(self.content)) + self.content


class Sealed(NamedTuple):
    """Details with their salts, ready to be kept and to be shown in part.

    Made by ``of`` or ``parse``.
    """

    outline: _Part
    matter: _Part

    @classmethod
    def of(cls, details: Details, salts: bytes) -> "Sealed":
        """Salt details.

        Args:
            details: with both parts.
            salts: 64 random bytes, used once.

        Raises:
            ValueError: a part is missing, or the salts have another length.

        Secret: details, salts
        """
        if len(salts) != SALTS_SIZE or None in (details.outline, details.matter):
            raise ValueError("both parts are kept, each under a salt of 32 bytes")
        parts = (details.outline, details.matter)
        return cls(
            *(
                _Part.of(
                    number,
                    salts[(number - 1) * _SALT_SIZE : number * _SALT_SIZE],
                    form.render(part),
                )
                for number, (form, part) in enumerate(
                    zip(_FORMS, parts, strict=True), 1
                )
            )
        )

    @classmethod
    def parse(cls, content: bytes) -> "Sealed":
        """Read what ``shown`` returned.

        Raises:
            TamperedError: it is nothing of the kind.
        """
        outline, at = _Part.take(content, 0, 1)
        matter, at = _Part.take(content, at, 2)
        if at != len(content):
            raise TamperedError
        return cls(outline, matter)

    @property
    def commitment(self) -> bytes:
        """Return the commitment, 32 bytes."""
        named = b"%b\0%b%b" % (_DOMAIN, self.outline.digest, self.matter.digest)
        return sha256(named).digest()

    def shown(self, *, outline: bool = True, matter: bool) -> bytes:
        """Return the bytes for one reader.

        Args:
            outline: whether it is shown, or only its hash.
            matter: the same.

        Secret: the result
        """
        return self.outline.bytes(shown=outline) + self.matter.bytes(shown=matter)


def glimpsed(content: bytes) -> Outline | None:
    """Read the outline of details and nothing else, for looking through many.

    It is not held against what the leaf says: whoever shows it opens all of them.

    Raises:
        TamperedError: they are no details.
    """
    outline, _ = _Part.take(content, 0, 1)
    return _OUTLINE.parse(outline.content) if outline.salt else None


def opened(content: bytes, commitment: bytes) -> Details:
    """Read details and hold them against what the leaf says.

    Args:
        content: from ``Sealed.shown``.
        commitment: from the entry.

    Returns:
        The parts that are shown.

    Raises:
        TamperedError: they are not the ones that were committed to.
    """
    sealed = Sealed.parse(content)
    if sealed.commitment != commitment:
        raise TamperedError
    outline, matter = sealed.outline, sealed.matter
    return Details(
        outline=_OUTLINE.parse(outline.content) if outline.salt else None,
        matter=_MATTER.parse(matter.content) if matter.salt else None,
    )
