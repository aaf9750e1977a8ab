"""Faults in Verilog of any kind: conditions, assignments, comparisons, selections of bits, registers that hold."""

import re
from collections.abc import Iterator
from functools import partial

from codesign.verify.mutation.sites import Fault, Site, choose_value

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
CONDITION = re.compile(r"\bif\s*\(")
ASSIGNED = re.compile(
    r"(?:\bassign|\bwire(?:\s*\[[^\]]*\])?)\s+(?P<target>\w+(?:\s*\[[^\]]*\])?)\s*=(?!=)\s*(?P<value>[^;]+);"
)
REGISTERED = re.compile(
    r"(?:^|\)|\belse|\bbegin)\s*(?P<target>[A-Za-z_]\w*(?:\s*\[[^\]]*\])?)\s*<=\s*(?P<value>[^;]+);", re.MULTILINE
)
OPERATORS = {">=": (">", "<"), "<=": ("<", ">"), "==": ("!=",), "!=": ("==",), "<<": (">>",), ">>": ("<<",),
             "&&": ("||",), "||": ("&&",), ">": (">=", "<="), "<": ("<=", ">="), "+": ("-",), "-": ("+",),
             "|": ("&",), "&": ("|",), "^": ("&",)}  # fmt: skip
OPERATOR = re.compile(r">=|<=|==|!=|<<|>>|&&|\|\||[-><+|&^]")
COMPARISONS = frozenset({">=", "<=", "==", "!=", ">", "<"})
RANGE = re.compile(r"\[(\d+):(\d+)\]")
SELECTION = re.compile(r"(?<=\w)\[([^\[\]:+]+)\](?!\.)")  # a bit, not one of several generated blocks
GENVARS = re.compile(r"\bgenvar\s+([\w\s,]+);")
NAME = re.compile(r"(?<![\w$'])[A-Za-z_]\w*")
CONSTANT_BIT = re.compile(r"1'b([01])")


def statement_sites(text: str) -> list[Site]:
    """Sites of conditions and assignments; comments are no code."""
    code = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    sites = [*_conditions(code), *_assignments(code)]
    return sorted(sites, key=lambda site: site.start)


def _conditions(code: str) -> Iterator[Site]:
    genvars = {name.strip() for match in GENVARS.finditer(code) for name in match[1].split(",")}
    for match in CONDITION.finditer(code):
        start, end = match.end(), _closing(code, match.end())
        condition = code[start:end]
        if all(name.isupper() or name in genvars for name in NAME.findall(condition)):
            continue  # decided when the design is put together: no number of a running simulation can change it
        faults = [Fault("inverted comparison", "condition inverted", f"!({condition})")]
        kind = "missing reset" if re.search(r"\bre?se?t", condition) else "inverted comparison"
        faults.append(Fault(kind, "condition never holds", "1'b0"))
        faults += _operator_faults(condition)
        yield Site(start, end, tuple(faults), partial(choose_value, condition))


def _assignments(code: str) -> Iterator[Site]:
    for pattern in (ASSIGNED, REGISTERED):
        for match in pattern.finditer(code):
            value = match["value"]
            faults = list(_value_faults(value))
            if pattern is REGISTERED:
                faults.append(Fault("register", f"{match['target']} holds its value", match["target"]))
            yield Site(match.start("value"), match.end("value"), tuple(faults), partial(choose_value, value))


def _value_faults(value: str) -> Iterator[Fault]:
    yield Fault("stuck bit", "lowest bit inverted", f"({value}) ^ 1'b1")
    yield from _operator_faults(value)
    for match in RANGE.finditer(value):
        high, low = int(match[1]), int(match[2])
        step = -1 if low else 1
        wrong = f"[{high + step}:{low + step}]"
        yield Fault("weight or shift", f"{match[0]} read as {wrong}", _replaced(value, match, wrong))
    for match in SELECTION.finditer(value):
        if not match[1].strip().isdigit() or int(match[1]) > 0:
            wrong = f"[({match[1]})-1]"
            yield Fault("weight or shift", f"{match[0]} read as {wrong}", _replaced(value, match, wrong))
    for match in CONSTANT_BIT.finditer(value):
        wrong = f"1'b{1 - int(match[1])}"
        yield Fault("stuck bit", f"{match[0]} is {wrong}", _replaced(value, match, wrong))
    yield from _exchanges(value)


def _operator_faults(expression: str) -> Iterator[Fault]:
    """Operators outside brackets and braces, where they make indices and widths."""
    for match in OPERATOR.finditer(expression):
        before = expression[: match.start()]
        if before.count("[") == before.count("]") and before.count("{") == before.count("}") and before.strip():
            for wrong in OPERATORS[match[0]]:
                kind = "inverted comparison" if match[0] in COMPARISONS else "operator"
                yield Fault(kind, f"{match[0]} is {wrong}", _replaced(expression, match, wrong))


def _exchanges(value: str) -> Iterator[Fault]:
    """Neighbours of equal width in a concatenation, exchanged."""
    inner = re.fullmatch(r"\{(.*)\}", value.strip(), re.DOTALL)
    parts = [part.strip() for part in inner[1].split(",")] if inner else []
    widths = [_width(part) for part in parts]
    for first in range(len(parts)):
        second = next((i for i in range(first + 1, len(parts)) if widths[i] == widths[first] is not None), None)
        if second is not None and parts[first] != parts[second]:
            changed = list(parts)
            changed[first], changed[second] = parts[second], parts[first]
            what = f"{parts[first]} and {parts[second]} exchanged"
            yield Fault("swapped ports", what, f"{{{', '.join(changed)}}}")


def _width(part: str) -> int | None:
    match = re.fullmatch(r"\w+\[(\d+):(\d+)\]", part)
    return int(match[1]) - int(match[2]) + 1 if match else None


def _replaced(text: str, match: re.Match[str], wrong: str) -> str:
    return f"{text[: match.start()]}{wrong}{text[match.end() :]}"


def _closing(code: str, start: int) -> int:
    depth = 1
    for place in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place
    return len(code)
