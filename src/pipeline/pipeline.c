/* pipeline.c - capture, decode, model, metrics, store: one pass, front to back. */
#include "pipeline/pipeline.h"

#include "capture/trace.h"
#include "decode/decode.h"
#include "metrics/metrics.h"
#include "model/image.h"
#include "model/model.h"
#include "pipeline/checkpoint.h"
#include "pipeline/damage.h"
#include "pipeline/intake.h"
#include "pipeline/interrupt.h"
#include "pipeline/memory.h"
#include "pipeline/notes.h"
#include "pipeline/observers.h"
#include "pipeline/progress.h"
#include "pipeline/rotation.h"
#include "rules/rules.h"
#include "store/database.h"
#include "store/row_queue.h"
#include "store/writer.h"
#include "util/format.h"
#include "util/version.h"

/* Packets between two looks at the store and the progress bar. */
enum { STRIDE = 4096 };

static const MpsColumn meta_columns[] = {
    {"key", MPS_TEXT,
     "program, schema_version, command_line, rules, dss_checksums, verify_checksums, filter, "
     "name_option.<n>, definition.<metric>"},
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
    FILTERED,
    UNFOLLOWED,
    EVICTED,
    DROPPED,
    GAP,
    STATUS,
    PROBLEM,
    N_CAPTURE,
};

static const MpsColumn capture_columns[] = {
    [CAPTURE_ID] = {"capture_id", MPS_INT,
                    "1, 2, ... as on the command line; of a directory or archive by time"},
    [PATH] = {"path", MPS_TEXT,
              "as given, or found below it (ARCHIVE/MEMBER, too); - is standard input"},
    [FORMAT] = {"format", MPS_TEXT, "pcap or pcapng"},
    [LINK_TYPE] = {"link_type", MPS_TEXT, "libpcap's name, of the first interface"},
    [PACKETS] = {"packets", MPS_INT, "packets read"},
    [TCP_PACKETS] = {"tcp_packets", MPS_INT,
                     "of them TCP, duplicates included; later IP fragments and bad checksums not"},
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
    [FILTERED] =
        {"filtered_packets", MPS_INT,
         "did not pass --filter, or came before --since or after --until: otherwise ignored"},
    [GAP] = {"gap_ns", MPS_INT,
             "from the last packet of the file before in its rotated set; negative: they overlap"},
    [STATUS] = {"status", MPS_TEXT,
                "ok, cut (ends in mid-packet, breaks off, or was interrupted) or unreadable"},
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
    uint64_t tcp, mptcp, truncated, malformed, duplicate, late, plain, filtered;
    uint64_t unfollowed, evicted;
    MpsDamages damages;
} Counts;

typedef struct {
    const MpsAnalysis *analysis;
    MpsTrace *trace;
    MpsWriter *writer;
    MpsObservers *observers;
    MpsRules *rules; /* NULL: the rules are off */
    MpsModel *model;
    MpsRowQueue *queue; /* of the rows; NULL: they are stored at once */
    MpsRowSink *rows;
    Counts *counts, *here; /* of all files, and of the one being read */
    uint64_t n_packets;    /* taken so far */
    const char *what;      /* mps_checkpoint_run(); NULL: no checkpoints are made */
    int64_t number;        /* of the last checkpoint */
    uint64_t n_known;      /* packets that the checkpoint taken up is behind; 0: there was none */
} Run;

static void *states(void *user, MpsScope scope)
{
    const Run *run = user;

    return mps_observers_states(run->observers, scope);
}

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

/* meta, capture, the scope tables, the metrics' own and those of the rules, and while it is
 * unfinished that of checkpoints; NULL-terminated. */
