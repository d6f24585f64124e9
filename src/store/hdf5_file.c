/// libhdf5 behind a narrow door.
#include "store/hdf5_file.h"

#include <assert.h>
#include <errno.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/io.h"

enum {
    MAX_COORDINATES = 512,  ///< bytes of @coordinates
    BLOCK_BYTES = 64 << 10, ///< metadata, and small datasets, are each kept together in blocks of this size ...
    SECTOR_BYTES = 4096,    ///< ... which begin here: what is written again shares no sector with the structure
};

// ---- libhdf5's own state ----

/// Why libhdf5 failed.
typedef struct {
    bool memory_was_short; ///< in any failure
    char reason[256];      ///< of the first one
} failures;

/// Keeps the description of the innermost failure of the first stack.
static herr_t keep_reason(unsigned depth, const H5E_error2_t *entry, void *data) {
    failures *kept = data;
    kept->memory_was_short = kept->memory_was_short || entry->min_num == H5E_NOSPACE || entry->min_num == H5E_CANTALLOC;
    if (kept->reason[0] == '\0' && depth == 0 && entry->desc != NULL) {
        (void)snprintf(kept->reason, sizeof kept->reason, "%s", entry->desc);
    }
    return 0;
}

/// Called by libhdf5 instead of printing. The first failure is the reason; closing what was never opened comes after
/// it.
static herr_t keep_first_reason(hid_t stack, void *data) {
    return H5Ewalk2(stack, H5E_WALK_UPWARD, keep_reason, data);
}

/// From here on libhdf5 prints nothing, and does nothing at exit: after a failed H5Fclose that would crash. The process
/// is a child that does nothing else, so nothing is put back.
static void keep_failures(failures *kept) {
    (void)H5dont_atexit();
    *kept = (failures){0};
    (void)H5Eset_auto2(H5E_DEFAULT, keep_first_reason, kept);
}

/// One line with libhdf5's reason.
static gs_status fail_with_reason(gs_error *error, gs_status status, const char *what, const failures *kept) {
    return gs_fail(error, status, "%s: %s", what, kept->reason[0] == '\0' ? "libhdf5 gives no reason" : kept->reason);
}

/// How files are opened: without HDF5's lock, so that others can read meanwhile, and closed with all that is open in
/// them.
/// @param high  newest form of an object
static hid_t file_access(H5F_libver_t high) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && (H5Pset_file_locking(access, 0, 1) < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
                        H5Pset_sieve_buf_size(access, 0) < 0 || H5Pset_meta_block_size(access, BLOCK_BYTES) < 0 ||
                        H5Pset_small_data_block_size(access, BLOCK_BYTES) < 0 ||
                        H5Pset_alignment(access, BLOCK_BYTES, SECTOR_BYTES) < 0 ||
                        H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, high) < 0)) {
        H5Pclose(access);
        return H5I_INVALID_HID;
    }
    return access;
}

static hid_t file_type(gs_element element) {
    switch (element) {
    case GS_U1:
        return H5T_STD_U8LE;
    case GS_U4:
        return H5T_STD_U32LE;
    case GS_I8:
        return H5T_STD_I64LE;
    case GS_F4:
        return H5T_IEEE_F32LE;
    default:
        return H5T_IEEE_F64LE;
    }
}

// ---- making a file ----
// Each function returns whether it succeeded; libhdf5 knows why it did not.

/// Type of a text: fixed length, NUL-terminated, UTF-8.
static hid_t text_type(size_t length) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, length + 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static bool write_attribute(hid_t object, const char *name, hid_t type, hid_t space, const void *value) {
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0) {
        return false;
    }
    const bool written = H5Awrite(attribute, type, value) >= 0;
    return H5Aclose(attribute) >= 0 && written;
}

/// A plain scalar string, as every reader understands it.
static bool write_text_attribute(hid_t object, const char *name, const char *text) {
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t type = text_type(strlen(text));
    const bool written = space >= 0 && type >= 0 && write_attribute(object, name, type, space, text);
    H5Tclose(type);
    H5Sclose(space);
    return written;
}

