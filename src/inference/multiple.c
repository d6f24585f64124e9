#include "inference/multiple.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double p;
    int64_t index;
} ranked_p;

static int compare_p(const void *a, const void *b) {
    const ranked_p *first = a, *second = b;
    return (first->p > second->p) - (first->p < second->p);
}

bool gs_adjust_p(double *p, int64_t count) {
    ranked_p *ranked = malloc(((size_t)count + 1) * sizeof *ranked);
    if (ranked == NULL) {
        return false;
    }
    int64_t tests = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!isnan(p[i])) {
            ranked[tests++] = (ranked_p){p[i], i};
        }
    }
    qsort(ranked, (size_t)tests, sizeof *ranked, compare_p);
    double least = 1;
    for (int64_t rank = tests; rank > 0; rank--) {
        least = fmin(least, (double)tests / (double)rank * ranked[rank - 1].p);
        p[ranked[rank - 1].index] = least;
    }
    free(ranked);
    return true;
}
