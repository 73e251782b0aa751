"""Three hosts in network namespaces on one bridge; run by test_lan.py inside a user namespace of its own.

Each host is a namespace with one interface and a data folder, and runs the program as its user would.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from crdtnotes.vault import Vault

SECONDS = 60.0
PROGRAM = [sys.executable, "-c", "from crdtnotes.cli import main; main()"]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


class PairingHost:
    def __init__(self, folder: Path, name: str, number: int) -> None:
        self.name = name
        self.port = f"v{number}"
        self.vault = folder / name / "vault.crdtnotes"
        self.environment = {**os.environ, "CRDTNOTES_HOME": str(folder / name)}
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        self.serving: subprocess.Popen[bytes] | None = None
        wait("a namespace", lambda: self._namespace() != Path("/proc/self/ns/net").readlink())
        ip("link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid))
        ip("link", "set", self.port, "master", "br0", "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "link", "set", "eth0", "up")
        self.move(f"10.9.0.{number}")

    def _namespace(self) -> Path:
        return Path(f"/proc/{self.holder.pid}/ns/net").readlink()

    def command(self, *arguments: str) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-n", *arguments]

    def inside(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments), env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def run(self, *arguments: str) -> str:
        return self.inside(*PROGRAM, *arguments)

    def fail(self, *arguments: str) -> str:
        """Run a command that must fail; returns its message."""
        done = subprocess.run(
            self.command(*PROGRAM, *arguments),
            env=self.environment,
            check=False,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 1:
            raise SystemExit(f"{self.name} {arguments} ends with {done.returncode}")
        return done.stderr

    def move(self, address: str) -> None:
        self.inside("ip", "-4", "addr", "flush", "dev", "eth0")
        self.inside("ip", "addr", "add", f"{address}/24", "dev", "eth0")

    def plug(self, state: str) -> None:
        ip("link", "set", self.port, state)

    def pair(self, other: "PairingHost") -> None:
        """Pair without giving an address: the user passes on only the code."""
        command = self.command(*PROGRAM, "pair", "--yes", "--json")
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        ) as pairing:
            assert pairing.stdout is not None
            code = json.loads(pairing.stdout.readline())["code"]
            other.run("join", code, "--yes", "--device", other.name)
            assert pairing.wait(SECONDS) == 0

    def serve(self) -> None:
        self.serving = subprocess.Popen(self.command(*PROGRAM, "serve"), env=self.environment)

    def names(self) -> set[str]:
        # It is asked again and again until it holds, so it does not start a program each time.
        with Vault.open(self.vault, read_only=True) as vault:
            return {info.name for info in vault.notes()}

    def stop(self) -> None:
        for process in (self.serving, self.holder):
            if process is not None:
                process.terminate()
                process.wait()


def wait(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"in vain: {what}")
        time.sleep(0.2)


def agree(hosts: list[PairingHost]) -> None:
    """Check that all show the same, and that every change is signed by its author."""
    digests = {json.loads(host.run("status", "--json"))["digest"] for host in hosts}
    if len(digests) != 1:
        raise SystemExit("the replicas differ")
    for host in hosts:
        host.run("check")


def revoke(ana: PairingHost, bo: PairingHost, cem: PairingHost) -> None:
    """Ana revokes cem; bo, which admitted cem, learns of it by sync."""
    ana.run("revoke", "cem", "--yes")
    cem.run("new", "from who is gone")
    ana.run("new", "secret")
    wait("the others go on", lambda: "secret" in bo.names())
    for host in (ana, bo):
        states = {one["name"]: one["state"] for one in json.loads(host.run("devices", "--json"))}
        if states != {"ana": "active", "bo": "active", "cem": "revoked"}:
            raise SystemExit(f"{host.name} knows them so: {states}")
    # Both are reachable and refuse it, at its old address and at its new one.
    cem.move("10.9.0.99")
    refused = cem.fail("sync", "--once")
    if "does not let this one in" not in refused:
        raise SystemExit(f"cem is told: {refused}")
    if "secret" in cem.names() or "from who is gone" in ana.names() | bo.names():
        raise SystemExit("who is gone has got something, or given something")
    agree([ana, bo])


def main(folder: Path) -> None:
    ip("link", "set", "lo", "up")
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "set", "br0", "up")
    hosts = [PairingHost(folder, name, number) for number, name in enumerate(("ana", "bo", "cem"), 1)]
    ana, bo, cem = hosts

    def all_have(*names: str) -> bool:
        return all(set(names) <= host.names() for host in hosts)

    try:
        ana.run("init", "--device", "ana")
        ana.run("new", "first")
        ana.pair(bo)
        bo.pair(cem)
        for host in hosts:
            host.serve()
        for host in hosts:
            host.run("new", f"from {host.name}")
        wait("all meet", lambda: all_have("first", "from ana", "from bo", "from cem"))
        bo.plug("down")
        bo.run("new", "on the train")
        ana.run("new", "at home")
        wait("the others go on", lambda: "at home" in cem.names())
        bo.move("10.9.0.77")
        bo.plug("up")
        wait("they meet again", lambda: all_have("on the train", "at home"))
        agree(hosts)
        revoke(ana, bo, cem)
    finally:
        for host in hosts:
            host.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