static GPtrArray *all_tables(const MpsObservers *observers, bool checkpoints)
{
    GPtrArray *tables = g_ptr_array_new();

    g_ptr_array_add(tables, (gpointer)(uintptr_t)&meta_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&capture_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&mps_damages_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&mps_interface_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&mps_host_name_table);
    g_ptr_array_add(tables, (gpointer)(uintptr_t)&mps_file_note_table);
    for (const MpsTable *const *table = mps_observers_tables(observers); *table; table++)
        g_ptr_array_add(tables, (gpointer)(uintptr_t)*table);
    for (const MpsTable *const *table = mps_rules_tables; *table; table++)
        g_ptr_array_add(tables, (gpointer)(uintptr_t)*table);
    if (checkpoints)
        g_ptr_array_add(tables, (gpointer)(uintptr_t)&mps_checkpoint_table);
    g_ptr_array_add(tables, NULL);
    return tables;
}

static void add_meta(MpsRowSink *rows, const char *key, const char *value)
{
    rows->add(rows, &meta_table, (MpsValue[]){mps_text(key), mps_text(value)});
}

static void write_meta(MpsRowSink *rows, const MpsAnalysis *analysis, MpsMetricSet selected)
{
    g_autofree char *left_out = mps_metrics_left_out(selected);
    g_autofree char *version = g_strdup_printf("%d", MPS_SCHEMA_VERSION);

    add_meta(rows, "program", "mptcpscope " MPS_VERSION);
    add_meta(rows, "schema_version", version);
    add_meta(rows, "command_line", analysis->command_line);
    if (left_out)
        add_meta(rows, "metrics_left_out", left_out);
    add_meta(rows, "rules", analysis->no_rules ? "off" : "on");
    add_meta(rows, "dss_checksums", analysis->dss_checksums ? "on" : "off");
    add_meta(rows, "verify_checksums", analysis->verify_checksums ? "on" : "off");
    if (analysis->filter)
        add_meta(rows, "filter", analysis->filter);
    for (unsigned i = 0; i < mps_option_names_count(analysis->option_names); i++) {
        g_autofree char *key = g_strdup_printf("name_option.%u", i + 1);

        add_meta(rows, key, mps_option_names_spec(analysis->option_names, i));
    }
    for (const MpsMetric *const *metric = mps_metrics; *metric; metric++) {
        g_autofree char *key = g_strconcat("definition.", (*metric)->name, NULL);

        add_meta(rows, key, (*metric)->help);
    }
}

static void write_captures(MpsRowSink *rows, const MpsTrace *trace, const Counts *counts,
                           const int64_t *gaps_ns)
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
        values[FILTERED] = mps_count(counts[i].filtered);
        values[GAP] = mps_int_if(gaps_ns[i] != INT64_MIN, gaps_ns[i]);
        values[UNFOLLOWED] = mps_count(counts[i].unfollowed);
        values[EVICTED] = mps_count(counts[i].evicted);
        values[DROPPED] = mps_int_if(file.dropped >= 0, file.dropped);
        values[STATUS] = mps_text(statuses[file.status]);
        values[PROBLEM] = mps_text(file.error);
        rows->add(rows, &capture_table, values);
        mps_damages_write(&counts[i].damages, (int64_t)i + 1, rows);
    }
}

/* Nothing was captured for a while before @packet. */
static void note_hole(const Run *run, const MpsPacket *packet)
{
    if (run->rules) /* before the model closes what it ends */
        mps_rules_hole(run->rules, packet->ts_ns - packet->hole_ns);
    mps_model_hole(run->model, packet->ts_ns, packet->hole_ns);
}

static void take_segment(MpsModel *model, const MpsSegment *segment, Counts *counts)
{
    const MpsSeen seen = mps_model_segment(model, segment);
    uint64_t kinds = 0;

    counts->unfollowed += seen == MPS_SEEN_CROWDED;
    counts->plain += seen == MPS_SEEN_PLAIN_SYN;
    if (seen == MPS_SEEN_DUPLICATE) {
        counts->duplicate++;
        kinds = MPS_DAMAGED(DUPLICATE);
    } else if (seen == MPS_SEEN_LATE) {
        counts->late++;
        kinds = MPS_DAMAGED(LATE);
    } else if (seen == MPS_SEEN_TRACKED && mps_model_missed(model)) {
        kinds = MPS_DAMAGED(MISSING);
    }
    if (G_UNLIKELY(kinds))
        mps_damages_add(&counts->damages, kinds, segment->packet);
}

