"""The gradient alignment that trains the consistency head (Eq. 6-8 and 11).

L_c compares two gradients in theta, so its own gradient in f_c is a second derivative. No graph of a backward pass
is needed for it. With J the Jacobian of the difference d = O - O' in theta, and v(f_c) = dL_cont/dd,

    g_sub = J^T v(f_c)        and so        dL_c/df_c = (dv/df_c)^T (J u),   u = dL_c/dg_sub.

J u is one forward-mode product through the extractor; dv/df_c involves only f_c and the (B, features) difference.
The result is exact.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp
from torch.nn import functional

from syrfa.losses.objectives import ConsistencyInput, consistency_loss, stream_difference
from syrfa.models.norm import Trace

Normalise = Literal["unit", "standardise", "standardise_fixed"]
AlignOver = Literal["extractor", "last_block"]
EPSILON_STANDARDISE = 1e-6  # the published script's, added to the deviation
EPSILON_NORM = 1e-12  # keeps the unit vector of a zero gradient finite


def normalise_gradient(gradient: Tensor, how: Normalise) -> Tensor:
    """g_hat: a flat gradient divided by its L2 norm, or standardised to mean 0 and deviation 1.

    Under `standardise_fixed` mean and deviation are constants to the derivative, as in the published script.
    """
    if how == "unit":
        unit: Tensor = gradient / torch.linalg.vector_norm(gradient).clamp_min(EPSILON_NORM)
        return unit
    mean, deviation = gradient.mean(), gradient.std()
    if how == "standardise_fixed":
        mean, deviation = mean.detach(), deviation.detach()
    return (gradient - mean) / (deviation + EPSILON_STANDARDISE)


def alignment_loss(g_cls: Tensor, g_sub: Tensor, how: Normalise = "unit") -> Tensor:
    """L_c (Eq. 8) of flat gradients in theta: || g_cls_hat - g_sub_hat ||_2, or the mean square where standardised."""
    difference = normalise_gradient(g_cls, how) - normalise_gradient(g_sub, how)
    if how != "unit":
        return difference.square().mean()
    return (difference.square().sum() + EPSILON_NORM).sqrt()


def gradient_cosine(g_cls: Sequence[Tensor], g_sub: Sequence[Tensor]) -> Tensor:
    """The cosine of the angle between two gradients, in [-1, 1]; 0 where one of them is zero.

    With unit vectors L_c is sqrt(2 - 2 cosine). Both gradients have one tensor per parameter of theta.
    """
    return functional.cosine_similarity(flatten(g_cls), flatten(g_sub), dim=0, eps=EPSILON_NORM)


def flatten(tensors: Sequence[Tensor]) -> Tensor:
    """All elements of `tensors`, in order, as one float32-or-wider vector."""
    return torch.cat([t.reshape(-1).to(torch.promote_types(t.dtype, torch.float32)) for t in tensors])


def unflatten(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """The inverse of `flatten`: views of `vector` in the shapes and dtypes of `like`."""
    parts = torch.split(vector, [t.numel() for t in like])
    return [part.view_as(t).to(t.dtype) for part, t in zip(parts, like, strict=True)]


def consistency_head_gradient(
    head: nn.Module,
    difference: Tensor,
    push_forward: Callable[[list[Tensor]], Tensor],
    g_cls: Sequence[Tensor],
    g_sub: Sequence[Tensor],
    how: Normalise = "unit",
    loss: Callable[[Tensor], Tensor] = consistency_loss,
) -> tuple[Tensor, list[Tensor]]:
    """L_c and its gradient in the parameters of the consistency head (Eq. 11).

    Args:
        head: f_c.
        difference: what f_c scales, O - O', (B, features).
        push_forward: the linear map u -> J u, from a direction in theta to a change of the difference.
        g_cls: gradient of L_cls in theta, one tensor per parameter.
        g_sub: gradient of L_cont in theta, likewise.
        how: the normalisation of the gradients.
        loss: L_cont as a function of f_c(O - O').

    Returns:
        L_c, detached, and one gradient per parameter of `head`.
    """
    flat_sub = flatten(g_sub).detach().requires_grad_()
    with torch.enable_grad():
        l_c = alignment_loss(flatten(g_cls).detach(), flat_sub, how)
    (u,) = torch.autograd.grad(l_c, flat_sub)
    moved = push_forward(unflatten(u, g_sub)).detach()
    parameters = list(head.parameters())
    with torch.enable_grad():
        point = difference.detach().requires_grad_()
        (v,) = torch.autograd.grad(loss(head(point)), point, create_graph=True)
        gradients = torch.autograd.grad((v * moved.to(v.dtype)).sum(), parameters)
    return l_c.detach(), list(gradients)


def difference_jvp(
    network: nn.Module,
    names: Sequence[str],
    x: Tensor,
    draw: object,
    direction: Sequence[Tensor],
    trace: Trace | None = None,
    order: ConsistencyInput = "clean_minus_restyled",
) -> Tensor:
    """J u, (B, features): the derivative of O - O' (or O' - O) when the named parameters move along `direction`.

    Args:
        network: called as `network(x, draw, trace)`, returns O and O'.
        names: the parameters that make up theta, as in `network.named_parameters()`.
        x: the tubes of the step.
        draw: the random choices of the step, so that style and dropout are those of the first pass.
        direction: one tensor per name.
        trace: what the first pass of the step left; without it, that pass is computed again.
        order: which stream is taken from which.
    """
    parameters = dict(network.named_parameters())

    def difference(*theta: Tensor) -> Tensor:
        clean, augmented = functional_call(network, dict(zip(names, theta, strict=True)), (x, draw, trace))
        return stream_difference(clean, augmented, order)

    if trace is not None:
        trace.rewind()
    with torch.no_grad():
        primals = tuple(parameters[name].detach() for name in names)
        product: Tensor = jvp(difference, primals, tuple(direction))[1]
    return product
