/* pipeline.c - capture, decode, model, metrics, store: one pass, front to back. */
#include "pipeline/pipeline.h"

#include <unistd.h>

#include "capture/trace.h"
#include "decode/decode.h"
#include "metrics/metrics.h"
#include "model/model.h"
#include "pipeline/damage.h"
#include "pipeline/interrupt.h"
#include "pipeline/memory.h"
#include "pipeline/observers.h"
#include "pipeline/progress.h"
#include "rules/rules.h"
#include "store/database.h"
#include "store/writer.h"
#include "util/version.h"

/* Packets between two looks at the store and the progress bar. */
enum { STRIDE = 4096 };

static const MpsColumn meta_columns[] = {
    {"key", MPS_TEXT,
     "program, schema_version, command_line, rules, dss_checksums, name_option.<n>, "
     "definition.<metric>"},
    {"value", MPS_TEXT, "its value"},
    {0},
};

static const MpsTable meta_table = {
    .name = "meta",
    .help = "What made this database, and the definitions in use.",
    .columns = meta_columns,
    .primary_key = "key",
};

enum {
    CAPTURE_ID,
    PATH,
    FORMAT,
    LINK_TYPE,
    PACKETS,
    TCP_PACKETS,
    MPTCP_PACKETS,
    PLAIN,
    FIRST,
    LAST,
    TRUNCATED,
    MALFORMED,
    DUPLICATE,
    LATE,
    UNFOLLOWED,
    EVICTED,
    DROPPED,
    STATUS,
    PROBLEM,
    N_CAPTURE,
};

static const MpsColumn capture_columns[] = {
    [CAPTURE_ID] = {"capture_id", MPS_INT, "1, 2, ... as on the command line"},
    [PATH] = {"path", MPS_TEXT, "as given; - is standard input"},
    [FORMAT] = {"format", MPS_TEXT, "pcap or pcapng"},
    [LINK_TYPE] = {"link_type", MPS_TEXT, "libpcap's name, of the first interface"},
    [PACKETS] = {"packets", MPS_INT, "packets read"},
    [TCP_PACKETS] = {"tcp_packets", MPS_INT, "of them TCP, duplicates included"},
    [MPTCP_PACKETS] = {"mptcp_packets", MPS_INT, "of them with an MPTCP option"},
    [PLAIN] = {"plain_connections", MPS_INT,
               "TCP connections begun without an offer of MPTCP and not analyzed (see --tcp)"},
    [FIRST] = {"first_ns", MPS_INT, "earliest packet [ns since epoch]"},
    [LAST] = {"last_ns", MPS_INT, "latest packet [ns since epoch]"},
    [TRUNCATED] = {"truncated_packets", MPS_INT,
                   "captured too short to hold their TCP header and options"},
    [MALFORMED] = {"malformed_packets", MPS_INT, "lengths that contradict each other"},
    [DUPLICATE] = {"duplicate_packets", MPS_INT,
                   "captured twice (another interface, place or TTL): otherwise ignored"},
    [LATE] = {"late_packets", MPS_INT,
              "of a connection that had been closed and written before: otherwise ignored"},
    [UNFOLLOWED] = {"unfollowed_syns", MPS_INT,
                    "SYNs of MPTCP that 8192 unanswered ones kept from being followed (or 16384 "
                    "subflows, in one connection): a flood; if answered, the connection is there, "
                    "its handshake partial"},
    [EVICTED] = {"evicted_connections", MPS_INT,
                 "connections, and groups of joins to an unknown token, closed early to make room: "
                 "see close of connection"},
    [DROPPED] = {"dropped", MPS_INT, "packets the capturing side says it lost; NULL: it does not"},
    [STATUS] = {"status", MPS_TEXT, "ok, cut (ends in mid-packet) or unreadable"},
    [PROBLEM] = {"error", MPS_TEXT, "what is wrong with the file"},
    {0},
};

static const MpsTable capture_table = {
    .name = "capture",
    .help = "One row per input file.",
    .columns = capture_columns,
    .primary_key = "capture_id",
};

/* What is counted per file. */
typedef struct {
    uint64_t tcp, mptcp, truncated, malformed, duplicate, late, plain, unfollowed, evicted;
} Counts;

typedef struct {
    MpsObservers *observers;
    MpsRules *rules; /* NULL: the rules are off */
    MpsRowSink *rows;
    Counts *counts, *here; /* of all files, and of the one being read */
} Run;

static void emit(void *user, const MpsEvent *event)
{
    const Run *run = user;

    mps_observers_emit(run->observers, event, run->rows);
    if (run->rules)
        mps_rules_event(run->rules, event);
}

