"""The paper's equations in plain numpy, after docs/method.md and nothing else.

All functions take complex numbers, so that a derivative needs no small difference: Im f(x + ih) / h with h = 1e-30 is
exact to rounding, and no ReLU or maximum can tip over in between. What the method declares constant to the gradient
(the style's statistics) takes the real part.

`weights` maps a name of a module's state_dict to its array.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

STEP = 1e-30


@dataclass
class Choices:
    """The random choices of one pass: style by block number, dropout mask of both streams."""

    permutation: dict = field(default_factory=dict)
    keep: dict = field(default_factory=dict)
    dropout: np.ndarray | None = None


# --- layers


def conv(x, weight, bias=None):
    """x (B, C, *space), weight (out, C, 3, ...), zero padding of 1."""
    dims = x.ndim - 2
    padded = np.pad(x, [(0, 0), (0, 0)] + [(1, 1)] * dims)
    windows = sliding_window_view(padded, (3,) * dims, axis=tuple(range(2, 2 + dims)))
    kernel = tuple(range(2, 2 + dims))
    out = np.moveaxis(np.tensordot(windows, weight, ((1, *(k + dims for k in kernel)), (1, *kernel))), -1, 1)
    return out if bias is None else out + bias.reshape(1, -1, *[1] * dims)


def instance_norm(x):
    space = tuple(range(2, x.ndim))
    centred = x - x.mean(space, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(space, keepdims=True) + 1e-5)


def relu(x):
    return np.where(x.real > 0, x, 0)


def max_pool(x, kernel):
    """Non-overlapping windows; complex numbers are compared by their real parts."""
    batch, channels, *space = x.shape
    out = [n // k for n, k in zip(space, kernel, strict=True)]
    split = x.reshape(batch, channels, *(n for pair in zip(out, kernel, strict=True) for n in pair))
    inner = tuple(range(3, 3 + 2 * len(kernel), 2))
    windows = np.moveaxis(split, inner, range(-len(kernel), 0)).reshape(batch, channels, *out, -1)
    return np.take_along_axis(windows, windows.real.argmax(-1)[..., None], -1)[..., 0]


# --- Eq. 1-3 and 12-16


def block(weights, number, x):
    for layer in (0, 3):
        x = relu(instance_norm(conv(x, weights[f"network.extractor.blocks.{number - 1}.{layer}.weight"])))
    return max_pool(x, (x.shape[2] if number == 3 else 1, 2, 2))


def neck(weights, x, mask=None):
    name = "network.extractor.neck.conv"
    x = relu(instance_norm(conv(x[:, :, 0], weights[f"{name}.weight"], weights[f"{name}.bias"])))
    if mask is not None:
        x = x * mask
    return max_pool(x, (2, 2)).reshape(len(x), -1)


def restyle(x, permutation, keep, spatial):
    """AdaIN with the mixed statistics of another sample; keep (B,) is the share of its own."""
    out = np.empty_like(x)
    pieces = [slice(t, t + 1) for t in range(x.shape[2])] if spatial else [slice(None)]
    for b, other in enumerate(permutation):
        for c in range(x.shape[1]):
            for piece in pieces:
                own, theirs = x[b, c, piece].real, x[other, c, piece].real
                deviation, wanted = (np.sqrt(v.var(ddof=1) + 1e-5) for v in (own, theirs))
                wanted = keep[b] * deviation + (1 - keep[b]) * wanted
                mean = keep[b] * own.mean() + (1 - keep[b]) * theirs.mean()
                out[b, c, piece] = (x[b, c, piece] - own.mean()) / deviation * wanted + mean
    return out


def adapt(weights, number, r):
    """RAP (Eq. 16), AP or nothing, by the names of the weights."""
    name = f"network.adapters.{number - 1}"
    if f"{name}.weight" in weights:
        return r * weights[f"{name}.weight"] + r
    layer = 0
    while f"{name}.scale.{layer}" in weights:
        r = (relu(r) if layer else r) * weights[f"{name}.scale.{layer}"] + weights[f"{name}.bias.{layer}"]
        layer += 1
    return r


def streams(weights, x, choices, spatial=False, adapted=True):
    """Behind each block both streams, then (O, O')."""
    clean = augmented = x
    seen = []
    for number in (1, 2, 3):
        clean, augmented = block(weights, number, clean), block(weights, number, augmented)
        if number in choices.permutation:
            augmented = restyle(augmented, choices.permutation[number], choices.keep[number], spatial)
        if adapted:
            clean, augmented = adapt(weights, number, clean), adapt(weights, number, augmented)
        seen.append((clean, augmented))
    masks = (None, None) if choices.dropout is None else np.split(choices.dropout, 2)
    return [*seen, (neck(weights, clean, masks[0]), neck(weights, augmented, masks[1]))]


def clean_features(weights, x, mask=None, adapted=True):
    for number in (1, 2, 3):
        x = block(weights, number, x)
        if adapted:
            x = adapt(weights, number, x)
    return neck(weights, x, mask)


# --- Eq. 4, 5, 9, 20; leading axes before (B, ...) are separate batches


def cross_entropy(logits, targets):
    """Mean over B; logits (..., B, n), targets (B,)."""
    top = logits.real.max(-1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    return (log_sum - logits[..., np.arange(len(targets)), targets]).mean(-1)


def class_logits(weights, features):
    return features @ weights["classifier.weight"].T + weights["classifier.bias"]


def l_cls(weights, clean, augmented, labels):
    """Eq. 4."""
    return cross_entropy(class_logits(weights, clean), labels) + cross_entropy(class_logits(weights, augmented), labels)


def streams_apart(clean, augmented, order):
    return {"clean_minus_restyled": clean - augmented, "restyled_minus_clean": augmented - clean}[order]


def f_c(weights, difference, with_relu):
    for layer, scale in enumerate(weights["consistency.scale"]):
        if layer and with_relu:
            difference = relu(difference)
        difference = difference * scale
        if "consistency.bias" in weights:
            difference = difference + weights["consistency.bias"][layer]
    return difference


def l_cont(scaled, norm):
    """Eq. 5 of (..., B, features); the epsilon is the one that docs/method.md states."""
    if norm == "mse":
        return (scaled * scaled).mean((-2, -1))
    return np.sqrt((scaled * scaled).sum(-1) + 1e-12).mean(-1)


def l_aux(weights, x, order, mask=None, adapted=True):
    """Eq. 9: the mean over tubes and frames of the cross-entropy of each frame's true place."""
    shuffled = np.stack([tube[:, places] for tube, places in zip(x, order, strict=True)])
    features = clean_features(weights, shuffled, mask, adapted)
    logits = features @ weights["temporal.linear.weight"].T + weights["temporal.linear.bias"]
    frames = order.shape[1]
    return cross_entropy(logits.reshape(-1, frames), order.reshape(-1))


def abnormal_probability(weights, x, adapted=True):
    """Eq. 20."""
    logits = class_logits(weights, clean_features(weights, x, adapted=adapted))
    return np.array([1 / (1 + np.exp(normal - abnormal)) for normal, abnormal in logits])


# --- Eq. 6-8


def mean_and_deviation(gradient):
    mean = gradient.mean()
    return mean, np.sqrt(((gradient - mean) ** 2).sum() / (len(gradient) - 1))


def normalised(gradient, how, fixed=None):
    """`fixed` are mean and deviation where they are constants to the derivative."""
    if how == "unit":
        return gradient / np.sqrt((gradient * gradient).sum())
    mean, deviation = mean_and_deviation(gradient) if how == "standardise" else fixed
    return (gradient - mean) / (deviation + 1e-6)


def l_c(g_cls, g_sub, how, fixed=(None, None)):
    """Eq. 8."""
    gap = normalised(g_cls, how, fixed[0]) - normalised(g_sub, how, fixed[1])
    return np.sqrt((gap * gap).sum()) if how == "unit" else (gap * gap).mean()


# --- derivatives


def bumped(weights, name, place):
    """The weights with one of them moved by ih."""
    value = weights[name].astype(complex)
    value[place] += 1j * STEP
    return {**weights, name: value}


def slope(function, weights, name, place):
    """d function(weights) / d weights[name][place], by the complex step."""
    return function(bumped(weights, name, place)).imag / STEP


def difference_quotient(function, weights, name, place, h=1e-3):
    """The same by real differences of fourth order, for functions that themselves hold a complex step."""
    values = {}
    for times in (-2, -1, 1, 2):
        moved = weights[name].copy()
        moved[place] += times * h
        values[times] = function({**weights, name: moved})
    return (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)
