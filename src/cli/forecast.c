#include "cli/forecast.h"

#include <math.h>
#include <stdio.h>

#include "cli/dry_run.h"
#include "numeric/format.h"
#include "report/table.h"
#include "store/sources.h"

static const double CALIBRATION_SECONDS = 1.5;
static const double WORTH_A_CLUSTER = 60, WORTH_A_WORD = 10; ///< seconds
static const double FEWEST_TRIALS = 1e6, MOST_TRIALS = 1e10; ///< of the table

/// "-" for none
static const char *seconds_text(double seconds, char text[GS_FORMAT_BYTES]) {
    if (seconds > 0) {
        return gs_format_duration(seconds, text);
    }
    (void)snprintf(text, GS_FORMAT_BYTES, "-");
    return text;
}

static const char *bytes_text(double bytes, char text[GS_FORMAT_BYTES]) {
    if (bytes > 0) {
        return gs_format_bytes(bytes, text);
    }
    (void)snprintf(text, GS_FORMAT_BYTES, "-");
    return text;
}

static const char *plural(double count) {
    return count == 1 ? "" : "s";
}

static void print_machines(const gs_workload *workload, const gs_cluster *cluster, const gs_forecast *whole) {
    char nodes[GS_FORMAT_BYTES], cores[GS_FORMAT_BYTES], parts[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES],
        seconds[GS_FORMAT_BYTES];
    (void)printf("machines    %s node%s of %s core%s: a process a node, a thread a core\n",
                 gs_format_count(cluster->nodes, nodes), plural(cluster->nodes), gs_format_count(cluster->cores, cores),
                 plural(cluster->cores));
    if (whole->parts > 1) {
        (void)printf("parts       %s of about %s trials; a node trains one in %s\n",
                     gs_format_count(whole->parts, parts),
                     gs_format_count((int64_t)(workload->size.trials / whole->parts), trials),
                     gs_format_duration(whole->part_seconds, seconds));
    }
}

/// Without the room that is left here: the file is made on another disk.
static void print_files(const gs_forecast *whole, const char *path) {
    char file[GS_FORMAT_BYTES], parts[GS_FORMAT_BYTES];
    (void)printf("file        %s, %s", path, gs_format_bytes(whole->file_bytes, file));
    if (whole->parts_bytes > 0) {
        (void)printf(", and its parts, %s", gs_format_bytes(whole->parts_bytes, parts));
    }
    (void)printf("\n");
}

static void print_needs(const gs_workload *workload, const gs_cluster *cluster, const gs_forecast *whole) {
    char process[GS_FORMAT_BYTES], alone[GS_FORMAT_BYTES], thread[GS_FORMAT_BYTES], messages[GS_FORMAT_BYTES],
        bytes[GS_FORMAT_BYTES], share[GS_FORMAT_BYTES];
    const gs_assumptions *assumed = &gs_forecast_assumptions;
    (void)printf("memory      at most %s a process: %s, and %s a thread\n",
                 gs_format_bytes(whole->process_bytes, process),
                 gs_format_bytes(whole->process_bytes - cluster->cores * workload->thread_bytes, alone),
                 gs_format_bytes(workload->thread_bytes, thread));
    if (whole->messages > 0) {
        (void)printf(
            "traffic     %.1f messages a second to and from a process, %s in all: %s; process 0 spends %s of a "
            "core on answers\n",
            whole->messages_a_second, gs_format_count((int64_t)whole->messages, messages),
            gs_format_bytes(whole->messages * assumed->message_bytes, bytes),
            gs_format_share(fmin(1, whole->answering), share));
    }
}

static void print_time(const gs_forecast *whole) {
    const struct {
        const char *name;
        double seconds;
    } steps[] = {{"starting", whole->starting},
                 {"training", whole->training},
                 {"waiting for the disk", whole->waiting},
                 {"joining the parts", whole->joining}};
    char in_all[GS_FORMAT_BYTES], share[GS_FORMAT_BYTES];
    (void)printf("time        about %s", gs_format_duration(whole->in_all, in_all));
    const char *before = ": ";
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char seconds[GS_FORMAT_BYTES];
        if (steps[i].seconds > 0) {
            (void)printf("%s%s %s", before, steps[i].name, gs_format_duration(steps[i].seconds, seconds));
            before = ", ";
        }
    }
    (void)printf("\n            All cores train during %s of it.\n", gs_format_share(whole->busy, share));
}

/// What keeps the cores from training, and what can be done about it.
/// @param alone  the same with one node
static void print_advice(const gs_cluster *cluster, const gs_forecast *whole, const gs_forecast *alone) {
    char text[GS_FORMAT_BYTES];
    if (cluster->nodes > 1 && alone->in_all < WORTH_A_CLUSTER) {
        (void)printf("            One node alone takes %s: a cluster is of no use for it.\n",
                     gs_format_duration(alone->in_all, text));
        return;
    }
    if (whole->parts < cluster->nodes) {
        (void)printf("            Only %s of the nodes have a part.\n", gs_format_count(whole->parts, text));
    }
    if (whole->answering > 0.5) {
        (void)printf("            Process 0 is asked too much: fewer processes, or shards without MPI, are better.\n");
    }
    if (whole->waiting > whole->training / 4 && whole->waiting > WORTH_A_WORD) {
        (void)printf(
            "            The disk takes longer than the training: keep less of each trial, or fewer nodes do.\n");
    }
    if (!cluster->is_virtual && whole->joining > whole->training / 4 && whole->joining > WORTH_A_WORD) {
        (void)printf("            Joining takes long: --virtual copies nothing%s.\n",
                     whole->parts > GS_MOST_VIRTUAL_SOURCES ? ", for up to 512 parts" : "");
    }
}

