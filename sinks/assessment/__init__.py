"""Assessment: scores of staff and sites by month, quarter and year, by SQL over the facts (docs/assessment.md)."""
