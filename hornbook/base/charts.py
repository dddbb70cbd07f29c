"""Charts as SVG: within a page they need no script, scale with it and take their colours from its style sheet."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 34
ROW, LABELS = 26, 120  # height of a row, and width of the labels beside the rows
LABEL_CHARACTERS = 14  # that fit beside a row
VALUES = 144  # width of the numbers at the right of the rows
TICK_CHARACTER = 7.5  # width of a character of a tick's number
MARKED_POINTS = 12  # curves of so few points get dots
Points = Sequence[tuple[float, float]]
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5", "#b83280", "#718096")
FILE_STYLE = (  # a file of its own has no page whose style sheet it could follow
    "text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:2}.ring{fill:none;stroke:#333}"
    + "".join(f".line.c{n}{{stroke:{c}}}.mark.c{n},.key.c{n}{{fill:{c}}}" for n, c in enumerate(COLOURS))
)


def line_chart(
    series: Mapping[str, Points], x_label: str, y_label: str, y_range: tuple[float, float] | None = None
) -> str:
    """Lines over common axes, one per name in `series`; each point is (x, y). Empty series are left out."""
    series = {name: points for name, points in series.items() if len(points) > 0}
    if not series:
        return ""
    parts = _lines(series, x_label, y_label, y_range, (), number)
    return _svg(parts, HEIGHT, f"{y_label} over {x_label}") + (_legend(list(series)) if len(series) > 1 else "")


def line_chart_file(series: Mapping[str, Points], circled: Points, x_label: str, y_label: str) -> str:
    """The same as an SVG file of its own, with the x axis logarithmic and a ring around the points `circled`."""
    logarithmic = {name: [(math.log10(x), y) for x, y in points if math.isfinite(y)] for name, points in series.items()}
    rings = [(math.log10(x), y) for x, y in circled]
    parts = _lines(logarithmic, f"{x_label} (logarithmic)", y_label, None, rings, lambda x: f"{10**x:.2g}")
    for place, name in enumerate(series):
        y = HEIGHT + 16 * (place + 1)
        parts.append(f'<rect class="key c{place % 6}" x="{LEFT}" y="{y - 9}" width="10" height="10"/>')
        parts.append(f'<text class="label" x="{LEFT + 16}" y="{y}">{escape(name)}</text>')
    parts = [f"<style>{FILE_STYLE}</style>", '<rect width="100%" height="100%" fill="white"/>', *parts]
    height = HEIGHT + 16 * len(series) + 12
    return _svg(parts, height, f"{y_label} over {x_label}").replace("<svg", f"<svg {XMLNS}", 1) + "\n"


def _lines(
    series: Mapping[str, Points],
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] | None,
    circled: Points,
    x_number: Callable[[float], str],
) -> list[str]:
    xs = [x for points in series.values() for x, _ in points] + [x for x, _ in circled]
    ys = [y for points in series.values() for _, y in points if math.isfinite(y)] + [y for _, y in circled]
    x_axis = _Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    low, high = y_range or (min(ys), max(ys))
    y_axis = _Axis(low, high, HEIGHT - BOTTOM, TOP)
    parts = [_grid(x_axis, y_axis, x_label, y_label, x_number)]
    for place, points in enumerate(series.values()):
        path = " ".join(f"{x_axis.at(x):.1f},{y_axis.at(y):.1f}" for x, y in _thinned(points) if math.isfinite(y))
        parts.append(f'<polyline class="line c{place % 6}" points="{path}"/>')
        if len(points) <= MARKED_POINTS:
            parts += [
                f'<circle class="mark c{place % 6}" cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="3"/>'
                for x, y in points
            ]
    parts += [f'<circle class="ring" cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="6"/>' for x, y in circled]
    return parts


def interval_chart(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """A dot with its 95 % interval for each row (label, mean, low, high), and both as numbers; values from 0 to 1."""
    height = ROW * len(rows) + BOTTOM
    most = max(0.05, min(1.0, max(high for *_, high in rows) * 1.1))
    axis = _Axis(0.0, most, LABELS, WIDTH - VALUES - RIGHT)
    parts = _columns(axis, height, lambda tick: f"{tick:.0%}")
    parts += _dots(axis, rows, lambda mean, low, high: f"{mean:.1%} ({100 * low:.1f} to {100 * high:.1f})")
    return _svg(parts, height, "Scores with their 95 % intervals")


def difference_chart(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """A dot with its 95 % interval for each row (label, difference, low, high) around a line at no difference, and both
    as numbers; shares, shown as points (0.01 is one)."""
    height = ROW * len(rows) + BOTTOM
    far = max(0.01, *(max(abs(low), abs(high)) for *_, low, high in rows)) * 1.05
    axis = _Axis(-far, far, LABELS, WIDTH - VALUES - RIGHT)
    parts = _columns(axis, height, lambda tick: f"{tick * 100:+.3g}" if abs(tick) > far / 1000 else "0")
    parts.append(f'<line class="zero" x1="{axis.at(0):.1f}" x2="{axis.at(0):.1f}" y1="4" y2="{height - BOTTOM + 4}"/>')
    parts += _dots(axis, rows, lambda *values: "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * v for v in values)))
    return _svg(parts, height, "Differences with their 95 % intervals, in points")


def success_curve(estimates: Sequence[tuple[int, float, float, float]], length: int, pivots: Sequence[int]) -> str:
    """p(success) along a solution, as in the report's figure 3.

    `estimates` are (tokens given, p, low, high) where p was estimated, `length` the solution's tokens, `pivots` the
    positions of pivotal tokens (drawn as bands).
    """
    x_axis = _Axis(0, max(length, 1), LEFT, WIDTH - RIGHT)
    y_axis = _Axis(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    parts = [_grid(x_axis, y_axis, "tokens of the solution", "p(success)", number)]
    for position in pivots:
        x, next_x = x_axis.at(position), x_axis.at(position + 1)
        parts.append(
            f'<rect class="band" x="{x:.1f}" y="{TOP}" width="{max(2, next_x - x):.1f}" '
            f'height="{HEIGHT - BOTTOM - TOP}"/>'
        )
    path = " ".join(f"{x_axis.at(x):.1f},{y_axis.at(p):.1f}" for x, p, _, _ in estimates)
    parts.append(f'<polyline class="line c0" points="{path}"/>')
    for x, p, low, high in estimates:
        place = x_axis.at(x)
        parts.append(
            f'<line class="whisker" x1="{place:.1f}" x2="{place:.1f}" y1="{y_axis.at(low):.1f}" '
            f'y2="{y_axis.at(high):.1f}"/><circle class="dot small" cx="{place:.1f}" cy="{y_axis.at(p):.1f}" r="3"/>'
        )
    return _svg(parts, HEIGHT, "p(success) along the solution")


def bar(share: float) -> str:
    """A thin horizontal bar that fills `share` of its cell."""
    return f'<span class="bar"><span style="width:{max(0.0, min(1.0, share)):.1%}"></span></span>'


class _Axis:
    """A linear map from values to pixels, and round numbers to mark on it."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = low, high if high > low else low + 1
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self) -> list[float]:
        rough = (self.high - self.low) / 4
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [first * step + step * i for i in range(8) if first * step + step * i <= self.high * (1 + 1e-9)]


