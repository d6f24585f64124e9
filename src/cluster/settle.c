/// Before a job begins: rank 0 looks at what is there under its name, and decides into how many parts it is cut.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cluster/job.h"
#include "cluster/part_files.h"
#include "store/results.h"
#include "store/sources.h"

enum {
    PARTS_OF_A_RANK = 32,   ///< unequal ranks end within one of them
    PACKS_OF_A_THREAD = 64, ///< at least in a part: at its end threads wait for the last pack
    LOCK_BYTES = 1024,      ///< of a lock's file that are compared
};
/// Examples times parameters that are a part's at least, for each of a rank's threads. A part costs some 50 ms of a
/// processor beside its training: its file is made, ended and merged. AVX-512 does 3e9 a second, AVX2 half as many.
static const double WORK_OF_A_THREAD = 8e9;

gs_status gs_job_measure(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa, gs_job_size *size,
                         gs_error *error) {
    const int lanes = gs_isa_lanes(isa == GS_ISA_AUTO ? gs_isa_best() : isa);
    *size =
        (gs_job_size){.trials = (double)gs_plan_trial_count(plan), .packs = (double)gs_plan_pack_count(plan, lanes)};
    return gs_plan_work(experiment, &size->work, error);
}

int gs_job_good_parts(const gs_job_size *size, int ranks, double threads, bool is_virtual) {
    const double by_packs = size->packs / (PACKS_OF_A_THREAD * threads);
    const double by_work = size->work / (WORK_OF_A_THREAD * threads);
    const double most = by_packs < by_work ? by_packs : by_work;
    const int each = most >= PARTS_OF_A_RANK ? PARTS_OF_A_RANK : most >= 1 ? (int)most : 1;
    const double parts = (double)each * ranks;
    const double possible = parts < size->trials ? parts : size->trials;
    const int limit = is_virtual ? GS_MOST_VIRTUAL_SOURCES : GS_MOST_SHARDS;
    if (possible <= limit) {
        return (int)possible;
    }
    return ranks < limit ? limit - limit % ranks : limit; // as many for each
}

gs_status gs_job_check_parts(const gs_plan *plan, int parts, bool is_virtual, gs_error *error) {
    const int64_t trials = gs_plan_trial_count(plan);
    if (parts > trials) {
        return gs_fail(error, GS_ERROR_INPUT, "--parts: %lld trial%s can't be divided into %d parts", (long long)trials,
                       trials == 1 ? "" : "s", parts);
    }
    if (is_virtual && parts > GS_MOST_VIRTUAL_SOURCES) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "--virtual: up to %d parts are read together, and these are %d: leave --virtual out",
                       GS_MOST_VIRTUAL_SOURCES, parts);
    }
    return GS_OK;
}

static gs_status check_parts(const gs_job *job, gs_error *error) {
    return gs_job_check_parts(job->plan, job->parts, job->is_virtual, error);
}

gs_status gs_job_choose_parts(gs_job *job, gs_error *error) {
    gs_job_size size;
    job->parts = job->parts_asked;
    const gs_status status = gs_job_measure(job->experiment, job->plan, job->run.isa, &size, error);
    if (status != GS_OK || job->parts_asked != 0) {
        return status == GS_OK ? check_parts(job, error) : status;
    }
    job->parts = gs_job_good_parts(&size, job->team->size, job->threads, job->is_virtual);
    return GS_OK;
}

/// Whether a file was made of parts that its job was to remove, and not of shards that someone has merged.
static bool was_joined(const gs_results *results) {
    static const char command[] = "gansweep run ";
    char *sources = gs_results_provenance(results, "sources"), *line = gs_results_provenance(results, "command_line");
    const bool joined = results->rows == NULL && sources != NULL && *sources != '\0' && line != NULL &&
                        strncmp(line, command, sizeof command - 1) == 0;
    free(sources);
    free(line);
    return joined;
}

