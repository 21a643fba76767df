"""A checkpoint says every split it was trained on, or a result could hide that it saw its own test data."""

from types import SimpleNamespace

import pytest

from syrfa.datasets import VideoFolder
from syrfa.datasets.base import VideoDataset
from syrfa.evaluation.write_result import switches_of
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import TubeSource


class Named(VideoDataset):
    """A data set that has nothing but a hash of its own for every split."""

    splits = ("train", "test")

    def __init__(self, name):
        self.name = name

    def manifest_hash(self, split):
        return f"{self.name}-{split}-hash"

    def videos(self, split):
        raise NotImplementedError

    frame_labels = tracks = id_mask = videos


def recorded(module, train_on, monitor=None, stopped_by=(), limit_val_batches=1.0, switches=(), data=None, **target):
    source = TubeSource(Named("world"), None, validation_split="test")
    data = data or TubeDataModule(
        source, TubeSource(Named("street"), None, **target), train_on=train_on, **dict.fromkeys(switches, True)
    )
    module._trainer = SimpleNamespace(
        datamodule=data,
        # as in a fit: the configured one, and one that keeps last.ckpt and monitors nothing
        checkpoint_callbacks=[SimpleNamespace(monitor=monitor), SimpleNamespace()],
        early_stopping_callbacks=[SimpleNamespace(monitor=name) for name in stopped_by],
        limit_val_batches=limit_val_batches,
        training=True,
        precision="bf16-mixed",
    )
    checkpoint = {}
    module.on_save_checkpoint(checkpoint)
    return checkpoint["syrfa"]["trained_on"]


@pytest.mark.parametrize(
    ("train_on", "expected"),
    [
        ("source", [("source", "train", "world-train-hash")]),
        ("target", [("target", "train", "street-train-hash")]),
        ("both", [("source", "train", "world-train-hash"), ("target", "train", "street-train-hash")]),
    ],
)
def test_every_split_trained_on_is_recorded(train_on, expected, synth):
    found = recorded(synth(), train_on)
    assert [(part["domain"], part["split"], part["manifest_sha256"]) for part in found] == expected
    assert {(part["monitor"], part["monitored_sha256"]) for part in found} == {("", "")}
    assert {part["precision"] for part in found} == {"bf16-mixed"}


def test_what_checkpoints_are_chosen_by_is_recorded_with_each_split(synth):
    found = recorded(synth(), "both", monitor="val/micro_auroc")
    assert {part["monitored_sha256"] for part in found} == {"world-test-hash"}


def test_what_training_stops_by_is_recorded_too(synth):
    found = recorded(synth(), "source", monitor="train/cls", stopped_by=["val/micro_auroc"])
    assert [(part["monitor"], part["monitored_sha256"]) for part in found] == [
        ("train/cls, val/micro_auroc", "world-test-hash")
    ]


def test_a_loss_of_training_is_measured_on_no_other_split(synth):
    (part,) = recorded(synth(), "source", monitor="train/cls")
    assert (part["monitor"], part["monitored_sha256"], part["validated_sha256"]) == ("train/cls", "", "world-test-hash")


@pytest.mark.parametrize("labels", ["labels=truth.csv", "none"])
def test_a_folder_adapted_to_without_labels_is_known_again_with_them(labels, synth, tmp_path):
    """The labels are a part of the hash, and so were the only thing by which the split could be missed."""
    (tmp_path / "videos" / "test").mkdir(parents=True)
    (tmp_path / "videos" / "test" / "a.mp4").write_bytes(b"never decoded")
    (tmp_path / "truth.csv").write_text("video,start,end\ntest/a.mp4,1,2\n")
    footage = VideoFolder(tmp_path / "videos")
    fitted = synth()
    target = TubeSource(footage, None, train_split="test")
    fitted.trained_on = recorded(fitted, "target", data=TubeDataModule(None, target, train_on="target"))
    rule = {"unit": "frames", "first_frame": 0, "end_included": True}
    again = VideoFolder(tmp_path / "videos", labels=tmp_path / "truth.csv", **rule) if labels != "none" else footage
    split = SimpleNamespace(dataset=again.name, split="test", manifest_hash=again.manifest_hash("test"))
    assert (split.manifest_hash == fitted.trained_on[0]["manifest_sha256"]) == (labels == "none")
    assert switches_of(fitted, split) == {"transductive": True, "oracle": False}


@pytest.mark.parametrize(("limit", "expected"), [(1.0, "world-test-hash"), (0, ""), (0.0, "")])
def test_what_was_only_looked_at_is_recorded_apart(limit, expected, synth):
    (part,) = recorded(synth(), "source", limit_val_batches=limit)
    assert (part["monitored_sha256"], part["validated_sha256"]) == ("", expected)


def test_both_switches_show_in_the_record(synth):
    found = recorded(synth(), "target", monitor="val/micro_auroc", switches=("transductive", "oracle"))
    expected = {"domain": "target", "split": "test", "manifest_sha256": "street-test-hash"}
    assert [{key: part[key] for key in expected} for part in found] == [expected]
    assert {part["monitored_sha256"] for part in found} == {"street-test-hash"}


def test_a_resumed_run_records_no_split_twice(synth):
    module = synth()
    splits = recorded(module, "both")
    module.on_load_checkpoint({"syrfa": {"trained_on": splits}})
    checkpoint = {}
    module.on_save_checkpoint(checkpoint)
    assert checkpoint["syrfa"]["trained_on"] == splits
