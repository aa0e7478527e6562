"""A bundle proves itself step by step; whatever is changed in it is found."""

import io
import secrets
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from kit.access_log import AT, AccessLog, log_entry
from kit.certs import Pki
from kit.exported import FIRST, SIZE, export, pieces, policy
from placement_client import bundle_steps, bundle_writing, frames
from placement_client.archive import Packing, assemble
from placement_client.bundle import LAYOUT, Listed, Manifest, render_span
from placement_client.bundle_steps import STEPS, Examination, Trusted
from placement_client.credentials import Holder
from placement_client.frames import Leaf
from placement_client.steps import Result
from placement_client.trust import Policy

from placement.access import Role
from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.audit import note as notes
from placement.audit.merkle import leaf_hash
from placement.audit.note import Signer, render_key
from placement.audit.span import Span
from placement.crypto.documents import sign
from placement.crypto.signing import SigningKey

LOG = AccessLog(SIZE)
FLIPS = 500
ORDER = [each.name for each in EntryFilter.DESCRIPTOR.fields]
PART = {"first_index": "3", "end_index": "10"}
STRANGER = Signer("other.test/log", SigningKey(bytes([9]) * 32))
COSIGNER = Signer("witness.test/b", SigningKey(bytes([8]) * 32), 1)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("auditors"))


@pytest.fixture(scope="module")
def auditor(issuer):
    long_ago = datetime.fromtimestamp(AT / 1e6, UTC) - timedelta(days=1)
    return issuer.client(Role.AUDITOR, "imy", "au-01", now=long_ago)


@pytest.fixture(scope="module")
def authorities(issuer):
    return x509.load_pem_x509_certificates(issuer.ca)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, auditor):
    """Return the bytes of a bundle."""
    path = tmp_path_factory.mktemp("bundle") / "a.placement-audit.zip"
    export(path, LOG, auditor)
    return path.read_bytes()


def examined(content, trusted=None, told=lambda _done, _total: None):
    """Return the steps, by name."""
    trusted = trusted or Trusted(policy(LOG))
    found = list(Examination(io.BytesIO(content), trusted, told=told).steps())

    assert tuple(each.name for each in found) == STEPS
    return {each.name: each for each in found}


def results(content, trusted=None):
    """Return the names of steps by how they went, those that went well left out."""
    found = {name: each.result for name, each in examined(content, trusted).items()}
    return {name: each.name for name, each in found.items() if each is not Result.OK}


def remade(bundle, auditor=None, manifest=None, **changes):
    """Return a bundle with other members, its manifest made and signed anew.

    Without an auditor it stays as it was.
    """
    original = zipfile.ZipFile(io.BytesIO(bundle))
    contents = {name: original.read(name) for name in LAYOUT}
    contents |= {name.replace("_", "."): each for name, each in changes.items()}

    def packed(name):
        packing = Packing(name, io.BytesIO(), deflated=LAYOUT[name])
        packing.write(contents[name])
        return packing.finish(), packing.file

    if auditor is not None:
        was = Manifest.parse(contents["manifest.json"])
        fields = {name: getattr(was, name) for name in Manifest.__slots__}
        fields["members"] = {name: Listed.of(packed(name)[0]) for name in was.members}
        made = Manifest(**{**fields, **(manifest or {})})
        contents["manifest.json"] = made.render()
        contents["manifest.sig"] = sign(
            contents["manifest.json"], auditor.certificate, auditor.key
        )
    out = io.BytesIO()
    assemble(out, dict(map(packed, LAYOUT)))
    return out.getvalue()


def test_a_bundle_verifies(bundle, authorities):
    """Every step, with nothing but the file, a pinned key and an authority."""
    steps = examined(bundle, Trusted(policy(LOG), authorities))

    assert {each.result for each in steps.values()} == {Result.OK}
    assert steps["signature"].sentence == (
        "auditor imy/au-01 exported it on 2026-06-15 for incident, matter TSN 7."
    )
    assert (
        steps["checkpoint"].sentence == "placement.test/log signed it, with 13 entries."
    )
    assert (
        steps["witnesses"].sentence == "1 cosigned it and 1 must have: witness.test/a."
    )
    assert steps["place in the log"].sentence == (
        "Entries 3 to 9 lead to the checkpoint."
    )
    assert steps["entries"].sentence == ("5 are shown, 2 are hidden.")
    assert steps["filter"].sentence == (
        "What is shown fits what was asked for: organisation=1480 first_index=3 "
        "end_index=10."
    )