static void closed(void *user, MpsConnection *connection)
{
    const Run *run = user;

    run->here->evicted += connection->close == MPS_CLOSE_EVICTED;
    mps_observers_closed(run->observers, connection, run->rows);
    if (run->rules)
        mps_rules_closed(run->rules, connection, run->rows);
}

/* meta, capture, the scope tables, the metrics' own and those of the rules; NULL-terminated. */
static GPtrArray *all_tables(const MpsObservers *observers)
{
    GPtrArray *tables = g_ptr_array_new();

    g_ptr_array_add(tables, (gpointer)(uintptr_t)&meta_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&capture_table);
    for (const MpsTable *const *table = mps_observers_tables(observers); *table; table++)
        g_ptr_array_add(tables, (gpointer)(uintptr_t)*table);
    for (const MpsTable *const *table = mps_rules_tables; *table; table++)
        g_ptr_array_add(tables, (gpointer)(uintptr_t)*table);
    g_ptr_array_add(tables, NULL);
    return tables;
}

static void add_meta(MpsRowSink *rows, const char *key, const char *value)
{
    rows->add(rows, &meta_table, (MpsValue[]){mps_text(key), mps_text(value)});
}

static void write_meta(MpsRowSink *rows, const MpsAnalysis *analysis)
{
    g_autofree char *version = g_strdup_printf("%d", MPS_SCHEMA_VERSION);

    add_meta(rows, "program", "mptcpscope " MPS_VERSION);
    add_meta(rows, "schema_version", version);
    add_meta(rows, "command_line", analysis->command_line);
    add_meta(rows, "rules", analysis->no_rules ? "off" : "on");
    add_meta(rows, "dss_checksums", analysis->dss_checksums ? "on" : "off");
    for (unsigned i = 0; i < mps_option_names_count(analysis->option_names); i++) {
        g_autofree char *key = g_strdup_printf("name_option.%u", i + 1);

        add_meta(rows, key, mps_option_names_spec(analysis->option_names, i));
    }
    for (const MpsMetric *const *metric = mps_metrics; *metric; metric++) {
        g_autofree char *key = g_strconcat("definition.", (*metric)->name, NULL);

        add_meta(rows, key, (*metric)->help);
    }
}

static void write_captures(MpsRowSink *rows, const MpsTrace *trace, const Counts *counts)
{
    static const char *const statuses[] = {
        [MPS_FILE_OK] = "ok", [MPS_FILE_CUT] = "cut", [MPS_FILE_UNREADABLE] = "unreadable"};

    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);
        const bool any = file.n_packets > 0;
        MpsValue values[N_CAPTURE] = {0};

        values[CAPTURE_ID] = mps_int((int64_t)i + 1);
        values[PATH] = mps_text(file.path);
        values[FORMAT] = mps_text(file.format);
        values[LINK_TYPE] = mps_text(file.link_name);
        values[PACKETS] = mps_count(file.n_packets);
        values[TCP_PACKETS] = mps_count(counts[i].tcp);
        values[MPTCP_PACKETS] = mps_count(counts[i].mptcp);
        values[PLAIN] = mps_count(counts[i].plain);
        values[FIRST] = mps_int_if(any, file.first_ns);
        values[LAST] = mps_int_if(any, file.last_ns);
        values[TRUNCATED] = mps_count(counts[i].truncated);
        values[MALFORMED] = mps_count(counts[i].malformed);
        values[DUPLICATE] = mps_count(counts[i].duplicate);
        values[LATE] = mps_count(counts[i].late);
        values[UNFOLLOWED] = mps_count(counts[i].unfollowed);
        values[EVICTED] = mps_count(counts[i].evicted);
        values[DROPPED] = mps_int_if(file.dropped >= 0, file.dropped);
        values[STATUS] = mps_text(statuses[file.status]);
        values[PROBLEM] = mps_text(file.error);
        rows->add(rows, &capture_table, values);
    }
}

static void take_packet(MpsModel *model, const MpsPacket *packet, const MpsOptionNames *names,
                        MpsSegment *segment, Counts *counts)
{
    MpsIcmpError icmp;
    MpsSeen seen;

    switch (mps_decode_packet(packet, segment)) {
    case MPS_DECODED_TCP:
        counts->tcp++;
        counts->mptcp += segment->n_mptcp > 0;
        counts->truncated += segment->options_cut;
        counts->malformed += segment->options_malformed;
        mps_option_names_apply(names, segment);
        seen = mps_model_segment(model, segment);
        counts->duplicate += seen == MPS_SEEN_DUPLICATE;
        counts->late += seen == MPS_SEEN_LATE;
        counts->unfollowed += seen == MPS_SEEN_CROWDED;
        counts->plain += seen == MPS_SEEN_PLAIN_SYN;
        break;
    case MPS_DECODED_TRUNCATED:
        counts->truncated++;
        break;
    case MPS_DECODED_MALFORMED:
        counts->malformed++;
        break;
    case MPS_DECODED_ICMP:
        if (mps_decode_icmp_error(packet, &icmp))
            mps_model_icmp(model, &icmp);
        break;
    case MPS_DECODED_OTHER:
    case MPS_DECODED_LINK:
        break;
    }
}

