/// What a sweep will take on a cluster, foretold from the speed of one core.
///
/// A closed form: equal nodes, each with one process that has a thread for every core. bench/simulate_cluster.py holds
/// it against a simulation of nodes that are not equal, and bench/forecast_against_run.py against runs.
#ifndef GANSWEEP_CLUSTER_FORECAST_H
#define GANSWEEP_CLUSTER_FORECAST_H

#include "cluster/job.h"

/// The machines.
typedef struct {
    int nodes, cores; ///< of a node: threads of its process
    double disk;      ///< bytes a second that the file system takes from all nodes together
    int parts_asked;  ///< --parts; 0: as many as are good
    bool is_virtual;
} gs_cluster;

/// What the trials of an experiment cost.
typedef struct {
    gs_job_size size;        ///< of the experiment
    double pack_seconds;     ///< training and checking of a pack, by one core of a busy machine
    double row_bytes;        ///< of one trial's results
    double other_bytes;      ///< of a file beside its rows
    double thread_bytes;     ///< memory of one thread
    double measured_seconds; ///< that the measuring of `pack_seconds` took, ...
    int measured_threads;    ///< ... with so many threads
} gs_workload;

/// What is taken for granted, and said beside every forecast. Where each figure comes from: docs/clusters.md.
typedef struct {
    double start_seconds;      ///< until the processes are started, and know each other
    double part_seconds;       ///< of a processor, for a part's file: made, synced and ended beside the training
    double write_bytes;        ///< that the threads of a process write to one file in a second
    double join_bytes;         ///< that one process joins in a second, when the disk does not keep it waiting
    double check_bytes;        ///< that it only reads and checks, for a virtual file
    double join_part_seconds;  ///< for each part of them: opened and compared with the experiment
    double virtual_part_bytes; ///< of a virtual file, for each part
    double process_bytes;      ///< memory of a process without its threads, and ...
    double summary_bytes;      ///< what the summary takes for each trial, ...
    double most_summarised;    ///< ... of up to so many: of more there is none
    double mpi_bytes;          ///< ... what MPI adds
    double message_bytes;      ///< on the wire
    double answer_seconds;     ///< of process 0's thread, for a question and its answer
} gs_assumptions;

extern const gs_assumptions gs_forecast_assumptions;

typedef struct {
    double trials;
    int parts;           ///< 1: one process writes one file
    double part_seconds; ///< training of one part
    // one after another, in seconds
    double starting; ///< until a node trains: its first file is made
    double training;
    double waiting; ///< for the disk: what the file system takes longer than the training
    double joining;
    double in_all;
    double parts_bytes, file_bytes; ///< 0 parts_bytes: there are no parts
    double process_bytes;           ///< memory of a process
    double messages_a_second;       ///< to and from a process other than process 0
    double messages;                ///< of all in all
    double answering;               ///< share of a core of process 0
    double busy;                    ///< share of the cores' time that trains
} gs_forecast;

/// Measures what trials cost, on `options->threads` of this machine for `seconds` or somewhat longer.
/// @return GS_ERROR_INPUT when the results would have more than 2^63 bytes
gs_status gs_workload_measure(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                              double seconds, gs_workload *workload, gs_error *error);

/// The same experiment with so many seeds that it has some millions of trials: in few, lanes and plots weigh more than
/// in many. One whose seeds can't be more, since they are zipped, stays what it is.
gs_status gs_workload_grow(const gs_experiment *experiment, const gs_workload *workload, gs_isa isa, gs_workload *grown,
                           gs_error *error);

/// @param trials  of an experiment that differs in nothing but the number of its seeds
gs_forecast gs_foretell(const gs_workload *workload, const gs_cluster *cluster, double trials);

#endif
