"""What groups mean to somebody of another, as the graph of a small world has it."""

from dataclasses import fields
from typing import Any

from kit.world import TODAY, World, day, token
from placement.domain.graph import View
from placement.domain.relations import Relation
from placement.domain.strength import Strength, Weigh
from placement.domain.terms import Window


def view(
    world: World,
    *,
    start: int = 0,
    end: int | None = None,
    at_least: Strength = Strength.FIRM,
) -> View:
    """Return the graph as links act in a window, counted in days from today."""
    weigh = Weigh(Window(start=day(start), end=day(end)), TODAY, 180)
    return world.state.graph.view(weigh, at_least)


def kinds(
    world: World, mine: str, other: str, since: int | None = None, **how: Any
) -> set[str]:
    """Return what a group means to a person of another, by name."""
    relations = view(world, **how).relations(token(mine), day(since))
    relation = relations.get(token(other), Relation())
    names = [each.name for each in fields(relation)]
    return {name for name in names if getattr(relation, name) is not None}
