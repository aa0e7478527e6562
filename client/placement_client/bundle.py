"""A part of the access log in one file that anybody can verify offline.

Audit staff take it along: entries, what joins them to a signed checkpoint, the keys,
and who exported it and why, signed with the exporter's own certificate.

Invariants:
    * a bundle has exactly one form: another order, date, spelling or member, and every
      byte that nothing speaks for, is refused;
    * an export is verified as it comes, and its file appears whole or not at all;
    * memory does not grow with the number of entries;
    * what is shown of an entry is what every auditor may see; never whose case it is.

The file is ``NAME.placement-audit.zip`` (``archive``) with the members of ``LAYOUT``.
``entries.bin`` and ``entries.jsonl`` stand in ``frames``; ``README.txt`` is the same in
each bundle. ``keys.txt`` holds, each on a line: ``log KEY``, ``witness KEY`` for each
one, ``quorum NUMBER``. ``manifest.sig`` is a signature of ``documents``. The two JSON
files are indented by two spaces, keys in this order::

    span.json       first, count, before: [hash], after: [{level, hash}]
    manifest.json   format, origin, size, exporter: {role, organisation, person},
                    exported_at, purpose, matter, filter: {field: in words},
                    members: {name: {size, sha256}} of all but itself and manifest.sig;
                    of a deflated one, deflated_sha256 as well
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Self

from placement.audit.checkpoint import MAX_SIZE
from placement.audit.merkle import HASH_SIZE
from placement.audit.note import render_key
from placement.audit.span import Span
from placement.errors import InvalidInputError, TamperedError
from placement_client.archive import Archive, Member
from placement_client.credentials import Holder
from placement_client.days import iso_instant, parse_instant
from placement_client.filters import read_written
from placement_client.trust import Policy

SUFFIX: Final = ".placement-audit.zip"
"""How the name of such a file ends."""
FORMAT: Final = "placement-audit-bundle-v1"
LAYOUT: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "README.txt": False,
        "entries.bin": True,
        "entries.jsonl": True,
        "checkpoint.note": False,
        "span.json": False,
        "keys.txt": False,
        "certificate.pem": False,
        "manifest.json": False,
        "manifest.sig": False,
    }
)
"""The members in order, and whether each is deflated."""

MAX_SMALL: Final = 1 << 20
"""Bytes of any member but the entries."""

_UNLISTED: Final = frozenset({"manifest.json", "manifest.sig"})


@cache
def readme() -> bytes:
    """Return the text for whoever gets the file, the same in each."""
    text = files("placement_client") / "data" / "bundle-readme.txt"
    return text.read_bytes()


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says of a member.

    Attributes:
        size: of its content, bytes.
        sha256: of its content, hex.
        deflated_sha256: of its bytes in the file, hex; empty unless it is deflated.
    """

    size: int
    sha256: str
    deflated_sha256: str = ""

    @classmethod
    def of(cls, member: Member) -> Self:
        """Return what has to be said of a member."""
        packed = member.packed_sha256.hex() if member.deflated else ""
        return cls(member.size, member.sha256.hex(), packed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Who exported what and why; the exporter signs it.

    Attributes:
        origin: of the log.
        size: of the checkpoint, leaves.
        exporter: as the certificate names them.
        exported_at: microseconds since 1970-01-01T00:00Z, by the exporter's clock.
        purpose: why the log was read, as a word.
        matter: the number that it was for.
        filter: what selected the entries, as ``filters.written`` writes it.
        members: by name.
    """

    origin: str
    size: int
    exporter: Holder
    exported_at: int
    purpose: str
    matter: str
    filter: Mapping[str, str]
    members: Mapping[str, Listed]

    def render(self) -> bytes:
        """Return the bytes of ``manifest.json``."""
        members = {
            name: {key: value for key, value in asdict(each).items() if value != ""}
            for name, each in self.members.items()
        }
        return _json(
            {
                "format": FORMAT,
                "origin": self.origin,
                "size": self.size,
                "exporter": asdict(self.exporter),
                "exported_at": iso_instant(self.exported_at),
                "purpose": self.purpose,
                "matter": self.matter,
                "filter": dict(self.filter),
                "members": members,
            }
        )

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read ``manifest.json``.

        Raises:
            TamperedError: it has another form or filter, or lists other members.
        """
        data = _Fields.read(content)
        exporter = data.fields("exporter")
        given, listed = data.fields("filter"), data.fields("members")
        found = cls(
            origin=data.text("origin"),
            size=data.number("size"),
            exporter=Holder(
                *map(exporter.text, ("role", "organisation", "person")),
            ),
            exported_at=_instant(data.text("exported_at")),
            purpose=data.text("purpose"),
            matter=data.text("matter"),
            filter={name: given.text(name) for name in given.names},
            members={name: _listed(listed.fields(name)) for name in listed.names},
        )
        read_written(found.filter)
        if [*found.members] != [name for name in LAYOUT if name not in _UNLISTED]:
            raise TamperedError
        _require_same(found.render(), content)
        return found


def render_span(span: Span) -> bytes:
    """Return the bytes of ``span.json``."""
    return _json(
        {
            "first": span.first,
            "count": span.count,
            "before": [each.hex() for each in span.before],
            "after": [
                {"level": level, "hash": each.hex()} for level, each in span.after
            ],
        }
    )


def parse_span(content: bytes) -> Span:
    """Read ``span.json``.

    Raises:
        TamperedError: it has another form.
    """
    data = _Fields.read(content)
    after = [_Fields.of(each) for each in data.items("after")]
    found = Span(
        first=data.number("first"),
        before=tuple(map(_hash, data.items("before"))),
        count=data.number("count"),
        after=tuple((each.number("level"), _hash(each.text("hash"))) for each in after),
    )
    _require_same(render_span(found), content)
    return found


def render_keys(policy: Policy) -> bytes:
    """Return the bytes of ``keys.txt``."""
    witnesses = (f"witness {render_key(each)}" for each in policy.witnesses)
    lines = (f"log {render_key(policy.log)}", *witnesses, f"quorum {policy.quorum}")
    return "".join(f"{line}\n" for line in lines).encode()


def parse_keys(content: bytes) -> Policy:
    """Read ``keys.txt``.

    Raises:
        TamperedError: it has another form.
    """
    try:
        log, *witnesses, quorum = content.decode().splitlines()
        found = Policy.parse(
            log.removeprefix("log "),
            " ".join(each.removeprefix("witness ") for each in witnesses),
            quorum.removeprefix("quorum "),
        )
    except (ValueError, InvalidInputError) as error:
        raise TamperedError from error
    if found is None:
        raise TamperedError
    _require_same(render_keys(found), content)
    return found


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle of which nothing is verified yet but its form. Made by ``open``.

    Attributes:
        archive: its members.
        manifest: who and why.
        signed: the manifest's bytes.
        signature: of the manifest.
        certificate: the exporter's, PEM.
        policy: its own keys.
        note: the checkpoint.
        span: where its leaves stand.
    """

    archive: Archive
    manifest: Manifest
    signed: bytes
    signature: bytes
    certificate: bytes
    policy: Policy
    note: bytes
    span: Span

    @classmethod
    def open(cls, file: BinaryIO) -> Self:
        """Read everything but the entries.

        Raises:
            TamperedError: the file has another form than that of a bundle.
        """
        archive = Archive(file, LAYOUT)
        small = {
            name: archive.content(name, MAX_SMALL)
            for name, deflated in LAYOUT.items()
            if not deflated
        }
        _require_same(small["README.txt"], readme())
        return cls(
            archive,
            Manifest.parse(small["manifest.json"]),
            small["manifest.json"],
            small["manifest.sig"],
            small["certificate.pem"],
            parse_keys(small["keys.txt"]),
            small["checkpoint.note"],
            parse_span(small["span.json"]),
        )


@dataclass(frozen=True, slots=True)
class _Fields:
    """A JSON object whose values have to be of one type each."""

    _data: Mapping[str, Any]

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read an object; whether it is in its one form, rendering tells."""
        try:
            return cls.of(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise TamperedError from error

    @classmethod
    def of(cls, data: object) -> Self:
        """Take what must be an object."""
        if not isinstance(data, dict):
            raise TamperedError
        return cls(data)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys, in order."""
        return tuple(self._data)

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._data.get(name)
        if not isinstance(value, str):
            raise TamperedError
        return value

    def number(self, name: str) -> int:
        """Return a number of leaves or bytes, or a level."""
        value = self._data.get(name)
        # In Python, true is a number.
        if type(value) is not int or not 0 <= value <= MAX_SIZE:
            raise TamperedError
        return value

    def items(self, name: str) -> list[object]:
        """Return a list."""
        value = self._data.get(name)
        if not isinstance(value, list):
            raise TamperedError
        return value

    def fields(self, name: str) -> "_Fields":
        """Return an object."""
        return _Fields.of(self._data.get(name))


def _instant(text: str) -> int:
    """Read an instant; whether it is in its one form, rendering tells."""
    try:
        return parse_instant(text, field="exported_at", today=date.min)
    except InvalidInputError as error:
        raise TamperedError from error


def _listed(data: _Fields) -> Listed:
    packed = data.text("deflated_sha256") if "deflated_sha256" in data.names else ""
    return Listed(data.number("size"), data.text("sha256"), packed)


def _hash(text: object) -> bytes:
    try:
        found = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise TamperedError from error
    if len(found) != HASH_SIZE:
        raise TamperedError
    return found


def _json(data: Mapping[str, object]) -> bytes:
    try:
        return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()
    except UnicodeEncodeError as error:  # half characters, as JSON can escape them
        raise TamperedError from error


def _require_same(found: bytes, content: bytes) -> None:
    """Refuse another spelling: a key too many or twice, zeros, spaces, escapes."""
    if found != content:
        raise TamperedError
