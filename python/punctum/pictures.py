"""Pictures of runs: by matplotlib where it is installed, otherwise as SVG, which notebooks show in the text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, cast

import numpy as np

from .errors import InvalidError
from .values import Array

if TYPE_CHECKING:
    from .simulation import Spikes

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")
WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 640, 320, 60, 10, 40, 10
NAMES = 100  # RIGHT where names stand
STYLE = 'font-family="sans-serif" font-size="12"'


class Svg:
    """A picture as text; str(picture) is a file."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_svg_(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text


def _ticks(low: float, high: float) -> Array:
    span = high - low if high > low else 1.0
    step = 10.0 ** np.floor(np.log10(span / 2.0))
    step *= 5.0 if span / step > 25 else 2.0 if span / step > 10 else 1.0
    return cast(Array, np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step + 0.0)  # no -0


class _Frame:
    """Axes, and room for what is drawn in them."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], labels: tuple[str, str], margin: int = RIGHT
    ) -> None:
        self.x, self.y, self.right = x, y, WIDTH - margin
        self.parts: list[str] = []
        right, low = self.right, HEIGHT - BOTTOM
        style = f'{STYLE} fill="#333"'
        for value in _ticks(*x):
            at = self.across(value)
            self.parts.append(f'<path d="M{at:.1f} {low}v5" stroke="#333"/>')
            self.parts.append(f'<text x="{at:.1f}" y="{low + 18}" text-anchor="middle" {style}>{value:g}</text>')
        for value in _ticks(*y):
            at = self.down(value)
            self.parts.append(f'<path d="M{LEFT} {at:.1f}h-5" stroke="#333"/>')
            self.parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" {style}>{value:g}</text>')
        self.parts.append(f'<path d="M{LEFT} {TOP}V{low}H{right}" fill="none" stroke="#333"/>')
        middle, height = (LEFT + right) / 2, (TOP + low) / 2
        style = f'text-anchor="middle" {style}'
        self.parts.append(f'<text x="{middle}" y="{HEIGHT - 5}" {style}>{escape(labels[0])}</text>')
        turn = f'transform="rotate(-90 12 {height})"'
        self.parts.append(f'<text x="12" y="{height}" {turn} {style}>{escape(labels[1])}</text>')

    def across(self, value: Any) -> Any:
        span = self.x[1] - self.x[0] or 1.0
        return LEFT + (value - self.x[0]) / span * (self.right - LEFT)

    def down(self, value: Any) -> Any:
        span = self.y[1] - self.y[0] or 1.0
        return HEIGHT - BOTTOM - (value - self.y[0]) / span * (HEIGHT - BOTTOM - TOP)

    def name(self, text: str, y: float, colour: str) -> None:
        """Beside the axes."""
        place = f'x="{self.right + 8}" y="{self.down(y) + 4:.1f}"'
        self.parts.append(f'<text {place} {STYLE} fill="{colour}">{escape(text)}</text>')

    def svg(self) -> Svg:
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        return Svg("\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *self.parts, "</svg>\n"]))


def _axes(axes: Any) -> Any:
    """matplotlib's axes, or None without it."""
    if axes is not None:
        return axes
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    from matplotlib import get_backend, pyplot

    if get_backend().lower() == "agg":
        return Figure(figsize=(8, 4), layout="constrained").add_subplot()
    return pyplot.subplots(figsize=(8, 4), layout="constrained")[1]


class Pictures:
    """raster() and potential() of a run."""

    start: float
    stop: float

    def raster(self, populations: Optional[Sequence[str]] = None, *, axes: Any = None, svg: bool = False) -> Any:
        """A raster of spikes, one row a neuron: matplotlib's axes, or an SVG where matplotlib is missing or asked
        for."""
        run = cast("Mapping[str, Spikes]", self)
        chosen = [run[name] for name in (populations or [s.name for s in run.values() if s.recorded])]
        place: Any = None if svg else _axes(axes)
        rows = 0
        frame: Optional[_Frame] = None
        if place is None:
            total = sum(s.size for s in chosen)
            margin = NAMES if len(chosen) > 1 else RIGHT
            frame = _Frame((self.start, self.stop), (-0.5, max(total, 1) - 0.5), ("time (ms)", "neuron"), margin)
        for k, spikes in enumerate(chosen):
            colour = COLOURS[k % len(COLOURS)]
            if frame is None:
                y = spikes.neuron + float(rows)
                place.plot(spikes.time, y, "|", color=colour, markersize=4, label=spikes.name)
            else:
                height = max(0.8 * (HEIGHT - BOTTOM - TOP) / max(total, 1), 1.0)
                x, y = frame.across(spikes.time), frame.down(spikes.neuron + float(rows)) - height / 2
                marks = "".join(f"M{a:.1f} {b:.1f}v{height:.1f}" for a, b in zip(x, y))
                frame.parts.append(f'<path d="{marks}" stroke="{colour}"><title>{escape(spikes.name)}</title></path>')
                if len(chosen) > 1:
                    frame.name(spikes.name, rows + 0.5 * (spikes.size - 1), colour)
            rows += spikes.size
        if frame is not None:
            return frame.svg()
        place.set(xlabel="time (ms)", ylabel="neuron", xlim=(self.start, self.stop))
        if len(chosen) > 1:
            place.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return place

    def potential(
        self, population: str, neurons: Optional[Sequence[int]] = None, *, axes: Any = None, svg: bool = False
    ) -> Any:
        """Recorded potentials of neurons of a population (mV), likewise."""
        run = cast("Mapping[str, Spikes]", self)
        samples = run[population].potential
        chosen = list(samples.neurons if neurons is None else neurons)
        for neuron in chosen:
            if neuron not in samples.neurons:
                raise InvalidError(f"the potential of neuron {neuron} of '{population}' was not recorded")
        curves = [samples.curve(int(neuron)) for neuron in chosen]
        place = None if svg else _axes(axes)
        if place is not None:
            for k, (time, value) in enumerate(curves):
                label = f"{population}[{chosen[k]}]"
                place.plot(time, value, color=COLOURS[k % len(COLOURS)], linewidth=1, label=label)
            place.set(xlabel="time (ms)", ylabel="V (mV)", xlim=(self.start, self.stop))
            return place
        values = np.concatenate([value for _, value in curves]) if curves else np.zeros(1)
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        frame = _Frame((self.start, self.stop), (low, high if high > low else low + 1.0), ("time (ms)", "V (mV)"))
        for k, (time, value) in enumerate(curves):
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(frame.across(time), frame.down(value)))
            frame.parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[k % len(COLOURS)]}"/>')
        return frame.svg()
