#include "experiment/names.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_COMPARED = 40, ///< longest name that is compared; anything longer resembles none of ours
    EDIT_COST = 2,
    CASE_COST = 1, ///< an "a" for an "A"
};

void gs_names_add(name_list *list, const char *name) {
    assert(list->count < MAX_NAMES);
    list->names[list->count++] = name;
}

int gs_names_find(const name_list *list, const char *name) {
    for (int i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/// Cost of writing one letter for another.
static int replacement_cost(char a, char b) {
    return a == b ? 0 : tolower((unsigned char)a) == tolower((unsigned char)b) ? CASE_COST : EDIT_COST;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one name to the other (optimal string
/// alignment). Both are at most MAX_COMPARED long.
static int edit_distance(const char *a, const char *b) {
    const int rows = (int)strlen(a), columns = (int)strlen(b);
    int distance[MAX_COMPARED + 1][MAX_COMPARED + 1];
    for (int i = 0; i <= rows; i++) {
        for (int j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                distance[i][j] = (i + j) * EDIT_COST;
                continue;
            }
            const int replaced = distance[i - 1][j - 1] + replacement_cost(a[i - 1], b[j - 1]);
            const int inserted = smaller(distance[i - 1][j], distance[i][j - 1]) + EDIT_COST;
            distance[i][j] = smaller(replaced, inserted);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                distance[i][j] = smaller(distance[i][j], distance[i - 2][j - 2] + EDIT_COST);
            }
        }
    }
    return distance[rows][columns];
}

/// The nearest name, or NULL when all are further than half of what was written.
static const char *nearest(const name_list *list, const char *wrong) {
    const size_t length = strlen(wrong);
    if (length > MAX_COMPARED) {
        return NULL;
    }
    int least = (int)length / 2 * EDIT_COST + 1;
    const char *best = NULL;
    for (int i = 0; i < list->count; i++) {
        const int distance = edit_distance(list->names[i], wrong);
        if (distance < least) {
            least = distance;
            best = list->names[i];
        }
    }
    return best;
}

name_advice gs_names_advise(const name_list *list, const char *wrong) {
    name_advice advice = {""};
    size_t used = 0;
    const char *const best = nearest(list, wrong);
    if (best != NULL) {
        used = (size_t)snprintf(advice.text, sizeof advice.text, "did you mean '%s'? ", best);
    }
    for (int i = 0; i < list->count && used < sizeof advice.text; i++) {
        const char *const before = i > 0 ? ", " : list->count > 1 ? "expected one of " : "expected ";
        used += (size_t)snprintf(advice.text + used, sizeof advice.text - used, "%s%s", before, list->names[i]);
    }
    return advice;
}
