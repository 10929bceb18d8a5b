/* views.h - what people and programs see of a database.  A view reads the database and nothing
 * else.  All of them write to @out and return false with MPS_ERROR_STORE when the database cannot
 * be read; whether @out took everything is the caller's question (ferror). */
#ifndef MPS_VIEWS_VIEWS_H
#define MPS_VIEWS_VIEWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* Every connection of the database. */
#define MPS_ALL_CONNECTIONS INT64_C(-1)

/* view_summary.c: captures and connections on a page, fit for a bug report. */
bool mps_view_summary(sqlite3 *db, FILE *out, GError **error);
bool mps_view_summary_json(sqlite3 *db, FILE *out, GError **error);

/* view_list.c: one line per connection, with @charts its rate over time in it. */
bool mps_view_list(sqlite3 *db, bool charts, FILE *out, GError **error);
bool mps_view_list_json(sqlite3 *db, FILE *out, GError **error);

/* view_show.c: everything about one connection, or MPS_ALL_CONNECTIONS, with @charts also shares
 * and rates over time.  MPS_ERROR_ABSENT if the database has no such connection. */
bool mps_view_show(sqlite3 *db, int64_t connection_id, bool charts, FILE *out, GError **error);
bool mps_view_show_json(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

/* view_interval.c: rates of each subflow and of all, per interval, then over the whole time.
 * MPS_ERROR_ABSENT: no such connection; MPS_ERROR_USAGE: too many intervals. */
bool mps_view_interval(sqlite3 *db, int64_t connection_id, int64_t interval_ns, FILE *out,
                       GError **error);

/* view_events.c: the timeline, in words.  MPS_ERROR_ABSENT: no such connection. */
bool mps_view_events(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);
bool mps_view_events_json(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

/* view_monitor.c: what `ip mptcp monitor` would have printed on @host, "client" or "server". */
bool mps_view_monitor(sqlite3 *db, const char *host, int64_t connection_id, FILE *out,
                      GError **error);

/* view_counters.c: the kernel's MPTcpExt counters, per host and summed over all connections. */
bool mps_view_counters(sqlite3 *db, FILE *out, GError **error);
bool mps_view_counters_json(sqlite3 *db, FILE *out, GError **error);

/* view_export.c: tables as they are.  Names of all tables, NULL-terminated, for g_strfreev(). */
char **mps_view_tables(sqlite3 *db, GError **error);
/* RFC 4180 with a heading; unknown values are empty, empty text is "". */
bool mps_view_export_csv(sqlite3 *db, const char *table, FILE *out, GError **error);
/* One object per line. */
bool mps_view_export_json_lines(sqlite3 *db, const char *table, FILE *out, GError **error);
/* One document, the table names being its keys. */
bool mps_view_export_json(sqlite3 *db, FILE *out, GError **error);

/* view_tcptrace.c: every subflow as `tcptrace -l -r -W` prints a connection. */
bool mps_view_tcptrace(sqlite3 *db, FILE *out, GError **error);

/* view_mptcptrace.c: the files of mptcptrace.  Their names, NULL-terminated, for g_strfreev(); one
 * of them; and what mptcptrace prints beside them: connections and subflows. */
char **mps_view_mptcptrace_files(sqlite3 *db, GError **error);
bool mps_view_mptcptrace_file(sqlite3 *db, const char *name, FILE *out, GError **error);
bool mps_view_mptcptrace_list(sqlite3 *db, FILE *out, GError **error);

/* view_plot.c: figures, drawn by gnuplot from the database file. */
typedef struct {
    const char *database;  /* path of @db */
    const char *kind;      /* names of figures of plots.def, "sequence,rtt", or NULL for all */
    const char *format;    /* "png", "svg", "pdf", "both" (the first two) or "all" */
    const char *directory; /* exists, or is created */
    const char *scratch;   /* file where each figure is drawn before it gets its name; gone then */
    int64_t connection_id; /* or MPS_ALL_CONNECTIONS */
    bool quiet;            /* no notes about figures without data */
    /* With it, each figure gets its script and the rows drawn (.gp, .tsv) beside it: file where the
     * rows are gathered before they get their name; gone then.  Or NULL. */
    const char *rows;
    bool passing;              /* @database goes away: the kept scripts do not name it */
    const char *const *labels; /* PREFIX=NAME, names of addresses, NULL-terminated; or NULL */
    /* Asked about each file before it is drawn; false, with an error, ends the work.  Or NULL. */
    bool (*may_write)(const char *file, void *user, GError **error);
    void *user; /* of may_write */
} MpsPlotRequest;

/* Draws what @request asks for.  Adds the path of each written file to @files (char *, owned by
 * it).  MPS_ERROR_ABSENT: no such connection; MPS_ERROR_TOOL: gnuplot or sqlite3
 * missing or failed; MPS_ERROR_STORE. */
bool mps_view_plot(sqlite3 *db, const MpsPlotRequest *request, GPtrArray *files, GError **error);
/* The same as text, drawn by gnuplot; of @request, database, kind, connection_id, labels and quiet
 * count.  Without a kind: the data sequence and the throughput. */
bool mps_view_plot_term(sqlite3 *db, const MpsPlotRequest *request, FILE *out, GError **error);
/* Whether there are such figures (NULL: the default) as text; if not, MPS_ERROR_USAGE. */
bool mps_view_plot_term_check(const char *kinds, GError **error);
/* plot_labels.c: whether @labels (or NULL) can be read; if not, MPS_ERROR_USAGE. */
bool mps_view_plot_check_labels(const char *const *labels, GError **error);
/* Whether @choice, a format, "both" (PNG and SVG) or "all", asks for @format. */
bool mps_view_plot_wants(const char *choice, const char *format);
/* Whether such figures (NULL: all) and format exist; if not, MPS_ERROR_USAGE names what does. */
bool mps_view_plot_check(const char *kinds, const char *format, GError **error);

/* view_study.c: figures of many connections, each with its numbers as CSV and its script. */
typedef struct {
    const char *directory;  /* exists, or is created */
    const char *name;       /* of a figure of studies.def, or NULL for all */
    const char *format;     /* as in MpsPlotRequest */
    int port;               /* of the server; 0: any */
    char *const *addresses; /* prefix of an address of some subflow, or !prefix of none; all must
                             * hold; NULL-terminated, or NULL */
    int64_t from_ns, to_ns; /* connections that began in [from_ns, to_ns) */
    int64_t min_bytes, max_bytes; /* data of both directions, limits included */
    char *const *locations;       /* files for mps_geo_open(), NULL-terminated; or NULL */
    bool quiet;                   /* no notes about figures without data */
    /* Asked about each file before it is written; false, with an error, ends the work.  Or NULL. */
    bool (*may_write)(const char *file, void *user, GError **error);
    void *user; /* of may_write */
} MpsStudyRequest;

/* Adds the path of each CSV and figure to @files (char *, owned by it).  MPS_ERROR_TOOL: gnuplot
 * missing or failed; MPS_ERROR_OPEN: @request->locations cannot be read; MPS_ERROR_STORE. */
bool mps_view_study(sqlite3 *db, const MpsStudyRequest *request, GPtrArray *files, GError **error);
/* Whether there is figure @name (or NULL) and @addresses (or NULL) can be read; else
 * MPS_ERROR_USAGE.
 */
bool mps_view_study_check(const char *name, char *const *addresses, GError **error);

/* One figure of one direction as the text of an SVG, for g_free(); *svg is NULL if there is too
 * little data for it.  Uses database, kind, connection_id and scratch of @request. */
bool mps_view_plot_svg(sqlite3 *db, const MpsPlotRequest *request, const char *direction,
                       char **svg, GError **error);

/* view_report.c: one HTML page that needs nothing else: findings, connections, figures, compliance,
 * definitions, and how it was made. */
typedef struct {
    const char *database;     /* path of @db, for gnuplot */
    const char *scratch;      /* file where figures are drawn; left there */
    const char *schema;       /* tables and columns explained, as `schema --json` prints them */
    const char *command_line; /* that makes the page */
    GHashTable *hashes; /* path of a capture -> its SHA-256 in words; or NULL: not asked for */
    int64_t figures;    /* of at most so many connections */
    bool quiet;         /* no note if figures cannot be drawn */
} MpsReportRequest;

bool mps_view_report(sqlite3 *db, const MpsReportRequest *request, FILE *out, GError **error);

#endif
