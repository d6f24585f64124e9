"""Opens results files as their users do - h5py, xarray, netCDF4, h5dump - and compares every variable, dimension and
attribute with the tables of docs/file-format.md, and every value with what was written.

usage: open_test.py WRITE_EXAMPLES DOCUMENT FOLDER GANSWEEP
"""
import pathlib
import re
import subprocess
import sys

import h5py
import numpy as np
import xarray
import xxhash

TYPES = {"u1": "<u1", "u4": "<u4", "i8": "<i8", "f4": "<f4", "f8": "<f8"}
H5DUMP_TYPES = {"u1": "H5T_STD_U8LE", "u4": "H5T_STD_U32LE", "i8": "H5T_STD_I64LE", "f4": "H5T_IEEE_F32LE", "f8": "H5T_IEEE_F64LE"}
NAN_BITS = {4: 0x7FC00000, 8: 0x7FF8000000000000}

# The experiments of fixture.c, said again: sizes, hidden layers, and the swept settings, fastest first.
EXAMPLES = {
    "affine": dict(
        title="Größe <b>&amp;</b>; DROP TABLE trials", dimension=2, latent=2, epochs=4, samples=5, by_epoch=True,
        generator=[], discriminator=[5, 3],
        sweep=[("seed", [10, 11, 12]), ("lr_D", [0.05, 0.01]), ("convention", [0, 2])],
        rest=dict(lr_G=0.005, generator_loss=0, batch_size=8, latent_dim=2, epochs=4)),
    "deep": dict(
        title="hidden layers everywhere", requested=True, dimension=3, latent=4, epochs=3, samples=0, by_epoch=True,
        generator=[6], discriminator=[5],
        sweep=[("seed", [1, 2]), ("latent_dim", [2, 4]), ("epochs", [2, 3])],
        rest=dict(lr_G=0.005, lr_D=0.05, generator_loss=1, convention=1, batch_size=8)),
    "plain": dict(
        title="one trial", dimension=2, latent=3, epochs=1, samples=1, by_epoch=False, generator=[], discriminator=[],
        sweep=[("seed", [7])],
        rest=dict(lr_G=0.005, lr_D=0.05, generator_loss=0, convention=0, batch_size=8, latent_dim=3, epochs=1)),
}
SCORES = ["covariance_error", "affine_invariant_distance", "lrt_covariance", "lrt_joint", "hotelling_t2", "frechet_distance", "kl_exact", "frechet_exact",
          "mean_error", "loss_oscillation"]
REQUESTED = ["jsd", "jsd_standard_error", "jacobian_largest_real", "jacobian_largest_ratio", "jacobian_spectral_radius"]
ENDINGS = ["end_loss_D", "end_loss_G", "logit_spread", "gradient_norm_D", "gradient_norm_G"]
SETTINGS = ["seed", "data_seed", "shuffle_seed", "lr_G", "lr_D", "generator_loss", "convention", "batch_size", "latent_dim", "epochs", "configuration"]
FLAGS = {
    "generator_loss": "non-saturating minimax", "convention": "mxnet torch tf tf-as-documented",
    "covariance_ok": "no yes", "status": "pending done diverged",
    "outcome": "pending diverged converged dead-discriminator generator-collapsed losses-only discriminator-wins oscillating not-yet",
}

PROGRAM = sys.argv[4]
checks = 0


def check(true, *what):
    global checks
    checks += 1
    if not true:
        sys.exit("failed: " + " ".join(map(str, what)))


def tables(document):
    """Rows of the document's tables by the title of their first column."""
    found, rows = {}, None
    for line in document.read_text().splitlines():
        if not line.startswith("|"):
            rows = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if rows is None:
            rows = found.setdefault(cells[0], [])
        elif not set(line) <= set("|-"):
            rows.append(cells)
    return found


def expected_dimensions(example):
    """Length of every dimension that the example's file has, in the order of the document's table."""
    trials = int(np.prod([len(values) for _, values in example["sweep"]]))
    lengths = {
        "trial": trials, "epoch": example["epochs"], "sample": example["samples"], "component": example["dimension"],
        "component_2": example["dimension"], "latent": example["latent"],
    }
    for network in "generator", "discriminator":
        for k, units in enumerate(example[network], 1):
            lengths[f"{network}_unit_{k}"] = units
    lengths["logit"] = 1
    return {name: length for name, length in lengths.items() if length > 0}


