/* pipeline.h - the main job: captures in, one database out.  The one place that knows the order of
 * the stages. */
#ifndef MPS_PIPELINE_PIPELINE_H
#define MPS_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

#include <mptcpscope/error.h>

#include "util/limits.h"
#include "util/option_names.h"
#include "util/vantage.h"

/* How a run keeps what another one can go on from. */
typedef struct {
    bool wanted;
    int64_t every_us;   /* a checkpoint is made; 0: whenever it is looked for what is due */
    uint64_t n_packets; /* after so many, those of runs before not counted, it ends as with a
                           signal; 0: it does not */
} MpsCheckpoints;

typedef struct {
    const char *const *paths;   /* as mps_trace_open() takes them, one trace in time order */
    const char *output;         /* database to write; NULL: a temporary one that dies when closed */
    const char *command_line;   /* stored in `meta` */
    bool tcp;                   /* plain TCP connections are analyzed, too */
    const char *filter;         /* as pcap-filter(7), or NULL; the rest is not analyzed */
    bool strict;                /* a file that is cut or unreadable ends the run */
    bool force;                 /* replace an existing @output */
    MpsCheckpoints checkpoints; /* of @output; taken up where there is one */
    bool progress;              /* progress bar and notes on stderr */
    const char *metrics;        /* which ones, see mps_metrics_select(); NULL: all */
    bool no_rules;              /* compliance is not checked */
    bool dss_checksums;         /* also by the rules that read payload */
    bool verify_checksums;      /* of IP and TCP; packets with a wrong one are ignored */
    MpsVantage vantage;         /* of the rules; 0: guessed */
    MpsLimits limits;
    const MpsOptionNames *option_names; /* or NULL; stored in `meta` */
} MpsAnalysis;

typedef struct {
    bool damaged;     /* some input was cut or unreadable; said on stderr, marked in `capture` */
    bool interrupted; /* by a signal: no more is wanted */
} MpsOutcome;

/* Analyzes @analysis.  Returns the finished database, open for reading, owned by the caller
 * (sqlite3_close), or NULL and MPS_ERROR_OPEN, _FORMAT, _READ, _STORE, _USAGE (the filter) or
 * _INTERRUPTED; then nothing was written, but with checkpoints the last of them. */
sqlite3 *mps_pipeline_analyze(const MpsAnalysis *analysis, MpsOutcome *outcome, GError **error);

/* A database with nothing but the rule catalogue, owned by the caller; NULL and MPS_ERROR_STORE. */
sqlite3 *mps_pipeline_catalogue(GError **error);

/* The documented schema, made from the descriptors that create it: SQL with comments, or JSON. */
char *mps_pipeline_schema(bool as_json);

#endif