static void take_packet(MpsModel *model, const MpsTaken *taken, Counts *counts)
{
    const MpsSegment *segment = &taken->segment;
    MpsIcmpError icmp;

    mps_damages_order(&counts->damages, &taken->packet);
    if (G_UNLIKELY(segment->damage))
        mps_damages_add(&counts->damages, segment->damage, taken->packet.number);
    if (segment->damage & MPS_DAMAGED_CHECKSUM)
        return;
    switch (taken->decoded) {
    case MPS_DECODED_TCP:
        counts->tcp++;
        counts->mptcp += segment->n_mptcp > 0;
        counts->truncated += segment->options_cut;
        counts->malformed += segment->options_malformed;
        take_segment(model, segment, counts);
        break;
    case MPS_DECODED_FRAGMENT:
        if (taken->follows)
            take_segment(model, segment, counts);
        else
            mps_damages_add(&counts->damages, MPS_DAMAGED(FRAGMENT_LOST), taken->packet.number);
        break;
    case MPS_DECODED_TRUNCATED:
        counts->truncated++;
        break;
    case MPS_DECODED_MALFORMED:
        counts->malformed++;
        break;
    case MPS_DECODED_ICMP:
        if (mps_decode_icmp_error(&taken->packet, &icmp))
            mps_model_icmp(model, &icmp);
        break;
    case MPS_DECODED_OTHER:
    case MPS_DECODED_LINK:
        break;
    }
}

static void enter_observed(void *user, MpsConnection *connection, MpsImage *image)
{
    const Run *run = user;

    if (run->rules)
        mps_rules_enter(run->rules, connection, image);
}

static void image_observed(void *user, MpsConnection *connection, MpsImage *image)
{
    const Run *run = user;

    mps_observers_image(run->observers, connection, image);
    if (run->rules)
        mps_rules_image_connection(run->rules, connection, image);
}

/* All that is known between two packets. */
static void image_run(Run *run, MpsIntake *intake, MpsImage *image)
{
    const MpsOptionNames *names = run->analysis->option_names;
    const MpsModelImage also = {enter_observed, image_observed, run};

    for (unsigned i = 0; i < mps_option_names_count(names); i++)
        mps_image_enter(image, (void *)(uintptr_t)mps_option_names_get(names, i));
    mps_image_bytes(image, run->counts, mps_trace_n_files(run->trace) * sizeof *run->counts);
    mps_intake_image(intake, image);
    mps_model_image(run->model, &also, image);
    if (run->rules)
        mps_rules_image_run(run->rules, image);
}

/* Keeps what another run can go on from. */
static bool make_checkpoint(Run *run, MpsIntake *intake, GError **error)
{
    const int64_t number = run->number + 1;
    g_autofree char *path = mps_checkpoint_state(run->analysis->output, number);
    g_autoptr(MpsImage) image = mps_image_write(path, error);
    g_autofree char *digest = NULL;

    if (!image)
        return false;
    image_run(run, intake, image);
    digest = mps_image_end(image, error);
    if (!digest)
        return false;
    mps_checkpoint_row(run->rows, &(MpsCheckpoint){.run = (char *)(uintptr_t)run->what,
                                                   .n_packets = run->n_packets,
                                                   .digest = digest,
                                                   .number = number});
    if (run->queue) /* there may be no more rows for long */
        mps_row_queue_hand_over(run->queue);
    run->number = number;
    return true;
}

