"""Changes tell little where phantoms come and go, too."""

from tests.attack.measuring import SHORT, scene
from tests.attack.table import nobody
from tests.attack.watch import watch

HERE = scene(2, SHORT)


def test_without_phantoms_every_flip_is_real():
    """A CLEAR that is none a week later is somebody who came."""
    got = watch(HERE.nation, nobody, 8)

    assert got.flips > 20
    assert (got.real, got.came) == (got.flips, got.arrivals)


def test_with_phantoms_one_of_three_is():
    """At most, with some slack for chance in a small nation."""
    got = watch(HERE.nation, HERE.source, 26)

    assert got.flips > 300
    assert got.real / got.flips < 0.36
