"""The gradient reversal baseline under a real Trainer, against a step by hand that knows of no reversal layer."""

import copy
import math

import pytest
import torch
from lightning import Callback
from torch.nn import functional as F

from syrfa.errors import ConfigError
from syrfa.losses import domain_loss
from syrfa.models import GradientReversal
from syrfa.modules import GradientReversalModule

BOTH = ("normal", "abnormal", "puzzle", "real", "real_puzzle")
FAST = {"lr": 1e-2, "domain_hidden": 6}


def reversal(init=0, **settings):
    torch.manual_seed(init)
    return GradientReversalModule(**{"width": 2, "frames": 3, "size": 16, **FAST, **settings})


@pytest.fixture
def batches(loader):
    """batches(count, ...): training batches of both domains; with `natural`, of mixed labels."""

    def make(count, natural=False, **options):
        content = loader(count, groups=BOTH, **options)
        if natural:
            for number, batch in enumerate(content.dataset):
                batch["labelled"] = torch.cat([batch.pop("abnormal"), batch.pop("normal")])
                batch["label"] = torch.tensor([1, 1, 0, 1, 0, 0, 0, 0]).roll(number)
        return content

    return make


@pytest.fixture
def double_by_default():
    """Lightning's 64-true does the same around a step; the random draws depend on it."""
    before = torch.get_default_dtype()
    yield lambda: torch.set_default_dtype(torch.float64)
    torch.set_default_dtype(before)


class Reference:
    """Table 5 as docs/method.md says it: two losses, and a sum of gradients for each of three parts."""

    def __init__(self, module, settings, total):
        self.m, self.s, self.total = copy.deepcopy(module).double().train(), settings, total
        m = self.m
        self.theta, self.phi, self.domain = (
            list(p.parameters()) for p in (m.network.extractor, m.classifier, m.domain)
        )
        self.adam = torch.optim.Adam([*self.theta, *self.phi, *self.domain], lr=settings["lr"])

    def augmented(self, tubes):
        x = (tubes.permute(0, 4, 1, 2, 3).float() / 255).double()
        return self.m.augmentation(x) if self.s.get("augment") else x

    def step(self, number, batch):
        m, s = self.m, self.s
        torch.manual_seed((s.get("seed", 0) * 1_000_003 + number) * 65_537)
        if "labelled" in batch:
            tubes, y = batch["labelled"], batch["label"]
        else:
            tubes = torch.cat([batch["normal"], batch["abnormal"]])
            y = torch.tensor([0] * len(batch["normal"]) + [1] * len(batch["abnormal"]))
        x = self.augmented(tubes)
        o, o_styled = m.network(x, m.network.draw(x))
        o_real = m.network.clean(self.augmented(batch["real"]))
        l_cls = F.cross_entropy(m.classifier(o), y) + F.cross_entropy(m.classifier(o_styled), y)
        l_source = -m.domain(o).log_softmax(1)[:, 0].mean()
        l_real = -m.domain(o_real).log_softmax(1)[:, 1].mean()
        l_domain = (l_source + l_real) / 2

        p = number / self.total
        coefficient = 2 / (1 + math.exp(-s.get("alpha", 10.0) * p)) - 1
        weight = s.get("lambda_domain", 1.0)
        of_cls = torch.autograd.grad(l_cls, [*self.theta, *self.phi], retain_graph=True)
        of_domain = torch.autograd.grad(l_domain, [*self.theta, *self.domain])
        n = len(self.theta)
        for parameter, cls, domain in zip(self.theta, of_cls[:n], of_domain[:n], strict=True):
            parameter.grad = cls - coefficient * weight * domain
        for parameter, cls in zip(self.phi, of_cls[n:], strict=True):
            parameter.grad = cls
        for parameter, domain in zip(self.domain, of_domain[n:], strict=True):
            parameter.grad = weight * domain
        if s.get("lr_schedule") == "cosine":
            self.adam.param_groups[0]["lr"] = s["lr"] * (1 + math.cos(math.pi * p)) / 2
        self.adam.step()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha": 1.0, "lambda_domain": 0.3, "seed": 4, "style_mix": "beta", "style_stats": "spatial"},
        {"augment": True, "lr_schedule": "cosine", "style_one_of": True},
        {"domain_depth": 0},
        {"domain_depth": 2, "natural": True},
        {"lambda_domain": 0.0},
    ],
    ids=["default", "alpha-1", "augmented", "linear", "natural", "no-domain"],
)
def test_training_equals_the_step_by_hand(options, batches, trainer, double_by_default):
    natural = options.pop("natural", False)
    settings = {**FAST, **options}
    module = reversal(**settings)
    reference = Reference(module, settings, total=6)
    first = copy.deepcopy(reference.m.state_dict())
    trainer(max_epochs=2, precision="64-true").fit(module, batches(3, natural))
    double_by_default()
    for number, batch in enumerate([*batches(3, natural), *batches(3, natural)]):
        reference.step(number, batch)
    for name, expected in reference.m.state_dict().items():
        if name == "batches_seen":
            continue
        found = module.state_dict()[name]
        assert found.dtype == torch.float64
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9, msg=name)
        still = name == "network.extractor.neck.conv.bias"  # InstanceNorm cancels it: no gradient
        still = still or (name.startswith("domain") and settings.get("lambda_domain") == 0)
        assert still == torch.allclose(first[name], found, rtol=0, atol=1e-4), name


