"""`kibitz` with workers of the tests' own inside: a program that tests start as a process."""

from __future__ import annotations

import os
import sys

import desktop_app.server.serve
from desktop_app.cli.main import main
from tests.server.fake_cluster import FakeCluster

if __name__ == "__main__":
    if "KIBITZ_TEST_CLUSTER" in os.environ:
        desktop_app.server.serve.Cluster = FakeCluster
    sys.exit(main(sys.argv[1:], lambda _paths, _library: 2))
