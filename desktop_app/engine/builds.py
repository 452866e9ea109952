"""Which build of Stockfish an engine is, which one the processor allows, and what to say about the difference. Pure.

Names and needs of builds are those of Stockfish's Makefile. Called by `services.engines`; any thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.engine.processor import (
    AVX2,
    AVX512,
    BMI2,
    DOTPROD,
    NEON,
    POPCNT,
    SSE2,
    SSE41,
    SSSE3,
    VNNI,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.engine.processor import Processor


@dataclass(frozen=True, slots=True)
class Build:
    """A way Stockfish is compiled.

    Attributes:
        name: as its release files are called.
        spoken: as a sentence calls it.
        needs: what the processor must have.
    """

    name: str
    spoken: str
    needs: frozenset[str]


_AVX2_NEEDS = frozenset({SSE2, SSSE3, SSE41, POPCNT, AVX2})
X86_BUILDS = (
    Build("x86-64-vnni512", "AVX-512 VNNI", _AVX2_NEEDS | {BMI2, AVX512, VNNI}),
    Build("x86-64-avx512", "AVX-512", _AVX2_NEEDS | {BMI2, AVX512}),
    Build("x86-64-bmi2", "BMI2", _AVX2_NEEDS | {BMI2}),
    Build("x86-64-avx2", "AVX2", _AVX2_NEEDS),
    Build("x86-64-sse41-popcnt", "SSE4.1", frozenset({SSE2, SSSE3, SSE41, POPCNT})),
    Build("x86-64", "SSE2", frozenset({SSE2})),
)
ARM_BUILDS = (
    Build("armv8-dotprod", "NEON dot product", frozenset({NEON, DOTPROD})),
    Build("armv8", "NEON", frozenset({NEON})),
)
"""Fastest first."""

_SETTINGS = re.compile(r"^Compilation settings[^:]*:\s*(.+)$")
_PEXT = "PEXT"


def builds_for(processor: Processor) -> tuple[Build, ...]:
    """The builds this processor can run, fastest first; empty where we know none."""
    known = {"x86-64": X86_BUILDS, "arm64": ARM_BUILDS}.get(processor.architecture, ())
    return tuple(build for build in known if build.needs <= processor.features)


def flags_of(said: Iterable[str]) -> frozenset[str]:
    """Instruction sets an engine was compiled for, from its answer to `compiler`; empty when it does not tell.

    Stockfish 15.1 writes "Compilation settings include:  64bit SSE2", later ones
    "Compilation settings       : 64bit AVX2 SSE41 SSSE3 SSE2 POPCNT".
    """
    for line in said:
        if found := _SETTINGS.match(line):
            words = {word for word in found[1].split() if word not in {"64bit", "32bit", "DEBUG"}}
            return frozenset(BMI2 if word == _PEXT else word for word in words)
    return frozenset()


def build_by_flags(flags: frozenset[str]) -> Build | None:
    """The build these flags belong to; None for an engine that does not tell, or tells something else."""
    for build in (*X86_BUILDS, *ARM_BUILDS):
        if build.needs <= flags:
            return build
    return None


def faster_build(flags: frozenset[str], processor: Processor) -> Build | None:
    """The fastest build for this processor, where the engine is a slower one; None where it is not, or nobody knows."""
    possible = builds_for(processor)
    own = build_by_flags(flags)
    if own is None or not possible or own not in possible or own == possible[0]:
        return None
    return possible[0]
