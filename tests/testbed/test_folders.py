"""Working folders of runs that were killed are removed by the next one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.testbed.folders import working_folder

_OWNER = """
import signal
from tests.testbed.folders import working_folder
with working_folder() as folder:
    print(folder, flush=True)
    signal.pause()
"""


def test_only_abandoned_folders_are_swept(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", _OWNER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())
        _run_another(environment)
        assert folder.exists()
        owner.send_signal(signal.SIGKILL)
    _run_another(environment)
    assert not folder.exists()


def test_folder_is_removed_at_the_end() -> None:
    with working_folder() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def _run_another(environment: dict[str, str]) -> None:
    code = "from tests.testbed.folders import working_folder\nwith working_folder(): pass"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
