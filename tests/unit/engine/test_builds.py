"""Which build an engine is and which one a processor allows."""

from __future__ import annotations

import pytest

from desktop_app.engine.builds import build_by_flags, builds_for, faster_build, flags_of
from desktop_app.engine.processor import Processor, processor, read_cpuinfo

DEBIAN_15_1 = [
    "Compiled by g++ (GNUC) 12.2.0 on Linux",
    "Compilation settings include:  64bit SSE2",
    "__VERSION__ macro expands to: 12.2.0",
]
OFFICIAL_17 = [
    "Compilation architecture   : x86-64-avx2",
    "Compilation settings       : 64bit AVX2 SSE41 SSSE3 SSE2 POPCNT",
]
FLAGS = "fpu sse2 ssse3 sse4_1 sse4_2 popcnt avx avx2 bmi1 bmi2"


def cpuinfo(flags: str, vendor: str = "GenuineIntel", family: int = 6) -> str:
    """A /proc/cpuinfo of two equal processors."""
    fields = {"vendor_id": vendor, "cpu family": family, "model name": "A Processor", "flags": flags}
    one = "".join(f"{name}\t: {value}\n" for name, value in fields.items())
    return f"{one}\n{one}"


def computer(flags: str, vendor: str = "GenuineIntel", family: int = 6) -> Processor:
    """A Linux computer with these flags."""
    model, features = read_cpuinfo(cpuinfo(flags, vendor, family))
    return Processor("linux", "x86-64", model, features)


def test_stockfish_tells_its_build() -> None:
    """The old and the new spelling of `compiler`; nothing from an engine that does not know the command."""
    assert flags_of(DEBIAN_15_1) == {"SSE2"}
    assert flags_of(OFFICIAL_17) == {"AVX2", "SSE41", "SSSE3", "SSE2", "POPCNT"}
    assert flags_of(["Unknown command: compiler"]) == frozenset()
    assert (
        build_by_flags(flags_of(["Compilation settings : 64bit BMI2 AVX2 SSE41 SSSE3 SSE2 POPCNT"])).name
        == "x86-64-bmi2"
    )  # type: ignore[union-attr]  # tested here


@pytest.mark.parametrize(
    ("flags", "vendor", "family", "best"),
    [
        (FLAGS, "GenuineIntel", 6, "x86-64-bmi2"),
        (FLAGS, "AuthenticAMD", 23, "x86-64-avx2"),
        (FLAGS, "AuthenticAMD", 25, "x86-64-bmi2"),
        (f"{FLAGS} avx512f avx512bw", "GenuineIntel", 6, "x86-64-avx512"),
        (f"{FLAGS} avx512f avx512bw avx512dq avx512vl avx512_vnni", "AuthenticAMD", 26, "x86-64-vnni512"),
        ("fpu sse2 ssse3 sse4_1 popcnt", "GenuineIntel", 6, "x86-64-sse41-popcnt"),
        ("fpu sse2", "GenuineIntel", 6, "x86-64"),
    ],
)
def test_the_fastest_build_a_processor_allows(flags: str, vendor: str, family: int, best: str) -> None:
    """Early Ryzen processors have BMI2 in name only, so they are offered AVX2."""
    assert builds_for(computer(flags, vendor, family))[0].name == best


def test_an_old_build_on_a_newer_processor_is_noticed() -> None:
    """And the right build, an unknown one and an unknown processor are left alone."""
    better = faster_build(flags_of(DEBIAN_15_1), computer(FLAGS))
    assert better is not None
    assert better.spoken == "BMI2"
    assert faster_build(flags_of(OFFICIAL_17), computer(FLAGS, "AuthenticAMD", 23)) is None
    assert faster_build(frozenset(), computer(FLAGS)) is None
    assert faster_build(frozenset({"SSE2"}), Processor("plan9", "mips", "", frozenset())) is None


def test_this_processor_is_read_without_an_error() -> None:
    """Whatever this computer is."""
    found = processor()
    assert found.system
    assert found.architecture
