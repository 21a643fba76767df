"""The command lines that tests share: the demo's configs, and options that make a run of them last a second."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA, EXPERIMENTS = ROOT / "lightning_config" / "data", ROOT / "experiments"
DEMO = [f"--config={DATA / 'demo.yaml'}"]
KNOWLEDGE = [*DEMO, f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
ADAPT = [*DEMO, f"--config={EXPERIMENTS / 'demo_adapt.yaml'}"]
SMALL = [
    "--data.batch_size=2",
    "--data.steps_per_epoch=2",
    "--data.prepare_workers=1",
    "--trainer.accelerator=cpu",
    "--trainer.max_epochs=1",
    "--trainer.enable_progress_bar=false",
    "--trainer.log_every_n_steps=1",
    "--evaluation.bootstrap=20",
]
