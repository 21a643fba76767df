"""A run record fits and tests in its folder, and no option of it reaches further."""

import copy
from typing import Any

import pytest

from syrfa.errors import ConfigError
from syrfa.reporting.inputs import generate_arguments
from syrfa.reporting.run_record_check import is_writable, overreach
from syrfa.training.run_record import OWN_PLACES
from syrfa.utils.files import sha256_json

OPTIONS: dict[str, Any] = {
    "seed_everything": 1,
    "run": {"experiment": "demo_adapt", "id": None},
    "trainer": {
        "accelerator": "auto",
        "strategy": "auto",
        "devices": 1,
        "precision": "bf16-mixed",
        "limit_val_batches": 0,
        "max_time": "00:12:00:00",
        "callbacks": None,
        "plugins": None,
        "profiler": None,
        "model_registry": None,
    },
    "model": {
        "class_path": "syrfa.modules.RealAdaptModule",
        "init_args": {"knowledge_ckpt": "checkpoint:0123456789ab@2", "style_blocks": [1, 2]},
    },
    "data": {
        "source": None,
        "target": {
            "dataset": {
                "class_path": "syrfa.datasets.UCSDPed2",
                "init_args": {"root": "${oc.env:SYRFA_SHARED_DATA,../shared/data}/ped2"},
            },
            "detector": {
                "class_path": "syrfa.detection.FileDetector",
                "init_args": {"path": "${oc.env:SYRFA_ELSEWHERE}/boxes.npz"},
            },
            "spec": {"frames": 7},
        },
        "cache_root": "${oc.env:SYRFA_CACHE,data/cache}",
    },
    "evaluation": {"bootstrap": 1000},
    "checkpoint": {"filename": "{epoch}-{step}", "save_last": True},
    "checkpoint_minutes": 5.0,
    "ckpt_path": "checkpoint:0123456789ab@2",
}
OWN = [(f"{section}.{name}" if section else name) for section, names in OWN_PLACES.items() for name in names]


def with_option(place: str, value: object) -> dict[str, Any]:
    options = copy.deepcopy(OPTIONS)
    part = options
    *sections, last = place.split(".")
    for section in sections:
        part = part[section]
    part[last] = value
    return options


def test_what_a_run_writes_is_within_reach() -> None:
    assert list(overreach(OPTIONS)) == []


@pytest.mark.parametrize("place", [*OWN, "run.root", "run.overwrite", "run.wandb", "run.test"])
def test_places_of_the_run_are_not_for_a_run_record_to_name(place: str) -> None:
    found = next(overreach(with_option(place, "/home/u/x")))
    assert place in found


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("trainer.callbacks", [{"class_path": "syrfa.callbacks.ScoreWriter"}]),
        ("trainer.plugins", ["slurm"]),
        ("trainer.profiler", {"class_path": "syrfa.x.Profiler", "init_args": {"dirpath": "/home/u"}}),
        ("trainer.profiler", "simple"),
        ("trainer.model_registry", "name"),
        ("trainer.strategy", "lightning.pytorch.strategies.DDPStrategy"),
        ("trainer.strategy", {"class_path": "syrfa.Strategy"}),
        ("trainer.devices", ["/home/u/x.yaml"]),
        ("checkpoint.filename", "/home/u/x"),
        ("checkpoint.filename", "../../x"),
        ("checkpoint.filename", "{/x}"),
        ("checkpoint.filename", "{step:/>9}"),
        ("checkpoint.filename", "{step:c}{step:c}"),
        ("checkpoint.filename", "{step.__class__}"),
        ("checkpoint.filename", "${oc.env:HOME}"),
        ("data.cache_root", "/home/u/x"),
        ("data.cache_root", "~/x"),
        ("data.cache_root", "data/../../x"),
        ("data.cache_root", "${oc.env:HOME}/x"),
        ("data.cache_root", "${oc.env:SYRFA_CACHE,/home/u/x}"),
        ("data.cache_root", "${oc.env:SYRFA_CACHE,data/cache}/../../x"),
        ("data.cache_root", "${oc.env:SYRFA_CACHE,data/cache}/${oc.env:HOME}"),
        ("data.target.detector.class_path", "os.system"),
        ("data.target.detector.class_path", "${oc.env:X,syrfa.detection.FileDetector}"),
        ("data.target.dataset.init_args.deeper", [{"class_path": "torch.nn.Linear"}]),
        ("data.target.spec", "x.yaml"),
        ("model.class_path", "syrfabricated.Module"),
        ("model.class_path", 3),
        ("model.init_args.__path__", "/home/u"),
        ("ckpt_path", "/home/u/last.ckpt"),
    ],
)
def test_what_reaches_further_is_found(place: str, value: object) -> None:
    found = next(overreach(with_option(place, value)))
    assert place.split(".")[-1] in found or "class_path" in found


@pytest.mark.parametrize("key", ["trainer.callbacks", "checkpoint.dirpath", "callbacks+", "__default_config__"])
def test_keys_that_leave_their_section_are_found(key: str) -> None:
    assert next(overreach({**OPTIONS, key: "/home/u/x"})) == f"{key!r} is no option"


@pytest.mark.parametrize("name", ["{epoch}", "oracle", "{epoch}-{val/micro_auroc:.3f}", "best v1.0"])
def test_usual_names_of_checkpoints_are_within_reach(name: str) -> None:
    assert list(overreach(with_option("checkpoint.filename", name))) == []


@pytest.mark.parametrize("place", ["data/cache", "${oc.env:SYRFA_ELSEWHERE}/cache", "${oc.env:SYRFA_DATA,data/raw}/x"])
def test_places_below_the_data_are_writable(place: str) -> None:
    assert is_writable(place)


def test_a_world_is_not_made_anywhere() -> None:
    world = {"preset": "tiny", "seed": 1, "grey": True, "version": 1, "settings": sha256_json({}), "out": "/home/u/x"}
    with pytest.raises(ConfigError, match="may not choose where"):
        generate_arguments(world)
    for key in ("preset", "seed", "grey", "version", "settings"):
        with pytest.raises(ConfigError, match="makes another"):
            generate_arguments({**world, "out": "data/raw/x", key: None})