/// @flag_values 0, 1, ... as numbers of the dataset's own type, as CF wants them, and @flag_meanings, one word each.
static bool write_flags(hid_t object, gs_element element, const char *const *flags, int flag_count) {
    unsigned char numbers[16];
    double doubles[sizeof numbers];
    char meanings[256] = "";
    assert(flag_count <= (int)sizeof numbers && (element == GS_U1 || element == GS_F8));
    for (int i = 0; i < flag_count; i++) {
        numbers[i] = (unsigned char)i;
        doubles[i] = i;
        const size_t used = strlen(meanings);
        (void)snprintf(meanings + used, sizeof meanings - used, "%s%s", i == 0 ? "" : " ", flags[i]);
    }
    const hsize_t count = (hsize_t)flag_count;
    const hid_t space = H5Screate_simple(1, &count, NULL);
    const bool written = space >= 0 && write_attribute(object, "flag_values", file_type(element), space,
                                                       element == GS_F8 ? (const void *)doubles : numbers);
    H5Sclose(space);
    return written && write_text_attribute(object, "flag_meanings", meanings);
}

/// Names of all settings, so that readers label losses and scores with them.
static bool write_coordinates(hid_t object, const gs_layout *layout) {
    char names[MAX_COORDINATES] = "";
    for (int i = 0; i < layout->count; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        if (layout->columns[i].moment == GS_WRITTEN_AT_CREATION && !dataset->coordinate) {
            const size_t used = strlen(names);
            (void)snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : " ", dataset->name);
        }
    }
    return write_text_attribute(object, "coordinates", names);
}

/// Contiguous, allocated at once, not filled by libhdf5, and without a time of modification.
static hid_t row_storage(gs_element element) {
    const float nan_f4 = __builtin_nanf("");
    const double nan_f8 = __builtin_nan("");
    const hid_t storage = H5Pcreate(H5P_DATASET_CREATE);
    bool set = storage >= 0 && H5Pset_layout(storage, H5D_CONTIGUOUS) >= 0 &&
               H5Pset_alloc_time(storage, H5D_ALLOC_TIME_EARLY) >= 0 &&
               H5Pset_fill_time(storage, H5D_FILL_TIME_NEVER) >= 0 && H5Pset_obj_track_times(storage, 0) >= 0;
    if (element == GS_F4) {
        set = set && H5Pset_fill_value(storage, H5T_IEEE_F32LE, &nan_f4) >= 0;
    } else if (element == GS_F8) {
        set = set && H5Pset_fill_value(storage, H5T_IEEE_F64LE, &nan_f8) >= 0;
    }
    if (storage >= 0 && !set) {
        H5Pclose(storage);
        return H5I_INVALID_HID;
    }
    return storage;
}

/// Adds to a dataset's storage that its rows lie in datasets of the same name in the sources, one after the other.
static bool map_rows(hid_t storage, const gs_dataset *dataset, const gs_source_files *sources) {
    hsize_t whole[GS_MAX_RANK], first[GS_MAX_RANK] = {0}, part[GS_MAX_RANK];
    char name[sizeof dataset->name + 1];
    for (int d = 0; d < dataset->rank; d++) {
        whole[d] = part[d] = (hsize_t)dataset->extent[d];
    }
    (void)snprintf(name, sizeof name, "/%s", dataset->name);
    const hid_t space = H5Screate_simple(dataset->rank, whole, NULL);
    bool mapped = space >= 0;
    for (int64_t i = 0; i < sources->count && mapped; i++) {
        const gs_source_file *source = &sources->list[i];
        part[0] = (hsize_t)source->part.count;
        const hid_t own_space = H5Screate_simple(dataset->rank, part, NULL);
        mapped = own_space >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, part, NULL) >= 0 &&
                 H5Pset_virtual(storage, space, source->name, name, own_space) >= 0;
        H5Sclose(own_space);
        first[0] += part[0];
    }
    H5Sclose(space);
    return mapped;
}

/// Virtual, with the fill value that tells what libhdf5 can't find in the sources from what is there.
static hid_t virtual_storage(const gs_dataset *dataset, const gs_source_files *sources) {
    const float nan_f4 = __builtin_nanf("");
    const double nan_f8 = __builtin_nan("");
    const hid_t storage = H5Pcreate(H5P_DATASET_CREATE);
    bool set = storage >= 0 && H5Pset_obj_track_times(storage, 0) >= 0 && map_rows(storage, dataset, sources);
    if (dataset->element == GS_F4) {
        set = set && H5Pset_fill_value(storage, H5T_IEEE_F32LE, &nan_f4) >= 0;
    } else if (dataset->element == GS_F8) {
        set = set && H5Pset_fill_value(storage, H5T_IEEE_F64LE, &nan_f8) >= 0;
    }
    if (storage >= 0 && !set) {
        H5Pclose(storage);
        return H5I_INVALID_HID;
    }
    return storage;
}

