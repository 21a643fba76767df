"""`syrfa figure`: the paper's figures 3 and 4 from tested runs."""

from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.reporting.runs import Run


def figure(which: str, runs: list[Path], out: Path, videos: str | None = None) -> None:
    """Draw figure 3 or 4 of the paper as PNG and PDF, with its numbers as JSON next to them.

    Args:
        which: fig3, score curves and anomaly maps; fig4, the feature distance with and without adapters.
        runs: folders of tested runs, or their result files; for fig4 tested with `--evaluation.feature_distance true`.
        out: the .png to write.
        videos: of fig3, names of the videos, commas between; by default the paper's, else the first three by name.

    Raises:
        UserError: a run is not finished, was not tested so, or its data are missing; the message says which.
    """
    if out.suffix != ".png":
        raise ConfigError(f"--out {out}: give a file that ends with .png; the .pdf and .json are written next to it")
    if which == "fig4" and videos is not None:
        raise ConfigError("--videos: an option of fig3; fig4 is drawn from result.json alone")
    opened = [Run.open(run) for run in runs]
    # both figures import matplotlib, which is slow; a wrong option is reported before
    if which == "fig4":
        from syrfa.reporting.fig4 import plot_fig4

        files = plot_fig4(out, opened)
    else:
        from syrfa.reporting.fig3 import ScoredRun, plot_fig3

        files = plot_fig3(out, [*map(ScoredRun.open, opened)], videos.split(",") if videos else None)
    print("\n".join(str(file) for file in files))
