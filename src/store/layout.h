/// The layout of a results file, as the rest of this folder sees it: what gs_layout_dataset shows, and how a row is
/// made.
#ifndef GANSWEEP_STORE_LAYOUT_H
#define GANSWEEP_STORE_LAYOUT_H

#include "gansweep/store.h"
#include "plots/plots.h"

/// What a row is made from. Coordinates need `index` alone; settings also `settings`; all others need everything.
typedef struct {
    const gs_layout *layout;
    int64_t index; ///< trial, or the position along the coordinate's own dimension
    const gs_settings *settings;
    const gs_training *training;
    int row; ///< of `training`
    const gs_check *check;
} gs_source;

typedef struct gs_column gs_column;

/// Makes one row of a column in `into` [row_bytes], which holds NaN (floats) or 0 (integers) before.
typedef void gs_fill(const gs_column *column, const gs_source *source, unsigned char *into);

/// When a column is written.
typedef enum {
    GS_WRITTEN_AT_CREATION, ///< known from the plan: coordinates, settings, configuration
    GS_WRITTEN_AS_DATA,     ///< a finished trial's results
    GS_WRITTEN_CHECKSUM,    ///< of the trial's row of every dataset above
    GS_WRITTEN_STATUS,      ///< after everything else
} gs_moment;

struct gs_column {
    gs_dataset dataset;
    gs_moment moment;
    gs_fill *fill; ///< NULL for checksum and status
    size_t field;  ///< offset of what is copied in gs_settings, gs_training or gs_check
    int setting;   ///< of a settings column
    int64_t first; ///< value of a coordinate at index 0
    int layer;     ///< of a parameter column
    bool labels;   ///< the settings are its coordinates: @coordinates
};

struct gs_layout {
    const gs_experiment *experiment;
    const gs_plan *plan;
    int64_t first_trial, trial_count; ///< of the plan's part
    int64_t largest_epochs;
    gs_layers generator; ///< for the largest latent_dim
    gs_layers discriminator;
    int count;
    gs_column *columns; ///< [count]
    gs_plots *plots;    ///< drawn from the columns
};

enum { GS_WIDEST_PLANNED = 8 }; ///< bytes of a coordinate's or a setting's row, at most

int64_t gs_element_bytes(gs_element element);

/// Fills whole elements with what pending rows hold: the quiet NaN, or 0.
void gs_element_clear(gs_element element, int64_t bytes, unsigned char *into);

/// Place among a column's rows of that of a trial, or, in a coordinate of another dimension, of a position.
int64_t gs_layout_place(const gs_layout *layout, int column, int64_t row);

/// Bytes of one trial's row of every dataset with a dimension `trial`.
int64_t gs_layout_trial_bytes(const gs_layout *layout);

/// Bytes of all that is no row: at most, and not overflowing.
int64_t gs_layout_structure_bytes(const gs_layout *layout);

/// Counts more statuses; what is neither done nor diverged stays pending.
void gs_ledger_add(gs_ledger *ledger, const unsigned char *statuses, int64_t count);

/// Makes rows [first, first + count) of a column that is known from the plan.
/// @param settings  [count] of these trials, or NULL for a coordinate
/// @param rows  [count x row_bytes]
void gs_column_plan(const gs_layout *layout, int column, int64_t first, int64_t count, const gs_settings *settings,
                    unsigned char *rows);

/// Replaces every NaN of a row of floats by the one quiet NaN: 0x7fc00000, 0x7ff8000000000000.
void gs_column_canonicalise(const gs_column *column, unsigned char *row);

#endif
