#include "inference/kernel_mmd.h"

#include <math.h>

#include "numeric/quantile.h"

double gs_gaussian_kernel(gs_pairs *pairs) {
    const int64_t count = pairs->count * (pairs->count - 1) / 2;
    for (int64_t i = 0; i < count; i++) {
        pairs->spare[i] = pairs->values[i][GS_PAIR_DISTANCE];
    }
    const double bandwidth = gs_quantile_of_unsorted(pairs->spare, count, 0.5);
    for (int64_t i = 0; i < count; i++) {
        double *const value = pairs->values[i];
        const double ratio = value[GS_PAIR_DISTANCE] == 0 ? 0 : value[GS_PAIR_DISTANCE] / bandwidth;
        value[GS_PAIR_KERNEL] = exp(-ratio * ratio / 2);
    }
    return bandwidth;
}

double gs_kernel_mmd(const gs_pair_sums *sums, int64_t first_count, int64_t second_count) {
    const double m = (double)first_count, n = (double)second_count;
    return 2 * sums->first / (m * (m - 1)) + 2 * sums->second / (n * (n - 1)) - 2 * sums->between / (m * n);
}
