"""Run a command as a whole process and print its wall time and peak memory as a JSON line.

Usage: timed.py WHO WORKLOAD DTYPE COMMAND…

A child begins as a copy of this interpreter, so no command is charged less than its 15 MB.
"""

import json
import os
import subprocess
import sys
import time

from memory import megabytes


def main():
    who, workload, dtype, *command = sys.argv[1:]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(command)}: failed")

    line = {
        "who": who,
        "workload": workload,
        "dtype": dtype,
        "mode": "process",
        "seconds": seconds,
        "peak_mb": megabytes(usage),
        "said": said.strip(),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
