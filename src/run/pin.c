#include "run/pin.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>

enum { MOST_PROCESSORS = 8192 };

struct gs_pin {
    size_t bytes;
    cpu_set_t *before;
};

/// Number of the processor that is the `index`-th of a set; -1 when the set has fewer.
static int processor_number(const cpu_set_t *set, size_t bytes, int index) {
    for (int processor = 0; processor < MOST_PROCESSORS; processor++) {
        if (CPU_ISSET_S(processor, bytes, set) && index-- == 0) {
            return processor;
        }
    }
    return -1;
}

static bool pin_to(int processor, size_t bytes) {
    cpu_set_t *alone = CPU_ALLOC(MOST_PROCESSORS);
    bool pinned = false;
    if (alone != NULL) {
        CPU_ZERO_S(bytes, alone);
        CPU_SET_S(processor, bytes, alone);
        pinned = sched_setaffinity(0, bytes, alone) == 0;
        CPU_FREE(alone);
    }
    return pinned;
}

gs_pin *gs_pin_thread(int thread, int threads) {
    if (threads < 2 || omp_get_proc_bind() != omp_proc_bind_false || getenv("OMP_PLACES") != NULL) {
        return NULL;
    }
    gs_pin *pin = calloc(1, sizeof *pin);
    if (pin == NULL) {
        return NULL;
    }
    pin->bytes = CPU_ALLOC_SIZE(MOST_PROCESSORS);
    pin->before = CPU_ALLOC(MOST_PROCESSORS);
    if (pin->before != NULL && sched_getaffinity(0, pin->bytes, pin->before) == 0 &&
        CPU_COUNT_S(pin->bytes, pin->before) == threads) {
        const int processor = processor_number(pin->before, pin->bytes, thread);
        if (processor >= 0 && pin_to(processor, pin->bytes)) {
            return pin;
        }
    }
    CPU_FREE(pin->before);
    free(pin);
    return NULL;
}

void gs_unpin(gs_pin *pin) {
    if (pin != NULL) {
        (void)sched_setaffinity(0, pin->bytes, pin->before);
        CPU_FREE(pin->before);
        free(pin);
    }
}