/* Makes what is known what it was when @state was kept. */
static bool take_up(Run *run, MpsImage *state, MpsIntake *intake, GError **error)
{
    g_autofree char *digest = NULL;

    image_run(run, intake, state);
    digest = mps_image_end(state, error);
    if (!digest)
        return false;
    run->n_packets = mps_intake_n_passed_over(intake);
    if (run->analysis->progress)
        g_printerr("mptcpscope: goes on with %s.part behind packet %" G_GUINT64_FORMAT
                   "; %" G_GUINT64_FORMAT " before it are read again, not analyzed\n",
                   run->analysis->output, run->n_known, run->n_known - run->n_packets);
    return true;
}

/* Says that a signal ended the run, and what there is of it. */
static bool say_interrupted(const Run *run, GError **error)
{
    if (!run->what)
        return mps_throw(error, MPS_ERROR_INTERRUPTED, "interrupted; nothing was written");
    return mps_throw(error, MPS_ERROR_INTERRUPTED,
                     "interrupted; the same command goes on behind packet %" G_GUINT64_FORMAT,
                     MAX(run->n_packets, run->n_known));
}

/* Stops the run if it has to end before the captures do. */
static bool may_go_on(const Run *run, bool paused, GError **error)
{
    if (paused || mps_interrupted(mps_trace_is_live(run->trace)))
        return say_interrupted(run, error);
    return !run->analysis->strict || mps_damage_check(run->trace, error);
}

/* What is due now and then.  *next_us: when the next checkpoint is. */
static bool look_around(Run *run, MpsIntake *intake, MpsProgress *progress, int64_t *next_us,
                        GError **error)
{
    uint64_t bytes_read, bytes_total;

    mps_intake_progress(intake, &bytes_read, &bytes_total);
    mps_progress_show(progress, run->n_packets, bytes_read, bytes_total);
    if (mps_interrupted(mps_trace_is_live(run->trace)) || !mps_writer_check(run->writer, error))
        return false;
    if (!run->what || run->n_packets <= run->n_known || g_get_monotonic_time() < *next_us)
        return true;
    if (!make_checkpoint(run, intake, error))
        return false;
    *next_us = g_get_monotonic_time() + run->analysis->checkpoints.every_us;
    return true;
}

static void drop_row(MpsRowSink *rows G_GNUC_UNUSED, const MpsTable *table G_GNUC_UNUSED,
                     const MpsValue *values G_GNUC_UNUSED)
{
}

/* Takes the packets; those that are known already only tell how far it is.  *paused: it shall end
 * before the captures do. */
static bool take_all(Run *run, MpsIntake *intake, MpsProgress *progress, bool *paused,
                     GError **error)
{
    const MpsCheckpoints *wish = &run->analysis->checkpoints;
    const uint64_t last = wish->n_packets ? run->n_known + wish->n_packets : UINT64_MAX;
    int64_t next_us = g_get_monotonic_time() + wish->every_us;
    MpsMemory memory = mps_memory_begin(&run->analysis->limits);
    MpsRowSink nowhere = {drop_row};
    const MpsTaken *taken;
    bool good = true;

    while (good && run->n_packets < last && (taken = mps_intake_next(intake, error))) {
        if (++run->n_packets > run->n_known) {
            Counts *of_file = &run->counts[taken->packet.capture_id - 1];

            run->here = of_file;
            mps_memory_keep(&memory, run->n_packets, run->model);
            if (G_UNLIKELY(taken->packet.hole_ns))
                note_hole(run, &taken->packet);
            if (taken->passed)
                take_packet(run->model, taken, of_file);
            of_file->filtered += !taken->passed;
        }
        if (run->n_packets % STRIDE == 0)
            good = look_around(run, intake, progress, &next_us, error);
    }
    *paused = run->n_packets == last;
    if (run->what && !*error && (*paused || mps_interrupted(false))) {
        if (run->n_packets > run->n_known)
            make_checkpoint(run, intake, error);
        run->rows = &nowhere;
    }
    mps_model_finish(run->model); /* also releases what the observers own */
    return !*error;
}

