"""A checkpoint says every split it was trained on, or a result could hide that it saw its own test data."""

from types import SimpleNamespace

import pytest

from syrfa.datasets.base import VideoDataset
from syrfa.tubes.datamodule import TubeDataModule, TubeSource


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


def recorded(module, train_on, monitor=None, stopped_by=(), limit_val_batches=1.0, switches=(), **target):
    source = TubeSource(Named("world"), None, validation_split="test")
    data = TubeDataModule(
        source, TubeSource(Named("street"), None, **target), train_on=train_on, **dict.fromkeys(switches, True)
    )
    module._trainer = SimpleNamespace(
        datamodule=data,
        checkpoint_callback=SimpleNamespace(monitor=monitor),
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


def test_training_on_the_targets_test_split_shows(synth):
    found = recorded(synth(), "both", train_split="test")
    assert "street-test-hash" in {part["manifest_sha256"] for part in found}


def test_what_checkpoints_are_chosen_by_is_recorded_with_each_split(synth):
    found = recorded(synth(), "both", monitor="validate/micro_auroc")
    assert {part["monitored_sha256"] for part in found} == {"world-test-hash"}


def test_what_training_stops_by_is_recorded_too(synth):
    found = recorded(synth(), "source", monitor="train/cls", stopped_by=["val/micro_auroc"])
    assert [(part["monitor"], part["monitored_sha256"]) for part in found] == [
        ("train/cls, val/micro_auroc", "world-test-hash")
    ]


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
