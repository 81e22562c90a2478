"""Machine code for the archive's kernels, made from LLVM's own language when a kernel is first called.

Why not through Numba, as elsewhere: before its first kernel runs, Numba spends 0.6 s of processor time on itself, even
when all is in its cache, and 10 s when nothing is. That was most of the time that protecting a CD took. The kernels
here are a few dozen vector instructions each; LLVM makes one in about 20 ms, so nothing is kept on disk. LLVM comes
with llvmlite, the same wheel that Numba stands on.

A kernel takes addresses and numbers, knows nothing of arrays, and runs without the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

__all__ = ["ADDRESS", "BYTE", "NUMBER", "Code", "address", "has", "kernel", "once", "scratch"]

NUMBER = ir.IntType(64)
BYTE = ir.IntType(8)
ADDRESS = BYTE.as_pointer()

Kernel = Callable[..., None]
Made = TypeVar("Made")
Value = Any
"""A value of LLVM's; llvmlite has no types to check."""

_made: list[Any] = []
"""What holds the machine code; it lives as long as the process."""


class Code:
    """Writes the body of one kernel."""

    def __init__(self, module: ir.Module, builder: ir.IRBuilder) -> None:
        self.module, self.builder = module, builder

    def number(self, value: int) -> Value:
        """A constant."""
        return ir.Constant(NUMBER, value)

    def at(self, base: Value, *offsets: Value | int) -> Value:
        """The address so many bytes after another."""
        total: Value = 0
        for offset in offsets:
            total = self.plus(total, offset)
        return self.builder.gep(base, [self._value(total)])

    def plus(self, a: Value | int, b: Value | int) -> Value | int:
        """a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int) and a == 0:
            return b
        return self.builder.add(self._value(a), self._value(b))

    def times(self, a: Value | int, b: Value | int) -> Value:
        """a · b."""
        return self.builder.mul(self._value(a), self._value(b))

    def load(self, kind: ir.Type, base: Value, *offsets: Value | int) -> Value:
        """What stands at base + offsets (in bytes); needs no alignment."""
        place = self.builder.bitcast(self.at(base, *offsets), kind.as_pointer())
        return self.builder.load(place, align=1)

    def store(self, value: Value, base: Value, *offsets: Value | int) -> None:
        """Put a value there."""
        place = self.builder.bitcast(self.at(base, *offsets), value.type.as_pointer())
        self.builder.store(value, place, align=1)

    def loop(
        self,
        stop: Value | int,
        body: Callable[..., Sequence[Value] | None],
        *carried: Value,
        start: Value | int = 0,
        step: Value | int = 1,
    ) -> list[Value]:
        """For i = start, start + step ... below `stop`: carried = body(i, *carried). What is carried at the end."""
        builder = self.builder
        first, end, stride = self._value(start), self._value(stop), self._value(step)
        before = builder.block
        inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.cbranch(builder.icmp_signed("<", first, end), inside, after)
        builder.position_at_end(inside)
        index = builder.phi(NUMBER)
        index.add_incoming(first, before)
        values = [builder.phi(value.type) for value in carried]
        for value, initial in zip(values, carried, strict=True):
            value.add_incoming(initial, before)
        results = body(index, *values) or ()
        following = builder.add(index, stride)
        last = builder.block  # the body may hold loops of its own
        index.add_incoming(following, last)
        for value, result in zip(values, results, strict=True):
            value.add_incoming(result, last)
        builder.cbranch(builder.icmp_signed("<", following, end), inside, after)
        builder.position_at_end(after)
        finals = [builder.phi(value.type) for value in carried]
        for final, initial, result in zip(finals, carried, results, strict=True):
            final.add_incoming(initial, before)
            final.add_incoming(result, last)
        return finals

    def instruction(self, name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
        """An instruction of the processor that LLVM knows by name."""
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, arguments), name)

    def _value(self, value: Value | int) -> Value:
        return self.number(value) if isinstance(value, int) else value


def kernel(name: str, arguments: Sequence[ir.Type], body: Callable[..., None]) -> Kernel:
    """A kernel made of `body(code, *arguments)`; called with whole numbers, addresses being numbers, too."""
    machine = _machine()
    module = ir.Module(name)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    code = Code(module, ir.IRBuilder(function.append_basic_block("entry")))
    body(code, *function.args)
    code.builder.ret_void()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(str(module)), machine)
    engine.finalize_object()
    _made.append(engine)
    kinds = [ctypes.c_void_p if argument is ADDRESS else ctypes.c_int64 for argument in arguments]
    made: Kernel = ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(name))
    return made


def _machine() -> Any:
    """What code is made for: the processor that this runs on. One for each kernel, as each takes its own."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    flags = ",".join(f"{'+' if there else '-'}{name}" for name, there in _features().items())
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=flags, opt=3
    )


@cache
def _features() -> dict[str, bool]:
    try:
        return dict(binding.get_host_cpu_features())
    except RuntimeError:  # a processor that LLVM cannot ask
        return {}


def has(*features: str) -> bool:
    """Whether the processor has all of these features, as LLVM calls them; code with others would end the process."""
    return all(_features().get(name, False) for name in features)


def address(array: NDArray[Any]) -> int:
    """Where an array's first element stands."""
    place: int = array.__array_interface__["data"][0]
    return place


def once(make: Callable[[], Made]) -> Callable[[], Made]:
    """`make()` the first time, and what came of it from then on; a second thread waits for the first."""
    lock, kept = threading.Lock(), cache(make)

    def made() -> Made:
        with lock:
            return kept()

    return made


_own = threading.local()


def scratch(size: int) -> int:
    """The address of so many bytes that are this thread's until it asks again, on a boundary of 64."""
    room = getattr(_own, "room", None)
    if room is None or room.size < size + 64:
        room = _own.room = np.empty(size + 64, np.uint8)
    return -(-address(room) // 64) * 64
