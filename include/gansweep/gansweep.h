/// The whole public library, in the order in which data flows through it.
#ifndef GANSWEEP_GANSWEEP_H
#define GANSWEEP_GANSWEEP_H

#include "gansweep/error.h"
#include "gansweep/experiment.h"
#include "gansweep/plan.h"
#include "gansweep/train.h"
#include "gansweep/check.h"
#include "gansweep/store.h"
#include "gansweep/run.h"
#include "gansweep/verify.h"
#include "gansweep/merge.h"
#include "gansweep/effects.h"
#include "gansweep/report.h"

#endif
