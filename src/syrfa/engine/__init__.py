"""Running one job over many videos: in local processes, or on a Ray cluster."""

from syrfa.engine.base import Job, Pool, VideoDone
from syrfa.engine.run import EngineName, run_job
from syrfa.engine.stages import StageTimer

__all__ = ["EngineName", "Job", "Pool", "StageTimer", "VideoDone", "run_job"]
