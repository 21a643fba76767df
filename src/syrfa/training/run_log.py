"""`metrics.csv`, which a resumed fit continues."""

import csv
from pathlib import Path

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from syrfa.utils.files import atomic_write


class RunLog(CSVLogger):
    """A CSVLogger that keeps the rows of the steps before the one it goes on with; Lightning's deletes the file.

    Args:
        folder: the run's folder.
        first_step: the number of the next step; rows of it and of later ones were written by a process that died
            before it could save what they speak of.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        super().__init__(folder.parent.parent, folder.parent.name, folder.name)
        self.first_step = first_step

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        """The writer, made when it is first asked for."""
        if self._experiment is None:
            self._experiment = _Writer(self.log_dir, self.first_step)
        return self._experiment  # type: ignore[return-value]  # Fabric's base class of it


class _Writer(ExperimentWriter):
    def __init__(self, log_dir: str, first_step: int) -> None:
        self.first_step = first_step
        super().__init__(log_dir)
        if Path(self.metrics_file_path).exists():
            with Path(self.metrics_file_path).open(newline="") as file:
                self.metrics_keys = list(csv.DictReader(file).fieldnames or [])

    def _check_log_dir_exists(self) -> None:
        """Cuts the file off before `first_step`; Lightning deletes it here."""
        path = Path(self.metrics_file_path)
        if not path.exists():
            return
        lines = path.read_text().splitlines(keepends=True)
        columns = next(csv.reader(lines[:1]), [])
        if self.first_step == 0 or "step" not in columns:
            path.unlink()
            return
        place = columns.index("step")
        with atomic_write(path) as file:
            for line, row in zip(lines, csv.reader(lines), strict=True):
                if row == columns or (len(row) == len(columns) and int(row[place]) < self.first_step):
                    file.write(line.encode())
