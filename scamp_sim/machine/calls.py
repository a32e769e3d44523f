"""What a machine is asked to carry out, checked before anything happens: programs and single host calls."""

from __future__ import annotations

import warnings
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.operand_checks import faults, outside
from scamp_sim.chip.program import HostCall, Program
from scamp_sim.exceptions import ProgramError, RegisterError, ScampWarning
from scamp_sim.text import plural


def check_program(program: Program, shape: tuple[int, int]) -> None:
    """Whether an array of `shape` can run a program. Raises ProgramError that says why not."""
    if not isinstance(program, Program):
        raise ProgramError(f"expected a Program, got {program!r:.60}; create one with scamp_sim.assemble(...)")
    rows, columns = shape
    if program.shape not in (None, shape):
        wanted = "{}x{}".format(*program.shape)
        raise ProgramError(f"program '{program.name}' is for an array of {wanted}; this one is {rows}x{columns}")
    if len(set(program.results)) != len(program.results):
        twice = next(n for n in program.results if program.results.count(n) > 1)
        raise ProgramError(f"program '{program.name}' has two results named '{twice}'")
    for step in dict.fromkeys(s for s in program.steps if isinstance(s, HostCall)):
        refused = next((f for f in faults(step) if f.is_error), None)
        if refused is not None:
            raise ProgramError(f"{step.name}: {refused.message}; {refused.hint}")
        wrong = outside(step, shape)
        if wrong:
            raise ProgramError(wrong)


def one_call(name: str, operands: tuple[Any, ...], drawing: str) -> Program:
    """The program of one checked host call.

    drawing: the register that drawings go to.

    Warns with ScampWarning of what is carried out but unlikely to be meant. Raises ProgramError.
    """
    full = name if name in isa.HOST else f"scamp5_{name.rstrip('_')}"
    if full not in isa.HOST:
        raise ProgramError(f"unknown host function '{name}'{isa.did_you_mean(name, isa.HOST)}")
    forms = isa.host_forms(full, len(operands))
    if not forms:
        wanted = " or ".join(f.signature for f in isa.HOST[full])
        raise ProgramError(f"{full} does not take {plural(len(operands), 'operand')}; write {wanted}")
    refused = ""
    for form in forms:
        try:
            args = tuple(_operand(full, o, v) for o, v in zip(form.operands, operands, strict=False))
        except (ProgramError, RegisterError) as e:
            refused = refused or str(e)
            continue
        defaults = tuple(drawing if o.default == isa.DRAWING else o.default for o in form.operands[len(args) :])
        step = HostCall(full, (*args, *defaults), result=full.removeprefix("scamp5_") if form.result else "")  # type: ignore[arg-type]
        for fault in faults(step):
            if fault.is_error:
                raise ProgramError(f"{full}: {fault.message}; {fault.hint}")
            warnings.warn(f"{full}: {fault.message}; {fault.hint}", ScampWarning, stacklevel=4)
        return Program(full, {}, (step,))
    raise ProgramError(refused)


def _operand(function: str, operand: isa.Operand, value: Any) -> str | int:
    """One operand of a host function, checked against its row of the table."""
    what = f"operand {operand.name} of {function}"
    if operand.kind in isa.INTEGER_KINDS:
        if isinstance(value, str) or not hasattr(value, "__index__"):
            raise ProgramError(f"{what}: expected an integer, got {value!r}")
        return int(value)
    if not isinstance(value, str):
        raise ProgramError(f"{what}: expected the name of a register, got {value!r}")
    name = isa.register(value)
    if name not in isa.OPERAND_KINDS[operand.kind]:
        raise ProgramError(f"{what}: expected one of {' '.join(isa.OPERAND_KINDS[operand.kind])}, got {name}")
    return name


__all__ = ["check_program", "one_call"]
