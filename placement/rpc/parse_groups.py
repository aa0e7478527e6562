"""From requests about names of groups and label keys to commands; see ``parse``."""

from typing import Any, Final

from placement.access import NATIONAL, POLICE_REGIONS, require_person
from placement.api.v1 import group_service_pb2 as group_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.domain.decide import groups, label_keys, merging, rotations
from placement.domain.facts import Group
from placement.domain.names import Person
from placement.domain.terms import FactId, GroupToken
from placement.errors import CertificateError, InvalidInputError
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh

_FINGERPRINT_SIZE: Final = 32  # bytes
_KEY_SIZE: Final = 32  # bytes
_PLACE_SIZE: Final = forms.TOKEN_SIZE + _FINGERPRINT_SIZE
_MAX_LABEL: Final = 256  # bytes
_MAX_SEALED: Final = 256  # bytes
_MAX_SIGNATURE: Final = 80  # bytes
_MAX_CERTIFICATE: Final = 4096  # bytes
_REGIONS: Final = frozenset({*POLICE_REGIONS, NATIONAL})


def register_groups(
    request: registry_wire.RegisterGroupsRequest, origin: Origin
) -> groups.RegisterGroups:
    """Read groups to register."""
    forms.at_most(request.groups, groups.MAX_REGISTERED, "groups")
    return groups.RegisterGroups(
        **common(request, origin),
        groups=tuple(
            _name(new, fresh(), f"groups[{index}]")
            for index, new in enumerate(request.groups)
        ),
    )


def name_groups(
    request: group_wire.NameGroupsRequest, origin: Origin
) -> groups.NameGroups:
    """Read further names."""
    forms.at_most(request.names, groups.MAX_REGISTERED, "names")
    return groups.NameGroups(
        **common(request, origin),
        names=tuple(
            _name(
                new, forms.token(new.token, f"names[{index}].token"), f"names[{index}]"
            )
            for index, new in enumerate(request.names)
        ),
    )


def _name(new: Any, token: bytes, field: str) -> Group:  # noqa: ANN401 (NewGroup or FurtherName)
    return Group(
        token=GroupToken(token),
        fingerprint=_fingerprint(new.fingerprint, f"{field}.fingerprint"),
        label=_within(new.sealed_label, _MAX_LABEL, f"{field}.sealed_label"),
        key=_key_id(new.key_id, f"{field}.key_id") if new.key_id else b"",
    )


def list_groups(
    request: registry_wire.ListGroupsRequest, origin: Origin
) -> groups.ListGroups:
    """Read which page to list."""
    after = request.page_token
    if after:
        forms.sized(after, _PLACE_SIZE, "page_token")
    return groups.ListGroups(caller=origin.caller, after=after)


def merge_groups(
    request: group_wire.MergeGroupsRequest, origin: Origin
) -> merging.MergeGroups:
    """Read which groups are one, or two again."""
    return merging.MergeGroups(
        **common(request, origin),
        one=GroupToken(forms.token(request.group_a, "group_a")),
        other=GroupToken(forms.token(request.group_b, "group_b")),
        undo=request.undo,
        change=FactId(fresh()),
    )


def show_label_keys(
    request: group_wire.ShowLabelKeysRequest, origin: Origin
) -> label_keys.ShowLabelKeys:
    """Read which page of exchange keys to show."""
    after: Person | None = None
    if request.page_token:
        organisation, _, person = request.page_token.decode(
            "ascii", "replace"
        ).partition("/")
        after = _person(organisation, person, "page_token")
    return label_keys.ShowLabelKeys(caller=origin.caller, after=after)


def publish_exchange_key(
    request: group_wire.PublishExchangeKeyRequest, origin: Origin
) -> label_keys.PublishExchangeKey:
    """Read an exchange key."""
    return label_keys.PublishExchangeKey(
        **common(request, origin),
        public_key=forms.sized(request.public_key, _KEY_SIZE, "public_key"),
        certificate=_within(request.certificate, _MAX_CERTIFICATE, "certificate"),
        signature=_within(request.signature, _MAX_SIGNATURE, "signature"),
    )


