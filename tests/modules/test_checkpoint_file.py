"""Checkpoints: plain values only, refused when foreign or damaged, and enough to go on bit for bit."""

import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningCLI

from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.modules import AnomalyModule, RealAdaptModule, SynthKnowledgeModule
from syrfa.modules.checkpoint import checkpoint_settings, read_checkpoint


class Bomb:
    """Writes a file when a pickle of it is executed."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return Path.write_text, (Path(self.target), "executed")


def real_adapt(init, path=None, **settings):
    torch.manual_seed(init)
    return RealAdaptModule(str(path) if path else None, **{"lr_adapter": 1e-2, "lr_temporal": 1e-2, **settings})


# --- what is in a checkpoint


def test_phase_one_checkpoint_holds_plain_values_and_settings(knowledge_ckpt):
    content = torch.load(knowledge_ckpt, weights_only=True)
    name, settings = checkpoint_settings(read_checkpoint(knowledge_ckpt))
    assert name == "syrfa.modules.SynthKnowledgeModule"
    assert settings["style_blocks"] == [1]
    assert settings["style_mix"] == "beta"
    rebuilt = SynthKnowledgeModule(**settings)
    rebuilt.load_state_dict(content["state_dict"])
    assert rebuilt.settings() == settings


def test_phase_two_checkpoint_holds_phase_one_settings(knowledge_ckpt, trainer, loader, tmp_path):
    module = real_adapt(1, knowledge_ckpt, adapter="ap", adapter_args={"depth": 2}, seed=6)
    fit = trainer(max_steps=1)
    fit.fit(module, loader(1))
    fit.save_checkpoint(tmp_path / "phase2.ckpt")
    name, settings = checkpoint_settings(read_checkpoint(tmp_path / "phase2.ckpt"))
    assert name == "syrfa.modules.RealAdaptModule"
    kind, phase1 = checkpoint_settings(read_checkpoint(knowledge_ckpt))
    assert settings["knowledge"] == {"class_path": kind, "init_args": phase1}
    assert settings["knowledge_ckpt"] is None
    assert (settings["adapter"], settings["adapter_args"], settings["seed"]) == ("ap", {"depth": 2}, 6)


@pytest.mark.parametrize("adapter", ["rap", "ap"])
def test_a_module_built_from_checkpoint_settings_scores_the_same(
    adapter, knowledge_ckpt, trainer, loader, evaluation, tmp_path
):
    module = real_adapt(1, knowledge_ckpt, adapter=adapter)
    fit = trainer(max_steps=3)
    fit.fit(module, loader(3))
    fit.save_checkpoint(tmp_path / "phase2.ckpt")
    _, settings = checkpoint_settings(read_checkpoint(tmp_path / "phase2.ckpt"))
    torch.manual_seed(99)
    again = RealAdaptModule(**settings)
    assert again.settings() == settings
    expected = trainer().predict(module, evaluation())
    found = trainer().predict(again, evaluation(), ckpt_path=tmp_path / "phase2.ckpt", weights_only=True)
    assert all(torch.equal(one["score"], other["score"]) for one, other in zip(expected, found, strict=True))
    again = RealAdaptModule(**settings)  # and it goes on training
    fit = trainer(max_steps=4)
    fit.fit(again, loader(4), ckpt_path=tmp_path / "phase2.ckpt", weights_only=True)
    assert fit.global_step == 4
    unadapted = trainer().predict(real_adapt(1, knowledge_ckpt), evaluation())
    assert not torch.equal(unadapted[0]["score"], expected[0]["score"])


@pytest.mark.parametrize("name", ["SynthKnowledgeModule", "RealAdaptModule"])
def test_settings_are_the_modules_own_when_a_command_line_builds_it(name, knowledge_ckpt, monkeypatch):
    """Lightning hands a command line's arguments to every module under construction, also to one inside another."""
    arguments = ["--model", name, "--model.seed", "3", "--trainer.logger", "false"]
    if name == "RealAdaptModule":
        arguments += ["--model.knowledge_ckpt", str(knowledge_ckpt)]
    monkeypatch.setattr("sys.argv", ["test"])
    model = LightningCLI(AnomalyModule, subclass_mode_model=True, run=False, args=arguments).model
    settings = model.settings()
    assert settings["seed"] == 3
    assert type(model)(**settings).settings() == settings
    if name == "RealAdaptModule":
        kind, phase1 = checkpoint_settings(read_checkpoint(knowledge_ckpt))
    assert settings["knowledge"] == {"class_path": kind, "init_args": phase1}


# --- what is refused


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(WeightsNotFoundError, match=r"nowhere\.ckpt"):
        RealAdaptModule(str(tmp_path / "nowhere.ckpt"))
    with pytest.raises(WeightsNotFoundError):
        read_checkpoint(tmp_path)


def _empty(path, good, marker):
    path.write_bytes(b"")


def _text(path, good, marker):
    path.write_text("epoch,loss\n1,0.5\n")


