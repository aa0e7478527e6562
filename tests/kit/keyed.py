"""A request to each method about a changeover of keys that holds, in a town."""

from typing import Any

from kit.town import Town, fresh
from placement.api.v1 import changeover_service_pb2 as wire
from placement.app import micros
from placement.domain.changeover_events import ChangeoverBegun
from placement.domain.events import Record
from placement.domain.terms import Micros
from placement.store.codec import encode


def begun(town: Town) -> bytes:
    """Have a changeover be under way; return the id of the key that follows."""
    changeover = town.state().changeover
    if changeover.begun is not None:
        return bytes(changeover.begun.to_key)
    event = ChangeoverBegun(from_key=changeover.key, to_key=fresh() * 2)
    record = Record(at=Micros(micros()), event=event)
    with town.store.writing() as writing:
        writing.append([encode(record)], ())
    return event.to_key


def unbegun(town: Town) -> None:
    """Have none be under way."""
    if town.state().changeover.begun is not None:
        request = _ending(town)
        town.done("national", "EndChangeover", request, wire.EndChangeoverResponse)


def _ending(town: Town) -> wire.EndChangeoverRequest:
    return wire.EndChangeoverRequest(
        request_id=fresh(), to_key_id=begun(town), give_up=True
    )


def _beginning(town: Town, who: str) -> wire.BeginChangeoverRequest:
    del who
    unbegun(town)
    return wire.BeginChangeoverRequest(request_id=fresh(), to_key_id=fresh() * 2)


def _offering(town: Town, who: str) -> wire.OfferPairsRequest:
    del who
    to_key = begun(town)
    key = town.state().changeover.key
    pair = key + fresh() * 2 + to_key + fresh() * 2
    return wire.OfferPairsRequest(request_id=fresh(), pairs=[pair])


CHANGING: dict[str, Any] = {
    "ShowChangeover": lambda town, who: wire.ShowChangeoverRequest(),
    "BeginChangeover": _beginning,
    "OfferPairs": _offering,
    "EndChangeover": lambda town, who: _ending(town),
}
"""By method: makes a request that is answered, if its caller may."""
