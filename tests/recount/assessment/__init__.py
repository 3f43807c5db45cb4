"""A second, independent reading of docs/assessment.md: every score, bill and measure, straight from raw messages.

It shares no code with the product and is as plain as can be; the product is held to it.
"""

from tests.recount.assessment.assessed import Assessed, assess
from tests.recount.assessment.district import District, Post, Site, Window
from tests.recount.assessment.placing import placed
from tests.recount.assessment.rules import AssessmentRules, Code

__all__ = ["Assessed", "AssessmentRules", "Code", "District", "Post", "Site", "Window", "assess", "placed"]
