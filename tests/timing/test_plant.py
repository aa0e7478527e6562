"""A planted leak costs what it says, where it says, and only a CONFLICT."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from placement.api.v1 import types_pb2 as wire
from placement.rpc import render
from placement.rpc.even import Pace
from tests.timing import plant
from tests.timing.plant import Leak, read


@pytest.fixture
def burnt(monkeypatch):
    """What was burnt, and nothing planted afterwards."""
    seconds = []
    monkeypatch.setattr(plant, "burn", seconds.append)
    monkeypatch.setattr(render, "checked", lambda answer, _: answer)
    monkeypatch.setattr(Pace, "keep", Pace.keep)
    return seconds


def checked(*verdicts):
    return SimpleNamespace(
        verdicts=[SimpleNamespace(verdict=each) for each in verdicts]
    )


async def serve(*verdicts):
    """Answer as the door does, each in a task of its own."""

    async def one(verdict):
        render.checked(checked(verdict), "")
        await Pace(0.001).keep(Pace.begin(), "")

    for each in verdicts:
        await asyncio.create_task(one(each))


@pytest.mark.parametrize(
    ("leak", "expected"),
    [
        (Leak(40), [0.04] * 4),
        (Leak(40, each=4), [0.04]),
        (Leak(2, late=True), [0.0, 0.002, 0.0, 0.002, 0.002, 0.002]),
    ],
)
def test_a_conflict_costs_more(burnt, leak, expected):
    """Each, one of some, or after the point; another verdict costs nothing."""
    plant.plant(leak)
    bad, fine = wire.VERDICT_CONFLICT, wire.VERDICT_CLEAR
    asyncio.run(serve(fine, bad, fine, bad, bad, bad))

    assert burnt == expected


def test_burning_takes_as_long_as_it_says():
    """By the clock."""
    began = time.perf_counter()
    plant.burn(0.003)

    assert time.perf_counter() - began >= 0.003


@pytest.mark.parametrize(
    ("leak", "words"),
    [
        (Leak(40), "40 ms of work"),
        (Leak(40, each=4), "40 ms of work, one of 4"),
        (Leak(2, late=True), "2 ms after the point"),
    ],
)
def test_a_leak_is_handed_on_by_the_command_line(leak, words):
    """And told in words."""
    assert read(leak.arguments) == leak
    assert str(leak) == words


def test_without_arguments_there_is_none():
    """A server like any other."""
    assert read([]) is None
