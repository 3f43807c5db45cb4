"""A district's traffic, made up: the events of any days, with all that goes wrong on the way to a broker."""

from __future__ import annotations

from deploy.simulator.simulation import estimate, live, simulate, simulate_timed

__all__ = ["estimate", "live", "simulate", "simulate_timed"]
