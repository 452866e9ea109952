"""What this computer's processor can do, in Stockfish's terms. Reads the system, starts nothing but `sysctl` on macOS.

Linux: /proc/cpuinfo. macOS: sysctl. Windows: IsProcessorFeaturePresent, which knows no BMI2 before Windows 11 24H2 and
no VNNI at all, so that less may be recognised there than the processor can do, never more. Any thread.
"""

from __future__ import annotations

import functools
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SSE2, SSSE3, SSE41, POPCNT, AVX2, BMI2, AVX512, VNNI = (
    "SSE2",
    "SSSE3",
    "SSE41",
    "POPCNT",
    "AVX2",
    "BMI2",
    "AVX512",
    "VNNI",
)
NEON, DOTPROD = "NEON", "NEON_DOTPROD"

_LINUX = {
    SSE2: {"sse2"},
    SSSE3: {"ssse3"},
    SSE41: {"sse4_1"},
    POPCNT: {"popcnt"},
    AVX2: {"avx2"},
    BMI2: {"bmi2"},
    AVX512: {"avx512f", "avx512bw"},
    VNNI: {"avx512_vnni", "avx512dq", "avx512vl"},
    NEON: {"asimd"},
    DOTPROD: {"asimddp"},
}
"""What must stand among the flags of /proc/cpuinfo (Stockfish's Makefile names the same instruction sets)."""

_MACOS = {
    SSE2: "SSE2",
    SSSE3: "SSSE3",
    SSE41: "SSE4.1",
    POPCNT: "POPCNT",
    AVX2: "AVX2",
    BMI2: "BMI2",
    AVX512: "AVX512BW",
    VNNI: "AVX512VNNI",
}
_WINDOWS = {SSE2: 10, SSSE3: 36, SSE41: 37, POPCNT: 38, AVX2: 40, AVX512: 41, BMI2: 60}
"""Numbers of IsProcessorFeaturePresent (winnt.h); POPCNT by SSE4.2, which every processor with it has."""
_ZEN3_FAMILY = 25
"""AMD processors before this family have BMI2 in microcode, which is slower than without (Stockfish's own advice)."""
_SYSCTL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor this runs on.

    Attributes:
        system: linux, macos or windows; another name where Stockfish publishes nothing.
        architecture: x86-64 or arm64, else what the system says.
        model: as the system names it; may be empty.
        features: instruction sets that make Stockfish faster, in its own names.
    """

    system: str
    architecture: str
    model: str
    features: frozenset[str]


@functools.cache
def processor() -> Processor:
    """The processor of this computer. Asked once; never raises: what cannot be found out counts as absent."""
    machine = platform.machine().lower()
    architecture = {"amd64": "x86-64", "x86_64": "x86-64", "aarch64": "arm64"}.get(machine, machine)
    if sys.platform == "darwin":
        model, features = _macos(architecture)
        return Processor("macos", architecture, model, features)
    if sys.platform == "win32":
        return Processor("windows", architecture, platform.processor(), _windows())
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    model, features = read_cpuinfo(text)
    return Processor("linux" if sys.platform == "linux" else sys.platform, architecture, model, features)


def read_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Model and features by the first processor of a /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    flags = set(fields.get("flags", fields.get("features", "")).split())
    found = {name for name, needed in _LINUX.items() if needed <= flags}
    family = fields.get("cpu family", "")
    if fields.get("vendor_id") == "AuthenticAMD" and family.isdigit() and int(family) < _ZEN3_FAMILY:
        found.discard(BMI2)
    return fields.get("model name", fields.get("hardware", "")), frozenset(found)


def _macos(architecture: str) -> tuple[str, frozenset[str]]:
    model = _sysctl("machdep.cpu.brand_string")
    if architecture == "arm64":
        return model, frozenset({NEON, DOTPROD, POPCNT})
    words = set(re.split(r"\s+", _sysctl("machdep.cpu.features") + " " + _sysctl("machdep.cpu.leaf7_features")))
    return model, frozenset(name for name, word in _MACOS.items() if word in words)


def _sysctl(name: str) -> str:
    try:
        answer = subprocess.run(
            ["sysctl", "-n", name], capture_output=True, text=True, check=False, timeout=_SYSCTL_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def _windows() -> frozenset[str]:
    found: set[str] = set()
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        present = ctypes.WinDLL("kernel32").IsProcessorFeaturePresent
        found = {name for name, number in _WINDOWS.items() if present(number)}
    return frozenset(found)
