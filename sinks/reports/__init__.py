"""Reports: the papers that an office circulates about a month, a quarter or a year, in four formats.

figures/ asks, papers/ writes what was found into a document without a format, and a writer a format renders it.
"""

from sinks.assessment.corrections import Correction
from sinks.reports.error import ReportError
from sinks.reports.papers.common import Letterhead
from sinks.reports.period import Kind
from sinks.reports.report import check_suffix, compose, write_report

__all__ = ["Correction", "Kind", "Letterhead", "ReportError", "check_suffix", "compose", "write_report"]
