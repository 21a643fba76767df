"""The alignment step against finite differences and against autograd's double backward (Eq. 6-8 and 11)."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from syrfa.losses import (
    alignment_loss,
    classification_loss,
    consistency_head_gradient,
    consistency_loss,
    difference_jvp,
    gradient_cosine,
    normalise_gradient,
)
from syrfa.losses.alignment import flatten, unflatten
from syrfa.models import Classifier, ConsistencyHead, Extractor, StyleAugmentation, Trace, TwoStreamExtractor


class Setting:
    """A tiny two-stream network in float64, a batch, and one draw."""

    def __init__(self, **style):
        torch.manual_seed(0)
        self.network = TwoStreamExtractor(Extractor(2, 3, 16), StyleAugmentation(**style)).double()
        self.classifier = Classifier(self.network.extractor.features).double()
        self.x = torch.rand(4, 3, 3, 16, 16, dtype=torch.float64)
        self.labels = torch.tensor([0, 0, 1, 1])
        self.draw = self.network.draw(self.x)
        while (self.draw.style.permutation[max(self.draw.style.permutation)] == torch.arange(4)).any():
            self.draw = self.network.draw(self.x)
        self.names = [f"extractor.{name}" for name, _ in self.network.extractor.named_parameters()]
        self.theta = list(self.network.extractor.parameters())

    def difference(self):
        clean, augmented = self.network(self.x, self.draw)
        return clean - augmented

    def push_forward(self, u):
        return difference_jvp(self.network, self.names, self.x, self.draw, u)

    def g_cls(self):
        clean, augmented = self.network(self.x, self.draw)
        loss = classification_loss(self.classifier(clean), self.classifier(augmented), self.labels)
        return torch.autograd.grad(loss, self.theta)

    def g_sub(self, head, norm, create_graph=False):
        loss = consistency_loss(head(self.difference()), norm)
        return torch.autograd.grad(loss, self.theta, create_graph=create_graph)


def head_of(setting, depth=1, bias=False, relu=False):
    torch.manual_seed(1)
    head = ConsistencyHead(setting.network.extractor.features, depth, bias, relu).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return head


# --- normalisation and L_c


def test_standardised_gradient_has_mean_zero_and_deviation_one():
    standard = normalise_gradient(torch.randn(50, dtype=torch.float64) * 7 + 3, "standardise")
    assert abs(standard.mean()) < 1e-12
    assert abs(standard.std() - 1) < 1e-6


@pytest.mark.parametrize("how", ["unit", "standardise", "standardise_fixed"])
def test_a_zero_gradient_stays_finite(how):
    zero = torch.zeros(9, requires_grad=True)
    other = torch.randn(9)
    loss = alignment_loss(other, zero, how)
    assert loss.isfinite()
    if how == "unit":
        (gradient,) = torch.autograd.grad(loss, zero)
        assert gradient.isfinite().all()


def test_unit_loss_is_a_function_of_the_angle():
    torch.manual_seed(0)
    for _ in range(10):
        a, b = torch.randn(2, 30, dtype=torch.float64)
        cosine = (a @ b) / (a.norm() * b.norm())
        assert alignment_loss(a, 5 * b).item() == pytest.approx((2 - 2 * cosine).sqrt().item(), rel=1e-9)
    assert alignment_loss(a, -a).item() == pytest.approx(2, rel=1e-9)
    assert alignment_loss(a, 3 * a).item() < 2e-6


def test_standardised_loss_is_a_function_of_the_correlation():
    """2 (1 - rho), times (n - 1)/n since the deviation is the unbiased one and the mean is over n."""
    torch.manual_seed(0)
    a, b = torch.randn(2, 40, dtype=torch.float64)
    rho = torch.corrcoef(torch.stack([a, b]))[0, 1]
    expected = 2 * (1 - rho) * 39 / 40
    assert alignment_loss(a, 5 * b - 2, "standardise").item() == pytest.approx(expected.item(), rel=1e-5)


def test_fixed_mean_and_deviation_change_the_derivative_and_not_the_value():
    torch.manual_seed(0)
    other, gradient = torch.randn(2, 40, dtype=torch.float64)
    gradient = (3 * gradient + 1).requires_grad_()
    losses = [alignment_loss(other, gradient, how) for how in ("standardise", "standardise_fixed")]
    assert losses[0].item() == losses[1].item()
    free, fixed = (torch.autograd.grad(loss, gradient)[0] for loss in losses)
    standard, deviation = (gradient - gradient.mean()) / (gradient.std() + 1e-6), gradient.std() + 1e-6
    gap = standard - (other - other.mean()) / (other.std() + 1e-6)
    torch.testing.assert_close(fixed, (2 * gap / 40 / deviation).detach(), rtol=1e-9, atol=0)
    assert (free - fixed).norm() > 0.1 * fixed.norm()


def test_flatten_and_unflatten_are_inverse():
    tensors = [torch.randn(2, 3), torch.randn(4).bfloat16(), torch.randn(1, 1, 2, dtype=torch.float64)]
    back = unflatten(flatten(tensors), tensors)
    assert all(torch.equal(one, other) for one, other in zip(tensors, back, strict=True))
    assert flatten([torch.randn(3).bfloat16()]).dtype == torch.float32


# --- J u


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("style", [{}, {"mix": "beta", "stats": "spatial"}, {"blocks": (3,)}])
def test_jvp_equals_autograd_jacobian(style, training):
    """J u from two reverse passes: J^T w is linear in w, and its derivative in w along u is J u."""
    setting = Setting(**style)
    setting.network.train(training)
    setting.draw = setting.network.draw(setting.x)
    u = [torch.randn_like(p) for p in setting.theta]
    difference = setting.difference()
    w = torch.zeros_like(difference, requires_grad=True)
    transposed = torch.autograd.grad(difference, setting.theta, w, create_graph=True)
    (expected,) = torch.autograd.grad(transposed, w, u)
    torch.testing.assert_close(setting.push_forward(u), expected, rtol=1e-9, atol=1e-9)
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("style", [{}, {"mix": "beta", "stats": "spatial"}, {"blocks": (3,)}])
def test_the_trace_of_the_first_pass_changes_nothing(style, training):
    setting = Setting(**style)
    setting.network.train(training)
    setting.draw = setting.network.draw(setting.x)
    trace = Trace()
    first = setting.network(setting.x, setting.draw, trace)
    for one, other in zip(first, setting.network(setting.x, setting.draw), strict=True):
        assert torch.equal(one, other)
    for names in (setting.names, setting.names[-4:-2], setting.names[2:3]):  # all of theta, or a part of it
        u = [torch.randn_like(dict(setting.network.named_parameters())[name]) for name in names]
        expected = difference_jvp(setting.network, names, setting.x, setting.draw, u)
        found = difference_jvp(setting.network, names, setting.x, setting.draw, u, trace)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
        assert expected.abs().max() > 1e-3


def test_with_a_trace_no_block_convolves_again():
    setting = Setting()
    trace = Trace()

    def operations(call):
        with FlopCounterMode(display=False) as counter:
            call()
        return counter.get_total_flops()

    def product(given):
        u = [torch.randn_like(p) for p in setting.theta]
        return difference_jvp(setting.network, setting.names, setting.x, setting.draw, u, given)

    first = operations(lambda: setting.network(setting.x, setting.draw, trace))
    neck = operations(lambda: setting.network.neck(torch.zeros(8, 4, 1, 2, 2, dtype=torch.float64)))
    assert operations(lambda: product(None)) - operations(lambda: product(trace)) >= first - neck > 0


def test_jvp_leaves_no_graph_and_no_change():
    setting = Setting()
    before = copy.deepcopy(setting.network.state_dict())
    product = setting.push_forward([torch.randn_like(p) for p in setting.theta])
    assert not product.requires_grad
    assert all(p.grad is None for p in setting.network.parameters())
    assert all(torch.equal(before[name], value) for name, value in setting.network.state_dict().items())


# --- dL_c / df_c

HEADS = [{"depth": 1}, {"depth": 1, "bias": True}, {"depth": 3, "bias": True, "relu": True}]


@pytest.mark.parametrize("head_options", HEADS)
@pytest.mark.parametrize("how", ["unit", "standardise"])
@pytest.mark.parametrize("norm", ["l2", "mse"])
def test_head_gradient_equals_finite_differences(norm, how, head_options):
    setting = Setting()
    head = head_of(setting, **head_options)
    g_cls = setting.g_cls()
    difference = setting.difference().detach()
    g_sub = setting.g_sub(head, norm)
    loss, gradients = consistency_head_gradient(
        head, difference, setting.push_forward, g_cls, g_sub, how, partial(consistency_loss, norm=norm)
    )

    def l_c():
        return alignment_loss(flatten(g_cls), flatten(setting.g_sub(head, norm)), how).item()

    assert loss.item() == pytest.approx(l_c(), rel=1e-12)
    step = 1e-5
    expected = []
    for parameter in head.parameters():
        flat = parameter.data.view(-1)
        slope = torch.empty_like(flat)
        for i in range(len(flat)):
            value = flat[i].item()
            ends = []
            for side in (-step, step):
                flat[i] = value + side
                ends.append(l_c())
            flat[i] = value
            slope[i] = (ends[1] - ends[0]) / (2 * step)
        expected.append(slope)
    found, expected = flatten(gradients), torch.cat(expected)
    assert expected.norm() > 1e-4
    assert (found - expected).norm() < 1e-6 * expected.norm()


@pytest.mark.parametrize("head_options", HEADS)
@pytest.mark.parametrize("how", ["unit", "standardise", "standardise_fixed"])
@pytest.mark.parametrize("norm", ["l2", "mse"])
def test_head_gradient_equals_double_backward(norm, how, head_options):
    setting = Setting(mix="beta", stats="spatial")
    head = head_of(setting, **head_options)
    g_cls, g_sub = setting.g_cls(), setting.g_sub(head, norm, create_graph=True)
    expected = torch.autograd.grad(alignment_loss(flatten(g_cls), flatten(g_sub), how), list(head.parameters()))
    _, found = consistency_head_gradient(
        head,
        setting.difference(),
        setting.push_forward,
        g_cls,
        [g.detach() for g in g_sub],
        how,
        partial(consistency_loss, norm=norm),
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    assert all(p.grad is None for p in head.parameters())


def test_head_gradient_is_finite_where_the_streams_agree():
    setting = Setting()
    setting.network.eval()
    for order in setting.draw.style.permutation.values():
        order.copy_(torch.arange(4))
    setting.draw = type(setting.draw)(setting.draw.style, None)
    head = head_of(setting)
    _, found = consistency_head_gradient(
        head, setting.difference(), setting.push_forward, setting.g_cls(), setting.g_sub(head, "l2")
    )
    assert found[0].isfinite().all()


def test_the_cosine_is_that_of_the_joined_gradients_and_fits_the_loss():
    torch.manual_seed(3)
    g_cls, g_sub = ([torch.randn(4, 5), torch.randn(7)] for _ in range(2))
    cosine = gradient_cosine(g_cls, g_sub).item()
    a, b = (np.concatenate([part.numpy().ravel() for part in g]) for g in (g_cls, g_sub))
    assert cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)
    loss = alignment_loss(flatten(g_cls), flatten(g_sub)).item()
    assert loss == pytest.approx((2 - 2 * cosine) ** 0.5, abs=1e-5)
    assert gradient_cosine(g_cls, g_cls).item() == pytest.approx(1)
    assert gradient_cosine(g_cls, [torch.zeros(4, 5), torch.zeros(7)]).item() == 0
