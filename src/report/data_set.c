#include "report/data_set.h"

int gs_seeded_trial_compare(const void *a, const void *b) {
    const gs_seeded_trial *left = a, *right = b;
    return left->data_seed != right->data_seed ? (left->data_seed > right->data_seed ? 1 : -1)
                                               : (left->trial > right->trial) - (left->trial < right->trial);
}