static gs_status add_row(const gs_forecast *of, gs_table *table, gs_error *error) {
    gs_table_row *row = gs_table_add(table, GS_STYLE_PLAIN);
    if (row == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    int column = 0;
    char text[GS_FORMAT_BYTES];
    gs_table_row_name(row, gs_format_count((int64_t)of->trials, text));
    column++;
    (void)gs_format_count(of->parts, row->cell[column++]);
    (void)seconds_text(of->training, row->cell[column++]);
    (void)seconds_text(of->waiting, row->cell[column++]);
    (void)seconds_text(of->joining, row->cell[column++]);
    (void)seconds_text(of->in_all, row->cell[column++]);
    (void)gs_format_bytes(of->file_bytes, row->cell[column++]);
    (void)bytes_text(of->parts_bytes, row->cell[column++]);
    (void)gs_format_count((int64_t)of->messages, row->cell[column]);
    return GS_OK;
}

static gs_status print_table(const gs_workload *workload, const gs_cluster *cluster, gs_error *error) {
    static const char *const names[] = {"trials", "parts", "training", "for the disk", "joining",
                                        "in all", "file",  "parts",    "messages"};
    static const char *const groups[] = {"", "", "", "waiting", "", "", "bytes", "bytes", ""};
    gs_table table;
    gs_table_start(&table);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gs_table_column(&table, groups[i], names[i], false);
    }
    gs_status status = GS_OK;
    for (double trials = FEWEST_TRIALS; trials <= MOST_TRIALS && status == GS_OK; trials *= 10) {
        if (trials >= cluster->parts_asked) {
            const gs_forecast row = gs_foretell(workload, cluster, trials);
            status = add_row(&row, &table, error);
        }
    }
    if (status == GS_OK) {
        const gs_screen screen = gs_screen_of(stdout);
        (void)printf("\nThe same experiment with fewer or more seeds:\n");
        gs_table_print(&table, &screen, stdout);
    }
    gs_table_free(&table);
    return status;
}

static void print_assumptions(const gs_workload *workload, const gs_cluster *cluster) {
    const gs_assumptions *assumed = &gs_forecast_assumptions;
    char rate[GS_FORMAT_BYTES], disk[GS_FORMAT_BYTES], join[GS_FORMAT_BYTES], write[GS_FORMAT_BYTES],
        check[GS_FORMAT_BYTES];
    const double trials_a_second = workload->size.trials / workload->size.packs / workload->pack_seconds;
    (void)printf(
        "\nTaken for granted:\n"
        "  cores     each trains %s trials a second, as %d thread%s of this machine did together for %.1f s\n"
        "  disk      %s a second of all nodes together, of writing and reading (--disk says otherwise)\n"
        "  starting  %.1f s under mpirun or srun; no time in a queue\n"
        "  parts     %.0f ms of a core for each one's file, beside the training; its process writes up to %s a second\n"
        "  joining   up to %s a second by one process, or %s that are only checked (--virtual), and %.0f ms a part\n"
        "  messages  %.0f bytes on the wire, %.0f us of process 0's thread for an answer\n"
        "  nodes     equal ones, which nobody else uses; with unequal ones up to one part's time is added\n",
        gs_format_rate(trials_a_second, rate), workload->measured_threads, plural(workload->measured_threads),
        workload->measured_seconds, gs_format_bytes(cluster->disk, disk), assumed->start_seconds,
        1e3 * assumed->part_seconds, gs_format_bytes(assumed->write_bytes, write),
        gs_format_bytes(assumed->join_bytes, join), gs_format_bytes(assumed->check_bytes, check),
        1e3 * assumed->join_part_seconds, assumed->message_bytes, 1e6 * assumed->answer_seconds);
}

gs_status forecast(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                   const gs_cluster *cluster, const char *path, gs_error *error) {
    gs_workload workload, grown;
    gs_run_options measured = *options;
    measured.threads = 0;
    const int here = gs_run_threads(&measured);
    measured.threads = cluster->cores < here ? cluster->cores : here;
    gs_status status = gs_job_check_parts(plan, cluster->parts_asked, cluster->is_virtual, error);
    if (status == GS_OK) {
        status = gs_workload_measure(experiment, plan, &measured, CALIBRATION_SECONDS, &workload, error);
    }
    if (status == GS_OK) {
        status = gs_workload_grow(experiment, &workload, options->isa, &grown, error);
    }
    if (status != GS_OK) {
        return status;
    }
    const gs_cluster one_node = {.nodes = 1, .cores = cluster->cores, .disk = cluster->disk};
    const gs_forecast whole = gs_foretell(&workload, cluster, workload.size.trials);
    const gs_forecast alone = gs_foretell(&workload, &one_node, workload.size.trials);
    print_work(experiment, plan, options->isa);
    print_machines(&workload, cluster, &whole);
    print_files(&whole, path);
    print_needs(&workload, cluster, &whole);
    print_time(&whole);
    print_advice(cluster, &whole, &alone);
    status = print_table(&grown, cluster, error);
    print_assumptions(&grown, cluster);
    return status;
}
