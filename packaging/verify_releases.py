"""Fill in sizes and SHA-256 checksums of the official engine builds: `python packaging/verify_releases.py --by NAME`.

Fetches every file of resources/engines/releases.json from the project's own address (or takes it from --folder, where
you have put what you downloaded from there yourself), computes size and checksum, and writes them with your name and
the date. Where the project publishes a digest of its own (GitHub shows one beside each file), compare it before you
commit. A file that cannot be had keeps what it has: nothing is ever guessed. Exit code 1 when a file was missing or has
another checksum than the one already written, which is left as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from desktop_app.errors import EngineDownloadError  # noqa: E402 - found through the line above
from desktop_app.services.engine_releases import MOST_BYTES, read_releases  # noqa: E402
from desktop_app.services.fetching import fetch_unknown  # noqa: E402


def main() -> int:
    """Verify what can be had; say what could not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", required=True, help="who verifies; stands in the file")
    parser.add_argument("--folder", type=Path, help="take the files from here instead of the network")
    parser.add_argument("--list", type=Path, default=ROOT / "resources" / "engines" / "releases.json")
    arguments = parser.parse_args()
    data: dict[str, Any] = json.loads(arguments.list.read_text(encoding="utf-8"))
    today = datetime.now(tz=UTC).date().isoformat()
    troubles = 0
    for release in data["releases"]:
        for asset in release["assets"]:
            try:
                size, sha256 = _measured(asset["url"], arguments.folder)
            except (EngineDownloadError, OSError) as error:
                print(f"not verified: {asset['url']}: {error}")
                troubles += 1
                continue
            if asset["sha256"] not in {None, sha256}:
                print(f"DIFFERENT: {asset['url']} has {sha256}, the list says {asset['sha256']}")
                troubles += 1
                continue
            asset.update(size=size, sha256=sha256, verified_by=arguments.by, verified_on=today)
            print(f"verified: {asset['url']} {size:,} bytes")
    data["updated"] = today
    text = json.dumps(data, indent=2) + "\n"
    read_releases(text, str(arguments.list))
    arguments.list.write_text(text, encoding="utf-8")
    return 1 if troubles else 0


def _measured(url: str, folder: Path | None) -> tuple[int, str]:
    if folder is not None:
        return _digest(folder / PurePosixPath(urlsplit(url).path).name)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file"
        fetch_unknown(url, path, most=MOST_BYTES)
        return _digest(path)


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
