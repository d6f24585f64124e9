/// Known names: finding one, and helping somebody who mistyped it.
#ifndef GANSWEEP_EXPERIMENT_NAMES_H
#define GANSWEEP_EXPERIMENT_NAMES_H

enum { MAX_NAMES = 32 };

/// Names that are known in one place. Filled with gs_names_add().
typedef struct {
    const char *names[MAX_NAMES];
    int count;
} name_list;

void gs_names_add(name_list *list, const char *name);

/// Place of `name` in the list, or -1.
int gs_names_find(const name_list *list, const char *name);

/// What was expected instead of a name that is not in the list.
typedef struct {
    char text[400];
} name_advice;

/// "did you mean 'lr_D'? expected one of seed, lr_D, ..." with the nearest name by edit distance, where one is near.
name_advice gs_names_advise(const name_list *list, const char *wrong);

#endif
