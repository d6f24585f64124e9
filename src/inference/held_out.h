/// Classifier two-sample tests (Lopez-Paz & Oquab 2017): whether a classifier that learned from one half of two samples
/// can tell them apart in the other half.
#ifndef GANSWEEP_INFERENCE_HELD_OUT_H
#define GANSWEEP_INFERENCE_HELD_OUT_H

#include <stdbool.h>

#include "inference/samples.h"

/// The first half of each sample, rounded down: what a classifier learns from.
gs_samples gs_training_half(const gs_samples *samples);
/// The rest of each sample.
gs_samples gs_held_out_half(const gs_samples *samples);

/// The statistic is the accuracy on the held-out points: the share of them that is called by the name of its own
/// sample. Under "both samples are of one law" their names are exchangeable, whatever the classifier has learned. So,
/// given how many are called y, the number of right ones among the y has a hypergeometric law, and p, the chance of an
/// accuracy at least as high, is that of Fisher's exact test, one-sided. Exact for any number of points, hence no
/// normal approximation as in the paper, and no binomial law, which is that of names drawn one by one.
/// @param called_y  [x_count + y_count] what the classifier calls the held-out points: those of x, then those of y
gs_sample_test gs_accuracy_test(const bool *called_y, int64_t x_count, int64_t y_count);

#endif
