"""Synthesis: boards, the open synthesis flow, what a design takes, and whether it keeps its budget."""

from codesign.synth.boards import Board, get_board, load_boards
from codesign.synth.budgets import BudgetLine, check_budget
from codesign.synth.netlist import NetlistResources, count_resources
from codesign.synth.result import BoardUse, SynthResult
from codesign.synth.step import synthesise_boards
from codesign.synth.yosys import synthesise

__all__ = [
    "Board",
    "BoardUse",
    "BudgetLine",
    "NetlistResources",
    "SynthResult",
    "check_budget",
    "count_resources",
    "get_board",
    "load_boards",
    "synthesise",
    "synthesise_boards",
]
