"""Compiles the packages named `fast` where Cython and a C compiler are at hand; everything else is in pyproject.toml.

The same source runs uncompiled, so nothing here may make an installation fail: without Cython, without a compiler or
with KIBITZ_PURE=1 in the environment the modules are installed as Python. `kibitz doctor` says which form runs.
"""

import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

MODULES = (
    *(f"desktop_app.pgn.fast.{name}" for name in ("board", "counts", "runs", "scan", "tags")),
    "desktop_app.library.fast.identity_table",
)
DIRECTIVES = {
    "language_level": "3",
    # Types are in the .pxd files; annotations are for people and mypy.
    "annotation_typing": False,
    "infer_types": True,
    # C's own arithmetic and arrays: the modules keep indexes in range, and their tests run in both forms.
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
}


def extensions() -> list[Extension]:
    """What to compile; nothing where that is not wanted or not possible."""
    if os.environ.get("KIBITZ_PURE"):
        return []
    try:
        from Cython.Build import cythonize  # noqa: PLC0415  # optional
    except ImportError:
        return []
    found = [
        Extension(
            name,
            [f"{name.replace('.', '/')}.py"],
            extra_compile_args=[] if os.name == "nt" else ["-O3", "-g0"],
        )
        for name in MODULES
    ]
    compiled: list[Extension] = cythonize(found, compiler_directives=DIRECTIVES, build_dir="build/cython", quiet=True)
    return compiled


class BuildOrLeave(build_ext):
    """Compiles all modules, or none: one in C cannot use the other in Python."""

    def build_extensions(self) -> None:
        """As always, but a failure leaves the modules as they are."""
        try:
            super().build_extensions()
        except Exception as error:  # noqa: BLE001  # compilers fail in ways of their own; the program runs without
            sys.stderr.write(f"The fast reader is not compiled and runs as Python: {error}\n")
            self.extensions = []


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildOrLeave})
