#include "report/page/colours.h"

#include <math.h>

/// matplotlib.colormaps["viridis"](i / 16), i = 0 to 16 (N. Smith, S. van der Walt 2015); between them it is nearly
/// linear.
static const uint32_t VIRIDIS[] = {0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d,
                                   0x2c728e, 0x26828e, 0x21918c, 0x1fa088, 0x28ae80, 0x3fbc73,
                                   0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725};
enum { STEPS = sizeof VIRIDIS / sizeof *VIRIDIS - 1 };
static const double DARK = 128; // luma, of 255

static double component(uint32_t colour, int shift) {
    return (double)(colour >> shift & 0xff);
}

uint32_t gs_colour_of(double share) {
    const double at = STEPS * fmin(fmax(share, 0), 1);
    const int below = at < STEPS ? (int)at : STEPS - 1;
    uint32_t colour = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        const double low = component(VIRIDIS[below], shift), high = component(VIRIDIS[below + 1], shift);
        colour |= (uint32_t)lround(low + (at - below) * (high - low)) << shift;
    }
    return colour;
}

bool gs_colour_is_dark(uint32_t colour) { // Rec. 601's luma
    return 0.299 * component(colour, 16) + 0.587 * component(colour, 8) + 0.114 * component(colour, 0) < DARK;
}
