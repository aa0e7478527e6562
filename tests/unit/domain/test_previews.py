"""How often somebody looked: by person, organisation and day."""

from kit.world import NOW

from placement.domain.life_events import Previewed
from placement.domain.previews import Previews
from placement.domain.terms import MICROS_A_DAY

ONE = Previewed(organisation="syd", person="co-01", count=1)
OTHER = Previewed(organisation="nord", person="co-01", count=1)


def test_each_person_has_a_day():
    """What was spent before it is forgotten; another organisation's is another's."""
    previews = Previews()
    for at in (NOW, NOW, NOW + 1):
        previews.spend(ONE, at)
    spent = previews.on_day(ONE, NOW), previews.on_day(OTHER, NOW)
    later = previews.on_day(ONE, NOW + MICROS_A_DAY)
    previews.spend(ONE, NOW + MICROS_A_DAY)

    assert (spent, later) == ((3, 0), 0)
    assert previews.on_day(ONE, NOW + MICROS_A_DAY) == 1


def test_a_snapshot_keeps_them():
    """With the time of the last, so that the day is known."""
    previews, again = Previews(), Previews()
    for event, at in ((ONE, NOW), (ONE, NOW + 5), (OTHER, NOW)):
        previews.spend(event, at)
    for at, event in previews.records():
        again.spend(event, at)

    assert list(again.records()) == list(previews.records())
    assert again.on_day(ONE, NOW) == 2