# --- who is pushed where


def domain_loss_without_dropout(module, batch):
    module.eval()
    tubes = torch.cat([batch["normal"], batch["abnormal"]])
    with torch.no_grad():
        logits = [module.domain(module.network.clean(module.to_input(t))) for t in (tubes, batch["real"])]
    return domain_loss(*logits).item()


@pytest.mark.parametrize("reversed_back", [False, True])
def test_the_layer_keeps_a_domain_hidden_that_would_be_learnt(reversed_back, batches, trainer, monkeypatch):
    if not reversed_back:
        monkeypatch.setattr(GradientReversal, "forward", lambda self, x, coefficient: x)
    content = batches(1)
    content.dataset[0]["abnormal"] = content.dataset[0]["normal"]  # nothing else to learn
    content.dataset[0]["real"][:, :, ::2] = 0
    module = reversal(alpha=1000.0, lr=2e-2, domain_hidden=20, seed=1)
    trainer(max_epochs=100).fit(module, content)
    assert (domain_loss_without_dropout(module, content.dataset[0]) > 0.4) == reversed_back


def test_the_anomaly_is_learnt_all_the_same(batches, trainer):
    content = batches(1, batch=8)
    content.dataset[0]["abnormal"][:, :, ::2] = 0
    module = reversal()
    trainer(max_epochs=120).fit(module, content)
    module.eval()
    batch = content.dataset[0]
    assert module.score(batch["abnormal"]).min() > module.score(batch["normal"]).max()


# --- coefficient, rate, log


class Notes(Callback):
    """Notes coefficient and learning rate of every batch."""

    def __init__(self):
        self.coefficients, self.rates = [], []

    def on_train_batch_end(self, trainer, *args):
        self.coefficients.append(trainer.callback_metrics["train/reversal"].item())
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])


@pytest.mark.parametrize("length", [{"max_epochs": 4}, {"max_steps": 20}])
@pytest.mark.parametrize("alpha", [10.0, 1.0])
def test_coefficient_and_rate_follow_the_run(length, alpha, batches, trainer):
    notes = Notes()
    module = reversal(alpha=alpha, lr=0.1, lr_schedule="cosine")
    trainer(callbacks=[notes], **length).fit(module, batches(5, batch=2))
    shares = [n / 20 for n in range(20)]
    assert notes.coefficients == pytest.approx([2 / (1 + math.exp(-alpha * p)) - 1 for p in shares], abs=1e-6)
    assert notes.rates == pytest.approx([0.1 * (1 + math.cos(math.pi * p)) / 2 for p in shares])


def test_progress_counts_updates_where_gradients_are_accumulated(batches, trainer):
    notes = Notes()
    trainer(callbacks=[notes], max_epochs=2, accumulate_grad_batches=2).fit(reversal(alpha=1.0), batches(4, batch=2))
    shares = [0, 0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]
    assert notes.coefficients == pytest.approx([2 / (1 + math.exp(-p)) - 1 for p in shares], abs=1e-6)


def test_a_run_without_an_end_reverses_in_full(batches, trainer):
    class Stop(Callback):
        def on_train_batch_end(self, trainer, *args):
            trainer.should_stop = True

    fit = trainer(max_epochs=-1, callbacks=[Stop()])
    fit.fit(reversal(), batches(3))
    assert fit.callback_metrics["train/reversal"].item() == pytest.approx(2 / (1 + math.exp(-10)) - 1, abs=1e-6)


def test_what_is_logged(batches, trainer):
    fit = trainer(max_steps=2)
    fit.fit(reversal(augment=True), batches(2))
    logged = {name: value.item() for name, value in fit.callback_metrics.items()}
    assert set(logged) == {"train/cls", "train/domain", "train/reversal", "train/domain_accuracy"}
    assert all(math.isfinite(value) for value in logged.values())
    assert 0 <= logged["train/domain_accuracy"] <= 1


# --- precision, seed, checkpoints


# --- refusals


@pytest.mark.parametrize("wrong", [{"alpha": -1.0}, {"lambda_domain": -0.1}, {"lr": -1e-3}, {"domain_depth": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError):
        reversal(**wrong)