def layer_ends(network, example):
    """Dimension names along a network: input, hidden layers, output."""
    hidden = [f"{network}_unit_{k}" for k in range(1, len(example[network]) + 1)]
    return (["latent"] + hidden + ["component"]) if network == "generator" else (["component"] + hidden + ["logit"])


def expected_datasets(rows, example):
    """name -> (dimensions, type, units, fill), in file order, from the document's table."""
    found = {}
    for name, dimensions, type_, units, fill, _ in rows:
        name = name.strip("`")
        dimensions = [dimension.strip() for dimension in dimensions.split(",")]
        if name.startswith(("jsd", "jacobian")) and not example.get("requested"):
            continue
        if name == "samples" and example["samples"] == 0 or name.endswith("_by_epoch") and not example["by_epoch"]:
            continue
        if "*" not in name:
            found[name] = (dimensions, type_, units, fill)
            continue
        ends = layer_ends(name.split("_")[0], example)
        for layer in range(len(ends) - 1):
            suffix = f"_{layer + 1}" if len(ends) > 2 else ""
            places = {"*out*": ends[layer + 1], "*in*": ends[layer]}
            found[name.replace("*", suffix)] = ([places.get(d, d) for d in dimensions], type_, units, fill)
    return found


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def check_structure(path, example, document):
    lengths = expected_dimensions(example)
    expected = expected_datasets(document["dataset"], example)
    documented = {row[0].strip("`"): row for row in document["dimension"]}
    with h5py.File(path) as file:
        check(set(file) == set(lengths) | set(expected) | {"plots", "provenance"}, path, set(file) ^ (set(lengths) | set(expected)))
        check(set(file.attrs) == {"title", "Conventions", "source", "summary", "NX_class", "default"}, list(file.attrs))
        check(text(file.attrs["title"]) == example["title"], file.attrs["title"])
        check(text(file.attrs["Conventions"]) == "CF-1.8" and text(file.attrs["source"]) == "gansweep 1.2.3")
        check(str(lengths["trial"]) in text(file.attrs["summary"]))
        for name in file.attrs:
            type_ = file.attrs.get_id(name).get_type()
            check(file.attrs.get_id(name).shape == () and not type_.is_variable_str(), name)
        for name, length in lengths.items():
            dataset = file[name]
            check(dataset.shape == (length,) and dataset.dtype == "<i8" and h5py.h5ds.is_scale(dataset.id), name)
            first = int(documented[re.sub(r"_unit_\d+", "_unit_K", name)][2].split(",")[0])
            check(np.array_equal(dataset[:], np.arange(first, first + length)), name, dataset[:])
        for name, (dimensions, type_, units, fill) in expected.items():
            dataset = file[name]
            check(dataset.dtype == TYPES[type_], name, dataset.dtype)
            check(dataset.shape == tuple(lengths[d] for d in dimensions), name, dataset.shape)
            check([dimension.label for dimension in dataset.dims] == [""] * len(dimensions), name)
            check([dimension[0].name[1:] for dimension in dataset.dims] == dimensions, name)
            check(all(len(dimension) == 1 for dimension in dataset.dims), name)
            check(text(dataset.attrs["units"]) == units and len(text(dataset.attrs["long_name"])) > 3, name, dataset.attrs["units"])
            check(np.array_equal(dataset.fillvalue, np.float32("nan") if fill == "NaN" else 0, equal_nan=True), name, dataset.fillvalue)
            check(dataset.chunks is None and dataset.id.get_offset() is not None, name)
            names = {"units", "long_name", "DIMENSION_LIST"} | ({"flag_values", "flag_meanings"} if name in FLAGS else set())
            results = name not in SETTINGS and name != "checksum"
            check(set(dataset.attrs) == names | ({"coordinates"} if results else set()), name, list(dataset.attrs))
            if results:
                check(text(dataset.attrs["coordinates"]).split() == SETTINGS, name)
            if name in FLAGS:
                check(text(dataset.attrs["flag_meanings"]) == FLAGS[name], name)
                check(np.array_equal(dataset.attrs["flag_values"], np.arange(len(FLAGS[name].split()), dtype="u1")), name)
        by_address = sorted(expected, key=lambda name: file[name].id.get_offset())
        check(len(by_address) == len(expected) and by_address[-1] == "status", by_address)
        check_provenance(file["provenance"], document["entry"])
    with open(path, "rb") as raw:
        check(raw.read(9) == b"\x89HDF\r\n\x1a\n\0", "superblock 0")


