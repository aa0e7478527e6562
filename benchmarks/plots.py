"""A picture of how something grows, in SVG: one line a thing, both axes logarithmic."""

from collections.abc import Mapping
from math import ceil, floor, log10
from typing import Final

WIDE, HIGH, EDGE, KEY = 640, 360, 48, 150
_COLOURS: Final = ("#b2182b", "#2166ac", "#1b7837", "#762a83", "#8c510a", "#636363")
_HEAD: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
    'font-family="sans-serif" font-size="11">'
)


def svg(title: str, across: str, curves: Mapping[str, Mapping[float, float]]) -> str:
    """Draw lines.

    Args:
        title: what is shown.
        across: what the horizontal axis is.
        curves: by what a line is called, its heights by where they stand; all above 0.
    """
    marks = sorted({mark for curve in curves.values() for mark in curve})
    heights = [height for curve in curves.values() for height in curve.values()]
    low, high = floor(log10(min(heights))), ceil(log10(max(heights)))
    span, width = max(1, high - low), max(0.1, log10(marks[-1] / marks[0]))

    def place(mark: float, height: float) -> tuple[float, float]:
        x = EDGE + (WIDE - 2 * EDGE - KEY) * log10(mark / marks[0]) / width
        y = HIGH - EDGE - (HIGH - 2 * EDGE) * (log10(height) - low) / span
        return x, y

    parts = [
        _HEAD,
        f"<title>{title}</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>',
        f'<text x="{EDGE}" y="{EDGE / 2}">{title}</text>',
    ]
    for power in range(low, low + span + 1):
        _, y = place(marks[0], 10.0**power)
        parts.append(
            f'<path d="M{EDGE} {y:.1f}H{WIDE - EDGE - KEY}" stroke="#ddd"/>'
            f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for mark in marks:
        x, _ = place(mark, 10.0**low)
        y = HIGH - EDGE + 16
        parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{mark:g}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        points = [place(mark, curve[mark]) for mark in sorted(curve)]
        colour = _COLOURS[number % len(_COLOURS)]
        dash = "" if number < len(_COLOURS) else "6 4"
        line = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" {line}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
        y = EDGE + 16 * number
        parts.append(f'<path d="M{WIDE - EDGE - KEY + 12} {y}h20" {line}/>')
        parts.append(f'<text x="{WIDE - EDGE - KEY + 38}" y="{y + 4}">{name}</text>')
    parts.append(
        f'<text x="{(WIDE - KEY) / 2}" y="{HIGH - 8}" text-anchor="middle">{across}</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
