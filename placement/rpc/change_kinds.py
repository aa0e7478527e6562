"""What a change is about, in one word of the wire."""

from collections.abc import Mapping
from typing import Final

from placement.api.v1 import registry_service_pb2 as wire
from placement.domain.erasure_events import ErasureAgreed
from placement.domain.events import (
    Amendment,
    ChangeProposed,
    FactEnded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    ProviderLifted,
    ReleaseSigned,
)
from placement.domain.extract_events import ExtractAgreed
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.haunt_events import GroupSized, PhantomsLifted
from placement.domain.life_events import FactRenewed

_KINDS: Final[Mapping[type[Amendment], wire.ChangeKind.ValueType]] = {
    FactEnded: wire.CHANGE_KIND_END,
    FactRetracted: wire.CHANGE_KIND_RETRACT,
    FactRegraded: wire.CHANGE_KIND_REGRADE,
    FactRenewed: wire.CHANGE_KIND_RENEW,
    GroupsMerged: wire.CHANGE_KIND_MERGE,
    GroupsUnmerged: wire.CHANGE_KIND_UNMERGE,
    ReleaseSigned: wire.CHANGE_KIND_RELEASE,
    ProviderLifted: wire.CHANGE_KIND_PROVIDER_GOES_ON,
    PlacementEnded: wire.CHANGE_KIND_PLACEMENT_END,
    PhantomsLifted: wire.CHANGE_KIND_LIFT,
    GroupSized: wire.CHANGE_KIND_GROUP_SIZE,
    ErasureAgreed: wire.CHANGE_KIND_ERASE,
    ExtractAgreed: wire.CHANGE_KIND_EXTRACT,
}


def kind_of(change: ChangeProposed) -> wire.ChangeKind.ValueType:
    """Return what a change is about; all that it amends is amended alike."""
    if not change.amendments:
        return wire.CHANGE_KIND_RECORD
    if change.records:
        return wire.CHANGE_KIND_AMEND
    return _KINDS[type(change.amendments[0])]
