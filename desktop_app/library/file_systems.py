"""What kind of disk a library lies on: a network folder, a medium that cannot be written, how much room is left.

Any thread; asks the operating system. Used by `sqlite_backend`, `backups` and the services that look after a library.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

NETWORK_KINDS = frozenset(
    {
        "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.cephfs", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "glusterfs", "gfs2", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb2", "smb3",
        "smbfs", "webdav",
    }
)  # fmt: skip
"""File systems that several computers may use at once; SQLite's shared memory and locks cannot be trusted there."""

_UNC = ("\\\\", "//")


def network_kind(path: Path) -> str:
    """The network file system that holds `path` ("nfs4"), or "" for a disk of this computer."""
    place = _existing(path)
    if sys.platform == "win32" and str(place).startswith(_UNC):
        return "network share"
    best, kind = -1, ""
    with suppress(OSError, psutil.Error):
        for part in psutil.disk_partitions(all=True):
            mount = part.mountpoint
            if len(mount) > best and _is_below(place, mount):
                best = len(mount)
                kind = "network drive" if "remote" in part.opts.split(",") else part.fstype.lower()
    return kind if kind in NETWORK_KINDS or kind == "network drive" else ""


def is_read_only_medium(path: Path) -> bool:
    """Whether the disk itself is mounted so that nobody here can write it."""
    if not hasattr(os, "statvfs"):
        return False
    try:
        return bool(os.statvfs(_existing(path)).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def free_bytes(path: Path) -> int:
    """Room left where `path` is or would be. Raises OSError."""
    return shutil.disk_usage(_existing(path)).free


def _existing(path: Path) -> Path:
    """The path itself, resolved, or the nearest folder above it that is there."""
    place = path.absolute()
    with suppress(OSError):
        place = place.resolve()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _is_below(place: Path, mount: str) -> bool:
    text, top = str(place), mount.rstrip("/\\")
    if sys.platform == "win32":
        text, top = text.lower(), top.lower()
    return text == top or text.startswith((top + "/", top + "\\")) or not top
