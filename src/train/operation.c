/// Room for the counts of the counting kernels.
#include "train/operation.h"

_Thread_local int64_t gs_operations_done[GS_OPERATION_COUNT];