static unsigned n_threads(const MpsAnalysis *analysis)
{
    if (analysis->limits.n_threads > 0)
        return analysis->limits.n_threads;
    return g_get_num_processors() > 1 ? 2 : 1;
}

static bool read_all(Run *run, MpsImage **from, GError **error)
{
    const MpsAnalysis *analysis = run->analysis;
    const MpsIntakeOptions options = {
        .filter = analysis->filter,
        .names = analysis->option_names,
        .verify = analysis->verify_checksums,
        .strict = analysis->strict,
        .ahead = n_threads(analysis) > 2,
        .span = analysis->limits.span,
        .n_known = run->n_known,
    };
    MpsProgress progress = mps_progress_begin(analysis->progress, &analysis->limits);
    MpsIntake *intake = mps_intake_new(run->trace, &options, error);
    bool paused = false;
    bool done = intake && (!*from || take_up(run, *from, intake, error));

    g_clear_pointer(from, mps_image_free);
    done = done && take_all(run, intake, &progress, &paused, error);
    mps_intake_free(intake);
    mps_progress_end(&progress);
    return done && may_go_on(run, paused, error);
}

/* What is written when the last packet was read. */
static void write_ending(MpsRowSink *rows, const MpsAnalysis *analysis, MpsMetricSet selected,
                         const MpsTrace *trace, const Counts *counts)
{
    g_autofree int64_t *gaps_ns = g_new(int64_t, mps_trace_n_files(trace));

    mps_rotation_find(trace, gaps_ns);
    if (analysis->progress)
        mps_rotation_report(trace, gaps_ns);
    if (analysis->progress && mps_trace_n_left_out(trace) > 0)
        g_printerr("mptcpscope: %s left out: no captures\n",
                   mps_format_count((int64_t)mps_trace_n_left_out(trace), "file").text);
    write_meta(rows, analysis, selected);
    write_captures(rows, trace, counts, gaps_ns);
    mps_notes_write(trace, rows);
    mps_rules_write_catalogue(rows);
}

/* The captures, and where the results go.  A run with checkpoints has to know the former to find
 * the latter; another one has to know that it can write before the first byte is read, which may be
 * hours before the last one is. */
static bool open_ends(const MpsAnalysis *analysis, const MpsTable *const *tables, MpsTrace **trace,
                      char **what, MpsCheckpoint **from, MpsImage **state, MpsWriter **writer,
                      GError **error)
{
    if (!analysis->checkpoints.wanted)
        return (*writer = mps_writer_new(analysis->output, analysis->force, tables, error)) &&
               (*trace = mps_trace_open(analysis->paths, mps_interrupt_fd(), error));
    return (*trace = mps_trace_open(analysis->paths, mps_interrupt_fd(), error)) &&
           (*what = mps_checkpoint_run(analysis, *trace, error)) &&
           mps_checkpoint_choose(analysis, *what, from, state, error) &&
           (*writer = mps_writer_resume(analysis->output, analysis->force, tables, *from, error));
}

