"""Which file systems a ledger may be on."""

from pathlib import Path

import pytest

from gleanery.errors import LedgerError
from gleanery.jobs.ledger import filesystem
from gleanery.jobs.ledger.filesystem import kind_at, kind_of, read_mount, read_mountinfo, refuse_network
from gleanery.jobs.ledger.ledger import Ledger

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:2 master:7 - nfs4 server:/export/home rw,vers=4.2
31 30 0:41 / /home/anna/local\040disk rw - xfs /dev/vdb rw
32 27 0:42 / /mnt/remote rw - fuse.sshfs anna@host:/ rw
33 27 8:1 / /data rw - ext4 /dev/vdc rw
34 27 0:43 / /data rw - cifs //server/data rw
a line that is none
"""
MOUNT = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//anna@server/share on /Volumes/my share (smbfs, nodev, nosuid, mounted by anna)
server:/export on /Volumes/on (disk) (nfs, asynchronous)
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/gleanery", "ext4"),
        ("/home", "nfs4"),
        ("/home/anna/.local/share/gleanery", "nfs4"),
        ("/home/anna/local disk/gleanery", "xfs"),
        ("/homeless", "ext4"),
        ("/mnt/remote/x", "fuse.sshfs"),
        ("/data/x", "cifs"),
    ],
)
def test_the_deepest_and_last_mount_holds_a_folder(path: str, kind: str) -> None:
    assert kind_at(Path(path), read_mountinfo(MOUNTINFO)) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/Users/anna", "apfs"),
        ("/Volumes/my share/x", "smbfs"),
        ("/Volumes/on (disk)/x", "nfs"),
        ("/System/Volumes/Data/home", "autofs"),
    ],
)
def test_what_macos_prints_is_read(path: str, kind: str) -> None:
    assert kind_at(Path(path), read_mount(MOUNT)) == kind


def test_where_no_mount_is_known_no_kind_is() -> None:
    assert kind_at(Path("/x"), []) is None


def test_this_machine_tells_what_a_folder_is_on(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "not" / "there" / "yet") == kind_of(tmp_path) is not None


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "fuse.sshfs", "ceph", "lustre", "gpfs"]
)
def test_a_network_file_system_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(filesystem, "kind_of", lambda folder: kind)
    home = tmp_path / "home"
    with pytest.raises(LedgerError) as caught:
        Ledger.open(home)
    assert str(caught.value).startswith(f"{home} is on a network file system ({kind})")
    assert "GLEANERY_HOME" in str(caught.value)
    assert not home.exists()


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "apfs", "tmpfs", "overlay", "fuseblk", "fuse.mergerfs", "zfs", None]
)
def test_a_disk_of_this_machine_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None) -> None:
    monkeypatch.setattr(filesystem, "kind_of", lambda folder: kind)
    refuse_network(tmp_path)
