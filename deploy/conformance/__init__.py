"""Conformance: what a vendor's output looks like to pingliu, before it is sent."""

from deploy.conformance.checks import CHECKS
from deploy.conformance.examine import examine
from deploy.conformance.reading import NotRead, Sent, origin_of, read_events, read_records
from deploy.conformance.report import Report
from deploy.conformance.words import as_html, as_text

__all__ = [
    "CHECKS",
    "NotRead",
    "Report",
    "Sent",
    "as_html",
    "as_text",
    "examine",
    "origin_of",
    "read_events",
    "read_records",
]
