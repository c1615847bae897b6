"""Tables of comma-separated values as Python's csv module writes and reads them: tables.json.

    python3 make_tables.py

Each case is a text and the fields that the module finds in it, the first line's names first.
Python 3.11.
"""

import csv
import io
import json
import random
from pathlib import Path

PIECES = ["a", "b c", ",", '"', '""', "\n", "\r\n", "é", "𝛼", "0", " ", "x" * 30, ";", "'", "\t"]


def field(generator):
    return "".join(generator.choice(PIECES) for _ in range(generator.randrange(5)))


def main():
    generator = random.Random(1)
    cases = []
    for _ in range(60):
        width = generator.randrange(1, 6)
        rows = [[field(generator) for _ in range(width)] for _ in range(generator.randrange(6))]
        # Empty lines mean nothing, so a single column has no empty fields.
        if width == 1:
            rows = [[row[0] or "z"] for row in rows]
        names = [f"n{i}" + field(generator) for i in range(width)]
        text = io.StringIO(newline="")
        ending = generator.choice(["\n", "\r\n"])
        quoting = generator.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        csv.writer(text, lineterminator=ending, quoting=quoting).writerows([names] + rows)
        content = text.getvalue()
        if generator.random() < 0.5:
            content = content[: -len(ending)]
        found = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
        assert found == [names] + rows
        cases.append({"text": content, "fields": found})
    path = Path(__file__).parent / "tables.json"
    path.write_text(json.dumps(cases, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