/// --force replaces all that has a part's name.
static gs_status remove_parts(const gs_job *job, gs_error *error) {
    gs_part_families families;
    gs_status status = gs_part_families_find(job->path, &families, error);
    for (int i = 0; i < families.count; i++) {
        for (int part = 1; part <= families.list[i].parts && status == GS_OK; part++) {
            status = gs_part_remove(job->path, part, families.list[i].parts, error);
        }
    }
    gs_part_families_free(&families);
    return status;
}

/// Whether a file is one that was joined, or gone already: someone may have given another one its name.
static bool was_one(const gs_source_file *joined, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    gs_results *results;
    gs_error ignored;
    if (strcmp(joined->name, name) != 0) {
        return false;
    }
    if (access(path, F_OK) != 0) {
        return true; // a dead process may have left its lock
    }
    if (gs_results_open(path, &results, &ignored) != GS_OK) {
        return false;
    }
    const bool same = strcmp(results->seal.hash, joined->hash) == 0;
    gs_results_close(results);
    return same;
}

/// Removes what a process that died meanwhile has left of the parts that were joined; nothing where the file does not
/// say which these were.
static gs_status remove_joined(const gs_job *job, const gs_results *results, gs_error *error) {
    gs_source_files joined = {0};
    gs_error ignored;
    gs_status status = GS_OK;
    char *text = gs_results_provenance(results, "sources");
    if (text != NULL) {
        (void)gs_sources_parse(text, gs_plan_trial_count(job->plan), GS_MOST_SHARDS, &joined, &ignored);
    }
    free(text);
    for (int part = 1; part <= (int)joined.count && status == GS_OK; part++) {
        char *path = gs_part_path(job->path, part, (int)joined.count);
        if (path == NULL) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a part");
        } else if (was_one(&joined.list[part - 1], path)) {
            status = gs_part_remove(job->path, part, (int)joined.count, error);
        }
        free(path);
    }
    gs_sources_free(&joined);
    return status;
}

/// A results file that is there and is to be gone on with: nothing is left to do, or it is not a job's.
static gs_status look_at_results(gs_job *job, gs_error *error) {
    gs_results *results;
    gs_ledger ledger;
    gs_status status = gs_results_open(job->path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_results_compare(results, job->experiment, error);
    if (status == GS_OK) {
        status = gs_results_ledger(results, &ledger, error);
    }
    if (status == GS_OK && ledger.pending > 0) {
        status = gs_fail(error, GS_ERROR_INPUT,
                         "%s was begun by one process, and %lld of its trials are pending: go on with it by gansweep "
                         "resume, or replace it with --force",
                         job->path, (long long)ledger.pending);
    }
    job->complete = status == GS_OK;
    if (job->complete && was_joined(results)) {
        status = remove_joined(job, results, error);
    }
    gs_results_close(results);
    return status;
}

static gs_status look_at_results_name(gs_job *job, gs_error *error) {
    struct stat found;
    if (lstat(job->path, &found) != 0 || (job->force && S_ISREG(found.st_mode))) {
        return GS_OK;
    }
    if (!S_ISREG(found.st_mode)) {
        return gs_fail(error, GS_ERROR_INPUT, "%s is a folder, a link, a device or a pipe: another name was expected",
                       job->path);
    }
    return job->resume ? look_at_results(job, error)
                       : gs_fail(error, GS_ERROR_INPUT,
                                 "%s exists already: give another name, --resume to complete it, or --force to replace "
                                 "it",
                                 job->path);
}

/// The parts that are there say of how many there are.
static gs_status take_parts_found(gs_job *job, const gs_part_families *families, gs_error *error) {
    const gs_part_family *first = &families->list[0], *second = &families->list[1];
    if (!job->resume) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s, a part of these results, exists already: --resume to go on with it, --force to replace it, "
                       "or give another name",
                       first->name);
    }
    if (job->parts_asked == 0 && families->count > 1) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s and %s are parts of different divisions: say by --parts which one to go on with",
                       first->name, second->name);
    }
    bool known = false;
    for (int i = 0; i < families->count; i++) {
        known = known || families->list[i].parts == job->parts_asked;
    }
    if (job->parts_asked != 0 && !known) {
        return gs_fail(error, GS_ERROR_INPUT, "--parts: %s is of %d parts, not of %d", first->name, first->parts,
                       job->parts_asked);
    }
    job->parts = job->parts_asked != 0 ? job->parts_asked : first->parts;
    return check_parts(job, error);
}

