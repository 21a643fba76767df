"""What a newcomer types wrong: exit code 2 and one short line that names it; nothing is trained."""

import signal
import subprocess
import sys
import time

import pytest
from small_run import ADAPT, DEMO, EXPERIMENTS, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.engine import folder_lock
from syrfa.utils.parser import one_line

EXPERIMENT = [f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
FIT = ["fit", *DEMO, *EXPERIMENT, "--trainer.accelerator=cpu", "--data.prepare_workers=1"]

pytestmark = pytest.mark.usefixtures("data_environment")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["tset"], "there is no verb 'tset'; choose from generate, prepare, fit"),
        (["fit"], "no model; add --config"),
        (["prepare"], "no data; add --config"),
        (["fit", *EXPERIMENT], "data.train_on=source: the config describes no data.source; add --config"),
        (["fit", *DEMO], "no model; add --config"),
        (["prepare", *DEMO, *EXPERIMENT], "there is no option 'model"),
        (["fit", "--config"], "give it a YAML file"),
        (["generate", "--presett=tiny"], "presett"),
        (["generate", "--seed=first"], "seed: expected int, got first"),
        (["generate", "--preset=huge"], "huge"),
        (["summary"], "runs"),
        (["summary", "absent"], "absent/result.json"),
    ],
)
def test_half_a_command(arguments, named, tmp_path, monkeypatch, refusal):
    monkeypatch.chdir(tmp_path)
    assert named in refusal(arguments)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--data.batch_size=-1", "data.batch_size=-1"),
        ("--data.batch_size=many", "data.batch_size: expected int, got many"),
        ("--data.target.spec.frames=many", "data.target.spec.frames: expected int, got many"),
        ("--data.source.spec.steps=2", "steps"),
        ("--data.steps_per_epoch=0", "data.steps_per_epoch=0"),
        ("--data.num_workers=-1", "data.num_workers=-1"),
        ("--data.prepare_workers=0", "data.prepare_workers=0"),
        ("--data.train_on=sorce", "data.train_on: expected one of 'source', 'target', 'both', got sorce"),
        ("--data.train_on=target", "data.train_on=target: phase 1 learns from labels"),
        ("--data.train_on=both", "data.train_on=both: phase 1 learns from labels, and from nothing else; set"),
        ("--trainer.precision=bf16-true", "trainer.precision=bf16-true: weights of 8 bits swallow steps"),
        ("--data.class_balance=even", "data.class_balance: expected one of 'equal', 'natural', got even"),
        ("--data.puzzle_from=other", "data.puzzle_from: expected one of 'own', 'batch', got other"),
        ("--data.target.spec.frames=6", "frames=6"),
        ("--data.target.dataset=Nope", "data.target.dataset: there is no class 'Nope'"),
        ("--data.source.filter.min_side=10000", "data.*.filter"),
        ("--data.source.train_spec.margin=1000", "spec.margin (1000) leaves none of the frames"),
        ("--evaluation.constants.taps=8", "evaluation.constants.taps=8: give an odd number of at least 1"),
        ("--evaluation.protocol=strickt", "evaluation.protocol: expected one of 'strict', 'paper', got strickt"),
        ("--evaluation.window=24", "window is 24"),
        ("--evaluation.bootstrap=-1", "evaluation.bootstrap=-1"),
        ("--model.init_args.width=0", "width is 0"),
        ("--model.init_args.size=30", "multiple of 16"),
        ("--model.init_args.frames=5", "the tubes have 7 frames and the network takes 5"),
        ("--model.init_args.widht=2", "model: there is no option 'widht'"),
        ("--model.init_args.lr=-1", "model.init_args.lr=-1.0"),
        ("--model=Nope", "there is no class 'Nope'"),
        ("--seed_everything=-1", "seed_everything=-1"),
        ("--trainer.accelerator=quantum", "accelerator='quantum'"),
        ("--trainer.devices=0", "devices='0'"),
        ("--trainer.max_epochs=-5", "You passed in -5"),
        ("--trainer.val_check_interval=1000", "trainer.val_check_interval=1000"),
    ],
)
def test_option_out_of_range(option, named, tmp_path, refusal):
    assert named in refusal([*FIT, f"--run.root={tmp_path}", option])
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize(
    ("verb", "content", "named"),
    [
        ("fit", b"", "is empty"),
        ("prepare", b"- data", "holds a list"),
        ("fit", b"data:\n  source: [1, 2\n  x: y: z\n", ", line 3: not YAML"),
        ("generate", b"data:\n\tsource: 1\n", ", line 2: not YAML"),
        ("summary", bytes(range(128, 256)), "not a YAML text file"),
    ],
)
def test_config_that_is_none(verb, content, named, tmp_path, refusal):
    config = tmp_path / "mine.yaml"
    config.write_bytes(content)
    line = refusal([verb, "--config", str(config)])
    assert line.startswith(str(config))
    assert named in line
    assert refusal([verb, f"--config={tmp_path}"]).startswith(f"{tmp_path}: is a folder")


@pytest.mark.parametrize(
    ("verb", "content", "named"),
    [
        ("prepare", "data: {batchsize: 2}", "batchsize"),
        ("prepare", "data: {target: {spec: {frames: many}}}", "data.target.spec.frames"),
        ("prepare", "data: {cache_root: '${oc.env:SYRFA_NOT_SET}'}", "SYRFA_NOT_SET"),
        ("fit", "model: {class_path: syrfa.modules.SynthKnowledgeModule, init_args: {widht: 8}}", "widht"),
        ("generate", "presett: tiny", "presett"),
        ("generate", "seed: first", "seed: expected int"),
    ],
)
def test_wrong_key_in_a_config(verb, content, named, tmp_path, refusal):
    (tmp_path / "typo.yaml").write_text(content)
    config = [f"--config={tmp_path / 'typo.yaml'}"]
    command = [verb, *config] if verb == "generate" else [verb, *DEMO, *config]
    assert named in refusal(command)


