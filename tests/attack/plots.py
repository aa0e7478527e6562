"""Pictures of how belief grows with questions: one in SVG, one in text."""

from collections.abc import Mapping, Sequence
from typing import Final

WIDE, HIGH, EDGE = 640, 360, 48
_COLOURS: Final = ("#b2182b", "#ef8a62", "#2166ac", "#67a9cf")
_DASHES: Final = ("", "6 4", "", "6 4")
_BAR: Final = 40
_HEAD: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
    'font-family="sans-serif" font-size="11">'
)


def svg(curves: Mapping[str, Sequence[float]], marks: Sequence[int]) -> str:
    """Draw one line a control: belief in the truth against questions asked.

    Args:
        curves: beliefs by what the line is called.
        marks: numbers of questions, one for each belief.
    """
    across = [
        EDGE + (WIDE - 2 * EDGE) * n / (len(marks) - 1) for n in range(len(marks))
    ]
    parts = [
        _HEAD,
        "<title>Belief in where a hidden person is, by questions asked</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        y = _up(tenth / 10)
        parts.append(
            f'<path d="M{EDGE} {y:.1f}H{WIDE - EDGE}" stroke="#ddd"/>'
            f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>'
        )
    for x, mark in zip(across, marks, strict=True):
        parts.append(
            f'<text x="{x:.1f}" y="{HIGH - EDGE + 16}" text-anchor="middle">{mark}</text>'
        )
    for number, (name, beliefs) in enumerate(curves.items()):
        points = " ".join(
            f"{x:.1f},{_up(belief):.1f}"
            for x, belief in zip(across, beliefs, strict=True)
        )
        colour, dash = _COLOURS[number % 4], _DASHES[number % 4]
        line = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        y = EDGE / 2 + 14 * number
        parts.append(f'<polyline points="{points}" fill="none" {line}/>')
        parts.append(f'<path d="M{EDGE + 10} {y}h24" {line}/>')
        parts.append(f'<text x="{EDGE + 40}" y="{y + 4}">{name}</text>')
    parts.append(
        f'<text x="{WIDE / 2}" y="{HIGH - 8}" text-anchor="middle">questions</text></svg>'
    )
    return "\n".join(parts) + "\n"


def _up(belief: float) -> float:
    return HIGH - EDGE - (HIGH - 2 * EDGE) * belief


def text(curves: Mapping[str, Sequence[float]], marks: Sequence[int]) -> str:
    """Draw the same as bars of letters."""
    lines = []
    for name, beliefs in curves.items():
        lines.append(f"  {name}")
        for mark, belief in zip(marks, beliefs, strict=True):
            bar = "#" * round(belief * _BAR)
            lines.append(f"    {mark:5} {belief:5.2f} {bar}".rstrip())
    return "\n".join(lines)
