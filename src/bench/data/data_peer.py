"""Reads a file as other programs do: data_peer.py FORMAT FILE. Prints the reader and its seconds as JSON.

Exits with 3 when the reader is not installed.
"""

import json
import sys
import time


def wide_csv(path):
    import pandas

    return f"pandas {pandas.__version__} read_csv, tolist", lambda: pandas.read_csv(path).iloc[:, 1:].to_numpy().tolist()


def cells_csv(path):
    import pandas

    def read():
        return [[int(value) for value in cell.split()] for cell in pandas.read_csv(path)["values"]]

    return f"pandas {pandas.__version__} read_csv, split", read


def lines_jsonl(path):
    import pandas

    return f"pandas {pandas.__version__} read_json", lambda: pandas.read_json(path, lines=True)["values"].tolist()


def reads_fastq(path):
    import Bio
    from Bio.SeqIO.QualityIO import FastqGeneralIterator

    def read():
        with open(path) as file:
            return [list(bases.encode()) for _, bases, _ in FastqGeneralIterator(file)]

    return f"Biopython {Bio.__version__} FastqGeneralIterator", read


def lists_parquet(path):
    import pyarrow
    import pyarrow.parquet

    def read():
        return [row.values.to_numpy() for row in pyarrow.parquet.read_table(path)["values"]]

    return f"pyarrow {pyarrow.__version__} read_table, to_numpy", read


READERS = {
    "wide.csv": wide_csv,
    "decimals.csv": wide_csv,
    "cells.csv": cells_csv,
    "lines.jsonl": lines_jsonl,
    "reads.fastq": reads_fastq,
    "lists.parquet": lists_parquet,
}


def main():
    name, path = sys.argv[1:]
    try:
        reader, read = READERS[name](path)
    except ImportError:
        sys.exit(3)
    start = time.perf_counter()
    read()
    print(json.dumps({"reader": reader, "seconds": time.perf_counter() - start}))


main()
