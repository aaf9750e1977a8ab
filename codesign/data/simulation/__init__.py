"""Simulation of collisions with Pythia 8 and FastJet (extra ``simulation``)."""

from codesign.data.simulation.event_processes import BACKGROUND, EVENT_PROCESSES, EventProcess
from codesign.data.simulation.events import simulate_events
from codesign.data.simulation.processes import PROCESSES, Process
from codesign.data.simulation.production import simulate_jets
from codesign.data.simulation.response import read_response, response_names

__all__ = [
    "BACKGROUND",
    "EVENT_PROCESSES",
    "PROCESSES",
    "EventProcess",
    "Process",
    "read_response",
    "response_names",
    "simulate_events",
    "simulate_jets",
]