static gs_status find_parts(gs_job *job, gs_error *error) {
    gs_part_families families = {0};
    gs_status status = job->force ? gs_job_choose_parts(job, error) : GS_OK; // nothing is removed for what can't be
    if (status == GS_OK && job->force) {
        status = remove_parts(job, error);
    }
    if (status == GS_OK) {
        status = gs_part_families_find(job->path, &families, error);
    }
    if (status == GS_OK) {
        status = families.count > 0 ? take_parts_found(job, &families, error) : gs_job_choose_parts(job, error);
    }
    gs_part_families_free(&families);
    return status;
}

static gs_status decide(gs_job *job, gs_error *error) {
    gs_part_families families; // a folder that can't be read is better said to be so than one without a lock
    gs_status status = gs_part_families_find(job->path, &families, error);
    gs_part_families_free(&families);
    if (status == GS_OK) {
        status = gs_lock_acquire(job->path, &job->lock, error);
    }
    if (status == GS_OK) {
        status = look_at_results_name(job, error);
    }
    return status == GS_OK && !job->complete ? find_parts(job, error) : status;
}

/// The text of the lock's file, which names the process that holds it: '\0' after what is shorter.
/// @return false when it can't be read
static bool read_lock(const char *name, char text[LOCK_BYTES]) {
    FILE *file = fopen(name, "re");
    memset(text, 0, LOCK_BYTES);
    if (file == NULL) {
        return false;
    }
    const size_t length = fread(text, 1, LOCK_BYTES, file);
    (void)fclose(file);
    return length > 0;
}

/// A rank that sees another folder under the same name would train into the void: all must see the lock that rank 0 has
/// just taken. An old one may be lying anywhere.
static gs_status look_for_lock(const gs_job *job, gs_error *error) {
    static const int TRIES = 100;
    static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000}; // a network's file system may be late
    char *name = NULL, first[LOCK_BYTES], mine[LOCK_BYTES];
    if (asprintf(&name, "%s.lock", job->path) < 0) {
        name = NULL;
    }
    if (name == NULL || !read_lock(name, first)) {
        memset(first, 0, sizeof first);
    }
    gs_team_broadcast(job->team, first, sizeof first);
    bool found = job->team->rank == 0;
    for (int i = 0; i < TRIES && !found && name != NULL; i++) {
        found = read_lock(name, mine) && memcmp(first, mine, sizeof mine) == 0;
        if (!found) {
            (void)nanosleep(&pause, NULL);
        }
    }
    const gs_status status =
        found ? GS_OK
              : gs_fail(error, GS_ERROR_INPUT,
                        "%s.lock, which rank 0 has made, is not there: all ranks need the same folder", job->path);
    free(name);
    return status;
}

gs_status gs_job_settle(gs_job *job, gs_error *error) {
    int code = job->team->rank == 0 ? (int)decide(job, error) : GS_OK;
    gs_team_broadcast(job->team, &code, sizeof code);
    gs_team_broadcast(job->team, &job->parts, sizeof job->parts);
    gs_team_broadcast(job->team, &job->complete, sizeof job->complete);
    if (code != GS_OK) {
        return job->team->rank == 0 ? (gs_status)code : GS_OK;
    }
    return job->complete ? GS_OK : look_for_lock(job, error);
}