static void read_all(MpsTrace *trace, MpsModel *model, const MpsAnalysis *analysis,
                     MpsWriter *writer, Run *run, MpsProgress *progress, GError **error)
{
    MpsMemory memory = mps_memory_begin(analysis->limits.memory_bytes);
    MpsPacket packet;
    MpsSegment segment;

    for (uint64_t n = 1; mps_trace_next(trace, &packet) == MPS_READ_PACKET; n++) {
        run->here = &run->counts[packet.capture_id - 1];
        mps_memory_keep(&memory, n, model);
        take_packet(model, &packet, analysis->option_names, &segment, run->here);
        if (n % STRIDE == 0) {
            uint64_t bytes_read, bytes_total;

            mps_trace_progress(trace, &bytes_read, &bytes_total);
            mps_progress_show(progress, n, bytes_read, bytes_total);
            if (mps_interrupted() || !mps_writer_check(writer, error))
                break;
        }
    }
    mps_model_finish(model); /* also releases what the observers own */
    if (mps_interrupted() && !*error)
        mps_throw(error, MPS_ERROR_INTERRUPTED, "interrupted; nothing was written");
}

sqlite3 *mps_pipeline_analyze(const MpsAnalysis *analysis, MpsOutcome *outcome, GError **error)
{
    g_autoptr(MpsTrace) trace = mps_trace_open(analysis->paths, error);

    if (!trace)
        return NULL;

    g_autoptr(MpsObservers) observers = mps_observers_new(mps_metrics);
    g_autoptr(GPtrArray) tables = all_tables(observers);
    g_autoptr(MpsWriter) writer = mps_writer_new(analysis->output, analysis->force,
                                                 (const MpsTable *const *)tables->pdata, error);

    if (!writer)
        return NULL;

    const MpsRuleOptions rule_options = {analysis->dss_checksums, analysis->vantage};
    g_autoptr(MpsRules) rules = analysis->no_rules ? NULL : mps_rules_new(&rule_options);
    g_autofree Counts *counts = g_new0(Counts, mps_trace_n_files(trace));
    Run run = {observers, rules, mps_writer_rows(writer), counts, counts};
    MpsModelHooks hooks = {.wants =
                               mps_observers_wants(observers) | (rules ? mps_rules_wants() : 0),
                           .tcp = analysis->tcp,
                           .timeouts = analysis->limits.timeouts,
                           .emit = emit,
                           .closed = closed,
                           .user = &run};

    for (int scope = 0; scope < MPS_N_SCOPES; scope++)
        hooks.state_bytes[scope] = mps_observers_state_bytes(observers, (MpsScope)scope);

    g_autoptr(MpsModel) model = mps_model_new(&hooks);
    MpsProgress progress = {.on = analysis->progress && isatty(STDERR_FILENO)};
    GError *reason = NULL;

    mps_interrupt_begin();
    read_all(trace, model, analysis, writer, &run, &progress, &reason);
    mps_interrupt_end();
    mps_progress_end(&progress);
    if (reason) {
        g_propagate_error(error, reason);
        return NULL;
    }
    write_meta(run.rows, analysis);
    write_captures(run.rows, trace, counts);
    mps_rules_write_catalogue(run.rows);

    sqlite3 *db = mps_writer_finish(writer, error);

    if (db)
        outcome->damaged = mps_damage_report(trace, "analyzed");
    return db;
}

sqlite3 *mps_pipeline_catalogue(GError **error)
{
    g_autoptr(MpsObservers) observers = mps_observers_new(mps_metrics);
    g_autoptr(GPtrArray) tables = all_tables(observers);
    g_autoptr(MpsWriter) writer =
        mps_writer_new(NULL, false, (const MpsTable *const *)tables->pdata, error);

    if (!writer)
        return NULL;
    mps_rules_write_catalogue(mps_writer_rows(writer));
    return mps_writer_finish(writer, error);
}

char *mps_pipeline_schema(bool as_json)
{
    g_autoptr(MpsObservers) observers = mps_observers_new(mps_metrics);
    g_autoptr(GPtrArray) tables = all_tables(observers);

    return as_json ? mps_schema_json((const MpsTable *const *)tables->pdata)
                   : mps_schema_sql((const MpsTable *const *)tables->pdata);
}
