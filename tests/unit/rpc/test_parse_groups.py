"""Requests about names of groups become commands, field by field."""

import pytest
from kit.parsed import violation
from kit.world import token

from placement.api.v1 import group_service_pb2 as group
from placement.api.v1 import registry_service_pb2 as registry
from placement.domain.decide.label_keys import SealedKey
from placement.domain.decide.rotations import Renewal
from placement.domain.facts import Group
from placement.rpc import parse_groups as parse

REQUEST = {"request_id": b"r" * 16}
KEY = token("key")
NAME = {"fingerprint": b"f" * 32, "sealed_label": b"sealed"}
SEALED = {
    "organisation": "syd",
    "person": "co-02",
    "key_id": KEY,
    "sealed": b"sealed",
    "signature": b"signature",
}
BEGIN = {
    "from_key_id": token("old"),
    "to_key_id": KEY,
    "certificate": b"c",
    "keys": [group.SealedKey(**SEALED)],
}
LABEL = {"renews": b"o" * 32, "fingerprint": b"n" * 32, "sealed_label": b"label"}


def test_groups_to_register(origin):
    """As they came, under a fresh token; older clients name no key."""
    old, new = registry.NewGroup(**NAME), registry.NewGroup(**NAME, key_id=KEY)
    request = registry.RegisterGroupsRequest(**REQUEST, groups=[old, new])
    one, other = parse.register_groups(request, origin).groups

    assert one == Group(token=one.token, fingerprint=b"f" * 32, label=b"sealed")
    assert (other.key, one.token == other.token) == (KEY, False)


def test_further_names(origin):
    """Of the groups that are meant."""
    names = [group.FurtherName(**NAME, token=token("A"), key_id=KEY)]
    request = group.NameGroupsRequest(**REQUEST, names=names)

    assert parse.name_groups(request, origin).names == (
        Group(token=token("A"), fingerprint=b"f" * 32, label=b"sealed", key=KEY),
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"sealed_label": b""}, "sealed_label"),
        ({"sealed_label": bytes(257)}, "sealed_label"),
        ({"fingerprint": bytes(31)}, "fingerprint"),
        ({"key_id": bytes(15)}, "key_id"),
    ],
)
def test_names_have_a_form(origin, given, field):
    """What is in them we can't read."""
    new = registry.NewGroup(**(NAME | given))
    further = group.FurtherName(**(NAME | given), token=token("A"))
    register = registry.RegisterGroupsRequest(**REQUEST, groups=[new])
    request = group.NameGroupsRequest(**REQUEST, names=[further])

    assert violation(parse.register_groups, register, origin) == f"groups[0].{field}"
    assert violation(parse.name_groups, request, origin) == f"names[0].{field}"


def test_a_further_name_has_a_group(origin):
    """Its token has the length of one."""
    request = group.NameGroupsRequest(**REQUEST, names=[group.FurtherName(**NAME)])

    assert violation(parse.name_groups, request, origin) == "names[0].token"


@pytest.mark.parametrize("after", [b"", token("A") + bytes(32)])
def test_groups_to_list(origin, after):
    """From the first name, or behind one."""
    request = registry.ListGroupsRequest(page_token=after)

    assert parse.list_groups(request, origin).after == after


def test_a_page_of_groups_begins_behind_a_name(origin):
    """Whatever else a token holds is refused."""
    request = registry.ListGroupsRequest(page_token=token("A"))

    assert violation(parse.list_groups, request, origin) == "page_token"


def test_groups_to_merge(origin):
    """Which two, and whether it is undone; the change is fresh."""
    request = group.MergeGroupsRequest(
        **REQUEST, group_a=token("A"), group_b=token("B"), undo=True
    )
    got = parse.merge_groups(request, origin)

    assert (got.one, got.other, got.undo) == (token("A"), token("B"), True)
    assert len(got.change) == 16
    for field in ("group_a", "group_b"):
        bad = group.MergeGroupsRequest(**REQUEST, group_a=KEY, group_b=KEY)
        setattr(bad, field, bytes(15))
        assert violation(parse.merge_groups, bad, origin) == field


@pytest.mark.parametrize(
    ("given", "after"),
    [
        (b"", None),
        (b"syd/co-02", ("syd", "co-02")),
        (b"national/a1", ("national", "a1")),
    ],
)
def test_exchange_keys_to_show(origin, given, after):
    """From the first owner, or behind one."""
    request = group.ShowLabelKeysRequest(page_token=given)

    assert parse.show_label_keys(request, origin).after == after


@pytest.mark.parametrize(
    "given",
    [b"syd", b"/co-02", b"skane/co-02", b"syd/", b"syd/anna", b"syd/\xff1", b"\0"],
)
def test_no_coordinator_s_page(origin, given):
    """An owner is somebody whom a certificate could name."""
    request = group.ShowLabelKeysRequest(page_token=given)

    assert violation(parse.show_label_keys, request, origin) == "page_token"


PUBLISH = {"public_key": bytes(32), "certificate": b"c", "signature": b"s"}


