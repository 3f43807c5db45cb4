"""Figures of a report: SQL in, frozen dataclasses out."""