def test_details_that_are_gone_are_a_warning(tmp_path, auditor):
    """With how many, and what shows that it was lawful."""
    path = tmp_path / "a.placement-audit.zip"
    export(path, LOG, auditor, pieces(LOG, erased={5, 6}))
    steps = examined(path.read_bytes())

    assert steps["entries"].result is Result.WARNING
    assert steps["entries"].sentence.startswith(
        "5 are shown, 2 are hidden. 2 of the shown have no details. Those of a case "
    )


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"person": "cw-09", **PART}, "Entry 3 is shown, but was not asked for."),
        (PART, "Entry 4 is hidden, but was asked for."),
        (
            {**PART, "end_index": "9", "organisation": "1480"},
            "The entries begin or end elsewhere than was asked for.",
        ),
    ],
    ids=["shown", "hidden", "part"],
)
def test_what_was_not_asked_for_is_told(bundle, auditor, asked, sentence):
    """Though the exporter signed it."""
    # Fields stand in the order of the wire.
    words = {name: asked[name] for name in ORDER if name in asked}
    steps = examined(remade(bundle, auditor, {"filter": words}))

    assert steps["filter"].result is Result.FAILED
    assert steps["filter"].sentence == sentence


def test_it_is_told_how_far_it_has_come(bundle, monkeypatch):
    """Now and then, and at the end."""
    monkeypatch.setattr(bundle_steps, "EVERY", 3)
    told = []
    examined(bundle, told=lambda done, total: told.append((done, total)))

    assert told == [(3, 7), (6, 7), (7, 7)]


