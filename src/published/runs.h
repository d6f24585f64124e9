/// The published runs of the notebook, as a table.
#ifndef GANSWEEP_PUBLISHED_RUNS_H
#define GANSWEEP_PUBLISHED_RUNS_H

typedef enum { GS_FRAMEWORK_MXNET, GS_FRAMEWORK_TORCH, GS_FRAMEWORK_TF, GS_FRAMEWORK_COUNT } gs_framework;

typedef struct {
    gs_framework framework;
    const char *date;      ///< of the commit
    double loss_D, loss_G; ///< nats an example, as printed: three decimals
    const char *repository, *commit;
} gs_published_run;

extern const gs_published_run gs_published_runs[];
extern const int gs_published_run_count;

#endif
