"""What holds for every module that learns: its checkpoint, its seed, its resumption, and what it refuses."""

import sys
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningCLI

from syrfa import modules
from syrfa.errors import ConfigError
from syrfa.modules import AnomalyModule, load_module

GROUPS = ("normal", "abnormal", "puzzle", "real", "real_puzzle")
TINY = {"width": 2, "frames": 3, "size": 16}
FAST = {"lr": 1e-2, "lr_consistency": 1e-2}
ADAPT = {"lr_adapter": 1e-2, "lr_temporal": 1e-2}
CASES = {
    "phase 1": ("SynthKnowledgeModule", {**TINY, **FAST, "augment": True, "align_every": 2, "style_mix": "beta"}),
    "phase 1, cosine": ("SynthKnowledgeModule", {**TINY, **FAST, "lr_schedule": "cosine", "style_blocks": (1,)}),
    "phase 2": ("RealAdaptModule", ADAPT),
    "phase 2, AP": ("RealAdaptModule", {**ADAPT, "adapter": "ap", "adapter_args": {"depth": 2}}),
    "interleaved": ("InterleavedModule", {**TINY, **FAST, **ADAPT, "adapt_every": 2}),
    "reversal": ("GradientReversalModule", {**TINY, "lr": 1e-2, "domain_depth": 2, "alpha": 1.0, "style_blocks": (1,)}),
    "stage 0": ("JigsawModule", {**TINY, "lr": 1e-2, "hidden": 8, "static_threshold": 0.05}),
}
ONE_EACH = [case for case in CASES if "," not in case]


def kind_of(case):
    return getattr(modules, CASES[case][0])


@pytest.fixture
def make(knowledge_ckpt):
    """make(case, init, kind, **settings): a module whose first weights depend on `init`."""

    def made(case, init=0, kind=None, **settings):
        torch.manual_seed(init)
        kind = kind or kind_of(case)
        start = {"knowledge_ckpt": str(knowledge_ckpt)} if issubclass(kind, modules.RealAdaptModule) else {}
        return kind(**{**start, **CASES[case][1], **settings})

    return made


@pytest.fixture
def fitted(trainer, loader):
    """fitted(module, folder, epochs, ckpt_path): the module after epochs of three batches, a checkpoint each."""

    def fit(module, folder, epochs=1, ckpt_path=None, **options):
        saver = ModelCheckpoint(folder, filename="{epoch}", save_last=True, save_top_k=-1)
        fit = trainer(max_epochs=epochs, enable_checkpointing=True, callbacks=[saver], **options)
        fit.fit(module, loader(3, groups=GROUPS), ckpt_path=ckpt_path, weights_only=True)
        return module

    return fit


def same_weights(one, other):
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("case", ONE_EACH)
def test_the_seed_decides_everything(case, make, fitted, tmp_path):
    trained = []
    for seed in (1, 1, 2):
        module = make(case, seed=seed)
        torch.rand(len(trained))  # the global generator's state before the fit must not matter
        trained.append(fitted(module, tmp_path / str(len(trained))))
    assert same_weights(trained[0], trained[1])
    assert not same_weights(trained[0], trained[2])


@pytest.mark.parametrize("case", CASES)
def test_resuming_equals_the_uninterrupted_run(case, make, fitted, tmp_path):
    whole = fitted(make(case, 1), tmp_path / "whole", 4)
    middle = tmp_path / "whole" / "epoch=1.ckpt"
    assert not torch.equal(torch.load(middle, weights_only=True)["state_dict"]["batches_seen"], whole.batches_seen)
    resumed = fitted(make(case, 7), tmp_path / "rest", 4, middle)
    assert int(whole.batches_seen) == 12
    assert same_weights(whole, resumed)
    states = [
        torch.load(tmp_path / part / "last.ckpt", weights_only=True)["optimizer_states"] for part in ("whole", "rest")
    ]
    for one, other in zip(*states, strict=True):
        for key, state in one["state"].items():
            assert all(
                torch.equal(torch.as_tensor(v), torch.as_tensor(other["state"][key][k])) for k, v in state.items()
            )


