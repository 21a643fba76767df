"""`syrfa doctor`: what a copy of a data set holds, against what was published of it."""

from pathlib import Path
from typing import Any, Literal

from syrfa.datasets.check import UnusableDataError, examine
from syrfa.datasets.published import PUBLISHED
from syrfa.utils.files import write_json

DatasetKey = Literal["ped1", "ped2", "shanghaitech", "avenue", "ubnormal", "folder"]


def doctor(
    dataset: DatasetKey,
    path: Path,
    json: Path | None = None,
    fast: bool = False,
    workers: int | None = None,
    init_args: dict[str, Any] | None = None,
) -> None:
    """Compare a copy of a data set with what was published of it; exit code 2 where numbers would be wrong.

    Args:
        dataset: which data set it is.
        path: the folder it was unpacked into.
        json: also write the findings to this file.
        fast: decode nothing; only lists, names, labels and folders of frames are looked at.
        workers: processes that decode; one a CPU core by default.
        init_args: further arguments of the reader as in a config, e.g. `{labels: labels.csv, unit: seconds, fps: 25}`
            of a folder.

    Raises:
        UserError: the folder is not there, or the copy has a fault; the table is printed before.
    """
    examination = examine(dataset, path, fast, workers, init_args=init_args)
    print(examination.as_text())
    if json is not None:
        write_json(json, examination.as_json())
    if examination.problems:
        raise UnusableDataError(
            f"{path}: {examination.problems} of the findings above would make numbers of "
            f"{PUBLISHED[dataset].title} wrong; each line says how to mend it"
        )
