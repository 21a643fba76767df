"""`syrfa figure`: the paper's figures 3 and 4 from tested runs."""

from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.reporting.runs import Run


def figure(
    which: str,
    runs: list[Path],
    out: Path,
    videos: str | None = None,
    count: int = 3,
    root: Path | None = None,
    protocol: str | None = None,
    smoothing: str | None = None,
) -> None:
    """Draw figure 3 or 4 of the paper as PNG and PDF, with its numbers as JSON next to them.

    Args:
        which: fig3, score curves and anomaly maps; fig4, the feature distance with and without adapters.
        runs: folders of tested runs, or their result files; for fig4 tested with `--evaluation.feature_distance true`.
        out: the .png to write.
        videos: of fig3, names of the videos, commas between; by default the paper's, else the first `count` by name.
        count: of fig3, how many videos of a run where neither `videos` nor the paper names any.
        root: of fig3, the folder of the data set where it is not where the run found it.
        protocol: of fig3, which evaluation of the runs to draw; their first by default.
        smoothing: of fig3, see `protocol`.

    Raises:
        UserError: a run is not finished, was not tested so, or its data are missing; the message says which.
    """
    if out.suffix != ".png":
        raise ConfigError(f"--out {out}: give a file that ends with .png; the .pdf and .json are written next to it")
    if count < 1:
        raise ConfigError(f"--count {count}: give a number of at least 1")
    opened = [Run.open(run) for run in runs]
    # both figures import matplotlib, which is slow; a wrong option is reported before
    if which == "fig4":
        only = {"videos": videos, "root": root, "protocol": protocol, "smoothing": smoothing}
        given = [f"--{name}" for name, value in only.items() if value is not None]
        if given:
            raise ConfigError(f"{' and '.join(given)}: an option of fig3; fig4 is drawn from result.json alone")
        from syrfa.reporting.fig4 import plot_fig4

        files = plot_fig4(out, opened)
    else:
        from syrfa.reporting.fig3 import ScoredRun, plot_fig3

        scored = [ScoredRun.open(run, root, protocol, smoothing) for run in opened]
        files = plot_fig3(out, scored, videos.split(",") if videos else None, count)
    print("\n".join(str(file) for file in files))