/* *live says whether a pipe is read. */
static sqlite3 *analyze(const MpsAnalysis *analysis, MpsOutcome *outcome, bool *live,
                        GError **error)
{
    MpsMetricSet selected;

    if (!mps_metrics_select(analysis->metrics, &selected, error))
        return NULL;

    g_autoptr(MpsObservers) observers = mps_observers_new(selected);
    g_autoptr(GPtrArray) tables = all_tables(observers, analysis->checkpoints.wanted);
    const MpsTable *const *described = (const MpsTable *const *)tables->pdata;
    g_autoptr(MpsWriter) writer = NULL;
    g_autoptr(MpsTrace) trace = NULL;
    g_autofree char *what = NULL;
    g_autoptr(MpsCheckpoint) from = NULL;
    g_autoptr(MpsImage) state = NULL;

    if (!open_ends(analysis, described, &trace, &what, &from, &state, &writer, error))
        return NULL;
    *live = mps_trace_is_live(trace);

    g_autoptr(MpsRowQueue) queue =
        n_threads(analysis) < 2 ? NULL : mps_row_queue_new(mps_writer_rows(writer), described);
    const MpsRuleOptions rule_options = {analysis->dss_checksums, analysis->vantage};
    g_autoptr(MpsRules) rules = analysis->no_rules ? NULL : mps_rules_new(&rule_options);
    g_autofree Counts *counts = g_new0(Counts, mps_trace_n_files(trace));
    Run run = {.analysis = analysis,
               .trace = trace,
               .writer = writer,
               .observers = observers,
               .rules = rules,
               .queue = queue,
               .rows = queue ? mps_row_queue_rows(queue) : mps_writer_rows(writer),
               .counts = counts,
               .here = counts,
               .what = what,
               .number = from ? from->number : 0,
               .n_known = from ? from->n_packets : 0};
    const MpsModelHooks hooks = {.wants = mps_observers_wants(observers) |
                                          (rules ? mps_rules_wants() : 0),
                                 .tcp = analysis->tcp,
                                 .timeouts = analysis->limits.timeouts,
                                 .states = states,
                                 .emit = emit,
                                 .closed = closed,
                                 .user = &run};

    g_autoptr(MpsModel) model = mps_model_new(&hooks);

    run.model = model;
    if (!read_all(&run, &state, error)) {
        g_clear_pointer(&queue, mps_row_queue_free);
        if (error && g_error_matches(*error, MPS_ERROR, MPS_ERROR_INTERRUPTED) &&
            !mps_writer_check(writer, NULL)) { /* the last checkpoint was not stored */
            g_clear_error(error);
            mps_writer_check(writer, error);
        }
        return NULL;
    }
    write_ending(run.rows, analysis, selected, trace, counts);
    g_clear_pointer(&queue, mps_row_queue_free); /* all are stored */

    /* With checkpoints a signal comes too late: there is none at the end. */
    const bool go_on = what || may_go_on(&run, false, error);
    sqlite3 *db = go_on ? mps_writer_finish(writer, error) : NULL;

    if (db)
        outcome->damaged = mps_damage_report(trace, "analyzed");
    return db;
}

sqlite3 *mps_pipeline_analyze(const MpsAnalysis *analysis, MpsOutcome *outcome, GError **error)
{
    GError *reason = NULL;
    bool live = false;
    sqlite3 *db;

    mps_interrupt_begin();
    db = analyze(analysis, outcome, &live, &reason);
    outcome->interrupted = mps_interrupted(false);
    mps_interrupt_end(db, live);
    if (reason && outcome->interrupted && !analysis->checkpoints.wanted) {
        g_clear_error(&reason); /* a pipe that gave nothing, too */
        mps_throw(&reason, MPS_ERROR_INTERRUPTED, "interrupted; nothing was written");
    }
    if (reason)
        g_propagate_error(error, reason);
    return db;
}

sqlite3 *mps_pipeline_catalogue(GError **error)
{
    g_autoptr(MpsObservers) observers = mps_observers_new(MPS_ALL_METRICS);
    g_autoptr(GPtrArray) tables = all_tables(observers, false);
    g_autoptr(MpsWriter) writer =
        mps_writer_new(NULL, false, (const MpsTable *const *)tables->pdata, error);

    if (!writer)
        return NULL;
    mps_rules_write_catalogue(mps_writer_rows(writer));
    return mps_writer_finish(writer, error);
}

char *mps_pipeline_schema(bool as_json)
{
    g_autoptr(MpsObservers) observers = mps_observers_new(MPS_ALL_METRICS);
    g_autoptr(GPtrArray) tables = all_tables(observers, false);

    return as_json ? mps_schema_json((const MpsTable *const *)tables->pdata)
                   : mps_schema_sql((const MpsTable *const *)tables->pdata);
}
