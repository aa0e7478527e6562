"""An anchor that can't be written is told once, and so is one that works again."""

import pytest

from placement.errors import UnavailableError
from placement.service.anchoring import Anchoring
from placement.store.head import Head


class Anchor:
    """One whose file may be away."""

    def __init__(self):
        self.away, self.kept = False, []

    def keep(self, head):
        if self.away:
            raise UnavailableError
        self.kept.append(head)


def test_what_it_tells(caplog):
    """Each change, and nothing between; health looks at the rest."""
    anchor = Anchor()
    anchoring = Anchoring(anchor)
    seen = [anchoring.sound]
    for away in (False, True, True, False, False):
        anchor.away = away
        if away:
            with pytest.raises(UnavailableError):
                anchoring.keep(Head.GENESIS)
        else:
            anchoring.keep(Head.GENESIS)
        seen.append(anchoring.sound)

    assert seen == [True, True, False, False, True, True]
    assert [each.message for each in caplog.records] == [
        "anchor_failed",
        "anchor_works",
    ]
    assert len(anchor.kept) == 3
