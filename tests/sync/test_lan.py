import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def namespaces_are_allowed() -> bool:
    if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        return False
    bridge = ["unshare", "-Urn", "ip", "link", "add", "br0", "type", "bridge"]
    return subprocess.run(bridge, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not namespaces_are_allowed(), reason="network namespaces are not allowed here")
def test_three_hosts_pair_reconnect_after_a_network_loss_and_revoke_one(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-Urn", sys.executable, "-m", "tests.sync.lan", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
