"""Reads a Lockstep dataset with pyarrow, and with pandas and polars where they are installed.

Usage: python check-store.py STORE
Prints one JSON object: for each library its version and what it found. Exits with 1 and one line when a
library finds something else than the manifest says, with 2 when pyarrow is missing.
"""

import hashlib
import importlib
import json
import pathlib
import sys
from array import array

COLUMNS = ["id", "label", "split", "group", "length", "values"]


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def check_rows(library, manifest, lengths, labels, splits, sizes):
    """Lists of one entry a row: declared length, label or None, split, number of values."""
    expect(f"{library}: rows", len(lengths), manifest["sequences"])
    expect(f"{library}: lengths", lengths, sizes)
    expect(f"{library}: order", lengths, sorted(lengths))
    expect(f"{library}: tokens", sum(sizes), manifest["tokens"])
    for split, counts in manifest["splits"].items():
        found = [0] * len(manifest["classes"])
        for label, where in zip(labels, splits):
            if where == split and label is not None:
                found[label] += 1
        expect(f"{library}: classes of {split}", found, counts["perClass"])


def shards(store, manifest):
    return [store / manifest["folder"] / shard["file"] for shard in manifest["shards"]]


def check_index(store, manifest, rows):
    """index.bin: int32 lengths, then (class + 1) * 4 + split of every row."""
    content = (store / manifest["folder"] / "index.bin").read_bytes()
    half = len(content) // 2
    expect("index.bin: lengths", array("i", content[:half]).tolist(), rows["length"])
    names = list(manifest["splits"])
    packed = array("I", content[half:])
    labels = [None if word < 4 else (word >> 2) - 1 for word in packed]
    expect("index.bin: classes", labels, rows["label"])
    expect("index.bin: splits", [names[word & 3] for word in packed], rows["split"])


def check_pyarrow(store, manifest, pyarrow):
    ipc = importlib.import_module("pyarrow.ipc")
    tables = [ipc.open_file(shard).read_all() for shard in shards(store, manifest)]
    ranges = [shard["end"] - shard["start"] for shard in manifest["shards"]]
    expect("pyarrow: rows of the shards", [table.num_rows for table in tables], ranges)
    table = pyarrow.concat_tables(tables)
    table.validate(full=True)
    expect("pyarrow: columns", table.column_names, COLUMNS)
    expect("pyarrow: values", str(table.schema.field("values").type.value_type), arrow_name(manifest))
    index = ipc.open_file(store / manifest["folder"] / "index.arrow").read_all()
    index.validate(full=True)
    expect("pyarrow: index", index.equals(table.select(COLUMNS[:-1])), True)
    rows = table.select(["length", "label", "split"]).to_pydict()
    check_index(store, manifest, rows)
    channels = manifest["channels"]
    sizes = [len(values) // channels for values in table["values"]]
    check_rows("pyarrow", manifest, rows["length"], rows["label"], rows["split"], sizes)
    return table


def arrow_name(manifest):
    return {"float32": "float"}.get(manifest["valueType"], manifest["valueType"])


def check_pandas(store, manifest, pandas):
    frame = pandas.concat([pandas.read_feather(shard) for shard in shards(store, manifest)])
    labels = [None if label != label else int(label) for label in frame["label"]]
    sizes = [len(values) // manifest["channels"] for values in frame["values"]]
    check_rows("pandas", manifest, frame["length"].tolist(), labels, frame["split"].tolist(), sizes)


def check_polars(store, manifest, polars):
    frame = polars.concat([polars.read_ipc(shard) for shard in shards(store, manifest)])
    sizes = [length // manifest["channels"] for length in frame["values"].list.len().to_list()]
    columns = (frame[name].to_list() for name in ("length", "label", "split"))
    check_rows("polars", manifest, *columns, sizes)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pyarrow = optional("pyarrow")
    if pyarrow is None:
        print("pyarrow is not installed", file=sys.stderr)
        sys.exit(2)
    store = pathlib.Path(sys.argv[1])
    manifest = json.loads((store / "manifest.json").read_text())
    table = check_pyarrow(store, manifest, pyarrow)
    versions = {"pyarrow": pyarrow.__version__}
    for name, check in (("pandas", check_pandas), ("polars", check_polars)):
        library = optional(name)
        if library is not None:
            check(store, manifest, library)
            versions[name] = library.__version__
    digest = hashlib.sha256()
    for values in table["values"]:
        digest.update(values.values.to_numpy(zero_copy_only=False).tobytes())
    print(json.dumps({"versions": versions, "rows": table.num_rows, "valuesSha256": digest.hexdigest()}))


if __name__ == "__main__":
    main()
