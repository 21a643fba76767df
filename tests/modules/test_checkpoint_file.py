"""Checkpoints: plain values only, refused when foreign or damaged, and enough to go on bit for bit."""

import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.modules import RealAdaptModule
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
    with pytest.raises(CheckpointError, match=r"holds a syrfa\.modules\.RealAdaptModule"):
        RealAdaptModule(str(tmp_path / "phase2.ckpt"))
