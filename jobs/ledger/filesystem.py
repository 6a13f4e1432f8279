"""Which file system a folder is on: a ledger may not be on one that several machines share."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from gleanery.errors import LedgerError

_NETWORK = re.compile(
    "afp|afpfs|afs|beegfs|ceph|ceph-fuse|cifs|coda|curlftpfs|davfs2?|fhgfs|ftpfs|gcsfuse|glusterfs|goofys|gpfs|juicefs|"
    "lustre|ncpfs|nfs[34]?|orangefs|panfs|pvfs2|rclone|s3fs|smb[23]|smbfs|sshfs|webdav|webdavfs|wekafs"
)
_OCTAL = re.compile(r"\\([0-7]{3})")
_MOUNT_LINE = re.compile(r"^.* on (?P<point>/.*) \((?P<kind>[^,)]+).*\)$")


def refuse_network(folder: Path) -> None:
    """LedgerError where the folder, or the one that it will be made in, is on a network file system."""
    kind = kind_of(folder)
    if kind is not None and _NETWORK.fullmatch(kind.removeprefix("fuse.")):
        raise LedgerError(
            f"{folder} is on a network file system ({kind}), where a ledger would be damaged sooner or later: SQLite's "
            "write-ahead log wants memory that all its readers share, and locks that hold. Set GLEANERY_HOME to a "
            "folder on a disk of this machine."
        )


def kind_of(folder: Path) -> str | None:
    """The kind of file system that a folder is on (`ext4`, `nfs4`); None where the machine does not tell."""
    mounts = _mounts_of_macos() if sys.platform == "darwin" else _mounts_of_linux()
    return kind_at(folder.resolve(), mounts)


def kind_at(path: Path, mounts: Iterable[tuple[str, str]]) -> str | None:
    """The kind of file system of a path among mounts (where, kind): the deepest, and of equals the last, holds it."""
    deepest, found = -1, None
    for point, kind in mounts:
        depth = len(Path(point).parts)
        if depth >= deepest and path.is_relative_to(point):
            deepest, found = depth, kind
    return found


def read_mountinfo(text: str) -> list[tuple[str, str]]:
    """The mounts in Linux's `/proc/self/mountinfo`, whose fields escape spaces and the like in octal."""
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(" "), right.split(" ")
        if len(fields) > 4 and kinds[0]:
            mounts.append((_OCTAL.sub(lambda escape: chr(int(escape[1], 8)), fields[4]), kinds[0]))
    return mounts


def read_mount(text: str) -> list[tuple[str, str]]:
    """The mounts in what macOS's `mount` prints: `//me@host/share on /Volumes/share (smbfs, nodev, nosuid)`."""
    found = (_MOUNT_LINE.match(line) for line in text.splitlines())
    return [(match["point"], match["kind"].strip()) for match in found if match]


def _mounts_of_linux() -> list[tuple[str, str]]:
    try:
        return read_mountinfo(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    except OSError:
        return []


def _mounts_of_macos() -> list[tuple[str, str]]:
    try:
        done = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return read_mount(done.stdout)