static bool write_dataset_attributes(hid_t object, const gs_column *column, const gs_layout *layout) {
    const gs_dataset *dataset = &column->dataset;
    return write_text_attribute(object, "long_name", dataset->long_name) &&
           write_text_attribute(object, "units", dataset->units) &&
           (dataset->flags == NULL || write_flags(object, dataset->element, dataset->flags, dataset->flag_count)) &&
           (!column->labels || write_coordinates(object, layout));
}

/// Coordinates become dimension scales; all others are attached to those of their dimensions.
static bool join_scales(hid_t file, hid_t object, const gs_dataset *dataset) {
    if (dataset->coordinate) {
        return H5DSset_scale(object, dataset->name) >= 0;
    }
    for (int d = 0; d < dataset->rank; d++) {
        const hid_t scale = H5Dopen2(file, dataset->dimension[d], H5P_DEFAULT);
        if (scale < 0) {
            return false;
        }
        const bool attached = H5DSattach_scale(object, scale, (unsigned)d) >= 0;
        if (H5Dclose(scale) < 0 || !attached) {
            return false;
        }
    }
    return true;
}

static bool create_dataset(hid_t file, const gs_column *column, const gs_layout *layout,
                           const gs_source_files *sources) {
    const gs_dataset *dataset = &column->dataset;
    hsize_t extent[GS_MAX_RANK];
    for (int d = 0; d < dataset->rank; d++) {
        extent[d] = (hsize_t)dataset->extent[d];
    }
    const hid_t storage =
        sources != NULL && dataset->by_trial ? virtual_storage(dataset, sources) : row_storage(dataset->element);
    const hid_t space = H5Screate_simple(dataset->rank, extent, NULL);
    const hid_t object = storage < 0 || space < 0 ? H5I_INVALID_HID
                                                  : H5Dcreate2(file, dataset->name, file_type(dataset->element), space,
                                                               H5P_DEFAULT, storage, H5P_DEFAULT);
    const bool written = object >= 0 && write_dataset_attributes(object, column, layout) &&
                         join_scales(file, object, dataset) && H5Dclose(object) >= 0;
    H5Sclose(space);
    H5Pclose(storage);
    return written;
}

static hid_t create_group(hid_t place, const char *name) {
    const hid_t options = H5Pcreate(H5P_GROUP_CREATE);
    const hid_t group = options < 0 || H5Pset_obj_track_times(options, 0) < 0
                            ? H5I_INVALID_HID
                            : H5Gcreate2(place, name, H5P_DEFAULT, options, H5P_DEFAULT);
    H5Pclose(options);
    return group;
}

/// A scalar dataset of /provenance.
static bool create_note(hid_t group, const gs_note_info *info, const gs_note *note) {
    const hid_t storage = row_storage(GS_I8);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t type = info->type == GS_NOTE_TEXT
                           ? text_type(note->length)
                           : H5Tcopy(info->type == GS_NOTE_REAL ? H5T_IEEE_F64LE : H5T_STD_I64LE);
    const void *value = info->type == GS_NOTE_TEXT      ? (const void *)note->text
                        : info->type == GS_NOTE_INTEGER ? (const void *)&note->integer
                                                        : (const void *)&note->real;
    const hid_t object = storage < 0 || space < 0 || type < 0
                             ? H5I_INVALID_HID
                             : H5Dcreate2(group, info->name, type, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    const bool written = object >= 0 && H5Dwrite(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0 &&
                         write_text_attribute(object, "long_name", info->long_name) && H5Dclose(object) >= 0;
    H5Tclose(type);
    H5Sclose(space);
    H5Pclose(storage);
    return written;
}

static bool create_notes(hid_t file, const gs_note *notes) {
    const hid_t group = create_group(file, "provenance");
    bool written = group >= 0;
    for (int i = 0; i < GS_NOTE_COUNT && written; i++) {
        written = create_note(group, &gs_notes_table[i], &notes[i]);
    }
    H5Gclose(group);
    return written;
}

// ---- plots: NeXus NXdata, as the NeXus manual's "NXdata" says and as H5Web, silx and NeXpy read it ----

/// A one-dimensional array of strings of equal length.
static bool write_names_attribute(hid_t object, const char *name, const char *const *names, size_t count) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(names[i]);
        longest = length > longest ? length : longest;
    }
    char *texts = calloc(count + 1, longest + 1);
    if (texts == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(texts + i * (longest + 1), longest + 1, "%s", names[i]);
    }
    const hsize_t extent = (hsize_t)count;
    const hid_t space = H5Screate_simple(1, &extent, NULL);
    const hid_t type = text_type(longest);
    const bool written = space >= 0 && type >= 0 && write_attribute(object, name, type, space, texts);
    H5Tclose(type);
    H5Sclose(space);
    free(texts);
    return written;
}

