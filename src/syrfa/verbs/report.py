"""`syrfa report`: one HTML page about a run or a folder of runs."""

from collections import Counter
from pathlib import Path

from syrfa.errors import ConfigError, DataNotFoundError


def report(runs: Path, out: Path | None = None, data: Path | None = None) -> None:
    """Write one self-contained HTML page about a run, or about every run below a folder.

    The page loads nothing and is at most 20 MB. Curves and pictures of an experiment are of its lowest seed.

    Args:
        runs: a run's folder, a result file, or a folder of runs.
        out: the page; by default `report.html` in that folder.
        data: the folder of the data set, for pictures, where it is not where the runs found it.

    Raises:
        UserError: there is no finished run, or one is damaged; the message says which.
    """
    from syrfa.reporting.report import write_report
    from syrfa.reporting.report_sweep import find_sweeps
    from syrfa.reporting.runs import find_experiments

    page = out if out is not None else (runs if runs.is_dir() else runs.parent) / "report.html"
    if page.is_dir():
        raise ConfigError(f"--out {page}: is a folder; give the name of an .html file")
    if data is not None and not data.is_dir():
        raise DataNotFoundError(f"--data {data}: there is no such folder; give the data set's, or leave it out")
    sweeps, experiments = find_sweeps(runs), find_experiments(runs)
    missing = write_report(page, runs.resolve().name, experiments, sweeps, data)
    count = sum(len(experiment.runs) for experiment in experiments)
    print(f"{page}: {count} runs of {len(experiments)} experiments, {page.stat().st_size / 1e6:.1f} MB")
    for sentence, times in Counter(missing).items():
        print(f"  {sentence}{f' ({times} times)' if times > 1 else ''}")
