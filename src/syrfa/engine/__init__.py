"""Running one job over many videos: in local processes, or on a Ray cluster."""

from syrfa.engine.base import Job, Pool, VideoDone
from syrfa.engine.run import EngineName, run_job
from syrfa.engine.stages import StageTimer
from syrfa.engine.store import JobStore, folder_lock

__all__ = ["EngineName", "Job", "JobStore", "Pool", "StageTimer", "VideoDone", "folder_lock", "run_job"]
