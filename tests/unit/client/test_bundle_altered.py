"""Whatever was altered in a bundle is found, also if somebody signed it anew."""

import io
import zipfile

import pytest
from cryptography import x509
from kit.access_log import AT, AccessLog, log_entry
from kit.certs import Pki
from kit.examined import LOG, PART, examined, remade, results
from kit.exported import SIZE, export, pieces, policy
from placement_client import bundle_writing, frames
from placement_client.bundle import render_span
from placement_client.bundle_steps import Trusted
from placement_client.credentials import Holder
from placement_client.frames import Leaf
from placement_client.steps import Result

from placement.audit.merkle import leaf_hash
from placement.audit.span import Span


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
