"""Every YAML file that is shipped runs: instantiated and one batch of fit on tiny data. None can be forgotten."""

import pytest
import yaml
from small_run import DATA, EXPERIMENTS, ROOT

from syrfa.__main__ import main

CONFIG = ROOT / "lightning_config"
# files laid over one another, below lightning_config or experiments; each file is in one of them at least
RUNS = [
    "data/demo demo_knowledge table2/exp1 tables/small",
    "data/demo demo_knowledge table2/exp2 tables/tiny",
    "data/demo demo_knowledge table2/exp3 tables/tiny_network",
    "data/demo demo_knowledge table2/exp4",
    "data/demo demo_adapt table2/exp5",
    "data/demo demo_adapt table2/exp6",
    "data/demo demo_grl",
    "data/demo demo_interleaved",
    "data/demo demo_jigsaw",
    "data/generated data/ped2 ped2_adapt tables/ped2_adapt_small",
    "data/generated data/ped2 ped2_knowledge tables/ped2_knowledge_small",
    "data/transfer data/ped2 ped2_grl",
    "data/generated data/ped2 transfer_knowledge literal/knowledge",
    "data/generated data/ped2 transfer_adapt literal/adapt",
    "data/transfer data/ped2 ensemble",
    "data/demo trainer jigsaw",
    "data/demo trainer gradient_reversal",
    "data/demo trainer interleaved",
    "data/ubnormal synth_knowledge",
    "data/avenue real_adapt",
    "data/folder real_adapt",
    "data/ped1 real_adapt",
    "data/ped2_motion real_adapt",
]
WEIGHTS = {"ped2_yolo.yaml": "yolov3u.pt", "shanghaitech.yaml": "yolov8n_coco_int8.onnx"}
QUICK = [
    "--trainer.fast_dev_run=true",
    "--trainer.accelerator=cpu",
    "--trainer.enable_progress_bar=false",
    "--data.batch_size=2",
    "--data.steps_per_epoch=1",
    "--data.prepare_workers=1",
]
pytestmark = [
    pytest.mark.usefixtures("data_environment"),
    pytest.mark.filterwarnings("ignore:.* are missing; results are of those"),
]


def files_of(run):
    return [
        next(root / f"{n}.yaml" for root in (CONFIG, EXPERIMENTS) if (root / f"{n}.yaml").exists()) for n in run.split()
    ]


def test_no_file_is_forgotten():
    shipped = {*CONFIG.rglob("*.yaml"), *EXPERIMENTS.glob("*.yaml"), *EXPERIMENTS.glob("[lt]*/*.yaml")}
    run = {file for names in RUNS for file in files_of(names)} | {DATA / name for name in WEIGHTS}
    assert run == shipped - {EXPERIMENTS / "tables.yaml"}  # which is no config


@pytest.mark.parametrize("run", RUNS)
def test_runs(run, knowledge_ckpt, tmp_path):
    files = files_of(run)
    modules = [yaml.safe_load(file.read_text()).get("model", {}).get("class_path", "") for file in files]
    module = next(name.rpartition(".")[2] for name in reversed(modules) if name)
    # what the module needs so that one batch reaches all of it
    options = {
        "EnsembleModule": [f"--model.init_args.members=[{knowledge_ckpt}]"],
        "RealAdaptModule": [f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"],
        "InterleavedModule": ["--model.init_args.adapt_every=1"],
    }.get(module, [])
    # of the paper's size
    if (files[-1].parent == CONFIG and module != "RealAdaptModule") or run.endswith("ped2_grl"):
        options = [*options, "--model.init_args.width=2", "--model.init_args.size=16"]
    verb = "test" if module == "EnsembleModule" else "fit"  # it learns nothing
    assert main([verb, *(f"--config={file}" for file in files), *options, *QUICK, f"--run.root={tmp_path}"]) == 0


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_the_repository_lacks_are_named(name, capsys):
    assert main(["prepare", f"--config={DATA / name}"]) == 2
    assert WEIGHTS[name] in capsys.readouterr().err
