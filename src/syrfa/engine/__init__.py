"""Running one job over many videos, or many commands side by side, so that it can be stopped and taken up again."""

from syrfa.engine.base import Item, Job, StepTimer, VideoDone
from syrfa.engine.run import EngineName, run_job
from syrfa.engine.store import JobStore, folder_lock

__all__ = ["EngineName", "Item", "Job", "JobStore", "StepTimer", "VideoDone", "folder_lock", "run_job"]
