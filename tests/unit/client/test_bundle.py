"""The parts of a bundle beside its entries: each in one form."""

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.access_log import AT, AccessLog
from kit.exported import HOLDER, policy
from placement_client.archive import Archive, Packing, assemble
from placement_client.bundle import (
    FORMAT,
    LAYOUT,
    Bundle,
    Listed,
    Manifest,
    parse_keys,
    parse_span,
    readme,
    render_keys,
    render_span,
)

from placement.audit.span import Span
from placement.errors import TamperedError

LOG = AccessLog(1)
HEX = "ab" * 32
MANIFEST = Manifest(
    origin="placement.test/log",
    size=13,
    exporter=HOLDER,
    exported_at=AT,
    purpose="incident",
    matter="Ärende 7",
    filter={"organisation": "1480"},
    members={
        name: Listed(7, HEX, HEX if deflated else "")
        for name, deflated in LAYOUT.items()
        if name not in {"manifest.json", "manifest.sig"}
    },
)

hashes = st.binary(min_size=32, max_size=32)
spans = st.builds(
    Span,
    st.integers(0, 2**63 - 1),
    st.lists(hashes, max_size=3).map(tuple),
    st.integers(0, 2**63 - 1),
    st.lists(st.tuples(st.integers(0, 63), hashes), max_size=3).map(tuple),
)


def refuses(parse, content):
    """Tell whether a part is refused."""
    try:
        parse(content)
    except TamperedError:
        return True
    return False


@given(spans)
def test_a_span_comes_back(span):
    """As it was."""
    assert parse_span(render_span(span)) == span


def test_a_manifest_comes_back():
    """With its filter, and its members in order."""
    got = Manifest.parse(MANIFEST.render())

    assert got == MANIFEST
    assert [*got.members] == [*MANIFEST.members]
    assert json.loads(MANIFEST.render())["format"] == FORMAT


def test_keys_come_back():
    """The log's, its witnesses', and how many of them."""
    assert parse_keys(render_keys(policy(LOG))) == policy(LOG)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parse", "content"),
    [
        (Manifest.parse, MANIFEST.render()),
        (parse_span, render_span(Span(1, (bytes(32),), 2, ((3, bytes(32)),)))),
        (parse_keys, render_keys(policy(LOG))),
    ],
    ids=["manifest", "span", "keys"],
)
def test_bits_have_a_meaning(parse, content):
    """A part with another bit is refused, or says something else."""
    original = parse(content)
    for place in range(8 * len(content)):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8

        assert refuses(parse, bytes(changed)) or parse(bytes(changed)) != original


def spelled(content, old, new):
    assert old in content
    return content.replace(old, new, 1)


MADE = MANIFEST.render()
SPAN = render_span(Span(1, (bytes(32),), 2, ((3, bytes(32)),)))
KEYS = render_keys(policy(LOG))


