/// Checks every byte of a results file, and trains trials again.
///
/// Opening a file (gs_results_open) has compared the seal with everything outside of the rows. Here coordinates and
/// settings are compared with the plan, the rows of finished trials with their checksums, and, on request, with the
/// same trials trained and checked once more. A row that does not match is trained again to name the dataset.
#ifndef GANSWEEP_VERIFY_H
#define GANSWEEP_VERIFY_H

#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One row that is not as it must be.
typedef struct {
    int64_t trial; ///< or the position in a coordinate of another dimension
    bool of_trial;
    char dataset[64]; ///< "" when it is not known which: the trial does not match its checksum, and can't be compared
} gs_damage;

enum { GS_MOST_DAMAGE_LISTED = 1000 };

typedef struct {
    gs_ledger ledger;
    char contents[33];  ///< XXH3-128 over all datasets but /plots and /provenance, hexadecimal; see docs/file-format.md
    int64_t recomputed; ///< trials that were trained again
    int64_t whole_pending;     ///< pending trials whose rows match their checksums: written, and not acknowledged
    bool plots_compared;       ///< all trials are finished and whole, so that it is known what the plots must show
    bool seconds_known;        ///< false when /provenance/seconds and its checksum differ
    int64_t damage_count;      ///< rows found damaged, and datasets and titles of the plots
    int64_t plot_damage_count; ///< of these in the plots
    gs_damage *damage;         ///< the first GS_MOST_DAMAGE_LISTED of them
    int64_t trial_count;       ///< finished trials that must be made again
    int64_t *trials;           ///< [trial_count] ascending
} gs_verification;

typedef struct {
    int threads; ///< 0: as for a run
    gs_isa isa;
    double recompute; ///< share of the packs that are trained again, 0 ... 1; at least one pack when above 0
    uint64_t seed;    ///< of the choice of packs
    /// May be NULL. Called from one thread at a time, some times a second.
    void (*progress)(double share, void *context);
    void *context;
    const volatile int *stop; ///< set by a signal handler to give up; may be NULL
} gs_verify_options;

/// @param options  may be NULL
/// @return GS_OK also when damage was found, which is in the verification; GS_ERROR_RESULTS when the file can't be
///         read, or can't be trained again; GS_ERROR_RUN when stopped or out of memory
gs_status gs_verify(const gs_results *results, const gs_verify_options *options, gs_verification **verification,
                    gs_error *error);
void gs_verification_free(gs_verification *verification);

#ifdef __cplusplus
}
#endif
#endif