def test_data_that_were_never_made(tmp_path, monkeypatch, refusal):
    monkeypatch.delenv("SYRFA_DATA")
    monkeypatch.chdir(tmp_path)
    assert "data/raw/demo-source" in refusal(["prepare", *DEMO])


def test_run_root_that_is_a_file(tmp_path, refusal):
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file") in refusal([*FIT, f"--run.root={tmp_path / 'file'}"])
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("verb", "option", "named"),
    [
        ("test", "--data.target.test_split=tset", "split 'tset': ped2 has train, test"),
        ("test", "--data.target.spec.frames=5", "the tubes have 5 frames and the network takes 7"),
        ("test", "--data.target.filter.min_side=10000", "passes data.target.filter"),
        ("test", "--data.target.test_split=train", "no frame labels"),
    ],
)
def test_split_that_cannot_be_scored(verb, option, named, knowledge_ckpt, tmp_path, refusal):
    arguments = [verb, *FIT[1:], "--model.init_args.width=2", f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert named in refusal([*arguments, option])
    assert not list(tmp_path.rglob("result.json"))


def test_checkpoint_that_is_not_there(tmp_path, refusal):
    for path in (tmp_path, tmp_path / "none.ckpt"):
        assert str(path) in refusal(["test", *FIT[1:], f"--ckpt_path={path}"])
    start = ["fit", *ADAPT, *SMALL, f"--run.root={tmp_path}", f"--model.init_args.knowledge_ckpt={tmp_path / 'no'}"]
    assert "no checkpoint at" in refusal(start)


@pytest.mark.parametrize("verb", ["validate", "test"])
@pytest.mark.parametrize("phase", [KNOWLEDGE, ADAPT], ids=["knowledge", "adapt"])
def test_scoring_without_weights(verb, phase, tmp_path, refusal):
    none = ["--model.init_args.knowledge_ckpt=null"] if phase is ADAPT else []
    assert "ckpt" in refusal([verb, *phase, *SMALL, *none, f"--run.root={tmp_path}"])
    assert not list(tmp_path.iterdir())


def test_checkpoint_of_other_settings(knowledge_ckpt, tmp_path, refusal, capsys):
    place = [f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert "holds a syrfa.modules.SynthKnowledgeModule" in refusal(["test", *ADAPT, *SMALL, *place])
    wider = [*KNOWLEDGE, *SMALL, *place, "--model.init_args.width=4"]
    assert "width 2 (config: 4)" in refusal(["fit", *wider])
    assert main(["validate", *wider]) == 0  # a verb that scores takes the checkpoint's
    assert "width 2 (config: 4)" in capsys.readouterr().err


def test_run_folder_of_another_fit(knowledge_ckpt, refusal):
    before = knowledge_ckpt.read_bytes()
    fit = ["fit", *KNOWLEDGE, *SMALL, "--model.init_args.width=2", f"--run.root={knowledge_ckpt.parents[3]}"]
    assert "--run.overwrite" in refusal(fit)
    with folder_lock(knowledge_ckpt.parents[1]):
        for option in ("--run.overwrite=true", f"--ckpt_path={knowledge_ckpt}"):
            assert "another process is at work there" in refusal([*fit, option])
    assert knowledge_ckpt.read_bytes() == before


def test_terminated_fit_leaves_a_checkpoint_and_143(tmp_path):
    command = [sys.executable, "-m", "syrfa", "fit", *KNOWLEDGE, *SMALL, "--data.steps_per_epoch=100000"]
    options = ["--model.init_args.width=2", f"--run.root={tmp_path}"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / "demo_knowledge" / "seed1"
    deadline = time.monotonic() + 600
    while not (folder / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(600) == 143
    assert (folder / "checkpoints" / "last.ckpt").is_file()


def test_help_answers_without_torch():
    verbs = ("generate", "summary", "data", "report", "tables", "sweep", "figure")
    calls = "; ".join(f"call(['{verb}', '--help'])" for verb in verbs)
    code = f"""
import sys
from syrfa.__main__ import main
def call(arguments):
    try:
        main(arguments)
    except SystemExit:
        pass
call(['--help']); {calls}
sys.exit('torch' in sys.modules)
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0
    assert all(f"usage: syrfa {verb}" in finished.stdout for verb in verbs)


def test_a_page_becomes_a_line():
    page = (
        'Parser key "data":\n  Parser key "target":\n    Does not validate against any of the Union subtypes\n'
        "    Subtypes: [<class 'TubeSource'>, <class 'NoneType'>]\n    Errors:\n"
        "      - Parser key \"spec.frames\":\n          Expected a <class 'int'>. Got value: many\n"
        "      - Expected a <class 'NoneType'>\n    Given value type: <class 'dict'>\n    Given value: {'spec': {}}"
    )
    assert one_line(page) == "data.target.spec.frames: expected int, got many"
    assert one_line(one_line(page)) == one_line(page)


@pytest.mark.parametrize("message", ["something new", "Subtypes: nothing else"])
def test_a_message_of_another_kind_is_kept(message):
    assert one_line(message) == message
