"""What other plugins may use of complaints: packs of standards, the register, and figures of a period."""

from plugins.complaints.figures import ComplaintFacts, facts_between
from plugins.complaints.forms import GRADES
from plugins.complaints.models import Complaint
from plugins.complaints.reports import register
from plugins.complaints.standards import Category, ComplaintStandard, GradeWords
from plugins.complaints.workflow import INTERNAL, NAME

__all__ = [
    "GRADES",
    "INTERNAL",
    "NAME",
    "Category",
    "Complaint",
    "ComplaintFacts",
    "ComplaintStandard",
    "GradeWords",
    "facts_between",
    "register",
]
