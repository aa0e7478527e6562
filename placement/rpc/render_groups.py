"""From replies about names of groups and label keys to responses; see ``render``."""

from typing import Any

from placement.api.v1 import group_service_pb2 as group_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.domain.decide.groups import GroupPage, place_of
from placement.domain.decide.label_keys import LabelKeys
from placement.domain.facts import Group
from placement.domain.group_events import (
    ExchangeKeyPublished,
    GroupsMerged,
    GroupsUnmerged,
    LabelKeyHandedOver,
    RotationBegun,
)
from placement.rpc.render import written_ids
from placement.service.batch import Answer


def registered_groups(answer: Answer) -> registry_wire.RegisterGroupsResponse:
    """Render new groups' tokens."""
    return registry_wire.RegisterGroupsResponse(
        revision=answer.revision, tokens=written_ids(answer)
    )


def listed_groups(answer: Answer) -> registry_wire.ListGroupsResponse:
    """Render a page of names."""
    reply: Any = answer.reply
    page: GroupPage = reply
    return registry_wire.ListGroupsResponse(
        groups=[_named(name, page) for name in page.groups],
        next_page_token=place_of(page.groups[-1]) if page.more else b"",
        key_id=page.key,
        merges=list(map(merged_groups, page.merges)),
    )


def _named(name: Group, page: GroupPage) -> registry_wire.RegisteredGroup:
    renewed = page.renewed.get(name.fingerprint)
    return registry_wire.RegisteredGroup(
        token=name.token,
        fingerprint=name.fingerprint,
        sealed_label=name.label,
        key_id=name.key,
        further=name.fingerprint in page.further,
        renewed=None
        if renewed is None
        else registry_wire.RenewedName(
            fingerprint=renewed.fingerprint, sealed_label=renewed.label
        ),
        merged_into=page.chiefs.get(name.token, b""),
    )


def merged_groups(pair: GroupsMerged | GroupsUnmerged) -> registry_wire.MergedGroups:
    """Render two groups that a region says are one, or are two again."""
    return registry_wire.MergedGroups(
        group_a=pair.low, group_b=pair.high, region=pair.region
    )


def named_groups(answer: Answer) -> group_wire.NameGroupsResponse:
    """Render that groups have further names."""
    return group_wire.NameGroupsResponse(revision=answer.revision)


def merging(answer: Answer) -> group_wire.MergeGroupsResponse:
    """Render a merge that waits."""
    (change,) = written_ids(answer)
    return group_wire.MergeGroupsResponse(revision=answer.revision, change_id=change)


def label_keys(answer: Answer) -> group_wire.ShowLabelKeysResponse:
    """Render what there is to know of label keys."""
    reply: Any = answer.reply
    keys: LabelKeys = reply
    last = keys.exchange[-1] if keys.more else None
    return group_wire.ShowLabelKeysResponse(
        key_id=keys.key,
        rotation=None if keys.rotation is None else _rotation(keys.rotation),
        exchange_keys=[_exchange(each) for each in keys.exchange],
        next_page_token=f"{last.organisation}/{last.person}".encode() if last else b"",
        handed=[_handed(each) for each in keys.handed],
    )


def _rotation(event: RotationBegun) -> group_wire.Rotation:
    return group_wire.Rotation(
        from_key_id=event.from_key,
        to_key_id=event.to_key,
        organisation=event.organisation,
        person=event.person,
    )


def _exchange(event: ExchangeKeyPublished) -> group_wire.ExchangeKey:
    return group_wire.ExchangeKey(
        organisation=event.organisation,
        person=event.person,
        public_key=event.public_key,
        certificate=event.certificate,
        signature=event.signature,
    )


def _handed(event: LabelKeyHandedOver) -> group_wire.HandedKey:
    return group_wire.HandedKey(
        organisation=event.from_organisation,
        person=event.from_person,
        certificate=event.certificate,
        key_id=event.key,
        sealed=event.sealed,
        signature=event.signature,
    )


def published(answer: Answer) -> group_wire.PublishExchangeKeyResponse:
    """Render that an exchange key is published."""
    return group_wire.PublishExchangeKeyResponse(revision=answer.revision)


def handed_over(answer: Answer) -> group_wire.HandOverLabelKeyResponse:
    """Render that label keys lie ready."""
    return group_wire.HandOverLabelKeyResponse(revision=answer.revision)


def begun(answer: Answer) -> group_wire.BeginRotationResponse:
    """Render that a rotation is under way."""
    return group_wire.BeginRotationResponse(revision=answer.revision)


def renewed(answer: Answer) -> group_wire.RenewLabelsResponse:
    """Render that names stand under both keys."""
    return group_wire.RenewLabelsResponse(revision=answer.revision)


def ended(answer: Answer) -> group_wire.EndRotationResponse:
    """Render that a rotation is over."""
    return group_wire.EndRotationResponse(revision=answer.revision)