def hand_over_label_key(
    request: group_wire.HandOverLabelKeyRequest, origin: Origin
) -> label_keys.HandOverLabelKey:
    """Read what is left for whom."""
    return label_keys.HandOverLabelKey(
        **common(request, origin),
        certificate=_within(request.certificate, _MAX_CERTIFICATE, "certificate"),
        keys=_sealed_keys(request),
    )


def _sealed_keys(request: Any) -> tuple[label_keys.SealedKey, ...]:  # noqa: ANN401 (either request)
    forms.at_most(request.keys, label_keys.MAX_HANDED, "keys")
    return tuple(
        label_keys.SealedKey(
            receiver=_person(each.organisation, each.person, f"keys[{index}].person"),
            key=_key_id(each.key_id, f"keys[{index}].key_id"),
            sealed=_within(each.sealed, _MAX_SEALED, f"keys[{index}].sealed"),
            signature=_within(
                each.signature, _MAX_SIGNATURE, f"keys[{index}].signature"
            ),
        )
        for index, each in enumerate(request.keys)
    )


def begin_rotation(
    request: group_wire.BeginRotationRequest, origin: Origin
) -> rotations.BeginRotation:
    """Read which key is replaced by which."""
    forms.at_most(request.without, label_keys.MAX_HANDED, "without")
    old = request.from_key_id
    return rotations.BeginRotation(
        **common(request, origin),
        certificate=_within(request.certificate, _MAX_CERTIFICATE, "certificate"),
        keys=_sealed_keys(request),
        from_key=_key_id(old, "from_key_id") if old else b"",
        to_key=_key_id(request.to_key_id, "to_key_id"),
        without=tuple(
            _person(each.organisation, each.person, f"without[{index}].person")
            for index, each in enumerate(request.without)
        ),
    )


def renew_labels(
    request: group_wire.RenewLabelsRequest, origin: Origin
) -> rotations.RenewLabels:
    """Read names under the next key."""
    forms.at_most(request.labels, rotations.MAX_RENEWED, "labels")
    return rotations.RenewLabels(
        **common(request, origin),
        to_key=_key_id(request.to_key_id, "to_key_id"),
        renewals=tuple(
            rotations.Renewal(
                renews=_fingerprint(each.renews, f"labels[{index}].renews"),
                fingerprint=_fingerprint(
                    each.fingerprint, f"labels[{index}].fingerprint"
                ),
                label=_within(
                    each.sealed_label, _MAX_LABEL, f"labels[{index}].sealed_label"
                ),
            )
            for index, each in enumerate(request.labels)
        ),
    )


def end_rotation(
    request: group_wire.EndRotationRequest, origin: Origin
) -> rotations.EndRotation:
    """Read how a rotation ends."""
    seen = request.seen
    if not request.give_up:
        forms.sized(seen, forms.DIGEST_SIZE, "seen")
    return rotations.EndRotation(
        **common(request, origin),
        to_key=_key_id(request.to_key_id, "to_key_id"),
        give_up=request.give_up,
        seen=seen,
    )


def _fingerprint(value: bytes, field: str) -> bytes:
    return forms.sized(value, _FINGERPRINT_SIZE, field)


def _key_id(value: bytes, field: str) -> bytes:
    return forms.token(value, field)


def _within(value: bytes, most: int, field: str) -> bytes:
    if not 1 <= len(value) <= most:
        raise InvalidInputError(field, f"must be 1 to {most} bytes")
    return value


def _person(organisation: str, person: str, field: str) -> Person:
    """Return a coordinator that some certificate could name."""
    try:
        require_person(person)
    except CertificateError as error:
        raise InvalidInputError(field, "is no coordinator's") from error
    if organisation not in _REGIONS:
        raise InvalidInputError(field, "is no coordinator's")
    return organisation, person
