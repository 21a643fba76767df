"""Every YAML file that is shipped runs: instantiated and one batch of fit on tiny data. None can be forgotten."""

from pathlib import Path

import pytest
import yaml

from syrfa.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "lightning_config"
DATA = CONFIG / "data"
EXPERIMENTS = sorted(file for file in (ROOT / "experiments").glob("*.yaml") if file.stem != "tables")  # no config
LITERAL = sorted((ROOT / "experiments" / "literal").glob("*.yaml"))
TABLES = sorted(file for name in ("table2", "tables") for file in (ROOT / "experiments" / name).glob("*.yaml"))
STAGES = sorted(CONFIG.glob("*.yaml"))
SOURCES = {"demo.yaml", "generated.yaml", "ubnormal.yaml"}
WEIGHTS = {"ped2_yolo.yaml": "yolov3u.pt", "shanghaitech.yaml": "yolov8n_coco_int8.onnx"}
QUICK = [
    "--trainer.fast_dev_run=true",
    "--trainer.accelerator=cpu",
    "--trainer.enable_progress_bar=false",
    "--data.batch_size=2",
    "--data.steps_per_epoch=1",
    "--data.prepare_workers=1",
]


def overlay(*files: Path) -> list[str]:
    return [f"--config={file}" for file in files]


def options_of(file: Path, knowledge_ckpt: Path) -> list[str]:
    """What the module of a config needs so that one batch reaches all of it."""
    module = yaml.safe_load(file.read_text()).get("model", {}).get("class_path", "")
    if "Ensemble" in module:
        return [f"--model.init_args.members=[{knowledge_ckpt}]"]
    if "RealAdapt" in module:
        return [f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    return ["--model.init_args.adapt_every=1"] if "Interleaved" in module else []


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda file: file.stem)
def test_experiment_runs(experiment: Path, knowledge_ckpt: Path) -> None:
    data = "demo.yaml" if "demo" in experiment.stem else "generated.yaml"
    files = [DATA / data, *([] if "demo" in experiment.stem else [DATA / "ped2.yaml"]), experiment]
    verb = "test" if "ensemble" in experiment.stem else "fit"  # it learns nothing
    assert main([verb, *overlay(*files), *options_of(experiment, knowledge_ckpt), *QUICK]) == 0


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize("row", TABLES, ids=lambda file: file.stem)
def test_what_tables_lay_over_experiments_runs(row: Path, knowledge_ckpt: Path) -> None:
    name = "adapt" if row.stem in ("exp5", "exp6") or "adapt" in row.stem else "knowledge"
    base = ROOT / "experiments" / f"{'ped2' if 'ped2' in row.stem else 'demo'}_{name}.yaml"
    data = [DATA / "generated.yaml", DATA / "ped2.yaml"] if "ped2" in row.stem else [DATA / "demo.yaml"]
    extra = [f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"] if name == "adapt" else []
    assert main(["fit", *overlay(*data, base, row), *extra, *QUICK]) == 0


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize("rates", LITERAL, ids=lambda file: file.stem)
def test_literal_rates_run(rates: Path, knowledge_ckpt: Path) -> None:
    base = ROOT / "experiments" / f"transfer_{rates.stem}.yaml"
    files = [DATA / "generated.yaml", DATA / "ped2.yaml", base, rates]
    assert main(["fit", *overlay(*files), *options_of(base, knowledge_ckpt), *QUICK]) == 0


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize("stage", STAGES, ids=lambda file: file.stem)
def test_stage_config_runs(stage: Path, knowledge_ckpt: Path) -> None:
    files = [DATA / "demo.yaml", CONFIG / "trainer.yaml"]
    files.append(CONFIG / "synth_knowledge.yaml" if stage.stem == "trainer" else stage)
    extra = options_of(stage, knowledge_ckpt)
    if "real_adapt" not in stage.stem:
        extra += ["--model.init_args.width=2", "--model.init_args.size=16"]
    assert main(["fit", *overlay(*files), *extra, *QUICK]) == 0


@pytest.mark.usefixtures("data_environment")
@pytest.mark.filterwarnings("ignore:.* are missing; results are of those")
@pytest.mark.parametrize("data", sorted(DATA.glob("*.yaml")), ids=lambda file: file.stem)
def test_data_config_runs(data: Path, knowledge_ckpt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if data.name in WEIGHTS:
        # none in the repository: the config must parse, and say where to put them
        assert main(["prepare", *overlay(data)]) == 2
        assert WEIGHTS[data.name] in capsys.readouterr().err
        return
    if data.name in SOURCES:
        arguments = ["fit", *overlay(data, CONFIG / "synth_knowledge.yaml"), "--model.init_args.width=2"]
        arguments.append("--model.init_args.size=16")
    else:
        arguments = ["fit", *overlay(data, CONFIG / "real_adapt.yaml")]
        arguments.append(f"--model.init_args.knowledge_ckpt={knowledge_ckpt}")
    assert main([*arguments, *QUICK]) == 0
