"""Phase 1 under a real Trainer, against a step written out by hand with autograd alone."""

import copy
import math

import pytest
import torch
from lightning import Callback
from torch.nn import functional as F
from torch.utils.data import DataLoader

from syrfa.errors import ConfigError
from syrfa.losses import draw_order
from syrfa.models import TwoStreamExtractor
from syrfa.modules import synth_knowledge

FAST = {"lr": 1e-2, "lr_consistency": 1e-2, "lambda_cls": 0.7, "lambda_cont": 1.3, "lambda_aux": 0.4}


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


class Reference:
    """Phase 1 as docs/method.md says it: total loss to one Adam, double backward to another."""

    def __init__(self, module, settings):
        self.m = copy.deepcopy(module).double().train()
        self.s = settings
        self.o = module.options
        theta, phi, f_t = (list(p.parameters()) for p in (self.m.network.extractor, self.m.classifier, self.m.temporal))
        self.theta = theta
        self.aligned = (
            theta[4:] if self.o.align_over == "last_block" else theta
        )  # two convolutions each in blocks 1 and 2
        learning = [*theta, *phi, *f_t] if self.o.train_temporal_head else [*theta, *phi]
        self.adam = torch.optim.Adam(learning, lr=settings["lr"])
        self.adam_c = torch.optim.Adam(self.m.consistency.parameters(), lr=settings["lr_consistency"])

    def l_cont(self, difference):
        scaled = self.m.consistency(difference)
        if self.o.consistency_norm == "mse":
            return scaled.pow(2).mean()
        return (scaled.pow(2).sum(1) + 1e-12).sqrt().mean()

    def normalised(self, gradients):
        flat = torch.cat([g.reshape(-1) for g in gradients])
        if self.o.normalise == "standardise":
            return (flat - flat.mean()) / (flat.std() + 1e-6)
        if self.o.normalise == "standardise_fixed":
            return (flat - flat.mean().item()) / (flat.std().item() + 1e-6)
        return flat / flat.norm()

    def step(self, number, batch):
        m, s = self.m, self.s
        torch.manual_seed((s.get("seed", 0) * 1_000_003 + number) * 65_537)
        pixels = {name: tubes.permute(0, 4, 1, 2, 3).double() / 255 for name, tubes in batch.items()}
        x = torch.cat([pixels["normal"], pixels["abnormal"]]).float().double()
        y = torch.tensor([0] * len(batch["normal"]) + [1] * len(batch["abnormal"]))
        l_cls, l_cont = self.supervised(x, y)
        total = s["lambda_cls"] * l_cls + s["lambda_cont"] * l_cont
        if s["lambda_aux"]:
            order = draw_order(len(batch["puzzle"]), 3, x.device)
            frames = [pixels["puzzle"][b][:, order[b]] for b in range(len(order))]
            logits = m.temporal(m.network.clean(torch.stack(frames).float().double()))
            l_aux = -logits.log_softmax(-1).gather(2, order[:, :, None]).mean()
            total = total + s["lambda_aux"] * l_aux
        due = s.get("align_every", 1) and number % s.get("align_every", 1) == 0
        if due and not self.o.recompute:
            self.align(l_cls, l_cont)
        self.adam.zero_grad()
        for parameter, gradient in zip(
            self.adam.param_groups[0]["params"],
            torch.autograd.grad(total, self.adam.param_groups[0]["params"], allow_unused=True),
            strict=True,
        ):
            parameter.grad = gradient
        self.adam.step()
        if due and self.o.recompute:
            self.align(*self.supervised(x, y))
        if self.pending:
            for parameter, gradient in zip(m.consistency.parameters(), self.pending, strict=True):
                parameter.grad = gradient
            self.adam_c.step()
        self.pending = None

    pending = None

    def supervised(self, x, y):
        if self.s.get("clean_only"):
            o = self.m.network.clean(x)
            return F.cross_entropy(self.m.classifier(o), y), o.new_zeros(())
        o, o_styled = self.m.network(x, self.m.network.draw(x))
        l_cls = F.cross_entropy(self.m.classifier(o), y) + F.cross_entropy(self.m.classifier(o_styled), y)
        return l_cls, self.l_cont(o - o_styled if self.o.consistency_input == "clean_minus_restyled" else o_styled - o)

    def align(self, l_cls, l_cont):
        g_cls = torch.autograd.grad(l_cls, self.aligned, retain_graph=True)
        g_sub = torch.autograd.grad(l_cont, self.aligned, create_graph=True)
        gap = self.normalised(g_cls) - self.normalised(g_sub)
        l_c = gap.norm() if self.o.normalise == "unit" else gap.pow(2).mean()
        self.pending = torch.autograd.grad(l_c, list(self.m.consistency.parameters()), retain_graph=True)


