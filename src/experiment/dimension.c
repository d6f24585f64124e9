#include "experiment/dimension.h"

#include <stdlib.h>

#include "experiment/number.h"
#include "numeric/log_exp.h"
#include "numeric/philox.h"

_Static_assert((int)GS_SETTING_COUNT <= (int)GS_SOBOL_DIMENSIONS, "every setting can be a dimension");

/// What the random numbers of a design are for: the third word of Philox's counter. A trial's numbers have 0 to 5 there
/// (docs/randomness.md).
enum { STREAM_DESIGN = 6, STREAM_SHIFT = 7 };

/// 64 random bits: the first two words of a block.
static uint64_t random_bits(uint64_t key, uint64_t index, uint32_t stream, int dimension) {
    uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), stream, (uint32_t)dimension};
    gs_philox_block(counter, key);
    return counter[0] | (uint64_t)counter[1] << 32;
}

double gs_dimension_position(const gs_dimension *dimension, double value) {
    return dimension->logarithmic ? gs_log(value) : value;
}

void gs_dimension_begin(gs_dimension *dimension, const gs_design *design) {
    const double beyond = dimension->integer ? 0.5 : 0;
    dimension->method = design->method;
    dimension->key = (uint64_t)design->seed;
    dimension->low = gs_dimension_position(dimension, dimension->smallest - beyond);
    dimension->high = gs_dimension_position(dimension, dimension->largest + beyond);
    if (design->method == GS_DESIGN_SOBOL) {
        gs_sobol_directions(dimension->number, dimension->directions);
        dimension->shift = design->seed == 0 ? 0 : random_bits(dimension->key, 0, STREAM_SHIFT, dimension->number);
    }
}

void gs_dimension_free(gs_dimension *dimension) {
    if (dimension != NULL) {
        free(dimension->choices);
        free(dimension);
    }
}

double gs_dimension_unit(const gs_dimension *dimension, int64_t index) {
    const uint64_t bits = dimension->method == GS_DESIGN_SOBOL
                              ? gs_sobol_coordinate(dimension->directions, (uint64_t)index) ^ dimension->shift
                              : random_bits(dimension->key, (uint64_t)index, STREAM_DESIGN, dimension->number);
    return (double)(bits >> 11) * 0x1p-53;
}

double gs_dimension_value(const gs_dimension *dimension, int64_t index) {
    const double unit = gs_dimension_unit(dimension, index);
    if (dimension->choice_count > 0) {
        return dimension->choices[(int64_t)(unit * (double)dimension->choice_count)];
    }
    const double at = dimension->low + unit * (dimension->high - dimension->low);
    const double exact = dimension->logarithmic ? gs_exp(at) : at;
    const double value = dimension->integer ? (double)(int64_t)(exact + 0.5) : gs_round_to_digits(exact);
    // logarithm and exponential are rounded, and may end up just outside
    return value < dimension->smallest ? dimension->smallest : value > dimension->largest ? dimension->largest : value;
}
