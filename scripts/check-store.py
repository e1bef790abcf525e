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


def check_pyarrow(store, manifest, pyarrow):
    ipc = importlib.import_module("pyarrow.ipc")
    table = ipc.open_file(store / "sequences.arrow").read_all()
    table.validate(full=True)
    expect("pyarrow: columns", table.column_names, COLUMNS)
    expect("pyarrow: values", str(table.schema.field("values").type.value_type), arrow_name(manifest))
    index = ipc.open_file(store / "index.arrow").read_all()
    index.validate(full=True)
    expect("pyarrow: index", index.equals(table.select(COLUMNS[:-1])), True)
    rows = table.select(["length", "label", "split"]).to_pydict()
    sizes = [len(values) for values in table["values"]]
    check_rows("pyarrow", manifest, rows["length"], rows["label"], rows["split"], sizes)
    return table


def arrow_name(manifest):
    return {"float32": "float"}.get(manifest["valueType"], manifest["valueType"])


def check_pandas(store, manifest, pandas):
    frame = pandas.read_feather(store / "sequences.arrow")
    labels = [None if label != label else int(label) for label in frame["label"]]
    sizes = [len(values) for values in frame["values"]]
    check_rows("pandas", manifest, frame["length"].tolist(), labels, frame["split"].tolist(), sizes)


def check_polars(store, manifest, polars):
    frame = polars.read_ipc(store / "sequences.arrow")
    sizes = frame["values"].list.len().to_list()
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