def test_an_exchange_key(origin):
    """As it came; it is the caller's."""
    request = group.PublishExchangeKeyRequest(**REQUEST, **PUBLISH)
    got = parse.publish_exchange_key(request, origin)

    assert (got.public_key, got.certificate, got.signature) == (bytes(32), b"c", b"s")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("public_key", bytes(31)),
        ("certificate", b""),
        ("certificate", bytes(4097)),
        ("signature", b""),
        ("signature", bytes(81)),
    ],
)
def test_an_exchange_key_has_a_form(origin, field, value):
    """Every part within its length."""
    request = group.PublishExchangeKeyRequest(**REQUEST, **(PUBLISH | {field: value}))

    assert violation(parse.publish_exchange_key, request, origin) == field


def test_keys_to_hand_over(origin):
    """To whom, which, and sealed how."""
    keys = [group.SealedKey(**SEALED)]
    request = group.HandOverLabelKeyRequest(**REQUEST, certificate=b"c", keys=keys)
    got = parse.hand_over_label_key(request, origin)

    assert got.certificate == b"c"
    assert got.keys == (
        SealedKey(
            receiver=("syd", "co-02"), key=KEY, sealed=b"sealed", signature=b"signature"
        ),
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"organisation": "1280"}, "person"),
        ({"person": "anna"}, "person"),
        ({"person": "19121212-1212"}, "person"),
        ({"key_id": b""}, "key_id"),
        ({"sealed": bytes(257)}, "sealed"),
        ({"signature": bytes(81)}, "signature"),
    ],
)
def test_a_sealed_key_has_a_form(origin, given, field):
    """Its receiver is a coordinator that some certificate could name."""
    keys = [group.SealedKey(**SEALED), group.SealedKey(**(SEALED | given))]
    hand = group.HandOverLabelKeyRequest(**REQUEST, certificate=b"c", keys=keys)
    begin = group.BeginRotationRequest(**REQUEST, **(BEGIN | {"keys": keys}))

    assert violation(parse.hand_over_label_key, hand, origin) == f"keys[1].{field}"
    assert violation(parse.begin_rotation, begin, origin) == f"keys[1].{field}"


def test_a_rotation_to_begin(origin):
    """From which key to which, and without whom; the first key may have no id."""
    left = [group.Coordinator(organisation="nord", person="co-03")]
    request = group.BeginRotationRequest(**REQUEST, **BEGIN, without=left)
    got = parse.begin_rotation(request, origin)
    request.from_key_id = b""

    assert (got.from_key, got.to_key, got.certificate) == (token("old"), KEY, b"c")
    assert got.without == (("nord", "co-03"),)
    assert parse.begin_rotation(request, origin).from_key == b""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"from_key_id": bytes(15)}, "from_key_id"),
        ({"to_key_id": b""}, "to_key_id"),
        ({"certificate": b""}, "certificate"),
        ({"without": [group.Coordinator()]}, "without[0].person"),
        ({"without": [group.Coordinator()] * 201}, "without"),
    ],
)
def test_a_rotation_has_a_form(origin, given, field):
    """Each part is named."""
    request = group.BeginRotationRequest(**REQUEST, **(BEGIN | given))

    assert violation(parse.begin_rotation, request, origin) == field


def test_labels_to_renew(origin):
    """Which name, and what it is under the next key."""
    labels = [group.RenewedLabel(**LABEL)]
    request = group.RenewLabelsRequest(**REQUEST, to_key_id=KEY, labels=labels)
    got = parse.renew_labels(request, origin)

    assert (got.to_key, got.renewals) == (
        KEY,
        (Renewal(renews=b"o" * 32, fingerprint=b"n" * 32, label=b"label"),),
    )


@pytest.mark.parametrize("field", LABEL)
def test_a_renewed_label_has_a_form(origin, field):
    """Each part is named by its position."""
    labels = [group.RenewedLabel(**(LABEL | {field: b""}))]
    request = group.RenewLabelsRequest(**REQUEST, to_key_id=KEY, labels=labels)

    assert violation(parse.renew_labels, request, origin) == f"labels[0].{field}"


def test_a_rotation_to_end(origin):
    """With what was verified, or given up."""
    done = group.EndRotationRequest(**REQUEST, to_key_id=KEY, seen=bytes(32))
    given_up = group.EndRotationRequest(**REQUEST, to_key_id=KEY, give_up=True)
    got, other = (parse.end_rotation(each, origin) for each in (done, given_up))

    assert (got.to_key, got.give_up, got.seen) == (KEY, False, bytes(32))
    assert other.give_up
    done.seen = b""
    assert violation(parse.end_rotation, done, origin) == "seen"


@pytest.mark.parametrize(
    ("form", "request_", "field"),
    [
        (
            parse.register_groups,
            registry.RegisterGroupsRequest(groups=[registry.NewGroup()] * 101),
            "groups",
        ),
        (
            parse.name_groups,
            group.NameGroupsRequest(names=[group.FurtherName()] * 101),
            "names",
        ),
        (
            parse.hand_over_label_key,
            group.HandOverLabelKeyRequest(
                **REQUEST, certificate=b"c", keys=[group.SealedKey()] * 201
            ),
            "keys",
        ),
        (
            parse.renew_labels,
            group.RenewLabelsRequest(labels=[group.RenewedLabel()] * 101),
            "labels",
        ),
    ],
)
def test_lists(origin, form, request_, field):
    """Too long a list is refused as a whole."""
    assert violation(form, request_, origin) == field
