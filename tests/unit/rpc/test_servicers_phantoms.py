"""Requests about phantom stays become commands, and replies answers."""

import pytest
from kit.world import TODAY, token

from placement.api.v1 import phantom_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate
from placement.domain.terms import GroupSize, LiftGround
from placement.errors import InvalidInputError
from placement.rpc import servicers_phantoms as module
from placement.rpc.servicers_phantoms import lift_phantoms, size_group

LIFT = {
    "request_id": token("request"),
    "case_handle": token("case"),
    "candidate": Candidate(area="2480"),
    "window": types.Window(start_day=TODAY),
    "ground": wire.LIFT_GROUND_CARE,
    "seen": bytes(32),
}
SIZE = {"request_id": token("request"), "group": token("A"), "size": 4}


def test_every_word_of_the_wire_is_one_of_ours():
    """And nothing else."""
    assert set(module.GROUNDS.values()) == set(LiftGround)
    assert set(module.SIZES.values()) == set(GroupSize)
    assert {int(key): value for key, value in module.SIZES.items()} == {
        int(size): size for size in GroupSize
    }
    assert {int(key): value for key, value in module.GROUNDS.items()} == {
        int(ground): ground for ground in LiftGround
    }


def test_a_lift_is_read(origin):
    """With a change of its own."""
    got = lift_phantoms(wire.LiftPhantomsRequest(**LIFT), origin)

    assert (got.case, got.candidate.area, got.ground) == (
        token("case"),
        "2480",
        LiftGround.CARE,
    )
    assert (got.window.start, got.seen, len(got.change)) == (TODAY, bytes(32), 16)


def test_a_size_is_read(origin):
    """With a change of its own."""
    got = size_group(wire.SizeGroupRequest(**SIZE), origin)

    assert (got.group, got.size, len(got.change)) == (
        token("A"),
        GroupSize.VERY_LARGE,
        16,
    )


@pytest.mark.parametrize(
    ("read", "kind", "given", "field"),
    [
        (lift_phantoms, wire.LiftPhantomsRequest, {**LIFT, "ground": 0}, "ground"),
        (lift_phantoms, wire.LiftPhantomsRequest, {**LIFT, "ground": 9}, "ground"),
        (lift_phantoms, wire.LiftPhantomsRequest, {**LIFT, "seen": b""}, "seen"),
        (size_group, wire.SizeGroupRequest, {**SIZE, "size": 0}, "size"),
        (size_group, wire.SizeGroupRequest, {**SIZE, "group": b""}, "group"),
    ],
)
def test_what_does_not_hold_is_refused(origin, read, kind, given, field):
    """By the name of its field."""
    with pytest.raises(InvalidInputError) as refused:
        read(kind(**given), origin)

    assert refused.value.field == field
