import sys


def megabytes(usage):
    """Peak resident memory of a `resource` usage, which Linux counts in kilobytes, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6