def test_a_flipped_bit_is_refused_wherever_it_is(bundle):
    """There is no place in the file that means nothing."""
    places = {secrets.randbelow(8 * len(bundle)) for _ in range(FLIPS)}
    missed = []
    for place in places:
        changed = bytearray(bundle)
        changed[place // 8] ^= 1 << place % 8
        if "FAILED" not in results(bytes(changed)).values():
            missed.append(place)

    assert missed == []


@pytest.mark.slow
def test_every_byte_of_the_file_is_looked_at(bundle):
    """All of them, one after another."""
    missed = []
    for place in range(len(bundle)):
        changed = bytearray(bundle)
        changed[place] ^= 1 << secrets.randbelow(8)
        if "FAILED" not in results(bytes(changed)).values():
            missed.append(place)

    assert missed == []


def test_a_cut_or_longer_file_is_no_bundle(bundle):
    """Then there is nothing to look at."""
    others = dict.fromkeys(STEPS[1:], "SKIPPED")
    for changed in (b"", bundle[:-1], bundle[1:], bundle + b"\0", bundle * 2):
        assert results(changed) == {"form": "FAILED", **others}


def test_without_a_pinned_key_a_person_must_look(bundle):
    """The bundle's own keys prove nothing; nobody is at hand for the certificate."""
    steps = examined(bundle, Trusted())

    assert results(bundle, Trusted()) == {
        "certificate": "SKIPPED",
        "log key": "WARNING",
        "witnesses": "WARNING",
    }
    assert LOG.log_key in steps["log key"].sentence


def test_without_witnesses_none_are_counted(bundle):
    """The log's key alone was pinned."""
    trusted = Trusted(Policy.parse(LOG.log_key, "", ""))

    assert results(bundle, trusted) == {
        "certificate": "SKIPPED",
        "witnesses": "SKIPPED",
    }


def test_another_pinned_log_refuses_it(bundle):
    """Then nothing leads anywhere."""
    stranger = Policy.parse(render_key(STRANGER.public), "", "")

    assert results(bundle, Trusted(stranger)) == {
        "certificate": "SKIPPED",
        "log key": "FAILED",
        "checkpoint": "FAILED",
        "witnesses": "SKIPPED",
        "place in the log": "SKIPPED",
    }


def test_too_few_witnesses_are_told(bundle):
    """And who did not."""
    keys = f"{LOG.witness_key} {render_key(COSIGNER.public)}"
    steps = examined(bundle, Trusted(Policy.parse(LOG.log_key, keys, "2")))

    assert steps["witnesses"].result is Result.FAILED
    assert steps["witnesses"].sentence == "1 cosigned it and 2 must have."


def test_a_forged_cosignature_is_told(bundle, auditor):
    """A signature under a known key that does not verify is no signature missing."""
    original = zipfile.ZipFile(io.BytesIO(bundle)).read("checkpoint.note")
    log, witness = notes.parse(original).signatures
    content = witness.content[:-1] + bytes([witness.content[-1] ^ 1])
    forged = notes.Note(
        notes.parse(original).text,
        (log, notes.Signature(witness.name, witness.key_id, content)),
    )
    changed = remade(bundle, auditor, checkpoint_note=notes.render(forged))

    assert results(changed)["witnesses"] == "FAILED"


@pytest.mark.parametrize(
    ("manifest", "failed"),
    [
        ({"exporter": Holder("auditor", "imy", "au-02")}, "signature"),
        ({"exported_at": AT - 7 * 86_400_000_000}, "signature"),
        ({"exported_at": AT + 3_660 * 86_400_000_000}, "signature"),
        ({"origin": "other.test/log"}, "checkpoint"),
        ({"size": SIZE + 1}, "checkpoint"),
        ({"filter": {"person": "cw-09", **PART}}, "filter"),
        ({"filter": PART}, "filter"),
        ({"filter": {**PART, "first_index": "2"}}, "filter"),
        ({"filter": {"organisation": "1480"}}, "filter"),
    ],
    ids=[
        "another person",
        "too early",
        "too late",
        "another log",
        "another size",
        "another filter",
        "a filter that hides nothing",
        "a filter of another part",
        "a filter of all",
    ],
)
def test_a_manifest_that_lies_is_found(bundle, auditor, manifest, failed):
    """Though its exporter signed it."""
    got = results(remade(bundle, auditor, manifest))

    assert got[failed] == "FAILED"
    assert [name for name, each in got.items() if each == "FAILED"] == [failed]


def test_a_manifest_that_nobody_signed_is_found(bundle, pair):
    """Or somebody else did."""
    steps = results(remade(bundle, pair))

    assert (steps["signature"], steps["certificate"]) == ("FAILED", "SKIPPED")


def test_a_strangers_certificate_is_told(bundle, authorities, tmp_path):
    """It fails where an authority is demanded, and is left open where one is known."""
    others = x509.load_pem_x509_certificates(Pki(tmp_path).ca)

    assert results(bundle, Trusted(policy(LOG), others)) == {"certificate": "FAILED"}
    assert results(bundle, Trusted(policy(LOG), known=others)) == {
        "certificate": "SKIPPED"
    }
    assert results(bundle, Trusted(policy(LOG), known=authorities)) == {}


def framed(bundle, change):
    """Return other ``entries.bin``, made by a function of the leaves."""
    content = zipfile.ZipFile(io.BytesIO(bundle)).read("entries.bin")
    return b"".join(each.frame() for each in change(list(frames.read([content]))))


def other(index, **fields):
    sent = log_entry(index, **fields)
    return Leaf(sent.entry, sent.details, b"")


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (lambda leaves: leaves[1:], {"place in the log", "entries"}),
        (lambda leaves: [*leaves, leaves[0]], {"place in the log", "entries"}),
        (
            lambda leaves: [leaves[1], leaves[0], *leaves[2:]],
            {"place in the log", "readable lines"},
        ),
        (
            lambda leaves: [other(3, person="cw-02"), *leaves[1:]],
            {"place in the log", "readable lines"},
        ),
        (
            lambda leaves: [Leaf(leaves[0].entry, b"", b""), *leaves[1:]],
            {"readable lines"},  # and a warning about the entries
        ),
        (
            lambda leaves: [leaves[0]._replace(details=leaves[3].details), *leaves[1:]],
            {"entries", "readable lines"},
        ),
        (
            lambda leaves: [leaves[0], Leaf(b"", b"", bytes(32)), *leaves[2:]],
            {"place in the log"},
        ),
    ],
    ids=["dropped", "doubled", "swapped", "forged", "erased", "misled", "a hash"],
)
def test_entries_that_an_exporter_changed_are_found(bundle, auditor, change, failed):
    """Even where the exporter signed them."""
    got = results(remade(bundle, auditor, entries_bin=framed(bundle, change)))

    assert {name for name, each in got.items() if each == "FAILED"} == failed