@pytest.fixture
def double_by_default():
    """Lightning's 64-true does the same around a step; the random draws depend on it."""
    before = torch.get_default_dtype()
    yield lambda: torch.set_default_dtype(torch.float64)
    torch.set_default_dtype(before)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": 4, "style_mix": "beta", "style_stats": "spatial", "style_one_of": True},
        {"preset": "released"},
        {"preset": "released", "style_mix": "swap", "recompute": False, "train_temporal_head": True},
        {"align_over": "last_block"},
        {"align_over": "last_block", "recompute": True},
        {"consistency_depth": 3, "consistency_bias": True, "consistency_relu": True},
        {"align_every": 2},
        {"align_every": 0, "lambda_aux": 0.0},
        {"align_every": 0, "lambda_cont": 0.0, "clean_only": True},
    ],
    ids=[
        "paper",
        "beta",
        "released",
        "but-for-some",
        "last-block",
        "recompute",
        "deep",
        "every-other",
        "no-alignment",
        "clean-only",
    ],
)
def test_training_equals_the_step_by_hand(options, synth, loader, trainer, double_by_default):
    settings = {**FAST, **options}
    module = synth(**settings)
    reference = Reference(module, settings)
    first = copy.deepcopy(reference.m.state_dict())
    trainer(max_epochs=2, precision="64-true").fit(module, loader(3))
    double_by_default()
    for number, batch in enumerate([*loader(3), *loader(3)]):
        reference.step(number, batch)
    for name, expected in reference.m.state_dict().items():
        if name == "batches_seen":
            continue
        found = module.state_dict()[name]
        assert found.dtype == torch.float64
        # InstanceNorm cancels that bias: its gradient is rounding, 1e-15, which Adam divides by its epsilon of 1e-8
        atol = 1e-7 if name == "network.extractor.neck.conv.bias" else 1e-9
        torch.testing.assert_close(found, expected, rtol=0, atol=atol, msg=name)
        still = name.startswith("temporal") and not (settings["lambda_aux"] and reference.o.train_temporal_head)
        still = still or (name.startswith("consistency") and settings.get("align_every") == 0)
        still = still or name == "network.extractor.neck.conv.bias"  # InstanceNorm cancels it: no gradient
        assert still == torch.allclose(first[name], found, rtol=0, atol=1e-4), name


@pytest.mark.parametrize(("options", "clean_passes"), [({}, 1), ({"lambda_aux": 0.0}, 0), ({"align_every": 0}, 1)])
def test_one_forward_pass_serves_everything(options, clean_passes, synth, loader, trainer, monkeypatch):
    counts = {"step": 0, "jvp": 0, "clean": 0}
    place = ["step"]
    forward, clean, product = TwoStreamExtractor.forward, TwoStreamExtractor.clean, synth_knowledge.difference_jvp

    def counted_forward(self, *args):
        counts[place[0]] += 1
        return forward(self, *args)

    def counted_clean(self, *args):
        counts["clean"] += 1
        return clean(self, *args)

    def marked_product(*args):
        place[0] = "jvp"
        result = product(*args)
        place[0] = "step"
        return result

    monkeypatch.setattr(TwoStreamExtractor, "forward", counted_forward)
    monkeypatch.setattr(TwoStreamExtractor, "clean", counted_clean)
    monkeypatch.setattr(synth_knowledge, "difference_jvp", marked_product)
    trainer(max_steps=3).fit(synth(**options), loader(3))
    aligned = 0 if options.get("align_every") == 0 else 3
    assert counts == {"step": 3, "jvp": aligned, "clean": 3 * clean_passes}