def _truncated(path, good, marker):
    path.write_bytes(good.read_bytes()[: good.stat().st_size // 2])


def _flipped_weight(path, good, marker):
    with zipfile.ZipFile(good) as archive:
        entry = max((i for i in archive.infolist() if "/data/" in i.filename), key=lambda i: i.file_size)
    content = bytearray(good.read_bytes())
    content[entry.header_offset + 200 + entry.file_size // 2] ^= 0x40
    path.write_bytes(bytes(content))


def _bare_pickle_bomb(path, good, marker):
    path.write_bytes(pickle.dumps({"state_dict": {}, "syrfa": Bomb(marker)}))


def _bomb_in_checkpoint(path, good, marker):
    torch.save({**torch.load(good, weights_only=True), "extra": Bomb(marker)}, path)


def _other_zip(path, good, marker):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def _bare_state_dict(path, good, marker):
    torch.save(torch.load(good, weights_only=True)["state_dict"], path)


def _foreign_lightning(path, good, marker):
    content = torch.load(good, weights_only=True)
    del content["syrfa"]
    torch.save(content, path)


def _tensor(path, good, marker):
    torch.save(torch.zeros(3), path)


def _broken_settings(path, good, marker):
    torch.save({**torch.load(good, weights_only=True), "syrfa": 5}, path)


def _settings_of_another_version(path, good, marker):
    content = torch.load(good, weights_only=True)
    content["hyper_parameters"]["colour"] = "green"
    torch.save(content, path)


def _settings_that_do_not_fit(path, good, marker):
    content = torch.load(good, weights_only=True)
    content["hyper_parameters"]["width"] = 4
    torch.save(content, path)


def _weights_missing(path, good, marker):
    content = torch.load(good, weights_only=True)
    del content["state_dict"]["classifier.weight"]
    torch.save(content, path)


def _weights_left_over(path, good, marker):
    content = torch.load(good, weights_only=True)
    content["state_dict"]["domain.weight"] = torch.zeros(2)
    torch.save(content, path)


@pytest.mark.parametrize(
    "spoil",
    [
        _empty,
        _text,
        _truncated,
        _flipped_weight,
        _bare_pickle_bomb,
        _bomb_in_checkpoint,
        _other_zip,
        _bare_state_dict,
        _foreign_lightning,
        _tensor,
        _broken_settings,
        _settings_of_another_version,
        _settings_that_do_not_fit,
        _weights_missing,
        _weights_left_over,
    ],
)
def test_a_bad_checkpoint_is_refused_in_one_line_and_never_executed(spoil, knowledge_ckpt, tmp_path):
    path, marker = tmp_path / "bad.ckpt", tmp_path / "marker"
    spoil(path, knowledge_ckpt, marker)
    with pytest.raises(CheckpointError) as caught:
        RealAdaptModule(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_a_phase_two_checkpoint_is_no_phase_one_knowledge(knowledge_ckpt, trainer, loader, tmp_path):
    fit = trainer(max_steps=1)
    fit.fit(real_adapt(0, knowledge_ckpt), loader(1))
    fit.save_checkpoint(tmp_path / "phase2.ckpt")
    with pytest.raises(CheckpointError, match="holds a RealAdaptModule"):
        RealAdaptModule(str(tmp_path / "phase2.ckpt"))


# --- resuming


def fitted(trainer, module, loader, folder, epochs, ckpt_path=None):
    saver = ModelCheckpoint(folder, filename="{epoch}", save_last=True, save_top_k=-1)
    fit = trainer(max_epochs=epochs, enable_checkpointing=True, callbacks=[saver])
    fit.fit(module, loader(3), ckpt_path=ckpt_path, weights_only=True)
    return module


def assert_same_state(module, other, path, other_path):
    for name, value in module.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    optimisers, others = (torch.load(p, weights_only=True)["optimizer_states"] for p in (path, other_path))
    for one, another in zip(optimisers, others, strict=True):
        for key, state in one["state"].items():
            assert all(
                torch.equal(torch.as_tensor(v), torch.as_tensor(another["state"][key][k])) for k, v in state.items()
            )


@pytest.mark.parametrize("phase", [1, 2])
def test_resuming_from_last_ckpt_equals_the_uninterrupted_run(phase, synth, knowledge_ckpt, trainer, loader, tmp_path):
    def module(init):
        if phase == 2:
            return real_adapt(init, knowledge_ckpt, seed=2)
        return synth(init, lr=1e-2, lr_consistency=1e-2, seed=2, augment=True, align_every=2)

    whole = fitted(trainer, module(1), loader, tmp_path / "whole", 4)
    fitted(trainer, module(1), loader, tmp_path / "part", 2)
    resumed = fitted(trainer, module(7), loader, tmp_path / "rest", 4, tmp_path / "part" / "last.ckpt")
    assert int(whole.batches_seen) == 12
    assert_same_state(whole, resumed, tmp_path / "whole" / "last.ckpt", tmp_path / "rest" / "last.ckpt")
    temporal = (whole if phase == 1 else whole.phase1).temporal.linear.weight
    half = torch.load(tmp_path / "part" / "last.ckpt", weights_only=True)["state_dict"]
    assert not torch.equal(half["temporal.linear.weight" if phase == 1 else "phase1.temporal.linear.weight"], temporal)


def test_resuming_goes_on_with_the_cosine_schedule(synth, trainer, loader, tmp_path):
    options = {"lr": 1e-2, "lr_schedule": "cosine"}
    whole = fitted(trainer, synth(1, **options), loader, tmp_path / "whole", 3)
    middle = tmp_path / "whole" / "epoch=0.ckpt"
    resumed = fitted(trainer, synth(7, **options), loader, tmp_path / "rest", 3, middle)
    assert_same_state(whole, resumed, tmp_path / "whole" / "last.ckpt", tmp_path / "rest" / "last.ckpt")


def test_lightning_builds_a_module_from_our_checkpoint(knowledge_ckpt):
    module = SynthKnowledgeModule.load_from_checkpoint(knowledge_ckpt)
    stored = read_checkpoint(knowledge_ckpt)["state_dict"]
    assert all(torch.equal(value, stored[name]) for name, value in module.state_dict().items())