def test_entries_that_are_cut_are_found(bundle, auditor):
    """In the midst of a leaf."""
    cut = framed(bundle, lambda leaves: leaves)[:-1]
    got = results(remade(bundle, auditor, entries_bin=cut))

    assert got["entries"] == "FAILED"
    assert [got[name] for name in ("times", "readable lines", "filter")] == (
        ["SKIPPED"] * 3
    )


def test_a_span_of_no_tree_is_found(bundle, auditor):
    """Before a leaf is read."""
    other_span = render_span(Span(1, (), 0, ()))
    got = results(remade(bundle, auditor, span_json=other_span))

    assert (got["place in the log"], "entries" in got) == ("FAILED", False)


def test_readable_lines_that_lie_are_found(bundle, auditor):
    """Nobody is misled by what is easier to read."""
    lines = zipfile.ZipFile(io.BytesIO(bundle)).read("entries.jsonl")
    lying = lines.replace(b"cw-01", b"cw-09")
    assert lying != lines

    assert results(remade(bundle, auditor, entries_jsonl=lying)) == {
        "certificate": "SKIPPED",
        "readable lines": "FAILED",
    }


@pytest.mark.parametrize("name", ["entries.bin", "entries.jsonl", "README.txt"])
def test_a_member_that_changed_later_is_found(bundle, name):
    """The manifest stayed as it was."""
    content = zipfile.ZipFile(io.BytesIO(bundle)).read(name)
    key = name.replace(".", "_")
    got = results(remade(bundle, **{key: content + b"\0"}))

    assert got["form" if name == "README.txt" else "hashes"] == "FAILED"


def test_a_member_that_is_damaged_is_found(bundle):
    """It can't be unpacked to its end."""
    start = bundle.index(b"entries.jsonl\1\0") + len("entries.jsonl") + 20
    changed = bytearray(bundle)
    changed[start : start + 4] = b"\xff" * 4
    steps = examined(bytes(changed))

    assert steps["hashes"].sentence == "entries.jsonl can't be read to its end."
    assert steps["readable lines"].result is Result.FAILED
    assert steps["entries"].result is Result.OK


def test_time_that_went_back_is_found(tmp_path, auditor, monkeypatch):
    """Though the log itself vouches for it."""
    log = AccessLog(SIZE)
    log.entries[8] = log_entry(8, at=AT - 1)
    log._leaves[8] = leaf_hash(log.entries[8].entry)
    monkeypatch.setattr(bundle_writing.Transcript, "require_sound", lambda _: None)
    path = tmp_path / "a.placement-audit.zip"
    export(path, log, auditor, pieces(log))
    steps = examined(path.read_bytes())

    assert steps["times"].sentence == "Entry 8 is older than one before it."
    assert steps["times"].result is Result.FAILED


def test_an_empty_part_verifies(tmp_path, auditor):
    """Nothing was found, and that is proven to stand nowhere."""
    path = tmp_path / "a.placement-audit.zip"
    nothing = EntryFilter(first_index=FIRST, end_index=FIRST)
    export(path, LOG, auditor, pieces(LOG, FIRST, FIRST), filter=nothing)
    steps = examined(path.read_bytes())

    assert steps["place in the log"].sentence == "No entries lead to the checkpoint."
    assert {each.result for each in steps.values()} == {Result.OK, Result.SKIPPED}
