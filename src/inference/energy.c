#include "inference/energy.h"

double gs_energy_distance(const gs_pair_sums *sums, int64_t first_count, int64_t second_count) {
    const double m = (double)first_count, n = (double)second_count;
    return 2 * sums->between / (m * n) - 2 * sums->first / (m * m) - 2 * sums->second / (n * n);
}
