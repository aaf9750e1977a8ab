"""Faults in the adder graph: the combinational modules that the network compiler writes, one value per line."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from codesign.verify.mutation.sites import Fault, Site, choose_value

VALUE = re.compile(r"wire \[(?P<high>\d+):0\] (?P<name>v\d+); (?P<code>[^;\n]+);")
ASSIGNMENT = re.compile(r"assign v\d+\[\d+:0\] = (.+)")
INSTANCE = re.compile(r"(?P<module>\w+) (?:#\((?P<parameters>[-\d, ]+)\) )?(?P<label>op_\d+) \((?P<ports>.+)\)")
LITERAL = re.compile(r"(\d+)'b([01]+)")

# Positions among an instance's parameters.
SIGNS = {"shift_adder": (2, 3), "ternary_adder": (1, 5, 9), "mux": (2, 3), "negative": (2,), "binop": (2, 3)}
SIGNS["multiplier"] = (2, 3)
SUBTRACT = {"shift_adder": (7,), "ternary_adder": (2, 6, 10)}
SHIFT = {"shift_adder": 6, "mux": 5, "binop": 5}
PADS = {"ternary_adder": (3, 7, 11)}


def adder_graph_sites(text: str) -> list[Site]:
    """Sites of a module of the adder graph; none in any other text."""
    sites = []
    for match in VALUE.finditer(text):
        value, code = _Value(match["name"], int(match["high"]) + 1), match["code"].strip()
        assignment, instance = ASSIGNMENT.fullmatch(code), INSTANCE.fullmatch(code)
        if assignment:
            faults = (*_expression_faults(assignment[1]), *_bit_faults(value))
            sites.append(Site(match.start(), match.end(), faults, partial(_assigned, value, assignment[1])))
        elif instance:
            faults = (*_instance_faults(instance), *_bit_faults(value))
            sites.append(Site(match.start(), match.end(), faults, partial(_instantiated, value, code)))
    return sites


class _Value(NamedTuple):
    name: str
    width: int


def _assigned(value: _Value, expression: str, faults: Sequence[tuple[int, Fault]]) -> str:
    true = f"{value.name}_true"
    declared = f"wire [{value.width - 1}:0] {true}; assign {true} = {expression}; "
    return f"{declared}wire [{value.width - 1}:0] {value.name}; assign {value.name} = {choose_value(true, faults)};"


def _instantiated(value: _Value, code: str, faults: Sequence[tuple[int, Fault]]) -> str:
    """The true instance, one more for every chosen fault that is an instance, and the choice between their values."""
    target = re.compile(rf"{value.name}\[\d+:0\]\)$|{value.name}\)$")
    true, values, pieces = f"{value.name}_true", [], []
    pieces.append(f"wire [{value.width - 1}:0] {true}; {target.sub(f'{true})', code)};")
    for number, fault in faults:
        if INSTANCE.fullmatch(fault.code):
            other = f"{value.name}_{number}"
            label = re.sub(r"\bop_(\d+) \(", rf"op_\1_{number} (", target.sub(f"{other})", fault.code))
            pieces.append(f"wire [{value.width - 1}:0] {other}; {label};")
            values.append((number, Fault(fault.kind, fault.what, other)))
        else:
            values.append((number, fault))
    choice = choose_value(true, values)
    return " ".join([*pieces, f"wire [{value.width - 1}:0] {value.name}; assign {value.name} = {choice};"])


def _bit_faults(value: _Value) -> Iterator[Fault]:
    """A result of the wrong width or scale; its lowest, middle and highest bit stuck."""
    true, width = f"{value.name}_true", value.width
    if width > 1:
        yield Fault("width", f"{value.name} loses its top bit", f"{{1'b0, {true}[{width - 2}:0]}}")
        yield Fault("weight or shift", f"{value.name} shifted down by one bit", f"{true} >> 1")
    for bit in sorted({0, width // 2, width - 1}):
        mask = f"({width}'d1 << {bit})"
        yield Fault("stuck bit", f"{value.name}[{bit}] stuck at 0", f"{true} & ~{mask}")
        yield Fault("stuck bit", f"{value.name}[{bit}] stuck at 1", f"{true} | {mask}")


def _expression_faults(expression: str) -> Iterator[Fault]:
    """A rectifier that passes the wrong half, an inversion that is missing."""
    if "~" in expression:
        yield Fault("inverted comparison", "condition inverted", expression.replace("~", "", 1))
        masked = re.fullmatch(r"(.+) & \{\d+\{~.+\}\}", expression)
        if masked:
            yield Fault("inverted comparison", "condition left out", masked[1])


def _instance_faults(instance: re.Match[str]) -> Iterator[Fault]:
    module, parameters = instance["module"], instance["parameters"]
    if parameters is None:
        return
    numbers = [int(number) for number in parameters.split(",")]
    for place in SIGNS.get(module, ()):
        wrong = "unsigned" if numbers[place] else "signed"
        what = f"operand {SIGNS[module].index(place)} taken as {wrong}"
        yield Fault("sign", what, _with(instance, numbers, place, 1 - numbers[place]))
    for place in SUBTRACT.get(module, ()):
        what = "added" if numbers[place] else "subtracted"
        yield Fault("sign", f"operand {what}", _with(instance, numbers, place, 1 - numbers[place]))
    if module in SHIFT:
        place = SHIFT[module]
        step = 1 if numbers[place] >= 0 else -1
        yield Fault("weight or shift", "shift by one more", _with(instance, numbers, place, numbers[place] + step))
    for place in PADS.get(module, ()):
        yield Fault("weight or shift", "shift by one more", _with(instance, numbers, place, numbers[place] + 1))
    yield from _port_faults(instance)


def _port_faults(instance: re.Match[str]) -> Iterator[Fault]:
    """A constant with a wrong bit, operands exchanged, the wrong branch of a selection."""
    code, ports = instance[0], [port.strip() for port in instance["ports"].split(",")]
    constant = LITERAL.search(instance["ports"])
    if constant:
        for bit in range(int(constant[1])):
            digits = constant[2].zfill(int(constant[1]))
            place = len(digits) - 1 - bit
            wrong = f"{digits[:place]}{1 - int(digits[place])}{digits[place + 1 :]}"
            yield Fault(
                "weight or shift", f"bit {bit} of a constant", code.replace(constant[0], f"{constant[1]}'b{wrong}")
            )
    elif instance["module"] == "mux":
        exchanged = ", ".join([f"~{ports[0]}", *ports[1:]])
        yield Fault("inverted comparison", "selection inverted", code.replace(instance["ports"], exchanged))
    elif len(ports) > 2 and ports[0] != ports[1]:
        exchanged = ", ".join([ports[1], ports[0], *ports[2:]])
        yield Fault("swapped ports", "first two operands exchanged", code.replace(instance["ports"], exchanged))


def _with(instance: re.Match[str], numbers: Sequence[int], place: int, value: int) -> str:
    changed = [*numbers[:place], value, *numbers[place + 1 :]]
    return instance[0].replace(f"#({instance['parameters']})", f"#({','.join(map(str, changed))})")