def check_provenance(group, rows):
    names = [row[0].strip("`") for row in rows]
    check(sorted(group) == sorted(names), sorted(set(group) ^ set(names)))
    for name, type_, _ in rows:
        dataset = group[name.strip("`")]
        check(dataset.shape == (), name)
        check(dataset.dtype.kind == "S" if type_ == "text" else dataset.dtype == TYPES[type_], name, dataset.dtype)
    check(group["experiment"][()].startswith(b"title: "))
    check(group["seconds"][()] == 1.5 and group["threads"][()] == 2 and group["layout_version"][()] == 4)
    check(re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", group["created"][()]), group["created"][()])
    check(group["command_line"][()] == b"gansweep run \"x y\" ?? '$(rm)'", group["command_line"][()])
    check(b"seed: " in group["resolved"][()] and b"A: [[1, 2" in group["resolved"][()], group["resolved"][()])


def value(quantity, trial, index):
    return quantity * 65536 + trial * 1024 + np.asarray(index)


def settings_of(trial, example):
    """The plan's arithmetic: mixed radix, the first fastest."""
    settings, configuration, radix = dict(example["rest"]), 0, 1
    for name, values in example["sweep"]:
        trial, digit = divmod(trial, len(values))
        settings[name] = values[digit]
        if name != "seed":
            configuration += radix * digit
            radix *= len(values)
    return dict(settings, data_seed=settings["seed"], shuffle_seed=settings["seed"], configuration=configuration)


def pad(array, shape):
    return np.pad(array.astype(float), [(0, big - small) for small, big in zip(array.shape, shape)], constant_values=np.nan)


def expected_parameters(network, example, own_latent, trial, quantity, start):
    """name -> values of every layer of a flat row that begins at position `start` of its quantity."""
    lengths, ends = expected_dimensions(example), layer_ends(network, example)
    sizes = [own_latent if end == "latent" else lengths[end] for end in ends]
    found, at = {}, start
    for layer, (into, out) in enumerate(zip(sizes, sizes[1:])):
        suffix = f"_{layer + 1}" if len(ends) > 2 else ""
        weight = value(quantity, trial, at + np.arange(out * into)).reshape(out, into)
        found[f"{network}_weight{suffix}"] = pad(weight, (out, lengths[ends[layer]]))
        at += out * into
        found[f"{network}_bias{suffix}"] = value(quantity, trial, at + np.arange(out))
        at += out
    return found


def expected_row(trial, example):
    """name -> what write_examples has written for a trial."""
    settings, d = settings_of(trial, example), example["dimension"]
    epochs, latent = settings["epochs"], settings["latent_dim"]
    row = dict(settings, status=1, diverged_epoch=0, covariance_ok=trial % 2, outcome=1 + trial % 8)
    row["loss_D"] = pad(value(1, trial, np.arange(epochs)), (example["epochs"],))
    row["loss_G"] = pad(value(2, trial, np.arange(epochs)), (example["epochs"],))
    row.update(expected_parameters("generator", example, latent, trial, 3, 0))
    row.update(expected_parameters("discriminator", example, latent, trial, 4, 0))
    if example["by_epoch"]:
        sizes = [example["latent"]] + example["generator"] + [d]
        flat_length = sum(out * (into + 1) for into, out in zip(sizes, sizes[1:]))
        by_epoch = [expected_parameters("generator", example, latent, trial, 5, epoch * flat_length) for epoch in range(epochs)]
        for name in by_epoch[0]:
            stacked = np.stack([one[name] for one in by_epoch])
            row[name + "_by_epoch"] = pad(stacked, (example["epochs"],) + stacked.shape[1:])
    if example["samples"]:
        row["samples"] = value(6, trial, np.arange(example["samples"] * d)).reshape(-1, d)
    row["sample_mean"] = value(7, trial, np.arange(d))
    row["sample_covariance"] = value(8, trial, np.arange(d * d)).reshape(d, d).astype(float)
    row["covariance_eigenvalues"] = value(9, trial, np.arange(d))
    row.update({name: float(value(10, trial, i)) for i, name in enumerate(SCORES)})
    row.update({name: float(value(11, trial, i)) for i, name in enumerate(ENDINGS)})
    if example.get("requested"):
        row.update({name: float(value(12, trial, i)) for i, name in enumerate(REQUESTED)})
    if trial == 2:
        row["loss_D"][1:], row["loss_G"][1:] = np.nan, np.nan
        row["generator_weight" + ("_1" if example["generator"] else "")][0, 0] = np.nan
        row.update(diverged_epoch=2, status=2, covariance_error=np.nan)
        row["sample_covariance"][0, 1] = np.nan
    return row


def check_values(path, example, document):
    expected = expected_datasets(document["dataset"], example)
    with h5py.File(path) as file:
        for trial in range(expected_dimensions(example)["trial"]):
            row = expected_row(trial, example)
            check(set(row) | {"checksum"} == set(expected), set(row) ^ set(expected))
            for name, wanted in row.items():
                got = file[name][trial]
                if trial == 1 and name not in SETTINGS:  # pending
                    wanted = np.nan if expected[name][3] == "NaN" else 0
                check(np.array_equal(got, np.broadcast_to(wanted, np.shape(got)), equal_nan=True), path, name, trial, got, wanted)
            check((file["checksum"][trial] == 0) == (trial == 1), "checksum", trial)
        for name in expected:
            if file[name].dtype.kind == "f":
                bits = file[name][:].view(f"<u{file[name].dtype.itemsize}")
                check(np.all(bits[np.isnan(file[name][:])] == NAN_BITS[file[name].dtype.itemsize]), name)


def check_checksums(path, example, document):
    """The order of the document's table is the order of the checksum."""
    names = ["trial"] + list(expected_datasets(document["dataset"], example))
    check(names[-2:] == ["checksum", "status"], names)
    with h5py.File(path) as file:
        for trial in np.flatnonzero(file["status"][:]):
            row = b"".join(file[name][trial].tobytes() for name in names[:-2])
            check(xxhash.xxh32_intdigest(row) == file["checksum"][trial], "checksum", trial)


def check_seal(path, example, document):
    """Whoever reads docs/file-format.md can find the seal without HDF5, and makes the same hashes."""
    data = pathlib.Path(path).read_bytes()
    begin = data.index(b"gansweep seal 1\n")
    check(begin < 1 << 20, begin)
    text = data[begin:data.index(b"\nend ", begin) + 1]
    end = data[begin + len(text):data.index(b"\n", begin + len(text))]
    check(end == b"end      %016x" % xxhash.xxh3_64_intdigest(text), end)
    head, lines = text.decode().splitlines()[1:3], text.decode().splitlines()[3:]
    check(head[0].split() == ["file", str(len(data))], head)
    places = {}
    for line in lines:
        kind, name, address, size = line.split()
        check(line == f"{kind:8} {name:64} {address:>20} {size:>20}", line)
        places[name] = kind, int(address), int(size)
    check(places["/provenance/seal"] == ("seal", begin, len(text) + len(end) + 1), places["/provenance/seal"])
    with h5py.File(path) as file:
        for name, (kind, address, size) in places.items():
            check(file[name].id.get_offset() == address, name)
            check(file[name].dtype.itemsize * max(1, file[name].size) == size + (kind == "seal"), name, size)
        parts = [name for name in places if name.startswith("/plots/")]
        check(len(places) == len(file) - 2 + len(file["provenance"]) + len(parts), len(places))
        check(len(parts) > 10 and all(places[name][0] == "changes" for name in parts), parts)
        seconds = file["provenance/seconds"][()]
        check(file["provenance/seconds_checksum"][()].tobytes() == xxhash.xxh3_64_intdigest(seconds.tobytes()).to_bytes(8, "little"))
    sealed = bytearray()
    at = 0
    for address, size in sorted((address, size) for kind, address, size in places.values() if kind != "sealed"):
        sealed += data[at:address]
        at = address + size
    check(head[1].split() == ["hash", xxhash.xxh3_128_hexdigest(bytes(sealed + data[at:]))], head)


def check_contents(path, example, document):
    """The hash that `gansweep verify` prints, made again from the document."""
    names = ["trial"] + list(expected_datasets(document["dataset"], example))
    contents = xxhash.xxh3_128()
    with h5py.File(path) as file:
        for name in list(expected_dimensions(example))[1:]:
            contents.update(file[name][:].tobytes())
        for trial, status in enumerate(file["status"][:]):
            known = names[:-2] if status else ["trial", *SETTINGS]
            row = b"".join(file[name][trial].tobytes() for name in known)
            contents.update(xxhash.xxh3_128_digest(row, seed=int(status)))
    said = subprocess.run([PROGRAM, "verify", path], capture_output=True, text=True)
    check(said.returncode == 0 and f"\ncontents   {contents.hexdigest()}\n" in said.stdout, contents.hexdigest(), said)


def check_xarray(path, example, document):
    with xarray.open_dataset(path, engine="h5netcdf") as sweep:
        lengths = expected_dimensions(example)
        expected = expected_datasets(document["dataset"], example)
        check(dict(sweep.sizes) == lengths, sweep.sizes)
        check(set(sweep.variables) == set(expected) | set(lengths), set(sweep.variables) ^ (set(expected) | set(lengths)))
        check(set(SETTINGS) <= set(sweep.coords), sweep.coords)
        for name, (dimensions, _, units, _) in expected.items():
            check(list(sweep[name].dims) == dimensions and sweep[name].attrs["units"] == units, name)
            check(isinstance(sweep[name].attrs["units"], str), name)
        check(sweep.attrs["title"] == example["title"], sweep.attrs)
        if example["title"].startswith("Gr"):
            groups = sweep.loss_G.isel(epoch=0).groupby("lr_D").median()
            check(list(groups.lr_D.values) == [0.01, 0.05], groups)
            check(float(sweep.loss_D.sel(trial=4, epoch=2)) == value(1, 4, 1))


def check_netcdf(path, example, document):
    try:
        import netCDF4
    except ImportError:
        print("netCDF4 is not installed: left out")
        return
    with netCDF4.Dataset(path) as sweep:
        expected = expected_datasets(document["dataset"], example)
        lengths = expected_dimensions(example)
        check({name: len(dimension) for name, dimension in sweep.dimensions.items()} == lengths, sweep.dimensions)
        check(set(sweep.variables) == set(expected) | set(lengths), set(sweep.variables) ^ (set(expected) | set(lengths)))
        for name, (dimensions, _, units, _) in expected.items():
            check(list(sweep[name].dimensions) == dimensions and sweep[name].units == units, name)
        check(np.array_equal(sweep["loss_D"][0], expected_row(0, example)["loss_D"], equal_nan=True))
        check(sweep.title == example["title"])


def check_h5dump(path, example, document):
    """Reads `h5dump -H -p` of the root's datasets: name, type, size of the dataspace, storage, fill value."""
    dump = subprocess.run(["h5dump", "-H", "-p", path], capture_output=True, text=True, check=True)
    check(dump.stderr == "", dump.stderr)
    lengths = expected_dimensions(example)
    expected = expected_datasets(document["dataset"], example)
    expected.update({name: ([name], "i8", "1", "0") for name in lengths})
    parts = re.split(r"^   (DATASET|GROUP) \"(\w+)\" \{$", dump.stdout, flags=re.M)
    seen = {name: body for kind, name, body in zip(parts[1::3], parts[2::3], parts[3::3]) if kind == "DATASET"}
    check(set(seen) == set(expected), set(seen) ^ set(expected))
    for name, (dimensions, type_, _, fill) in expected.items():
        shape = ", ".join(str(lengths[d]) for d in dimensions)
        check(seen[name].lstrip().startswith(f"DATATYPE  {H5DUMP_TYPES[type_]}\n"), name, seen[name])
        check(f"DATASPACE  SIMPLE {{ ( {shape} ) / ( {shape} ) }}" in seen[name], name, seen[name])
        check("CONTIGUOUS" in seen[name] and re.search(r"VALUE  +-?nan" if fill == "NaN" else r"VALUE  +(H5D_FILL_VALUE_DEFAULT|0)", seen[name]), name, seen[name])


def main():
    program, document, folder = sys.argv[1], tables(pathlib.Path(sys.argv[2])), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    writer = subprocess.Popen([program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        check(writer.stdout.readline() == "written\n", "write_examples failed")
        # The last file is still open for writing: readers open it all the same, with their default settings.
        with h5py.File(folder / "affine.h5") as growing:
            check(growing["status"][0] == 1 and growing["provenance/seconds"][()] == 1.25)
        subprocess.run(["h5dump", "-H", str(folder / "affine.h5")], check=True, stdout=subprocess.DEVNULL)
    finally:
        writer.stdin.close()
        check(writer.wait() == 0, "write_examples failed")
    for name, example in EXAMPLES.items():
        path = str(folder / f"{name}.h5")
        for one in check_structure, check_values, check_checksums, check_seal, check_contents, check_xarray, check_netcdf, check_h5dump:
            before = checks
            one(path, example, document)
            print(f"{name}: {one.__name__}: {checks - before} checks")


main()