def _grid(x_axis: _Axis, y_axis: _Axis, x_label: str, y_label: str, x_number: Callable[[float], str]) -> str:
    parts = []
    for tick in y_axis.ticks():
        y = y_axis.at(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    for tick in x_axis.ticks():
        parts.append(_tick(x_axis.at(tick), HEIGHT - BOTTOM + 15, x_number(tick)))
    parts.append(
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text>'
        f'<text class="tick" x="{LEFT + 4}" y="{TOP + 8}">{escape(y_label)}</text>'
    )
    return "".join(parts)


def _columns(axis: _Axis, height: int, shown: Callable[[float], str]) -> list[str]:
    """Vertical lines with their numbers below."""
    parts = []
    for tick in axis.ticks():
        x = axis.at(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - BOTTOM + 4}"/>')
        parts.append(_tick(x, height - 12, shown(tick)))
    return parts


def _tick(x: float, y: float, text: str) -> str:
    """A number below an axis, centred where there is room for it."""
    x = min(x, WIDTH - len(text) * TICK_CHARACTER / 2)
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{text}</text>'


def _dots(
    axis: _Axis, rows: Sequence[tuple[str, float, float, float]], shown: Callable[[float, float, float], str]
) -> list[str]:
    """A row each with its label, a line from low to high, a dot at the value, and the three as text."""
    parts = []
    for place, (label, value, low, high) in enumerate(rows):
        y = 18 + ROW * place
        parts.append(_row_label(label, y + 4))
        parts.append(f'<line class="whisker" x1="{axis.at(low):.1f}" x2="{axis.at(high):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot" cx="{axis.at(value):.1f}" cy="{y}" r="5"/>')
        numbers = shown(value, low, high)
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT / 2}" y="{y + 4}" text-anchor="end">{numbers}</text>')
    return parts


def _row_label(label: str, y: float) -> str:
    """The name of a row; a long one without its middle, and whole when pointed at."""
    half = LABEL_CHARACTERS // 2
    shown = label if len(label) <= LABEL_CHARACTERS else f"{label[:half]}…{label[-half + 1 :]}"
    title = "" if shown == label else f"<title>{escape(label)}</title>"
    return f'<text class="label" x="{LABELS - 10}" y="{y}" text-anchor="end">{escape(shown)}{title}</text>'


def _thinned(points: Points, most: int = 400) -> Points:
    """At most `most` points, the last one among them: more than the pixels can show is only weight."""
    if len(points) <= most:
        return points
    step = len(points) / most
    return [points[int(i * step)] for i in range(most - 1)] + [points[-1]]


def _legend(names: list[str]) -> str:
    items = "".join(f'<span><i class="c{i % 6}"></i>{escape(name)}</span>' for i, name in enumerate(names))
    return f'<p class="legend">{items}</p>'


def _svg(parts: list[str], height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def number(value: float) -> str:
    """A short number for an axis: 1500000 as 1.5M, 0.25 as 0.25."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{round(value, 6):g}"
