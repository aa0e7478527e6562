"""Whatever changed is weighed again: random worlds, held against brute force."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kit.affecting import Change, changed, merge, reached, settle
from kit.often import often
from kit.small import ANY, AREAS, GROUPS, STAND, Small, settled
from kit.world import token

from placement.domain.stay_events import ProviderStopped


def _change(kind: str, given: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
    return st.builds(Change, st.just(kind), st.integers(0, 50), given)


_NONE = st.none()
_AMENDMENT = st.tuples(
    st.sampled_from(("end", "retract", "regrade", "renew", "lift")),
    st.sampled_from((-181, -180, -20, 0)),
)
_COVER = st.tuples(
    st.sampled_from(tuple(AREAS)),
    st.sampled_from((0, 90, 91)),
    st.sampled_from(("syd", "nord", "national")),
)
_PAIR = st.lists(st.sampled_from(GROUPS), min_size=2, max_size=2, unique=True)
CHANGES = st.one_of(
    _change("record", ANY),
    _change("record", ANY),
    _change("amend", _AMENDMENT),
    _change("amend", _AMENDMENT),
    _change("approve", _AMENDMENT),
    _change("drop", st.booleans()),
    _change("merge", _PAIR),
    _change("merge", _PAIR),
    _change("unmerge", _NONE),
    _change("assess", _NONE),
    _change("place", STAND),
    _change("leave", _NONE),
    _change("hold", st.booleans()),
    _change("cover", _COVER),
    _change("stop", st.booleans()),
    _change("pass", st.sampled_from((1, 1, 1, 2, 5, 6, 70, 71, 180, 181))),
)


@often(60)
@given(settled(), st.lists(_PAIR, max_size=2), CHANGES)
def test_whatever_changed_is_affected(
    small: Small, merged: list[list[str]], change: Change
):
    """No placement is worth something else after a change that did not lead to it."""
    world = small.build()
    for pair in merged:
        merge(world, *pair)
    world.apply(ProviderStopped(provider=token("firm"), region="syd"))
    settle(world)
    moment = change.happen(world)
    got = set(changed(world.state, moment)) - reached(world)

    assert got == set()
