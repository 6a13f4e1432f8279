"""Where a Dask scheduler is, and what protects the way to it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from gleanery.errors import UsageError

HOW = (
    "Write `local:N` for N processes of this machine, `tls://host:8786` for a scheduler elsewhere, "
    "or `tcp://127.0.0.1:8786` for one on this machine."
)
DOCS = "docs/dask.md says how."


@dataclass(frozen=True, slots=True)
class Tls:
    """The PEM files with which driver, scheduler and workers know each other: the authority's, our own, and its key."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class DaskAddress:
    """What `--dask` says: `processes` of our own on this machine, or a scheduler at a host and port."""

    scheme: Literal["local", "tcp", "tls"]
    processes: int = 0
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.scheme == "local":
            return f"local:{self.processes}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @classmethod
    def parse(cls, text: str, tls: Tls | None = None) -> DaskAddress:
        """The address; UsageError where it is none, or does not go with the TLS files."""
        address = cls._local(text) if text.startswith("local:") else cls._remote(text)
        if address.scheme == "tls":
            _check_files(text, tls)
        elif tls is not None:
            raise UsageError(
                f"`{text}` is not protected by TLS, so the TLS files go unused: write tls:// or leave them."
            )
        return address

    @classmethod
    def _local(cls, text: str) -> DaskAddress:
        count = text.removeprefix("local:")
        if not (count.isascii() and count.isdigit() and int(count)):
            raise UsageError(f"`{text}`: N must be a number of processes, from 1 on, as in `local:4`.")
        return cls("local", processes=int(count))

    @classmethod
    def _remote(cls, text: str) -> DaskAddress:
        try:
            parts = urlsplit(text)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            scheme, host, port = "", None, None
        if scheme not in ("tcp", "tls") or not host or not port or parts.path not in ("", "/"):
            raise UsageError(f"`{text}` is no address of a Dask scheduler. {HOW}")
        return cls("tls" if scheme == "tls" else "tcp", host=host, port=port)

    async def check_way(self, insecure: bool) -> None:
        """UsageError where the way to it leaves this machine and nothing protects it."""
        if self.scheme != "tcp" or insecure:
            return
        found = await self._resolved()
        if all(ip_address(address).is_loopback for address in found):
            return
        raise UsageError(
            f"{self} is not on this machine ({', '.join(found)}), and plain tcp has no password and no encryption: "
            "whoever reaches that port reads your records and can run programs as you. Start the scheduler and its "
            f"workers with TLS and write `--dask {str(self).replace('tcp:', 'tls:')} --tls-ca ca.pem --tls-cert "
            f"cert.pem --tls-key key.pem`; {DOCS} On a network that you trust with all that: `--insecure`."
        )

    async def _resolved(self) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UsageError(f"{self}: there is no host `{self.host}` ({error}). Check the address.") from error
        return sorted({str(entry[4][0]).partition("%")[0] for entry in found})


def _check_files(text: str, tls: Tls | None) -> None:
    if tls is None:
        raise UsageError(
            f"`{text}` needs the files that open it: `--tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem`. {DOCS}"
        )
    for option, path in (("--tls-ca", tls.ca), ("--tls-cert", tls.cert), ("--tls-key", tls.key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise UsageError(f"{option} {path}: cannot be read ({error.strerror}). {DOCS}") from error
