"""What only a call can tell: a pin that is another's, labels that don't open."""

from dataclasses import replace
from hashlib import sha256

import grpc
import pytest
from kit.wire import invalid, refusal
from placement_client.credentials import Holder
from placement_client.findings import Level
from placement_client.labels import LabelKey, create_label_key
from placement_client.trials import try_calls

from placement.api.v1 import registry_service_pb2 as registry
from placement.crypto import voprf

CODE = grpc.StatusCode
OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
OTHER = LabelKey(bytes(32))


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "label.key"
    create_label_key(path)
    return path


@pytest.fixture
def tried(profile, key_file):
    """Make the calls of a role; findings by step."""

    def tried(role, **changes):
        changed = replace(profile, label_key=str(key_file), **changes)
        findings = list(try_calls(changed, Holder(role, "vast", "p-01")))

        assert all(each.sentence.endswith(".") for each in findings)
        return {each.step: each for each in findings}

    return tried


def levels(steps):
    return {step: each.level for step, each in steps.items()}


def listed(*pairs):
    """Return what the service lists: names, each under a key."""
    made = [key.new_group(name) for name, key in pairs]
    return registry.ListGroupsResponse(
        groups=[
            registry.RegisteredGroup(
                token=bytes([n]) * 16,
                fingerprint=new.fingerprint,
                sealed_label=new.sealed_label,
            )
            for n, new in enumerate(made)
        ]
    )


@pytest.mark.parametrize(
    ("counts", "level", "words"),
    [
        ((0, 0), OK, "No group is registered yet."),
        ((2, 0), OK, "opens the labels of all groups"),
        ((2, 1), WARNING, "opens 2 of 3 labels"),
        ((0, 2), FAILURE, "opens 0 of 2 labels"),
    ],
)
def test_labels_are_tried(  # noqa: PLR0917 (fixtures)
    wire, tried, key_file, counts, level, words
):
    """A key that is sound may still be another than the groups'."""
    pairs = [(f"own {n}", LabelKey.read(key_file)) for n in range(counts[0])]
    pairs += [(f"other {n}", OTHER) for n in range(counts[1])]
    wire.answers["ListGroups"] = listed(*pairs)
    got = tried("coordinator")

    assert levels(got) == {"pinned key": OK, "labels": level}
    assert words in got["labels"].sentence
    assert "own" not in got["labels"].sentence


def test_groups_that_cannot_be_listed_are_told(wire, tried):
    """With what the refusal says."""
    wire.answers["ListGroups"] = refusal(CODE.UNAUTHENTICATED, "CERTIFICATE_REFUSED")
    got = tried("coordinator")

    assert got["labels"].level is FAILURE
    assert "certificate is not accepted" in got["labels"].sentence


def test_an_unusable_label_key_is_not_tried(wire, tried, key_file):
    """The step on the file has told it."""
    key_file.chmod(0o644)

    assert levels(tried("coordinator")) == {"pinned key": OK}
    assert wire.requests("ListGroups") == []


def test_the_custodian_is_tried(wire, tried):
    """The price of one evaluation is told."""
    got = tried("caseworker")
    (request,) = wire.requests("Evaluate")

    assert levels(got) == {"pinned key": OK}
    assert "one evaluation was spent" in got["pinned key"].sentence
    assert len(request.blinded_elements) == 1


@pytest.mark.parametrize("role", ["caseworker", "coordinator"])
def test_another_pin_is_found(wire, tried, role):
    """A key that is no custodian's makes every naming fail."""
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    got = tried(role, custodian_key=voprf.generate_key().public.encode().hex())

    assert got["pinned key"].level is FAILURE
    assert "name nobody" in got["pinned key"].sentence


@pytest.mark.parametrize(
    ("code", "reason", "level"),
    [
        (CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT", WARNING),
        (CODE.UNAUTHENTICATED, "CERTIFICATE_REFUSED", FAILURE),
    ],
)
def test_a_custodian_that_refuses_is_told(wire, tried, code, reason, level):
    """A spent budget keeps from trying; a refusal keeps from everything."""
    wire.answers["Evaluate"] = refusal(code, reason)

    assert levels(tried("caseworker")) == {"pinned key": level}


def test_a_service_without_a_custodian_is_told(wire, tried):
    """The context lacks those who stand apart."""
    wire.answers["Evaluate"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    got = tried("caseworker")["pinned key"]

    assert got.level is FAILURE
    assert "--custodian twice" in got.sentence


@pytest.mark.parametrize(
    ("role", "changes"),
    [("auditor", {}), ("operator", {}), ("caseworker", {"custodian_key": ""})],
)
def test_only_what_a_role_may_ask_is_asked(wire, tried, role, changes):
    """Nothing for those who name nobody, and nothing without a pin."""
    assert tried(role, **changes) == {}
    assert wire.seen == []


@pytest.fixture
def apart(wire):
    """Let the wire be a custodian who stands apart, and answer as one."""
    return {"custodians": f"{wire.address}={wire.key.public.encode().hex()}"}


def test_custodians_apart_are_tried_by_their_address(wire, tried, apart):
    """So that it is plain which of them to ask."""
    got = tried("caseworker", **apart)

    assert levels(got) == {f"custodian {wire.address}": OK}


def test_a_custodian_who_is_away_is_told(wire, tried, apart):
    """With what to do."""
    wire.answers["Evaluate"] = refusal(CODE.UNAVAILABLE, "UNAVAILABLE")
    got = tried("caseworker", **apart)[f"custodian {wire.address}"]

    assert got.level is FAILURE
    assert "does not answer" in got.sentence


@pytest.mark.parametrize("apart_too", [False, True])
def test_the_key_that_follows_is_tried_too(wire, tried, apart, apart_too):
    """A custodian may not have it yet; or not have the pinned one any more."""
    follows = voprf.generate_key().public.encode().hex()
    changes = {"next_custodian_key": follows}
    first, second = "pinned key", "key that follows"
    if apart_too:
        changes |= apart | {"next_custodians": f"{wire.address}={follows}"}
        first = f"custodian {wire.address}"
        second = f"{first}, {second}"

    def evaluate(request):
        if request.key_id == bytes.fromhex(missing):
            raise invalid(("key_id", "is no key of this custodian"))
        return wire.evaluate(request)

    wire.answers["Evaluate"] = evaluate
    missing = sha256(bytes.fromhex(follows)).hexdigest()
    got = tried("caseworker", **changes)

    assert levels(got) == {first: OK, second: WARNING}
    assert "placement context settle" in got[second].sentence
    missing = sha256(wire.key.public.encode()).hexdigest()
    got = tried("caseworker", **changes)
    assert got[first].level == WARNING
    # What the wire proves is not under the key that follows.
    assert got[second].level == FAILURE
