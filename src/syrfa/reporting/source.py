"""The data set a run was tested on, where it is at hand."""

import inspect
from pathlib import Path
from typing import Any

from syrfa import datasets
from syrfa.datasets import VideoDataset
from syrfa.errors import UserError, in_one_line
from syrfa.reporting.report_runs import Run


def dataset_of(run: Run, root: Path | None = None) -> tuple[VideoDataset | None, str]:
    """The data set of a run, as its configuration names it.

    Args:
        run: whose configuration is read.
        root: the folder of the data set, where it is not where the run found it.

    Returns:
        the data set, or None and a sentence why it is not at hand. Only the classes of `syrfa.datasets` are made:
        nothing that a configuration names is imported.
    """
    described = _description(run)
    kind = _kind(str(described.get("class_path", "")).rpartition(".")[2], run.result["dataset"] if root else None)
    if kind is None:
        return None, "the run's folder holds no configuration that names its data set"
    settings = dict(described.get("init_args") or {})
    if root is not None:
        settings["root"] = str(root)
    try:
        dataset: VideoDataset = kind(**settings)
        dataset.videos(run.result["split"])
    except (UserError, TypeError) as error:
        return None, f"the data set is not at hand ({in_one_line(error)})"
    return dataset, ""


def _kind(name: str, dataset: str | None) -> type[VideoDataset] | None:
    """The class of that name, or the one whose data set is called so."""
    known = [getattr(datasets, each) for each in datasets.__all__]
    kinds = [kind for kind in known if inspect.isclass(kind) and issubclass(kind, VideoDataset)]
    named = [kind for kind in kinds if kind.__name__ == name]
    called = [kind for kind in kinds if getattr(kind, "name", None) == dataset]
    return next(iter(named or called), None)


def _description(run: Run) -> dict[str, Any]:
    data = run.config().get("data")
    domain = data.get(run.result.get("domain", "target")) if isinstance(data, dict) else None
    described = domain.get("dataset") if isinstance(domain, dict) else None
    return described if isinstance(described, dict) else {}