/// Names of a plot's datasets of one role.
static size_t names_of_role(const gs_plot *plot, gs_plot_role role, const char *names[GS_PLOT_MOST_DATASETS]) {
    size_t count = 0;
    for (int i = 0; i < plot->dataset_count; i++) {
        if (plot->datasets[i].role == role) {
            names[count++] = plot->datasets[i].name;
        }
    }
    return count;
}

static const gs_plot_dataset *plot_signal(const gs_plot *plot) {
    int signal = 0;
    while (plot->datasets[signal].role != GS_PLOT_SIGNAL) {
        signal++;
    }
    return &plot->datasets[signal];
}

/// Scales on which a plot is best seen. silx reads the two keys of axes in different versions.
static bool write_style(hid_t group, const gs_plot *plot, size_t axis_count) {
    const char *scale = plot->log_axes ? "log" : "linear";
    char axes[64], style[256];
    if (!plot->log_axes && !plot->log_signal) {
        return true;
    }
    (void)snprintf(axes, sizeof axes, axis_count == 2 ? "[\"%s\",\"%s\"]" : "[\"%s\"]", scale, scale);
    (void)snprintf(style, sizeof style, "{\"axes_scale_types\":%s,\"axes_scale_type\":%s,\"signal_scale_type\":\"%s\"}",
                   axes, axes, plot->log_signal ? "log" : "linear");
    return write_text_attribute(group, "SILX_style", style);
}

/// The attributes that make a group an NXdata.
static bool write_plot_attributes(hid_t group, const gs_plot *plot) {
    const char *names[GS_PLOT_MOST_DATASETS];
    const size_t axis_count = names_of_role(plot, GS_PLOT_AXIS, names);
    bool written = write_text_attribute(group, "NX_class", "NXdata") &&
                   write_names_attribute(group, "axes", names, axis_count) && write_style(group, plot, axis_count);
    if (written && axis_count == 2 && plot_signal(plot)->rank == 1) { // a scatter: so NeXpy finds its axes
        const char *coordinates[2] = {names[1], names[0]};
        written = write_names_attribute(group, "coordinates", coordinates, 2);
    }
    written = written && write_text_attribute(group, "signal", plot_signal(plot)->name);
    const size_t auxiliary_count = names_of_role(plot, GS_PLOT_AUXILIARY, names);
    return written &&
           (auxiliary_count == 0 || write_names_attribute(group, "auxiliary_signals", names, auxiliary_count));
}

static bool create_plot_dataset(hid_t group, const gs_plot *plot, const gs_plot_dataset *dataset) {
    const hsize_t extent[2] = {(hsize_t)dataset->extent[0], (hsize_t)dataset->extent[1]};
    const bool drawn = dataset->role == GS_PLOT_SIGNAL || dataset->role == GS_PLOT_AUXILIARY;
    const hid_t storage = row_storage(GS_F8);
    const hid_t space = H5Screate_simple(dataset->rank, extent, NULL);
    const hid_t object = storage < 0 || space < 0 ? H5I_INVALID_HID
                                                  : H5Dcreate2(group, dataset->name, file_type(GS_F8), space,
                                                               H5P_DEFAULT, storage, H5P_DEFAULT);
    bool written = object >= 0 && write_text_attribute(object, "long_name", dataset->long_name) &&
                   write_text_attribute(object, "units", dataset->units) &&
                   (dataset->flags == NULL || write_flags(object, GS_F8, dataset->flags, dataset->flag_count)) &&
                   (!drawn || plot->interpretation == NULL ||
                    write_text_attribute(object, "interpretation", plot->interpretation));
    if (written && dataset->dimension) {
        written = H5DSset_scale(object, dataset->name) >= 0;
    }
    for (int d = 0; d < dataset->rank && written && !dataset->dimension; d++) {
        const hid_t scale = H5Dopen2(group, plot->datasets[dataset->scale[d]].name, H5P_DEFAULT);
        written = scale >= 0 && H5DSattach_scale(object, scale, (unsigned)d) >= 0;
        written = H5Dclose(scale) >= 0 && written;
    }
    written = H5Dclose(object) >= 0 && written;
    H5Sclose(space);
    H5Pclose(storage);
    return written;
}

