"""A network in words: layers, integers, thresholds, and what reading it folded and dropped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from scamp_sim.systems.network.params import Conv, Counts, Dense, Input, Layer, Network, Padding, Pool
from scamp_sim.text import plural, table

WIDTH = 80


def text(net: Network) -> str:
    """What `print(net)` shows, at most 80 columns wide."""
    shapes = net.shapes()
    head = ("layer", "what", "gives", "integers", "thresholds")
    rows = [
        (layer.name, what(layer), shape_text(shape), integers(layer), thresholds(layer))
        for layer, shape in zip(net.layers, shapes[1:], strict=True)
    ]
    lines = [f"network  {net.source or 'of arrays'}: {plural(len(net.layers), 'layer')}", *shown(net.input)]
    if net.classes:
        lines += wrapped("classes", ", ".join(net.classes))
    lines += ["", *table(head, rows, "<<<<<").splitlines(), ""]
    for layer in net.layers:
        lines += details(layer)
    for note in net.notes:
        lines += wrapped("note", note)
    for warning in net.warnings():
        lines += wrapped("warning", warning)
    return "\n".join(lines).rstrip() + "\n"


def shown(what: Input) -> Iterator[str]:
    """The input in words."""
    dark, bright = what.values
    yield from wrapped(
        "input",
        f"{what.rows}x{what.columns} bits, bright where grey > {what.above} ({bright:g} in training, dark {dark:g})",
    )
    if what.placed:
        rows, columns = what.picture
        steps = [f"pictures of {rows:g}x{columns:g}"]
        steps += [f"means of {what.shrink}x{what.shrink}"] if what.shrink > 1 else []
        steps += [f"each pixel {what.scale}x{what.scale} times"] if what.scale > 1 else []
        steps += [f"dark pixels around: {sides(what.pad)}"] if any(what.pad) else []
        yield from wrapped("placed", ", ".join(steps))


def what(layer: Layer) -> str:
    """A layer in a few words."""
    match layer:
        case Conv():
            parts = [f"{layer.channels} of {layer.kernel}x{layer.kernel}"]
            parts += [f"every {layer.stride}"] if layer.stride > 1 else []
            parts += [f"pad {sides(layer.padding)}"] if any(layer.padding) else []
            return ", ".join(parts)
        case Pool():
            every = 0 if layer.every is None else int(layer.every.sum())
            return f"max {windows(layer)}" + (f", {every} min" if every else "")
        case Counts():
            return f"counts of {windows(layer)}"
        case Dense():
            after = {"none": "", "relu": ", ReLU", "sign": ", sign"}[layer.activation]
            return f"dense {layer.features} to {layer.classes}{after}"


def windows(layer: Pool | Counts) -> str:
    """The windows of a pool."""
    return f"{layer.size}x{layer.size}" + (f" every {layer.stride}" if layer.stride != layer.size else "")


def sides(padding: Padding) -> str:
    """One number where all sides have it."""
    return str(padding[0]) if len(set(padding)) == 1 else ":".join(map(str, padding))


def shape_text(shape: Sequence[int]) -> str:
    """16x64x64, or 10 for scores."""
    return str(shape[0]) if tuple(shape[1:]) == (1, 1) else "x".join(map(str, shape))


def integers(layer: Layer) -> str:
    """The kind of its weights."""
    if isinstance(layer, (Pool, Counts)):
        return ""
    if isinstance(layer, Dense) and not layer.integer:
        return "none, float"
    weights = layer.weights[layer.constant == 0] if isinstance(layer, Conv) else layer.weights
    values = {int(v) for v in np.unique(weights)}
    if not values:
        return "none"
    if values <= {-1, 1}:
        return "+-1"
    if values <= {-1, 0, 1}:
        zeros = float(np.mean(weights == 0))
        return f"-1..1, {100 * zeros:.0f} % 0"
    return f"{min(values)}..{max(values)}"


def thresholds(layer: Layer) -> str:
    """The range of its thresholds, or its scale and bias."""
    match layer:
        case Conv():
            levels = layer.levels
            found = "none" if not levels else f"{levels[0]}" if len(levels) == 1 else f"{levels[0]}..{levels[-1]}"
            return found + (f", {len(levels)} levels" if len(levels) > 1 else "")
        case Dense():
            return f"bias {layer.bias.min():.3g}..{layer.bias.max():.3g}"
    return ""


def details(layer: Layer) -> Iterator[str]:
    """Thresholds and sums of weights of a convolution, channel by channel."""
    if not isinstance(layer, Conv):
        return
    constant = layer.constant
    cells = [
        f"{t}" if fixed == 0 else "always" if fixed > 0 else "never"
        for t, fixed in zip(layer.threshold.tolist(), constant.tolist(), strict=True)
    ]
    yield from wrapped(f"{layer.name}", "+1 where the sum is at least " + ", ".join(cells))
    if layer.depthwise:
        yield from wrapped("", "each kernel sees its own channel alone")
    if layer.pad_value:
        yield from wrapped(
            "", f"padded with {layer.pad_value:+d}, the value of a {'bright' if layer.pad_value > 0 else 'dark'} pixel"
        )
    yield from wrapped("", "sums of weights " + ", ".join(str(t) for t in layer.total.tolist()))


def wrapped(label: str, said: str) -> list[str]:
    """A label and what follows, at most 80 columns wide."""
    return textwrap.wrap(
        said,
        WIDTH,
        initial_indent=f"{label:<8} ",
        subsequent_indent=" " * 9,
        break_long_words=False,
        break_on_hyphens=False,
    )


def document(net: Network) -> dict[str, Any]:
    """The network as JSON: everything but the weights of dense layers and of kernels."""
    shapes = net.shapes()
    layers: list[dict[str, Any]] = []
    for layer, before, after in zip(net.layers, shapes[:-1], shapes[1:], strict=True):
        entry: dict[str, Any] = {
            "name": layer.name,
            "kind": type(layer).__name__.lower(),
            "node": layer.node,
            "takes": list(before),
            "gives": list(after),
        }
        match layer:
            case Conv():
                entry |= {
                    "kernel": layer.kernel,
                    "stride": layer.stride,
                    "padding": list(layer.padding),
                    "pad_value": layer.pad_value,
                    "depthwise": layer.depthwise,
                    "thresholds": layer.threshold.tolist(),
                    "constant": layer.constant.tolist(),
                    "flipped": np.asarray(layer.flipped).tolist(),
                    "sum_of_weights": layer.total.tolist(),
                    "levels": list(layer.levels),
                    "weights": layer.weights.tolist(),
                }
            case Pool():
                entry |= {"size": layer.size, "stride": layer.stride}
                entry["every"] = None if layer.every is None else layer.every.tolist()
            case Counts():
                entry |= {"size": layer.size, "stride": layer.stride}
            case Dense():
                entry |= {"integer": layer.integer, "binary": layer.binary, "activation": layer.activation}
                entry |= {"scale": layer.scale.tolist(), "bias": layer.bias.tolist()}
        layers.append(entry)
    i = net.input
    return {
        "source": net.source,
        "input": {
            "size": [i.rows, i.columns],
            "above": i.above,
            "values": list(i.values),
            "place": {"scale": i.scale, "shrink": i.shrink, "pad": list(i.pad)},
        },
        "layers": layers,
        "classes": list(net.classes),
        "notes": list(net.notes),
        "warnings": list(net.warnings()),
    }


__all__ = ["document", "text", "wrapped"]
