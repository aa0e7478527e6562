"""Requests about a changeover become commands, and replies answers."""

import pytest
from kit.changing import NEW, OLD
from kit.world import NOW, token

from placement.api.v1 import changeover_service_pb2 as wire
from placement.domain.changeover import Named
from placement.domain.changeover_events import ChangeoverSaid, ChangeoverStep
from placement.domain.decide.changeovers import ChangeoverView
from placement.errors import InvalidInputError
from placement.rpc import servicers_changeovers as module
from placement.service.batch import Answer

REQUEST = {"request_id": token("request")}
PAIR = OLD + b"p" * 32 + NEW + b"q" * 32


def test_every_step_is_one_of_the_wire():
    """And nothing else is, but none."""
    assert set(module.STEPS) == set(ChangeoverStep)
    assert {int(step): int(said) for step, said in module.STEPS.items()} == {1: 1, 2: 2}


def test_requests_are_read(origin):
    """Each with its caller and whatever it names."""
    shown = module.show_changeover(wire.ShowChangeoverRequest(), origin)
    begun = module.begin_changeover(
        wire.BeginChangeoverRequest(**REQUEST, to_key_id=NEW), origin
    )
    offered = module.offer_pairs(
        wire.OfferPairsRequest(**REQUEST, pairs=[PAIR]), origin
    )
    ended = module.end_changeover(
        wire.EndChangeoverRequest(**REQUEST, to_key_id=NEW, give_up=True, left=3),
        origin,
    )
    subjects = ((OLD, b"subject of " + b"p" * 32), (NEW, b"subject of " + b"q" * 32))

    assert shown.caller == origin.caller
    assert (begun.to_key, begun.request_id) == (NEW, token("request"))
    assert offered.pairs == (Named("pairs[0]", subjects),)
    assert (ended.to_key, ended.give_up, ended.left) == (NEW, True, 3)


BAD = [
    (module.begin_changeover, wire.BeginChangeoverRequest(to_key_id=NEW), "request_id"),
    (module.begin_changeover, wire.BeginChangeoverRequest(**REQUEST), "to_key_id"),
    (module.end_changeover, wire.EndChangeoverRequest(**REQUEST), "to_key_id"),
    (
        module.end_changeover,
        wire.EndChangeoverRequest(**REQUEST, to_key_id=NEW, left=1 << 31),
        "left",
    ),
    (
        module.offer_pairs,
        wire.OfferPairsRequest(**REQUEST, pairs=[PAIR] * 101),
        "pairs",
    ),
    (module.offer_pairs, wire.OfferPairsRequest(**REQUEST, pairs=[b""]), "pairs[0]"),
    (
        module.offer_pairs,
        wire.OfferPairsRequest(**REQUEST, pairs=[PAIR, 2 * PAIR[:64]]),
        "pairs[1]",
    ),
]


@pytest.mark.parametrize("place", range(len(BAD)))
def test_what_does_not_hold_is_refused(origin, place):
    """By the name of its field."""
    read, request, field = BAD[place]
    with pytest.raises(InvalidInputError) as refused:
        read(request, origin)

    assert refused.value.field == field


SAID = ChangeoverSaid(
    step=ChangeoverStep.END, to_key=NEW, person="co-09", left=2, expires_at=NOW
)
QUIET = ChangeoverView(
    key=OLD,
    to_key=b"",
    said=None,
    waiting=0,
    halfway=0,
    disputed=0,
    left=0,
    counted=False,
)
BUSY = ChangeoverView(
    key=OLD,
    to_key=NEW,
    said=SAID,
    waiting=4,
    halfway=3,
    disputed=2,
    left=1,
    counted=True,
)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (QUIET, wire.ShowChangeoverResponse(revision=7, key_id=OLD)),
        (
            BUSY,
            wire.ShowChangeoverResponse(
                revision=7,
                key_id=OLD,
                to_key_id=NEW,
                said=wire.CHANGEOVER_STEP_END,
                said_key_id=NEW,
                said_by="co-09",
                said_left=2,
                said_expires_at=NOW,
                waiting=4,
                halfway=3,
                disputed=2,
                left=1,
                counted=True,
            ),
        ),
    ],
    ids=["nothing", "everything"],
)
def test_how_it_stands_is_rendered(view, expected):
    """Whole."""
    assert module.shown(Answer(reply=view, revision=7, leaf=1)) == expected
