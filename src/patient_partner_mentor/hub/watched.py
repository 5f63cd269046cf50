"""Run a program that ends with the one that started it: ``python -m patient_partner_mentor.hub.watched MODULE ...``.

A Hub that is killed cannot stop its services, and they would go on without it, on their ports. Each looks after its
parent instead. Only a trial's programs run so; a Hub of a system service is looked after by the system.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

SECONDS = 0.3
PATIENCE = 10.0


def watch(parent: int) -> None:
    """End this process, first kindly, when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


def main() -> None:
    """Run the module that the command line names, as ``python -m`` would."""
    threading.Thread(target=watch, args=(os.getppid(),), daemon=True, name="watch").start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
