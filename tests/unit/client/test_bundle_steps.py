"""A bundle proves itself step by step, under a pinned key and to whoever has none."""

import io
import secrets
import zipfile

import pytest
from kit.examined import LOG, PART, examined, remade, results
from kit.exported import FIRST, export, pieces, policy
from placement_client import bundle_steps
from placement_client.bundle_steps import STEPS, Trusted
from placement_client.steps import Result
from placement_client.trust import Policy

from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.audit import note as notes
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey

FLIPS = 500
ORDER = [each.name for each in EntryFilter.DESCRIPTOR.fields]
STRANGER = Signer("other.test/log", SigningKey(bytes([9]) * 32))
COSIGNER = Signer("witness.test/b", SigningKey(bytes([8]) * 32), 1)


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


def test_an_empty_part_verifies(tmp_path, auditor):
    """Nothing was found, and that is proven to stand nowhere."""
    path = tmp_path / "a.placement-audit.zip"
    nothing = EntryFilter(first_index=FIRST, end_index=FIRST)
    export(path, LOG, auditor, pieces(LOG, FIRST, FIRST), filter=nothing)
    steps = examined(path.read_bytes())

    assert steps["place in the log"].sentence == "No entries lead to the checkpoint."
    assert {each.result for each in steps.values()} == {Result.OK, Result.SKIPPED}
