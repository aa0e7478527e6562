"""A request to each method about names of groups that holds, in a town."""

from collections.abc import Callable
from typing import Any

from kit.town import PEOPLE, Town, fresh
from placement.api.v1 import group_service_pb2 as group
from placement.api.v1 import registry_service_pb2 as registry
from placement.domain.names import digest

Make = Callable[[Town, str], Any]
RECEIVER = "national"
BESIDE = "national-second"  # who begins what somebody else shall end


def name(key: bytes = b"") -> dict[str, Any]:
    """Return a name that nobody has, sealed under the label key in force."""
    return {"fingerprint": fresh(32), "sealed_label": b"sealed", "key_id": key}


def registered(town: Town, who: str = "coordinator") -> bytes:
    """Return a new group."""
    request = registry.RegisterGroupsRequest(
        request_id=fresh(),
        groups=[registry.NewGroup(**name(town.state().names.key))],
    )
    answer = town.done(who, "RegisterGroups", request, registry.RegisterGroupsResponse)
    return answer.tokens[0]


def sealed(who: str, key: bytes) -> group.SealedKey:
    """Return a key for somebody; nothing in it is real."""
    _, organisation, person = PEOPLE[who]
    return group.SealedKey(
        organisation=organisation,
        person=person,
        key_id=key,
        sealed=b"sealed",
        signature=b"signature",
    )


def publishing() -> group.PublishExchangeKeyRequest:
    return group.PublishExchangeKeyRequest(
        request_id=fresh(),
        public_key=fresh(32),
        certificate=b"certificate",
        signature=b"signature",
    )


def published(town: Town, who: str = RECEIVER) -> None:
    """Have somebody's exchange key published."""
    kind = group.PublishExchangeKeyResponse
    town.done(who, "PublishExchangeKey", publishing(), kind)


def calm(town: Town) -> None:
    """Let no rotation be under way."""
    rotation = town.state().names.rotation
    if rotation is not None:
        request = group.EndRotationRequest(
            request_id=fresh(), to_key_id=rotation.to_key, give_up=True
        )
        town.done("second", "EndRotation", request, group.EndRotationResponse)


def beginning(town: Town, **given: Any) -> group.BeginRotationRequest:
    calm(town)
    published(town)
    key = fresh()
    return group.BeginRotationRequest(
        request_id=fresh(),
        from_key_id=town.state().names.key,
        to_key_id=key,
        certificate=b"certificate",
        keys=[sealed(RECEIVER, key)],
        **given,
    )


def begun(town: Town, who: str) -> bytes:
    """Return the next key of a rotation that somebody began."""
    request = beginning(town)
    town.done(who, "BeginRotation", request, group.BeginRotationResponse)
    return request.to_key_id


def renewing(town: Town, key: bytes) -> group.RenewLabelsRequest:
    """Renew every name there is, at most a hundred."""
    return group.RenewLabelsRequest(
        request_id=fresh(),
        to_key_id=key,
        labels=[
            group.RenewedLabel(
                renews=one.fingerprint, fingerprint=fresh(32), sealed_label=b"renewed"
            )
            for one in town.state().names
        ],
    )


def _merging(town: Town, who: str) -> group.MergeGroupsRequest:
    return group.MergeGroupsRequest(
        request_id=fresh(), group_a=registered(town), group_b=registered(town)
    )


def _naming(town: Town, who: str) -> group.NameGroupsRequest:
    further = group.FurtherName(token=town.group, **name(town.state().names.key))
    return group.NameGroupsRequest(request_id=fresh(), names=[further])


def _handing(town: Town, who: str) -> group.HandOverLabelKeyRequest:
    published(town)
    key = town.state().names.key or fresh()
    return group.HandOverLabelKeyRequest(
        request_id=fresh(), certificate=b"certificate", keys=[sealed(RECEIVER, key)]
    )


def _renewing(town: Town, who: str) -> group.RenewLabelsRequest:
    coordinates = PEOPLE[who][0] == "coordinator"
    return renewing(town, begun(town, who if coordinates else "coordinator"))


def _ending(town: Town, who: str) -> group.EndRotationRequest:
    key = begun(town, BESIDE)
    town.done(BESIDE, "RenewLabels", renewing(town, key), group.RenewLabelsResponse)
    return group.EndRotationRequest(
        request_id=fresh(), to_key_id=key, seen=digest(town.state().names.renewed)
    )


GROUPING: dict[str, Make] = {
    "NameGroups": _naming,
    "MergeGroups": _merging,
    "ShowLabelKeys": lambda town, who: group.ShowLabelKeysRequest(),
    "PublishExchangeKey": lambda town, who: publishing(),
    "HandOverLabelKey": _handing,
    "BeginRotation": lambda town, who: beginning(town),
    "RenewLabels": _renewing,
    "EndRotation": _ending,
}
"""By method: makes a request that is answered, if its caller may."""