@pytest.mark.parametrize("case", CASES)
def test_a_checkpoint_alone_gives_the_module_back(case, make, fitted, trainer, evaluation, tmp_path):
    """By class and by name, though what it started from is gone."""
    module = fitted(make(case, 1, seed=6), tmp_path).eval()
    kind, settings = type(module), module.settings()
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert content["hyper_parameters"] == settings
    assert content["syrfa"]["class_path"] == f"syrfa.modules.{kind.__name__}"
    expected = trainer().predict(module, evaluation())
    for again in (kind.load_from_checkpoint(tmp_path / "last.ckpt"), load_module(tmp_path / "last.ckpt")):
        assert type(again) is kind
        assert again.settings() == settings
        assert next(again.parameters()).device.type == "cpu"
        found = trainer().predict(again, evaluation())
        assert all(torch.equal(one["score"], other["score"]) for one, other in zip(expected, found, strict=True))
    assert kind(**settings).settings() == settings
    fitted(kind(**settings), tmp_path / "on", 2, tmp_path / "last.ckpt")  # and it goes on training


@pytest.mark.parametrize("case", ONE_EACH)
def test_a_subclass_with_an_argument_of_its_own(case, make, fitted, tmp_path, monkeypatch):
    class Own(kind_of(case)):
        def __init__(self, own=3, **options):
            super().__init__(**options)
            self.own = own

    Own.__qualname__ = "Own"
    monkeypatch.setattr(sys.modules[__name__], "Own", Own, raising=False)
    module = fitted(make(case, 1, Own, own=5), tmp_path)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["syrfa"]["class_path"] == f"{__name__}.Own"
    for again in (Own.load_from_checkpoint(tmp_path / "last.ckpt"), load_module(tmp_path / "last.ckpt")):
        assert (type(again), again.own) == (Own, 5)
        assert same_weights(module, again)


@pytest.mark.parametrize("case", ONE_EACH)
def test_settings_are_the_modules_own_when_a_command_line_builds_it(case, knowledge_ckpt, monkeypatch):
    """Lightning hands a command line's arguments to every module under construction, also to one inside another."""
    name = CASES[case][0]
    arguments = ["--model", name, "--model.seed", "3", "--trainer.logger", "false"]
    if name == "RealAdaptModule":
        arguments += ["--model.knowledge_ckpt", str(knowledge_ckpt)]
    monkeypatch.setattr("sys.argv", ["test"])
    model = LightningCLI(AnomalyModule, subclass_mode_model=True, run=False, args=arguments).model
    settings = model.settings()
    assert settings["seed"] == 3
    assert type(model)(**settings).settings() == settings
    if name == "RealAdaptModule":
        assert settings["knowledge"]["init_args"] == load_module(knowledge_ckpt).settings()


@pytest.mark.parametrize("case", ONE_EACH)
def test_bf16_stays_finite(case, make, fitted, tmp_path):
    module = fitted(make(case), tmp_path, precision="bf16-mixed")
    assert all(value.isfinite().all() for value in module.state_dict().values())


@pytest.mark.parametrize("precision", ["16-mixed", "16-true", "transformer-engine-float16"])
@pytest.mark.parametrize("case", ONE_EACH)
def test_float16_is_refused_for_a_fit(case, precision, make):
    module = make(case)
    module._trainer = SimpleNamespace(precision=precision)
    with pytest.raises(ConfigError, match=f"{precision}.*float16 needs scaled losses.*bf16-mixed"):
        module.setup("fit")
    module.setup("test")


DOMAINS = {
    "phase 1": {"source"},
    "phase 2": {"target"},
    "interleaved": {"both"},
    "reversal": {"both"},
    "stage 0": {"source", "target"},
}


@pytest.mark.parametrize("train_on", ["source", "target", "both"])
@pytest.mark.parametrize("case", DOMAINS)
def test_a_fit_on_domains_that_teach_it_nothing_is_refused(case, train_on, make):
    module = make(case)
    module._trainer = SimpleNamespace(precision="32-true", datamodule=SimpleNamespace(train_on=train_on))
    if train_on not in DOMAINS[case]:
        with pytest.raises(ConfigError, match=rf"data\.train_on={train_on}: .*set data\.train_on to "):
            module.setup("fit")
    else:
        module.setup("fit")
    module.setup("test")
