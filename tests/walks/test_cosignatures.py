"""Cosignatures over mutual TLS: whose are published, and who waits for them."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from kit.asking import WITNESS, checked, cosignature, newest
from kit.audited import vouched
from kit.cosigned import KNOWN, OTHER, checkpoint, receipt
from kit.town import Refused, Town, fresh

from placement.api.v1 import log_service_pb2 as log
from placement.audit import merkle, note
from placement.audit.note import Signer, Verifier
from placement.crypto.signing import SigningKey, verify

STRANGER = Signer("w.test/three", SigningKey(b"3" * 32), 1_781_518)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town with two witnesses."""
    with Town(tmp_path_factory.mktemp("town"), witnesses=KNOWN) as town:
        yield town


def names(found):
    return [each.name for each in found.signatures]


def add(town, request):
    return town.done("witness", "AddCosignature", request, log.AddCosignatureResponse)


def test_a_cosignature_is_published(town):
    """With the checkpoint, to everybody; each witness once, and no entry."""
    checked(town)
    request = cosignature(town)
    before = town.head()
    first = add(town, request).cosignatures
    again = add(town, request).cosignatures
    both = add(town, cosignature(town, OTHER)).cosignatures
    made, found = checkpoint(town, "worker", cosignatures=2)
    verifiers = [Verifier(each.public, verify) for each in (WITNESS, OTHER)]

    assert (first, again, both) == (1, 1, 2)
    assert (made.size, town.head()) == (request.size, before)
    assert set(names(found)) == {made.origin, "w.test/one", "w.test/two"}
    assert note.verify(found, verifiers) == {"w.test/one", "w.test/two"}


def test_a_receipt_waits_for_as_many_witnesses_as_are_asked_for(town):
    """Until then it is not found; whose it is does not change that."""
    index = checked(town).leaf_index
    early, refused_ = receipt(town, "worker", index, cosignatures=1)
    add(town, cosignature(town))
    got, given = receipt(town, "worker", index, cosignatures=1)
    late, again = receipt(town, "worker", index, cosignatures=2)
    theirs, other = receipt(town, "neighbour", index, cosignatures=1)
    made = vouched(town, got.note)
    leaf = merkle.leaf_hash(got.entry)
    merkle.verify_inclusion(leaf, index, made.size, got.hashes, made.root)

    assert early == late == theirs
    assert (early.code.name, early.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert "w.test/one" in names(note.parse(got.note))
    # The log says what its caller was told.
    outcomes = [each.outcome for each in (refused_, given, again, other)]
    assert outcomes == ["NOT_FOUND", "ANSWERED", "NOT_FOUND", "NOT_FOUND"]
    assert {each.recipient for each in (refused_, again, other)} == {""}


def refused(town, request):
    """Hold a cosignature that is refused to leaving nothing behind."""
    before = checkpoint(town)
    first = town.head().leaves
    got = town.call("witness", "AddCosignature", request)
    left = town.entries(first)

    assert isinstance(got, Refused)
    assert checkpoint(town)[0].size >= before[0].size
    assert "w.test/three" not in names(checkpoint(town)[1])
    return got, left


def test_a_cosignature_of_nobody_we_know(town):
    """Its key is in nobody's settings; the attempt is an entry."""
    checked(town)
    got, (entry,) = refused(town, cosignature(town, STRANGER))

    assert (got.reason, got.fields) == ("INVALID_INPUT", ["note"])
    assert (entry.action, entry.outcome) == ("LOG_COSIGN", "INVALID_INPUT")
    assert entry.person == "wi-01"


def test_a_cosignature_of_another_text(town):
    """Of another root, or of a size that nobody published: there is no such thing."""
    checked(town)
    _, made = newest(town)
    forged = replace(made, root=fresh(32)).text()
    for size, text in ((made.size, forged), (made.size + 1, forged)):
        content = note.render(note.sign(text, WITNESS))
        got, _ = refused(town, log.AddCosignatureRequest(size=size, note=content))

        assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    request = cosignature(town)
    request.size = 1
    other, _ = refused(town, request)
    assert other.reason == "NOT_FOUND"
    assert "w.test/one" not in names(checkpoint(town)[1])


def test_the_log_is_not_its_own_witness(town):
    """A note that only the log signed, or that says nothing of a witness."""
    signed, made = newest(town)
    got, _ = refused(town, log.AddCosignatureRequest(size=made.size, note=signed))

    assert (got.reason, got.fields) == ("INVALID_INPUT", ["note"])


@pytest.mark.parametrize("spoil", ["x'00'", "substr(note, 2)", "'text'"])
def test_a_cosignature_that_was_altered_ends_nothing(tmp_path, spoil):
    """It is others' word: it is not given out, and everybody is answered."""
    with Town(tmp_path, witnesses=KNOWN) as town:
        index = checked(town).leaf_index
        add(town, cosignature(town))
        add(town, cosignature(town, OTHER))
        with closing(sqlite3.connect(tmp_path / "placement.db")) as admin, admin:
            where = "WHERE witness = 'w.test/one'"
            admin.execute(f"UPDATE cosignature SET note = {spoil} {where}")
        made, found = checkpoint(town, "worker", cosignatures=1)
        got, _ = receipt(town, "worker", index, cosignatures=1)
        serving = town.served.app.engine.serving

    assert names(found) == names(note.parse(got.note)) == [made.origin, "w.test/two"]
    assert serving
