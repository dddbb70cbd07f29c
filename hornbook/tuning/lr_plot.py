"""Loss over rate for each horizon and batch, as an SVG that stands alone."""

from collections.abc import Sequence
from html import escape

import numpy as np

from hornbook.tuning.curve_fit import Optimum
from hornbook.tuning.lr_grid import GridCell

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 60, 190, 16, 40
COLOURS = ["#2b6cb0", "#c05621", "#2f855a", "#805ad5", "#b83280", "#718096"]


def rate_chart(cells: Sequence[GridCell], optima: Sequence[Optimum]) -> str:
    """A line with dots for each cell, and a ring at its optimum; runs that diverged are left out."""
    curves = []
    for cell in cells:
        means = cell.losses_RS.mean(axis=1)
        curves.append([(np.log(rate), loss) for rate, loss in zip(cell.rates, means, strict=True) if np.isfinite(loss)])
    xs = [x for curve in curves for x, _ in curve]
    ys = [y for curve in curves for _, y in curve] + [best.loss for best in optima]

    def place(x: float, y: float) -> tuple[str, str]:
        across = (x - min(xs)) / max(max(xs) - min(xs), 1e-9)
        up = (y - min(ys)) / max(max(ys) - min(ys), 1e-9)
        return f"{LEFT + across * (WIDTH - LEFT - RIGHT):.1f}", f"{HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM):.1f}"

    parts = [_text(LEFT, HEIGHT - 6, "peak learning rate (logarithmic)"), _text(4, TOP - 4, "validation loss, nats")]
    for rate in sorted({rate for cell in cells for rate in cell.rates}):
        x, _ = place(np.log(rate), min(ys))
        parts.append(_text(float(x), HEIGHT - BOTTOM + 16, f"{rate:g}", "middle"))
    for loss in np.linspace(min(ys), max(ys), 5):
        _, y = place(xs[0], loss)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, float(y) + 4, f"{loss:.3f}", "end"))
    for number, (cell, curve, best) in enumerate(zip(cells, curves, optima, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(",".join(place(x, y)) for x, y in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [_dot(*place(x, y), 3, colour, colour) for x, y in curve]
        parts.append(_dot(*place(best.x, best.loss), 6, "none", colour))
        label = f"{cell.horizon:,} tokens, batch {cell.batch_rows}"
        parts.append(_text(WIDTH - RIGHT + 12, TOP + 14 + 18 * number, label, "start", colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _dot(x: str, y: str, radius: int, fill: str, stroke: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}" stroke="{stroke}"/>'
