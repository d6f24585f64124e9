#include "cluster/forecast.h"

#include <math.h>

#include "store/sources.h"

const gs_assumptions gs_forecast_assumptions = {
    .start_seconds = 0.5,
    .part_seconds = 0.05,
    .write_bytes = 1e9,
    .join_bytes = 5e8,
    .check_bytes = 8e8,
    .join_part_seconds = 0.005,
    .virtual_part_bytes = 4250,
    .process_bytes = 64e6,
    .summary_bytes = 75,
    .most_summarised = 4e6,
    .mpi_bytes = 48e6,
    .message_bytes = 100,
    .answer_seconds = 2e-5,
};

static gs_job_size scaled(const gs_job_size *size, double trials) {
    const double scale = trials / size->trials;
    return (gs_job_size){.trials = trials, .packs = ceil(size->packs * scale), .work = size->work * scale};
}

static int count_parts(const gs_job_size *size, const gs_cluster *cluster) {
    if (cluster->nodes == 1 && cluster->parts_asked == 0 && !cluster->is_virtual) {
        return 1; // without mpirun
    }
    if (cluster->parts_asked > 0) {
        return cluster->parts_asked < size->trials ? cluster->parts_asked : (int)size->trials;
    }
    const double threads = (double)cluster->nodes * cluster->cores;
    return gs_job_good_parts(size, cluster->nodes, threads, cluster->is_virtual);
}

/// Training of a part on one node: at its end threads wait for the last pack, half of one on average. Many threads wait
/// for each other to write.
static double seconds_of_a_part(const gs_workload *workload, const gs_cluster *cluster, const gs_job_size *size,
                                int parts) {
    const double packs_of_a_thread = size->packs / parts / cluster->cores;
    const double training = workload->pack_seconds * (packs_of_a_thread > 0.5 ? packs_of_a_thread + 0.5 : 1);
    const double writing = size->trials / parts * workload->row_bytes / gs_forecast_assumptions.write_bytes;
    return fmax(training, writing) + (parts > 1 ? gs_forecast_assumptions.part_seconds / cluster->cores : 0);
}

/// Rows are read from the parts, checked, and written to the file, if it is not virtual.
static double seconds_of_joining(const gs_forecast *forecast, const gs_cluster *cluster) {
    const gs_assumptions *assumed = &gs_forecast_assumptions;
    const double looking = assumed->join_part_seconds * forecast->parts;
    const double checking = forecast->parts_bytes / assumed->check_bytes;
    const double reading = forecast->parts_bytes / cluster->disk;
    if (cluster->is_virtual) {
        return looking + fmax(checking, reading);
    }
    return looking + fmax(forecast->file_bytes / assumed->join_bytes, reading + forecast->file_bytes / cluster->disk);
}

static void foretell_traffic(const gs_cluster *cluster, gs_forecast *forecast) {
    const double claims = 1 / forecast->part_seconds; // a process asks as it claims a part, and as it tells of its rows
    const double questions = GS_EXCHANGES_A_SECOND + claims;
    const double asking = cluster->nodes - 1; // process 0 asks itself
    forecast->messages_a_second = 2 * questions;
    forecast->messages = asking * forecast->messages_a_second * forecast->training;
    forecast->answering = asking * questions * gs_forecast_assumptions.answer_seconds;
}

gs_forecast gs_foretell(const gs_workload *workload, const gs_cluster *cluster, double trials) {
    const gs_job_size size = scaled(&workload->size, trials);
    gs_forecast forecast = {.trials = trials, .parts = count_parts(&size, cluster)};
    const bool several = forecast.parts > 1;
    const double rows = trials * workload->row_bytes;
    forecast.part_seconds = seconds_of_a_part(workload, cluster, &size, forecast.parts);
    forecast.starting = several ? gs_forecast_assumptions.start_seconds + gs_forecast_assumptions.part_seconds : 0;
    forecast.training = forecast.part_seconds * ceil((double)forecast.parts / cluster->nodes);
    const double leading = gs_forecast_assumptions.virtual_part_bytes * forecast.parts;
    forecast.file_bytes = workload->other_bytes + (several && cluster->is_virtual ? leading : rows);
    forecast.parts_bytes = several ? rows + forecast.parts * workload->other_bytes : 0;
    const double writing = (several ? forecast.parts_bytes : forecast.file_bytes) / cluster->disk;
    forecast.waiting = writing > forecast.training ? writing - forecast.training : 0;
    forecast.joining = several ? seconds_of_joining(&forecast, cluster) : 0;
    forecast.in_all = forecast.starting + forecast.training + forecast.waiting + forecast.joining;
    const double summarised = trials <= gs_forecast_assumptions.most_summarised ? trials : 0;
    forecast.process_bytes =
        gs_forecast_assumptions.process_bytes + summarised * gs_forecast_assumptions.summary_bytes +
        cluster->cores * workload->thread_bytes + (several ? gs_forecast_assumptions.mpi_bytes : 0);
    forecast.busy = size.packs * workload->pack_seconds / ((double)cluster->nodes * cluster->cores * forecast.in_all);
    if (several) {
        foretell_traffic(cluster, &forecast);
    }
    return forecast;
}