static bool create_title(hid_t group) {
    const hid_t storage = row_storage(GS_I8);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t type = text_type(GS_PLOT_TITLE_BYTES - 1);
    const hid_t object = storage < 0 || space < 0 || type < 0
                             ? H5I_INVALID_HID
                             : H5Dcreate2(group, "title", type, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    const bool written = object >= 0 && H5Dclose(object) >= 0;
    H5Tclose(type);
    H5Sclose(space);
    H5Pclose(storage);
    return written;
}

static bool create_plot(hid_t plots, const gs_plot *plot) {
    const hid_t group = create_group(plots, plot->name);
    bool written = group >= 0 && write_plot_attributes(group, plot) && create_title(group);
    for (int i = 0; i < plot->dataset_count && written; i++) {
        written = create_plot_dataset(group, plot, &plot->datasets[i]);
    }
    return H5Gclose(group) >= 0 && written;
}

static bool create_plots(hid_t file, const gs_plots *plots) {
    const hid_t group = create_group(file, "plots");
    bool written = group >= 0 && write_text_attribute(file, "NX_class", "NXroot") &&
                   write_text_attribute(file, "default", "plots") &&
                   write_text_attribute(group, "NX_class", "NXentry") &&
                   write_text_attribute(group, "default", gs_plots_first(plots)->name);
    for (int i = 0; i < gs_plots_count(plots) && written; i++) {
        written = create_plot(group, gs_plots_get(plots, i));
    }
    return H5Gclose(group) >= 0 && written;
}

static bool write_root_attributes(hid_t file, const gs_layout *layout, const gs_note *notes) {
    const char *title = layout->experiment->title;
    const int64_t configurations = gs_plan_configuration_count(layout->plan);
    char source[128], part[96] = "", summary[640];
    if (layout->trial_count < gs_plan_experiment_trials(layout->plan)) {
        (void)snprintf(part, sizeof part, " (numbers %lld to %lld of %lld)", (long long)layout->first_trial,
                       (long long)(layout->first_trial + layout->trial_count - 1),
                       (long long)gs_plan_experiment_trials(layout->plan));
    }
    (void)snprintf(source, sizeof source, "gansweep %s", notes[GS_NOTE_VERSION].text);
    (void)snprintf(
        summary, sizeof summary,
        "%lld training%s%s of small GANs as one designed experiment of %lld configuration%s: settings, losses, "
        "parameters and samples of each, and its generator's covariance compared with the truth. Rows whose "
        "status is 0 are pending.",
        (long long)layout->trial_count, layout->trial_count == 1 ? "" : "s", part, (long long)configurations,
        configurations == 1 ? "" : "s");
    return write_text_attribute(file, "title", title == NULL || *title == '\0' ? "GAN sweep" : title) &&
           write_text_attribute(file, "Conventions", "CF-1.8") && write_text_attribute(file, "source", source) &&
           write_text_attribute(file, "summary", summary);
}

static bool create_everything(hid_t file, const gs_layout *layout, const gs_note *notes,
                              const gs_source_files *sources) {
    // The entries of /provenance first: the seal must stand near the beginning of the file.
    bool written = write_root_attributes(file, layout, notes) && create_notes(file, notes);
    for (int i = 0; i < layout->count && written; i++) {
        written = create_dataset(file, &layout->columns[i], layout, sources);
    }
    written = written && create_plots(file, layout->plots);
    return written && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
}

gs_status gs_hdf5_create(const char *path, const gs_layout *layout, const gs_note *notes,
                         const gs_source_files *sources, gs_error *error) {
    failures found;
    keep_failures(&found);
    gs_status status = GS_OK;
    const hid_t access = file_access(sources == NULL ? H5F_LIBVER_V18 : H5F_LIBVER_V110); // virtual datasets came then
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file = H5I_INVALID_HID;
    if (access >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0) {
        file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    }
    if (file < 0 || !create_everything(file, layout, notes, sources)) {
        status = fail_with_reason(error, GS_ERROR_RUN, "the results file can't be laid out", &found);
    }
    if (file >= 0 && H5Fclose(file) < 0 && status == GS_OK) {
        status = fail_with_reason(error, GS_ERROR_RUN, "the results file can't be laid out", &found);
    }
    H5Pclose(creation);
    H5Pclose(access);
    return status;
}

// ---- reading a file ----

struct gs_hdf5 {
    hid_t file;
    int64_t bytes; ///< size of the file
    failures found;
};

/// Fields of a version-0 superblock (HDF5 File Format Specification II.A).
enum {
    SUPERBLOCK_BYTES = 96,
    AT_VERSION = 8,
    AT_OFFSET_BYTES = 13,
    AT_LENGTH_BYTES = 14,
    AT_BASE = 24,
    AT_END = 40,
    AT_DRIVER = 48,
};

static uint64_t superblock_word(const unsigned char *superblock, int at) {
    uint64_t word;
    memcpy(&word, superblock + at, sizeof word);
    return word;
}

gs_status gs_hdf5_check_superblock(int file, int64_t bytes, gs_error *error) {
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char superblock[SUPERBLOCK_BYTES] = {0};
    const size_t there = bytes < SUPERBLOCK_BYTES ? (size_t)bytes : SUPERBLOCK_BYTES;
    if (!gs_read_at(file, superblock, there, 0)) {
        return gs_fail(error, GS_ERROR_RESULTS, "it can't be read: %s", gs_read_failure());
    }
    if (memcmp(superblock, signature, sizeof signature) != 0) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is not an HDF5 file, so not a results file of gansweep");
    }
    if (there < SUPERBLOCK_BYTES) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is truncated: %lld bytes", (long long)bytes);
    }
    if (superblock[AT_VERSION] != 0 || superblock[AT_OFFSET_BYTES] != 8 || superblock[AT_LENGTH_BYTES] != 8 ||
        superblock_word(superblock, AT_BASE) != 0 || superblock_word(superblock, AT_DRIVER) != UINT64_MAX) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is an HDF5 file, but not a results file of gansweep");
    }
    const uint64_t end = superblock_word(superblock, AT_END);
    if (end > (uint64_t)bytes) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is truncated: %lld of %llu bytes", (long long)bytes,
                       (unsigned long long)end);
    }
    return GS_OK;
}

