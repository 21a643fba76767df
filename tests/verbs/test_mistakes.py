"""What a newcomer types wrong: exit code 2 and one short line that names it; nothing is trained."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_run import DEMO, EXPERIMENTS

from syrfa.__main__ import main
from syrfa.utils.parser import one_line

EXPERIMENT = [f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
FIT = ["fit", *DEMO, *EXPERIMENT, "--trainer.accelerator=cpu", "--data.prepare_workers=1"]

pytestmark = pytest.mark.usefixtures("data_environment")


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refused command, without the verb."""
    code = main(arguments)
    printed = capsys.readouterr().err
    assert code == 2, printed
    lines = [line for line in printed.splitlines() if line.startswith("syrfa ")]
    assert len(lines) == 1, printed
    assert len(lines[0]) < 400
    assert not {"<class", "Union", "NestedArg", "Traceback"} & set(lines[0].replace("(", " ").split())
    return lines[0].split("error: ", 1)[1]


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
        (["summary"], "runs"),
        (["summary", "absent"], "absent/result.json"),
    ],
)
def test_half_a_command(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert named in refusal(arguments, capsys)


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--data.batch_size=-1", "data.batch_size=-1"),
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
        ("--data.source.train_spec.margin=1000", "spec.margin (1000) leaves no frame"),
        ("--evaluation.paper.taps=8", "evaluation.constants.taps=8: give an odd number of at least 1"),
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
def test_option_out_of_range(option: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert named in refusal([*FIT, f"--run.root={tmp_path}", option], capsys)
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "is empty"),
        (b"- data", "holds a list"),
        (b"data:\n  source: [1, 2\n  x: y: z\n", ", line 3: not YAML"),
        (b"data:\n\tsource: 1\n", ", line 2: not YAML"),
        (bytes(range(128, 256)), "not a YAML text file"),
    ],
    ids=["empty", "list", "syntax", "tab", "binary"],
)
@pytest.mark.parametrize("verb", ["fit", "prepare", "generate", "summary"])
def test_config_that_is_none(
    verb: str, content: bytes, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_bytes(content)
    line = refusal([verb, "--config", str(config)], capsys)
    assert line.startswith(str(config))
    assert named in line


def test_config_that_is_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(["fit", f"--config={tmp_path}"], capsys).startswith(f"{tmp_path}: is a folder")


def test_variable_that_is_not_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("data: {cache_root: '${oc.env:SYRFA_NOT_SET}'}")
    line = refusal(["prepare", *DEMO, f"--config={tmp_path / 'mine.yaml'}"], capsys)
    assert "data.cache_root" in line
    assert "SYRFA_NOT_SET" in line


def test_data_that_were_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SYRFA_DATA")
    monkeypatch.chdir(tmp_path)
    assert "data/raw/demo-source" in refusal(["prepare", *DEMO], capsys)


def test_run_root_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file") in refusal([*FIT, f"--run.root={tmp_path / 'file'}"], capsys)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("verb", "option", "named"),
    [
        ("predict", "--data.predict_split=tset", "split 'tset': ped2 has train, test"),
        ("test", "--data.target.spec.frames=5", "the tubes have 5 frames and the network takes 7"),
        ("test", "--data.target.filter.min_side=10000", "passes data.target.filter"),
        ("test", "--data.target.test_split=train", "no frame labels"),
    ],
)
def test_split_that_cannot_be_scored(
    verb: str, option: str, named: str, knowledge_ckpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [verb, *FIT[1:], "--model.init_args.width=2", f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    capsys.readouterr()
    assert named in refusal([*arguments, option], capsys)
    assert not list(tmp_path.rglob("result.json"))


def test_checkpoint_that_is_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(tmp_path) in refusal(["test", *FIT[1:], f"--ckpt_path={tmp_path}"], capsys)


@pytest.mark.parametrize("verb", ["generate", "summary"])
def test_help_of_small_verbs_answers_without_torch(verb: str) -> None:
    code = f"import sys; from syrfa.__main__ import main; main(['{verb}', '--help'])"
    code = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    sys.exit('torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0
    assert f"usage: syrfa {verb}" in finished.stdout


def test_a_page_becomes_a_line() -> None:
    page = (
        'Parser key "data":\n  Parser key "target":\n    Does not validate against any of the Union subtypes\n'
        "    Subtypes: [<class 'TubeSource'>, <class 'NoneType'>]\n    Errors:\n"
        "      - Parser key \"spec.frames\":\n          Expected a <class 'int'>. Got value: many\n"
        "      - Expected a <class 'NoneType'>\n    Given value type: <class 'dict'>\n    Given value: {'spec': {}}"
    )
    assert one_line(page) == "data.target.spec.frames: expected int, got many"
    assert one_line(one_line(page)) == one_line(page)


@pytest.mark.parametrize("message", ["something new", "Subtypes: nothing else"])
def test_a_message_of_another_kind_is_kept(message: str) -> None:
    assert one_line(message) == message
