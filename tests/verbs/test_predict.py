"""`syrfa predict`: the scores of a test, one video at a time, resumable, the same bytes on any engine."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from small_run import DEMO, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.engine.store import LOCK
from syrfa.utils.files import read_sealed, sealed

BATCH = "--data.eval_batch_size=16"  # less than the tubes of a video

pytestmark = pytest.mark.usefixtures("data_environment")


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def predict(checkpoint, out, cache, *options):
    return main(
        ["predict", *DEMO, f"--ckpt_path={checkpoint}", f"--out={out}", f"--data.cache_root={cache}", BATCH, *options]
    )


@pytest.fixture(scope="module")
def scored(knowledge_ckpt, tmp_path_factory):
    """A run with one worker, and a cache folder that it left alone."""
    root = tmp_path_factory.mktemp("predict")
    assert predict(knowledge_ckpt, root / "out", root / "cache", "--workers=1") == 0
    return root / "out", root / "cache"


def test_scores_are_those_of_a_test(scored, knowledge_ckpt, tmp_path):
    options = [*KNOWLEDGE, *SMALL, BATCH, f"--run.root={tmp_path}", f"--ckpt_path={knowledge_ckpt}"]
    assert main(["test", *options, "--evaluation.pictures=false"]) == 0
    expected = sorted((tmp_path / "demo_knowledge" / "seed1" / "scores").glob("*.npz"))
    assert len(expected) == 2
    assert [path.name for path in sorted((scored[0] / "scores").iterdir())] == [path.name for path in expected]
    for path in expected:
        with np.load(path) as theirs, np.load(scored[0] / "scores" / path.name) as ours:
            assert ours.files == theirs.files
            assert len(theirs["object_score"]) > 30
            for name in theirs.files:
                assert ours[name].dtype == theirs[name].dtype
                # a batch of another size may be summed in another order
                np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-6)


def test_a_split_without_labels_is_scored_with_the_config_of_an_experiment(knowledge_ckpt, tmp_path):
    options = [*KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--out={tmp_path / 'out'}"]
    assert main(["predict", *options, "--model.init_args.width=2", "--data.predict_split=train"]) == 0
    files = sorted((tmp_path / "out" / "scores").glob("*.npz"))
    assert len(files) == 2
    with np.load(files[0], allow_pickle=False) as stored:
        assert stored["frames"].dtype == np.float32
        assert stored["object_xyxy"].shape == (len(stored["object_score"]), 4)


def test_no_tube_is_left(scored):
    assert not scored[1].exists()
    assert {path.suffix for path in scored[0].rglob("*") if path.is_file() and path.name != LOCK} == {".npz", ".json"}


def test_two_processes_write_the_same_bytes(scored, knowledge_ckpt, tmp_path):
    assert predict(knowledge_ckpt, tmp_path / "out", tmp_path / "cache", "--workers=2") == 0
    assert digests(tmp_path / "out") == digests(scored[0])


def test_a_prepared_cache_gives_the_same_bytes(scored, knowledge_ckpt, tmp_path):
    target = ["--data.source=null", "--data.train_on=target", f"--data.cache_root={tmp_path / 'cache'}"]
    assert main(["prepare", *DEMO, *target, "--workers=1"]) == 0
    assert len(list((tmp_path / "cache").glob("ped2-test-*/*.npy"))) == 2
    assert predict(knowledge_ckpt, tmp_path / "out", tmp_path / "cache", "--workers=1") == 0
    assert digests(tmp_path / "out") == digests(scored[0])


@pytest.mark.parametrize("lost", ["missing", "damaged", "of other frames"])
def test_only_what_is_not_done_is_scored_again(scored, knowledge_ckpt, tmp_path, capsys, lost):
    out = tmp_path / "out"
    shutil.copytree(scored[0], out)
    victim = sorted((out / "scores").iterdir())[1]
    if lost == "missing":
        victim.unlink()
    elif lost == "damaged":
        victim.write_bytes(victim.read_bytes()[:-1])
    else:
        part = out / "parts" / f"{victim.stem}.json"
        content = read_sealed(part)
        content["content"]["video"] = "0"
        part.write_text(json.dumps(sealed(content)))
    assert predict(knowledge_ckpt, out, tmp_path / "cache", "--workers=1") == 0
    assert "scored 1 videos (1 were done)" in capsys.readouterr().out
    assert digests(out) == digests(scored[0])


def test_other_scores_never_share_a_folder(scored, knowledge_ckpt, tmp_path, capsys):
    before = digests(scored[0])
    assert predict(knowledge_ckpt, scored[0], tmp_path, "--workers=1", "--data.target.filter.min_side=20") == 2
    assert "holds another job" in capsys.readouterr().err
    assert digests(scored[0]) == before
    (tmp_path / "run" / "scores").mkdir(parents=True)
    assert predict(knowledge_ckpt, tmp_path / "run", tmp_path, "--workers=1") == 2
    assert "holds files of something else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers=0"], "workers=0"),
        (["--device=tpu"], "device=tpu"),
        (["--data.predict_on=source", "--data.source=null"], "no data.source"),
        (["--data.target.filter.min_confidence=0.1"], "min_confidence"),
        (["--ckpt_path=none.ckpt"], "no checkpoint at"),
    ],
)
def test_bad_options_are_one_line(knowledge_ckpt, tmp_path, capsys, options, said):
    assert predict(knowledge_ckpt, tmp_path / "out", tmp_path / "cache", *options) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
