/// The next phase of a search, from what the phase before it found (Lucic et al. 2018, "Are GANs created equal? A
/// large-scale study", section 5): after a wide search a narrow one around its best configurations; after that the best
/// configuration on seeds that did not choose it.
#ifndef GANSWEEP_STUDY_PHASE_H
#define GANSWEEP_STUDY_PHASE_H

#include "study/rank.h"

typedef enum {
    GS_NEXT_NARROW, ///< a design between the bounds of the best configurations
    GS_NEXT_BEST,   ///< the best configuration alone
    GS_NEXT_COUNT,
} gs_next_phase;
extern const char *const gs_next_phase_names[GS_NEXT_COUNT]; ///< "narrow", "best"

enum {
    GS_NEXT_SEEDS = 50,     ///< of the best configuration, as in the paper
    GS_NEXT_KEEP_SHARE = 10 ///< a narrow search keeps one in so many configurations
};

typedef struct {
    gs_next_phase phase;
    int64_t keep;   ///< best configurations that bound the narrow search; 0: a tenth, at least four
    int64_t points; ///< of the narrow search; 0: half as many as before, as in the paper
    int64_t seeds;  ///< of the best configuration; 0: 50
} gs_next_options;

/// What is trained next.
typedef struct {
    gs_next_phase phase;
    int64_t kept; ///< best configurations that it follows from
    gs_design design;
    gs_values values[GS_SETTING_COUNT]; ///< count 0: follows `seed`
} gs_next;

/// Chooses.
///
/// Narrow: a drawn number lies between the least and the greatest value among the best, rounded outwards to three
/// digits and within the bounds before; a choice, and what is crossed or zipped, keeps the values that are among the
/// best. Both: a seed that takes several values takes new ones, beyond all that it took before.
/// @return GS_ERROR_INPUT when the experiment or the options don't allow this phase; GS_ERROR_RESULTS when no
///         configuration has a finite score
gs_status gs_next_create(const gs_experiment *experiment, const gs_plan *plan, const gs_ranking *ranking,
                         const gs_next_options *options, gs_next **next, gs_error *error);
void gs_next_free(gs_next *next);

#endif
