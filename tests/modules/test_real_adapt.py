"""Phase 2: what is frozen stays frozen, what adapts adapts, and nothing is scored without weights."""

import pytest
import torch
from lightning import Callback

from syrfa.errors import CheckpointError, ConfigError, WeightsNotFoundError
from syrfa.modules import InterleavedModule, RealAdaptModule, SynthKnowledgeModule

PHASE1 = "syrfa.modules.SynthKnowledgeModule"
FAST = {"lr_adapter": 1e-2, "lr_temporal": 1e-2}
TARGET = {"groups": ("normal", "puzzle")}
FROZEN = tuple(f"phase1.{part}" for part in ("network.extractor", "classifier", "consistency"))
TRAINED = ("phase1.network.adapters", "phase1.temporal")


def real_adapt(path, **settings):
    torch.manual_seed(0)
    return RealAdaptModule(str(path), **{**FAST, **settings})


def frozen_weights(module):
    return {name: value.clone() for name, value in module.state_dict().items() if name.startswith(FROZEN)}


class Watch(Callback):
    """Notes, in each training batch, the extractor's mode and which parameters received gradients."""

    def __init__(self):
        self.extractor_modes, self.with_gradient = set(), set()

    def on_after_backward(self, trainer, module):
        self.extractor_modes |= {part.training for part in module.network.extractor.modules()}
        self.with_gradient |= {name for name, p in module.named_parameters() if p.grad is not None}


def test_phase_one_is_loaded_completely(knowledge_ckpt):
    stored = torch.load(knowledge_ckpt, weights_only=True)["state_dict"]
    loaded = real_adapt(knowledge_ckpt).state_dict()
    assert int(loaded.pop("batches_seen")) == 0
    assert all(torch.equal(loaded.pop(f"phase1.{name}"), value) for name, value in stored.items())
    assert set(loaded) == {f"phase1.network.adapters.{n}.weight" for n in range(3)}


def test_the_heads_of_phase_one_are_built_again(knowledge_ckpt):
    module = real_adapt(knowledge_ckpt)
    assert module.phase1.consistency.bias is not None
    assert module.network.style.blocks == (1,)
    assert module.network.style.mix == "beta"


@pytest.mark.parametrize("adapter", ["rap", "ap"])
@pytest.mark.parametrize("call_train", [False, True])
def test_frozen_parts_are_bit_equal_after_training(call_train, adapter, knowledge_ckpt, trainer, loader, evaluation):
    module, watch = real_adapt(knowledge_ckpt, adapter=adapter), Watch()
    if call_train:
        module.train()
    frozen = frozen_weights(module)
    assert len(frozen) == 12
    temporal = module.phase1.temporal.linear.weight.clone()
    trainer(max_epochs=2, callbacks=[watch]).fit(module, loader(3, **TARGET), evaluation())

    assert all(torch.equal(module.state_dict()[name], value) for name, value in frozen.items())
    assert watch.with_gradient == {name for name, _ in module.named_parameters() if name.startswith(TRAINED)}
    assert all(p.requires_grad == name.startswith(TRAINED) for name, p in module.named_parameters())
    assert all(p.grad is None for name, p in module.named_parameters() if name.startswith(FROZEN))
    assert watch.extractor_modes == {False}
    assert all(parameter.abs().max() > 1e-3 for parameter in module.network.adapters[0].parameters())
    assert (module.phase1.temporal.linear.weight - temporal).abs().max() > 1e-3


@pytest.mark.parametrize("mode", [True, False])
def test_no_dropout_in_any_mode(mode, knowledge_ckpt, loader):
    module = real_adapt(knowledge_ckpt)
    tubes = next(iter(loader(1)))["normal"]
    fresh = module.score(tubes)
    assert torch.equal(module.train(mode).score(tubes), fresh)
    assert module.phase1.temporal.training == mode
    assert module.network.draw(module.to_input(tubes)).dropout is None


@pytest.mark.parametrize("options", [{"adapt_dropout": True}, {"preset": "released"}])
def test_dropout_in_training_where_it_is_wanted(options, knowledge_ckpt, loader):
    module = real_adapt(knowledge_ckpt, **options)
    x = module.to_input(loader(1).dataset[0]["normal"])
    assert module.network.draw(x).dropout is not None
    assert module.eval().network.draw(x).dropout is None


def test_an_untrained_rap_scores_as_phase_one(knowledge_ckpt, synth, trainer, evaluation):
    before = type(synth()).load_from_checkpoint(knowledge_ckpt)
    expected, found = (trainer().predict(m, evaluation()) for m in (before, real_adapt(knowledge_ckpt)))
    assert all(torch.equal(a["score"], b["score"]) for a, b in zip(expected, found, strict=True))


