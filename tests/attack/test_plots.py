"""A plot has a line for each control."""

from xml.etree import ElementTree as ET

from tests.attack.plots import svg, text

CURVES = {"none": [0.0, 0.5, 1.0], "both": [0.0, 0.02, 0.02]}
MARKS = (0, 10, 20)


def test_the_svg_is_one_with_two_lines():
    """Well formed."""
    root = ET.fromstring(svg(CURVES, MARKS))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")

    assert [len(line.get("points").split()) for line in lines] == [3, 3]


def test_the_text_has_bars_as_long_as_beliefs():
    """Forty letters are certainty."""
    got = text(CURVES, MARKS).splitlines()

    assert got[3] == "       20  1.00 " + "#" * 40
    assert got[5] == "        0  0.00"