@pytest.mark.parametrize("agreement", [{"lambda_cont": 0.1}, {"align_every": 1}])
def test_a_clean_stream_alone_has_nothing_to_agree_with(agreement, synth):
    with pytest.raises(ConfigError, match=r"clean_only with lambda_cont=.* set both to 0"):
        synth(**{"lambda_cont": 0.0, "align_every": 0, **agreement}, clean_only=True)


@pytest.mark.parametrize("align_every", [0, 1, 2])
def test_global_step_counts_batches_and_max_steps_stops_on_time(align_every, synth, loader, trainer):
    module, fit = synth(align_every=align_every), trainer(max_steps=5)
    fit.fit(module, loader(3))
    assert fit.global_step == 5
    assert int(module.batches_seen) == 5
    knowledge, head = fit.optimizers
    assert {int(state["step"]) for state in knowledge.state.values()} == {5}
    expected = {0: set(), 1: {5}, 2: {3}}[align_every]  # of batches 0 to 4, across the epochs of 3 batches
    assert {int(state["step"]) for state in head.state.values()} == expected


def test_losses_are_logged_and_finite(synth, loader, trainer):
    fit = trainer(max_steps=2)
    fit.fit(synth(augment=True), loader(2))
    logged = {name: value.item() for name, value in fit.callback_metrics.items()}
    assert set(logged) == {"train/cls", "train/cont", "train/aux", "train/align", "train/gradient_cosine"}
    assert all(math.isfinite(value) for value in logged.values())
    assert 0 <= logged["train/align"] <= 2
    assert logged["train/align"] == pytest.approx(math.sqrt(2 - 2 * logged["train/gradient_cosine"]), abs=1e-3)


def test_training_learns_to_tell_bright_from_dark_stripes(synth, loader, trainer):
    batches = loader(1, batch=8).dataset
    batches[0]["abnormal"][:, :, ::2] = 0
    module = synth(lr=1e-2, lambda_cont=0.1, align_every=1)
    trainer(max_epochs=1).fit(module, DataLoader(batches * 60, batch_size=None))
    module.eval()
    assert module.score(batches[0]["abnormal"]).min() > module.score(batches[0]["normal"]).max()


# --- precision


def test_bf16_trains_and_agrees_with_float32(synth, loader, trainer):
    gradients = {}
    for precision in ("32-true", "bf16-mixed"):
        module = synth(width=4)
        trainer(max_steps=1, precision=precision).fit(module, loader(1))
        gradients[precision] = module.consistency.scale.grad.flatten()
        assert gradients[precision].dtype == torch.float32
    exact, rounded = gradients.values()
    assert F.cosine_similarity(exact, rounded, dim=0) > 0.95
    assert abs(rounded.norm() / exact.norm() - 1) < 0.2

    module = synth(**FAST)
    trainer(max_steps=8, precision="bf16-mixed").fit(module, loader(4))
    assert all(value.isfinite().all() for value in module.state_dict().values())


# --- schedule and randomness


class Rates(Callback):
    """Notes both learning rates after each batch."""

    def __init__(self):
        self.knowledge, self.head = [], []

    def on_train_batch_end(self, trainer, *args):
        self.knowledge.append(trainer.optimizers[0].param_groups[0]["lr"])
        self.head.append(trainer.optimizers[1].param_groups[0]["lr"])


@pytest.mark.parametrize("length", [{"max_epochs": 4}, {"max_steps": 20}])
def test_cosine_schedule_falls_to_zero(length, synth, loader, trainer):
    rates = Rates()
    module = synth(lr=0.1, lr_consistency=0.2, lr_schedule="cosine", align_every=0, lambda_aux=0)
    trainer(callbacks=[rates], **length).fit(module, loader(5, batch=2))
    expected = [0.1 * (1 + math.cos(math.pi * n / 20)) / 2 for n in range(20)]
    assert rates.knowledge == pytest.approx(expected)
    assert rates.knowledge[-1] < 0.01 * 0.1
    assert rates.head == [0.2] * 20
