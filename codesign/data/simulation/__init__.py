"""Simulation of collisions with Pythia 8 and FastJet (extra ``simulation``)."""

from codesign.data.simulation.processes import PROCESSES, Process
from codesign.data.simulation.production import simulate_jets

__all__ = ["PROCESSES", "Process", "simulate_jets"]
