/// Colours of maps: Matplotlib's viridis, which stays in order for the colour-blind and in grey.
#ifndef REPORT_PAGE_COLOURS_H
#define REPORT_PAGE_COLOURS_H

#include <stdbool.h>
#include <stdint.h>

/// 0xRRGGBB of a share of the scale, 0 to 1.
uint32_t gs_colour_of(double share);

/// Whether a word on this colour is best white.
bool gs_colour_is_dark(uint32_t colour);

#endif
