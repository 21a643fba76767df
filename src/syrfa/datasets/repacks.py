"""Copies that circulate and would silently give other numbers."""

import re
from pathlib import Path

from syrfa.datasets.finding import Finding, note, problem

_TRAIN_NAME, _TEST_NAME = r"\d\d_\d{3}", r"\d\d_\d{4}"
_PLACES = {
    "train": ("training/videos", "training/frames", "training"),
    "test": ("testing/frames", "testing/videos", "testing", "clips"),
}
_WEAK_COUNTS = (238, 199)  # Zhong et al., CVPR 2019: videos to train on and to test on
_WEAK = "the re-split of Zhong et al. (238 videos to train on, 199 to test on), whose training split has anomalies"
_RELEASED = "go by the release: 330 training videos with three digits, 107 test clips with four"
_LISTS = (".txt", ".csv", ".list")
_LARGEST_LIST = 1 << 20


def weakly_supervised_split(root: Path) -> list[Finding]:
    """The re-split of ShanghaiTech of Zhong et al. with 238 training and 199 test videos.

    It moves test clips with anomalies into the training split and normal training videos into the test split. The
    release names training videos with three digits and test clips with four, so a mixed folder or list gives it away.
    """
    findings = []
    for split, own, other in (("train", _TRAIN_NAME, _TEST_NAME), ("test", _TEST_NAME, _TRAIN_NAME)):
        for folder in (root / place for place in _PLACES[split]):
            names = [path.stem for path in folder.iterdir()] if folder.is_dir() else []
            foreign = sorted(name for name in names if re.fullmatch(other, name))
            if foreign:
                number = len(foreign) + sum(bool(re.fullmatch(own, name)) for name in names)
                text = f"{len(foreign)} of {number} videos are of the other split ({foreign[0]}): {_WEAK}"
                findings.append(problem(folder, text, _RELEASED))
    for file in (path for depth in ("*", "*/*") for path in sorted(root.glob(depth)) if path.suffix in _LISTS):
        if file.is_file() and file.stat().st_size <= _LARGEST_LIST:
            listed = set(re.findall(r"(?<!\d)\d\d_\d{3,4}(?!\d)", file.read_text(errors="replace")))
            mixed = len({len(name) for name in listed}) == 2
            if mixed and len(listed) in _WEAK_COUNTS:
                text = f"a list of {len(listed)} videos of both splits: {_WEAK}"
                findings.append(note(file, text, f"no reader goes by it, and no result may; {_RELEASED}"))
    return findings