/// Whether libhdf5 opened the very file that was looked at, and not what someone has put in its place.
static bool is_same_file(hid_t hdf5, int file) {
    void *handle = NULL;
    struct stat theirs, ours;
    return H5Fget_vfd_handle(hdf5, H5P_DEFAULT, &handle) >= 0 && handle != NULL &&
           fstat(*(int *)handle, &theirs) == 0 && fstat(file, &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

gs_status gs_hdf5_open(const char *path, int file, int64_t bytes, gs_hdf5 **hdf5, gs_error *error) {
    gs_status status = gs_hdf5_check_superblock(file, bytes, error);
    if (status != GS_OK) {
        return status;
    }
    gs_hdf5 *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    keep_failures(&opened->found);
    opened->bytes = bytes;
    const hid_t access = file_access(H5F_LIBVER_V110);
    opened->file = access < 0 ? H5I_INVALID_HID : H5Fopen(path, H5F_ACC_RDONLY, access);
    if (opened->file < 0) {
        // A failure of the file has a reason; one of libhdf5's own start has none. What libhdf5 says is not always that
        // memory was short when it was: since the seal has been compared, the file is sound or forged.
        const bool no_memory = opened->found.memory_was_short || opened->found.reason[0] == '\0';
        status = fail_with_reason(
            error, no_memory ? GS_ERROR_RUN : GS_ERROR_RESULTS,
            no_memory ? "out of memory for libhdf5" : "it is damaged or forged, or memory is short", &opened->found);
    } else if (!is_same_file(opened->file, file)) {
        status = gs_fail(error, GS_ERROR_RESULTS, "it was replaced while it was opened");
    }
    H5Pclose(access);
    if (status != GS_OK) {
        gs_hdf5_close(opened);
        return status;
    }
    *hdf5 = opened;
    return GS_OK;
}

void gs_hdf5_close(gs_hdf5 *hdf5) {
    if (hdf5->file >= 0) {
        (void)H5Fclose(hdf5->file);
    }
    free(hdf5);
}

bool gs_hdf5_memory_was_short(const gs_hdf5 *hdf5) {
    return hdf5->found.memory_was_short;
}

/// Whether a name is a hard link: soft and external links are never followed.
static bool is_hard_link(hid_t place, const char *name) {
    H5L_info_t info;
    return H5Lexists(place, name, H5P_DEFAULT) > 0 && H5Lget_info(place, name, &info, H5P_DEFAULT) >= 0 &&
           info.type == H5L_TYPE_HARD;
}

/// Opens a dataset that a hard link leads to.
static hid_t open_dataset(hid_t place, const char *name) {
    H5O_info_t info;
    if (!is_hard_link(place, name) || H5Oget_info_by_name2(place, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
        info.type != H5O_TYPE_DATASET) {
        return H5I_INVALID_HID;
    }
    return H5Dopen2(place, name, H5P_DEFAULT);
}

/// Address of a dataset's bytes when they lie whole in this file, in one piece, without filters; -1 otherwise.
static int64_t contiguous_address(const gs_hdf5 *hdf5, hid_t object, int64_t bytes) {
    int64_t found = -1;
    const hid_t storage = H5Dget_create_plist(object);
    if (storage >= 0 && H5Pget_layout(storage) == H5D_CONTIGUOUS && H5Pget_external_count(storage) == 0 &&
        H5Pget_nfilters(storage) == 0) {
        const haddr_t address = H5Dget_offset(object);
        if (address != HADDR_UNDEF && address <= (haddr_t)hdf5->bytes && bytes <= hdf5->bytes - (int64_t)address) {
            found = (int64_t)address;
        }
    }
    H5Pclose(storage);
    return found;
}

static bool has_type(hid_t object, hid_t expected) {
    const hid_t type = H5Dget_type(object);
    const bool equal = type >= 0 && H5Tequal(type, expected) > 0;
    H5Tclose(type);
    return equal;
}

static bool has_extent(hid_t object, int rank, const int64_t *extent) {
    const hid_t space = H5Dget_space(object);
    hsize_t found[GS_MAX_RANK] = {0};
    bool equal = space >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
                 (rank == 0 ? H5Sget_simple_extent_type(space) == H5S_SCALAR
                            : H5Sget_simple_extent_dims(space, found, NULL) == rank);
    for (int d = 0; d < rank && equal; d++) {
        equal = found[d] == (hsize_t)extent[d];
    }
    H5Sclose(space);
    return equal;
}

/// Length of a scalar text of fixed length, -1 for anything else.
static int64_t text_length(hid_t object) {
    int64_t length = -1;
    const hid_t type = H5Dget_type(object);
    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && H5Tget_size(type) > 0 &&
        has_extent(object, 0, NULL)) {
        length = (int64_t)H5Tget_size(type) - 1;
    }
    H5Tclose(type);
    return length;
}

static gs_status fail_damaged(gs_error *error, const char *place, const char *name) {
    return gs_fail(error, GS_ERROR_RESULTS, "it is damaged or forged, or memory is short: %s%s is not as documented",
                   place, name);
}

/// Opens a group when a hard link leads to it.
static hid_t open_group(hid_t place, const char *name) {
    H5O_info_t info;
    return is_hard_link(place, name) && H5Oget_info_by_name2(place, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
                   info.type == H5O_TYPE_GROUP
               ? H5Gopen2(place, name, H5P_DEFAULT)
               : H5I_INVALID_HID;
}

gs_status gs_hdf5_find_note(const gs_hdf5 *hdf5, const gs_note_info *info, int64_t *address, int64_t *bytes,
                            gs_error *error) {
    const hid_t group = open_group(hdf5->file, "provenance");
    const hid_t object = group < 0 ? H5I_INVALID_HID : open_dataset(group, info->name);
    bool found = object >= 0;
    if (found && info->type == GS_NOTE_TEXT) {
        *bytes = text_length(object) + 1;
        found = *bytes > 0;
    } else if (found) {
        *bytes = (int64_t)sizeof(int64_t);
        found = has_extent(object, 0, NULL) && has_type(object, file_type(info->type == GS_NOTE_REAL ? GS_F8 : GS_I8));
    }
    *address = found ? contiguous_address(hdf5, object, *bytes) : -1;
    H5Dclose(object);
    H5Gclose(group);
    return *address < 0 ? fail_damaged(error, "/provenance/", info->name) : GS_OK;
}

gs_status gs_hdf5_find_rows(const gs_hdf5 *hdf5, const gs_dataset *dataset, int64_t *address, gs_error *error) {
    int64_t bytes;
    const hid_t object = open_dataset(hdf5->file, dataset->name);
    *address = -1;
    if (object >= 0 && !__builtin_mul_overflow(dataset->extent[0], dataset->row_bytes, &bytes) &&
        has_type(object, file_type(dataset->element)) && has_extent(object, dataset->rank, dataset->extent)) {
        *address = contiguous_address(hdf5, object, bytes);
    }
    H5Dclose(object);
    return *address < 0 ? fail_damaged(error, "/", dataset->name) : GS_OK;
}

/// Whether a selection is a source's rows, in a space of so many.
static bool selects_part(hid_t space, const gs_dataset *dataset, int64_t first, int64_t count) {
    hsize_t start[GS_MAX_RANK], stride[GS_MAX_RANK], counts[GS_MAX_RANK], block[GS_MAX_RANK];
    bool right = space >= 0 && H5Sget_simple_extent_ndims(space) == dataset->rank &&
                 H5Sis_regular_hyperslab(space) > 0 &&
                 H5Sget_regular_hyperslab(space, start, stride, counts, block) >= 0;
    for (int d = 0; d < dataset->rank && right; d++) {
        right = start[d] == (hsize_t)(d == 0 ? first : 0) && counts[d] == 1 &&
                block[d] == (hsize_t)(d == 0 ? count : dataset->extent[d]);
    }
    return right;
}

/// Whether mapping `index` of a virtual dataset leads to its source.
static bool maps_source(hid_t storage, size_t index, const gs_dataset *dataset, const gs_source_file *source) {
    const size_t room = strlen(source->name) + 1;
    char name[sizeof dataset->name + 1], found_name[sizeof name + 1], *found_file = malloc(room + 1);
    (void)snprintf(name, sizeof name, "/%s", dataset->name);
    const hid_t rows = H5Pget_virtual_vspace(storage, index), own = H5Pget_virtual_srcspace(storage, index);
    const bool right =
        found_file != NULL && selects_part(rows, dataset, source->part.first, source->part.count) &&
        H5Sget_select_type(own) == H5S_SEL_ALL && // its extent is the source's, and not kept here

        H5Pget_virtual_filename(storage, index, found_file, room + 1) == (ssize_t)room - 1 &&
        H5Pget_virtual_dsetname(storage, index, found_name, sizeof found_name) == (ssize_t)strlen(name) &&
        strcmp(found_file, source->name) == 0 && strcmp(found_name, name) == 0;
    H5Sclose(rows);
    H5Sclose(own);
    free(found_file);
    return right;
}

gs_status gs_hdf5_check_virtual(const gs_hdf5 *hdf5, const gs_dataset *dataset, const gs_source_files *sources,
                                gs_error *error) {
    size_t count = 0;
    const hid_t object = open_dataset(hdf5->file, dataset->name);
    const hid_t storage = object < 0 ? H5I_INVALID_HID : H5Dget_create_plist(object);
    bool right = storage >= 0 && has_type(object, file_type(dataset->element)) &&
                 has_extent(object, dataset->rank, dataset->extent) && H5Pget_layout(storage) == H5D_VIRTUAL &&
                 H5Pget_virtual_count(storage, &count) >= 0 && (int64_t)count == sources->count;
    for (size_t i = 0; i < count && right; i++) {
        right = maps_source(storage, i, dataset, &sources->list[i]);
    }
    H5Pclose(storage);
    H5Dclose(object);
    return right ? GS_OK : fail_damaged(error, "/", dataset->name);
}

gs_status gs_hdf5_find_part(const gs_hdf5 *hdf5, const gs_plots *plots, int part, int64_t *address, gs_error *error) {
    const gs_plot_part *wanted = gs_plots_part(plots, part);
    const gs_plot *plot = gs_plots_get(plots, wanted->plot);
    const gs_plot_dataset *dataset = wanted->dataset < 0 ? NULL : &plot->datasets[wanted->dataset];
    const hid_t all = open_group(hdf5->file, "plots");
    const hid_t group = all < 0 ? H5I_INVALID_HID : open_group(all, plot->name);
    const hid_t object = group < 0 ? H5I_INVALID_HID : open_dataset(group, dataset == NULL ? "title" : dataset->name);
    const bool found = object >= 0 && (dataset == NULL ? text_length(object) + 1 == wanted->bytes
                                                       : has_type(object, file_type(GS_F8)) &&
                                                             has_extent(object, dataset->rank, dataset->extent));
    *address = found ? contiguous_address(hdf5, object, wanted->bytes) : -1;
    H5Dclose(object);
    H5Gclose(group);
    H5Gclose(all);
    return *address < 0 ? fail_damaged(error, "/plots/", wanted->name) : GS_OK;
}