def test_a_test_scores_with_the_adapters_and_without(knowledge_ckpt, evaluation):
    module, batch = real_adapt(knowledge_ckpt).eval(), next(iter(evaluation()))
    phase1 = module.score(batch["tubes"])
    with torch.no_grad():
        module.network.adapters[1].weight += torch.randn_like(module.network.adapters[1].weight)
    tested = module.test_step(batch, 0)
    assert torch.equal(tested["score"], module.score(batch["tubes"]))
    assert torch.equal(tested["unadapted"], phase1)
    assert not torch.allclose(tested["score"], phase1)
    assert set(module.validation_step(batch, 0)) == {"row", "score"}


@pytest.mark.parametrize("settings", [{"adapter": "none"}, {"score_with_adapters": False}])
def test_a_score_without_adapters_is_not_compared_with_itself(settings, knowledge_ckpt, evaluation):
    batch = next(iter(evaluation()))
    assert set(real_adapt(knowledge_ckpt, **settings).test_step(batch, 0)) == {"row", "score"}


def test_the_papers_rate_moves_a_weight_by_about_itself_a_step(knowledge_ckpt, trainer, loader):
    module, fit = real_adapt(knowledge_ckpt, lr_adapter=1e-6), trainer(max_steps=5)
    fit.fit(module, loader(5, **TARGET))
    assert fit.global_step == 5
    assert 1e-7 < fit.callback_metrics["adapter/max_abs"] <= 4 * 1.01e-6  # logged before the fifth update
    assert set(fit.callback_metrics) == {"train/cont", "train/aux", "adapter/mean_abs", "adapter/max_abs"}


@pytest.mark.parametrize("stage", ["fit", "validate", "test", "predict"])
def test_nothing_runs_on_random_weights(stage, trainer, loader, evaluation, synth):
    module = RealAdaptModule(
        knowledge={"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": synth().settings()}
    )
    data = loader(1, **TARGET) if stage == "fit" else evaluation()
    with pytest.raises(WeightsNotFoundError, match="knowledge_ckpt"):
        getattr(trainer(max_steps=1), stage)(module, data)


def test_adapter_none_is_for_scoring_only(knowledge_ckpt, trainer, loader, evaluation):
    module = real_adapt(knowledge_ckpt, adapter="none")
    with pytest.raises(ConfigError, match="nothing to adapt"):
        trainer(max_steps=1).fit(module, loader(1, **TARGET))
    assert len(trainer().predict(module, evaluation())) == 2


class Quadratic(SynthKnowledgeModule):
    """A loss, an argument and a weight of its own."""

    def __init__(self, power=1.0, **options):
        super().__init__(**options)
        self.power, self.weight = power, torch.nn.Parameter(torch.zeros(3))

    def consistency_loss(self, scaled_difference):
        return scaled_difference.square().sum(dim=1).pow(self.power).mean()


def test_phase_two_starts_from_any_subclass_of_phase_one(trainer, loader, tmp_path):
    module = Quadratic(power=0.5, width=2, frames=3, size=16, lr=1e-2)
    fit = trainer(max_steps=2)
    fit.fit(module, loader(2))
    assert module.consistency.scale.grad.isfinite().all()  # aligned with the loss of its own
    with torch.no_grad():
        module.weight[:] = 2
    fit.save_checkpoint(tmp_path / "phase1.ckpt")
    adapt = real_adapt(tmp_path / "phase1.ckpt")
    assert (type(adapt.phase1), adapt.phase1.power) == (Quadratic, 0.5)
    assert adapt.phase1.weight.tolist() == [2, 2, 2]
    scaled = torch.randn(4, 5)
    assert torch.equal(adapt.phase1.consistency_loss(scaled), module.consistency_loss(scaled))
    fit = trainer(max_steps=1)
    fit.fit(adapt, loader(1, **TARGET))
    fit.save_checkpoint(tmp_path / "phase2.ckpt")
    (tmp_path / "phase1.ckpt").unlink()
    again = RealAdaptModule.load_from_checkpoint(tmp_path / "phase2.ckpt")
    assert (again.phase1.power, again.phase1.weight.tolist()) == (0.5, [2, 2, 2])


def test_phase_two_does_not_start_from_adapters(trainer, loader, tmp_path):
    fit = trainer(max_steps=1)
    fit.fit(
        InterleavedModule(width=2, frames=3, size=16),
        loader(1, groups=("normal", "abnormal", "puzzle", "real", "real_puzzle")),
    )
    fit.save_checkpoint(tmp_path / "both.ckpt")
    with pytest.raises(CheckpointError, match="InterleavedModule; phase 2 starts from a SynthKnowledgeModule"):
        real_adapt(tmp_path / "both.ckpt")
