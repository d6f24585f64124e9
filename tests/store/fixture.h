/// Experiments and results for the tests of the store: small, and every number says where it belongs.
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "gansweep/store.h"

/// The experiments whose files are written and read; open_test.py knows the same ones.
typedef enum {
    FIXTURE_AFFINE, ///< generator without hidden layers, everything kept
    FIXTURE_DEEP,   ///< hidden layers in both, swept latent_dim and epochs, 3-D data, no samples
    FIXTURE_PLAIN,  ///< discriminator without hidden layers either, one trial
    FIXTURE_COUNT,
} fixture_name;

typedef struct {
    gs_experiment *experiment;
    gs_plan *plan;
    gs_layout *layout;
    gs_training *training; ///< one row
    gs_check *check;
    gs_block *block; ///< room for 64 rows
} fixture;

extern const char *const fixture_names[FIXTURE_COUNT];
extern const gs_provenance fixture_provenance;

void fixture_create(fixture *made, fixture_name name, const char *const *overrides, int override_count);
void fixture_free(fixture *made);

/// What stands at position `index` of quantity `quantity` in the results of a trial; exact as float.
float fixture_value(int quantity, int64_t trial, int64_t index);

/// Appends the row of one trial to the block. Trial 2 diverges in its second epoch, with NaNs of many kinds.
void fixture_append(fixture *made, int64_t trial);

/// Creates a file, or fails the program.
gs_store *fixture_store(const fixture *made, const char *path, bool force);

#endif
