"""Hosts of their own on one machine: Linux network namespaces on one switch, each with a name and an address.

What runs on a host reaches the others by the network alone, and a host can be cut off without being harmed: its
processes go on and nobody answers them. That is what killing a process can't show. Needs root and `ip`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_IP: Final = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Host:
    name: str
    address: str
    namespace: str
    cable: str

    @property
    def on(self) -> tuple[str, ...]:
        """The command that runs another one here, under this host's name."""
        named = f'hostname {self.name} && exec "$@"'
        return (_IP, "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", named, "sh")

    def cut_off(self) -> None:
        _run("link", "set", self.cable, "down")

    def join(self) -> None:
        _run("link", "set", self.cable, "up")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """`address` is this process's own, where all hosts reach it."""

    address: str
    hosts: Mapping[str, Host]


@contextlib.contextmanager
def network(names: Sequence[str]) -> Iterator[Network]:
    """So many hosts that reach each other and this process, and nobody else. Gone at the end, whatever happened."""
    own = os.getpid() % 250
    switch, subnet = f"lm{own}", f"10.213.{own}"
    hosts = {
        name: Host(name=name, address=f"{subnet}.{10 + n}", namespace=f"lm{own}-{name}", cable=f"lm{own}-{n}")
        for n, name in enumerate(names)
    }
    try:
        _run("link", "add", switch, "type", "bridge")
        _run("addr", "add", f"{subnet}.1/24", "dev", switch)
        _run("link", "set", switch, "up")
        for host in hosts.values():
            _plug_in(host, switch)
        yield Network(address=f"{subnet}.1", hosts=hosts)
    finally:
        for host in hosts.values():
            with contextlib.suppress(subprocess.CalledProcessError):
                _run("netns", "del", host.namespace)
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("link", "del", switch)


def why_none() -> str:
    """Why this machine can't make hosts, in a sentence. Empty where it can."""
    if not _IP:
        return "`ip` is missing: apt-get install iproute2"
    if os.getuid() != 0:
        return "network namespaces need root"
    probe = f"lm{os.getpid() % 250}-probe"
    try:
        _run("netns", "add", probe)
        _run("netns", "del", probe)
    except subprocess.CalledProcessError as error:
        return f"this machine makes no network namespaces: {error.stderr.strip()}"
    return ""


def _plug_in(host: Host, switch: str) -> None:
    _run("netns", "add", host.namespace)
    _run("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _run("link", "set", host.cable, "master", switch, "up")
    _run("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
    _run("-n", host.namespace, "link", "set", "eth0", "up")
    _run("-n", host.namespace, "link", "set", "lo", "up")


def _run(*arguments: str) -> None:
    subprocess.run([_IP, *arguments], check=True, capture_output=True, text=True)
