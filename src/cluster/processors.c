#include "cluster/processors.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "run/processors.h"

static bool has(const gs_processors *set, int processor) {
    return (set->bits[processor / 8] >> (processor % 8) & 1) != 0;
}

static void add(gs_processors *set, int processor) {
    set->bits[processor / 8] = (unsigned char)(set->bits[processor / 8] | 1U << (processor % 8));
}

static bool meet(const gs_processors *a, const gs_processors *b) {
    for (size_t i = 0; i < sizeof a->bits; i++) {
        if ((a->bits[i] & b->bits[i]) != 0) {
            return true;
        }
    }
    return false;
}

static int count_of(const gs_processors *set) {
    int count = 0;
    for (int i = 0; i < GS_MOST_PROCESSORS; i++) {
        count += has(set, i);
    }
    return count;
}

/// Processors number `first` ... `first + count - 1` of a set.
static gs_processors slice(const gs_processors *set, int first, int count) {
    gs_processors some = {{0}};
    for (int i = 0, number = 0; i < GS_MOST_PROCESSORS; i++) {
        if (has(set, i)) {
            if (number >= first && number < first + count) {
                add(&some, i);
            }
            number++;
        }
    }
    return some;
}

int gs_processors_share(const gs_processors *all, int count, int place, gs_processors *own) {
    const gs_processors *mine = &all[place];
    int sharers = 1, before = 0; // itself is one
    bool same = true;
    for (int i = 0; i < count; i++) {
        if (i != place && meet(mine, &all[i])) {
            sharers++;
            before += i < place;
            same = same && memcmp(mine, &all[i], sizeof *mine) == 0;
        }
    }
    const int processors = count_of(mine), each = processors / sharers, more = processors % sharers;
    const int share = each + (before < more);
    *own = same && each > 0 ? slice(mine, each * before + (before < more ? before : more), share) : *mine;
    return share > 0 ? share : 1;
}

static gs_processors allowed(void) {
    gs_processors set = {{0}};
    cpu_set_t *mask = CPU_ALLOC(GS_MOST_PROCESSORS);
    const size_t bytes = CPU_ALLOC_SIZE(GS_MOST_PROCESSORS);
    if (mask != NULL && sched_getaffinity(0, bytes, mask) == 0) {
        for (int i = 0; i < GS_MOST_PROCESSORS; i++) {
            if (CPU_ISSET_S(i, bytes, mask)) {
                add(&set, i);
            }
        }
    }
    CPU_FREE(mask);
    return set;
}

static void stay_on(const gs_processors *own) {
    cpu_set_t *mask = CPU_ALLOC(GS_MOST_PROCESSORS);
    const size_t bytes = CPU_ALLOC_SIZE(GS_MOST_PROCESSORS);
    if (mask != NULL) {
        CPU_ZERO_S(bytes, mask);
        for (int i = 0; i < GS_MOST_PROCESSORS; i++) {
            if (has(own, i)) {
                CPU_SET_S(i, bytes, mask);
            }
        }
        (void)sched_setaffinity(0, bytes, mask); // where it may not, threads go where the system puts them
        CPU_FREE(mask);
    }
}

/// A rank's part of what the control groups of its host's ranks allow together; 0: no limit.
static int share_of_limit(int ranks) {
    const int limit = gs_container_processors("");
    return limit == 0 ? 0 : limit / ranks > 0 ? limit / ranks : 1;
}

int gs_processors_use(const gs_processors *processors) {
    const int count = count_of(processors);
    stay_on(processors);
    return count > 0 ? count : 1;
}

/// What any of them may use.
static gs_processors unite(const gs_processors *all, int count) {
    gs_processors united = {{0}};
    for (int i = 0; i < count; i++) {
        for (size_t byte = 0; byte < sizeof united.bits; byte++) {
            united.bits[byte] |= all[i].bits[byte];
        }
    }
    return united;
}

int gs_processors_take(gs_team *team, int asked, gs_processors *host) {
    const gs_run_options told = {.threads = asked};
    const gs_processors mine = allowed();
    gs_processors own;
    void *all;
    int place;
    *host = mine;
    if (team->mpi == NULL) {
        return gs_run_threads(&told);
    }
    const int count = gs_mpi_gather_on_host(team->mpi, &mine, sizeof mine, &all, &place);
    const int share = gs_processors_share(all, count, place, &own);
    *host = unite(all, count);
    free(all);
    int threads = gs_run_threads(&told);
    if (asked == 0 && getenv("OMP_NUM_THREADS") == NULL) {
        const int limit = share_of_limit(count);
        threads = limit > 0 && limit < share ? limit : share;
    }
    if (threads == share && omp_get_proc_bind() == omp_proc_bind_false && getenv("OMP_PLACES") == NULL) {
        stay_on(&own);
    }
    return threads;
}
