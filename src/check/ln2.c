/// What counts as the equilibrium's loss.
#include "gansweep/check.h"

/// The reals that "%.3f" prints as 0.693 lie strictly between these. No float or double equals either end exactly (a
/// tie needs a dyadic fraction), so that the rounding of ties has no say.
static const double LN2_PRINTED_LOW = 0.6925, LN2_PRINTED_HIGH = 0.6935;

bool gs_prints_0693(double loss) {
    return loss > LN2_PRINTED_LOW && loss < LN2_PRINTED_HIGH;
}

double gs_equilibrium_sign(gs_generator_loss generator_loss) {
    return generator_loss == GS_MINIMAX ? -1 : 1;
}

bool gs_prints_ln2(gs_generator_loss generator_loss, float loss_D, float loss_G) {
    return gs_prints_0693(loss_D) && gs_prints_0693(gs_equilibrium_sign(generator_loss) * loss_G);
}