@pytest.mark.parametrize(
    ("parse", "content"),
    [
        (Manifest.parse, b""),
        (Manifest.parse, b"[]"),
        (Manifest.parse, b"{}"),
        (Manifest.parse, b"[" * 100_000),
        (Manifest.parse, MADE + b"\n"),
        (Manifest.parse, MADE[:-1]),
        (Manifest.parse, MADE.replace(b"\n", b"\r\n")),
        (Manifest.parse, spelled(MADE, b"  ", b"\t")),
        (Manifest.parse, spelled(MADE, "Ä".encode(), b"\\u00c4")),
        (Manifest.parse, spelled(MADE, "Ä".encode(), b"\\ud800")),
        (Manifest.parse, spelled(MADE, "Ä".encode(), b"\xff")),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": 13.0')),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": true')),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": -13')),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": "13"')),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": %d' % 2**63)),
        (Manifest.parse, spelled(MADE, b'"size": 13', b'"size": 1,\n  "size": 13')),
        (Manifest.parse, spelled(MADE, b'"incident"', b"7")),
        (Manifest.parse, spelled(MADE, b'"1480"', b"1480")),
        (Manifest.parse, spelled(MADE, FORMAT.encode(), b"placement-audit-bundle-v2")),
        (Manifest.parse, spelled(MADE, b"2026-06-15T10:00:00.000000Z", b"today")),
        (Manifest.parse, spelled(MADE, b"10:00:00.000000Z", b"10:00Z")),
        (Manifest.parse, spelled(MADE, b'"README.txt"', b'"readme.txt"')),
        (Manifest.parse, spelled(MADE, b'"matter"', b'"more": 1,\n  "matter"')),
        (parse_span, b"{}"),
        (parse_span, spelled(SPAN, b"00" * 32, b"00" * 31)),
        (parse_span, spelled(SPAN, b"00" * 32, b"0g" * 32)),
        (parse_span, spelled(SPAN, b'"' + b"00" * 32 + b'"', b"7")),
        (parse_span, spelled(SPAN, b'"level": 3', b'"level": 3.0')),
        (parse_span, spelled(SPAN, b'"after": [', b'"after": [1, ')),
        (parse_keys, b""),
        (parse_keys, b"log \nquorum \n"),
        (parse_keys, b"\xff\n\n"),
        (parse_keys, spelled(KEYS, b"quorum 1", b"quorum 2")),
        (parse_keys, spelled(KEYS, b"quorum 1", b"quorum 01")),
        (parse_keys, spelled(KEYS, b"log ", b"")),
        (parse_keys, spelled(KEYS, b"witness ", b"")),
        (parse_keys, KEYS.replace(b"\n", b"\r\n")),
        (parse_keys, KEYS + b"\n"),
        (parse_keys, KEYS[:-1]),
    ],
    ids=range(40),
)
def test_no_other_spelling_is_read(parse, content):
    """Of another type, escaped, twice, in excess, or of another version."""
    assert refuses(parse, content)


def test_the_readme_says_what_everybody_must_know():
    """The members, how to verify them, and the words that a reader meets."""
    text = readme().decode()

    assert all(name in text for name in LAYOUT)
    assert all(word in text for word in ("hash", "erased", "openssl", "RFC 9162"))
    assert max(map(len, text.splitlines())) <= 88


def made(**changes):
    """Return a file with the members of a bundle, perhaps of other content."""
    contents = {
        "README.txt": readme(),
        "entries.bin": b"",
        "entries.jsonl": b"",
        "checkpoint.note": b"note",
        "span.json": SPAN,
        "keys.txt": KEYS,
        "certificate.pem": b"certificate",
        "manifest.json": MADE,
        "manifest.sig": b"signature",
    }
    assert [*contents] == [*LAYOUT]
    members = {}
    for name, content in {**contents, **changes}.items():
        packing = Packing(name, io.BytesIO(), deflated=LAYOUT[name])
        packing.write(content)
        members[packing.finish()] = packing.file
    out = io.BytesIO()
    assemble(out, members)
    return out


def test_a_bundle_is_opened():
    """Everything but the entries is read; nothing is verified yet."""
    got = Bundle.open(made())

    assert got.manifest == MANIFEST
    assert (got.note, got.signature, got.signed) == (b"note", b"signature", MADE)
    assert got.policy == policy(LOG)
    assert isinstance(got.archive, Archive)


@pytest.mark.parametrize(
    "changes",
    [
        {"README.txt": readme() + b"Believe me.\n"},
        {"span.json": b"{}"},
        {"keys.txt": b""},
        {"manifest.json": b"{}"},
        {"checkpoint.note": bytes((1 << 20) + 1)},
    ],
    ids=["readme", "span", "keys", "manifest", "too long"],
)
def test_a_bundle_of_another_form_is_refused(changes):
    """Whoever reads it must know every member."""
    assert refuses(Bundle.open, made(**changes))


def test_an_ordinary_zip_file_is_no_bundle():
    """The same members, but not in the one form."""
    out = io.BytesIO()
    original = zipfile.ZipFile(made())
    with zipfile.ZipFile(out, "w") as other:
        for name in LAYOUT:
            other.writestr(name, original.read(name))

    assert refuses(Bundle.open, out)
