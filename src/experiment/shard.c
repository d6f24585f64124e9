/// Shards: where an experiment is cut into parts that take equally long.
///
/// A cut depends on the experiment and the number of shards alone: not on the processor, whose lanes make the packs.
/// It is found in doubles by IEEE operations in a fixed order, so that all machines of a cluster find the same.
#include <math.h>

#include "experiment/digits.h"
#include "gansweep/plan.h"

enum { LANES_OF_ALL = 16 }; ///< a multiple of every vector's lanes: where configurations fill packs, shards fill them
/// An update costs as much as training with so many more examples (measured with the d2l net, batches of 1 to 1000).
static const double EXAMPLES_OF_AN_UPDATE = 1.5;
/// Drawing a sample runs the generator forward once; training with an example runs both nets forward and backward,
/// which is about three times forward.
static const double EXAMPLES_OF_A_SAMPLE = 1.0 / 3;

static double parameter_count(const gs_network *network, int64_t inputs, int64_t outputs) {
    double count = 0;
    int64_t before = inputs;
    for (int layer = 0; layer < network->hidden_count; layer++) {
        count += (double)network->hidden[layer] * (double)(before + 1);
        before = network->hidden[layer];
    }
    return count + (double)outputs * (double)(before + 1);
}

/// Work of one trial, in examples times parameters.
static double work_of_trial(const gs_experiment *experiment, const gs_settings *settings) {
    const int64_t n = experiment->data.n, d = experiment->data.dimension;
    const double generator = parameter_count(&experiment->generator, settings->latent_dim, d);
    const double discriminator = parameter_count(&experiment->discriminator, d, 1);
    const double updates = ceil((double)n / (double)settings->batch_size);
    const double epoch = ((double)n + EXAMPLES_OF_AN_UPDATE * updates) * (generator + discriminator);
    return epoch * (double)settings->epochs + EXAMPLES_OF_A_SAMPLE * generator * (double)experiment->check_samples;
}

/// Walks along the plan's trials by the work that they are. Trials of a combination of the settings that change the
/// shape of the work are equal.
typedef struct {
    const gs_experiment *experiment;
    const gs_digits *digits;
    int64_t combination;
    double before, of_trial; ///< work before this combination, and of each of its trials
} walk;

static void enter(walk *at, int64_t combination) {
    gs_settings settings;
    at->combination = combination;
    gs_digits_settings(at->digits, at->experiment, combination * at->digits->fast_count, &settings);
    at->of_trial = work_of_trial(at->experiment, &settings);
}

static walk start(const gs_experiment *experiment, const gs_digits *digits) {
    walk at = {.experiment = experiment, .digits = digits};
    enter(&at, 0);
    return at;
}

static double work_of_combination(const walk *at) {
    return at->of_trial * (double)at->digits->fast_count;
}

static double work_of_all(const gs_experiment *experiment, const gs_digits *digits) {
    walk at = start(experiment, digits);
    while (at.combination + 1 < digits->shape_count) {
        at.before += work_of_combination(&at);
        enter(&at, at.combination + 1);
    }
    return at.before + work_of_combination(&at);
}

gs_status gs_plan_work(const gs_experiment *experiment, double *work, gs_error *error) {
    gs_digits digits;
    const gs_status status = gs_digits_create(experiment, &digits, error);
    *work = status == GS_OK ? work_of_all(experiment, &digits) : 0;
    return status;
}

/// The trial before which there is so much work. Asked for more and more, never for less than before.
static int64_t trial_after(walk *at, double work) {
    while (at->combination + 1 < at->digits->shape_count && at->before + work_of_combination(at) <= work) {
        at->before += work_of_combination(at);
        enter(at, at->combination + 1);
    }
    const int64_t fast_count = at->digits->fast_count;
    const double within = (work - at->before) / at->of_trial;
    return at->combination * fast_count + (within < (double)fast_count ? (int64_t)within : fast_count);
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

gs_status gs_plan_shard(const gs_experiment *experiment, int shard, int shards, gs_trial_range *trials,
                        gs_error *error) {
    gs_digits digits;
    const gs_status status = gs_digits_create(experiment, &digits, error);
    if (status != GS_OK) {
        return status;
    }
    if (digits.trial_count < shards) {
        return gs_fail(error, GS_ERROR_INPUT, "%lld trial%s can't be divided into %d shards: up to %lld were expected",
                       (long long)digits.trial_count, digits.trial_count == 1 ? "" : "s", shards,
                       (long long)digits.trial_count);
    }
    const int64_t in_lanes = digits.trial_count / LANES_OF_ALL + (digits.trial_count % LANES_OF_ALL != 0);
    const int64_t unit = in_lanes < shards ? 1 : LANES_OF_ALL;
    const int64_t units = in_lanes < shards ? digits.trial_count : in_lanes;
    const double work = work_of_all(experiment, &digits);
    walk at = start(experiment, &digits);
    int64_t begin = 0, end = 0; // units; each shard has one or more
    for (int i = 1; i <= shard; i++) {
        const int64_t fair = (trial_after(&at, work * i / shards) + unit / 2) / unit;
        begin = end;
        end = i == shards ? units : clamp(fair, begin + 1, units - (shards - i));
    }
    trials->first = begin * unit;
    trials->count = (shard == shards ? digits.trial_count : end * unit) - trials->first;
    return GS_OK;
}
