"""What a copy of a released data set holds, against what was published of it, and how to get what is missing."""

from syrfa.doctor.examination import Examination, examine
from syrfa.doctor.finding import Finding, UnusableDataError
from syrfa.doctor.published import PUBLISHED, Archive, Published

__all__ = ["PUBLISHED", "Archive", "Examination", "Finding", "Published", "UnusableDataError", "examine"]
