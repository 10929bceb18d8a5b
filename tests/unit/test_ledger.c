/* test_ledger.c - the model's ledger against a reference that is as stupid as possible: one record
 * for every payload byte and for every data byte, and the definitions of the design read aloud.
 *
 * Each case is a random run over three subflows: data sent, skipped by the tap, shown late,
 * retransmitted, reinjected, remapped; mappings come with the payload, before it, long after it,
 * contradict each other, or never come. */
#include "bench.h"

enum { PATHS = 3, POSITIONS = 600, OFFSETS = 400, STEPS = 60 };

typedef struct {
    bool captured, skipped;
    int sent;    /* step at which the byte counts as sent; skipped ones too */
    int shown;   /* step of its capture */
    int64_t map; /* data offset, -1 none */
} Byte;

typedef struct {
    Byte bytes[PATHS][POSITIONS];
    uint32_t highest[PATHS]; /* end of the highest payload captured */
    uint32_t acked[PATHS];
    MpsLedger ledger[PATHS];
    uint64_t data_bytes;
    uint64_t reinjected[PATHS][PATHS]; /* from, to */
} Reference;

/* What a family of cases does. */
typedef struct {
    const char *name;
    guint n_cases;
    bool known_first; /* every mapping is announced before anything is sent */
    bool ties;        /* packets with equal time stamps */
    bool lies;        /* mappings that contradict each other */
    bool wrap;        /* 4-byte DSNs and TCP sequence numbers that wrap */
} Family;

static const Family families[] = {
    {"mappings known before data", .n_cases = 500, .known_first = true},
    {"mappings at any time", .n_cases = 1500},
    {"contradictory mappings", .n_cases = 1000, .lies = true},
    {"equal time stamps", .n_cases = 500, .ties = true, .lies = true},
    {"wrapping numbers", .n_cases = 500, .lies = true, .wrap = true},
};

/* ---- reference ---- */

static void reference_init(Reference *self)
{
    memset(self, 0, sizeof *self);
    for (int path = 0; path < PATHS; path++) {
        self->highest[path] = 1;
        for (int i = 0; i < POSITIONS; i++)
            self->bytes[path][i].map = -1;
    }
}

static void reference_map(Reference *self, int path, uint32_t ssn, uint32_t n, int64_t offset)
{
    for (uint32_t i = 0; i < n; i++) {
        Byte *byte = &self->bytes[path][ssn + i];

        if (byte->map < 0) /* the first announced wins */
            byte->map = offset + i;
    }
}

static void reference_send(Reference *self, int path, int step, uint32_t seq, uint32_t n)
{
    MpsLedger *ledger = &self->ledger[path];
    uint64_t again = 0, filled = 0;

    for (uint32_t at = self->highest[path]; at < seq; at++) {
        self->bytes[path][at].skipped = true;
        self->bytes[path][at].sent = 2 * step;
    }
    for (uint32_t at = seq; at < seq + n; at++) {
        Byte *byte = &self->bytes[path][at];

        again += byte->captured;
        filled += !byte->captured && at < self->highest[path];
        if (!byte->captured) {
            byte->shown = 2 * step + 1;
            if (!byte->skipped)
                byte->sent = byte->shown;
        }
        byte->captured = true;
    }
    ledger->payload_packets++;
    ledger->payload_bytes += n;
    ledger->unique_bytes += n - again;
    ledger->retransmitted_bytes += again;
    ledger->retransmitted_packets += again > 0;
    ledger->hole_filled_bytes += filled;
    ledger->hole_filled_packets += filled > 0;
    self->highest[path] = MAX(self->highest[path], seq + n);
}

/* All sendings of the data byte @offset. */
static void reference_data_byte(Reference *self, int64_t offset)
{
    const Byte *first = NULL;
    int first_path = -1;
    bool in_union = false;

    for (int path = 0; path < PATHS; path++) {
        for (uint32_t i = 1; i < self->highest[path]; i++) {
            const Byte *byte = &self->bytes[path][i];

            if (byte->map != offset || !(byte->captured || byte->skipped))
                continue;
            in_union |= byte->captured;
            if (!first || byte->sent < first->sent) {
                first = byte;
                first_path = path;
            }
        }
    }
    if (!in_union)
        return;
    self->data_bytes++;
    self->ledger[first_path].data_bytes++;
    self->ledger[first_path].orphaned_bytes += !first->captured;
    for (int path = 0; path < PATHS; path++) {
        bool reinjected = false;

        for (uint32_t i = 1; i < self->highest[path]; i++) {
            const Byte *byte = &self->bytes[path][i];

            if (byte->map != offset || !byte->captured || byte == first)
                continue;
            if (path == first_path || reinjected) {
                self->ledger[path].remapped_bytes++;
            } else {
                self->ledger[path].reinjected_bytes++;
                self->reinjected[first_path][path]++;
                reinjected = true;
            }
        }
    }
}

static void reference_finish(Reference *self)
{
    for (int path = 0; path < PATHS; path++) {
        for (uint32_t i = 1; i < POSITIONS; i++) {
            const Byte *byte = &self->bytes[path][i];

            self->ledger[path].unmapped_bytes += byte->captured && byte->map < 0;
            self->ledger[path].missing_bytes += !byte->captured && i < self->acked[path];
        }
    }
    for (int64_t offset = 0; offset < OFFSETS; offset++)
        reference_data_byte(self, offset);
}

/* ---- the run ---- */

typedef struct {
    const Family *family;
    GRand *rand;
    Bench *bench;
    Reference *reference;
    int step, n_steps;
    int64_t next_offset;
    uint32_t next[PATHS]; /* next new sequence number */
    struct {
        int path;
        uint32_t ssn;
        uint16_t bytes;
        int64_t offset;
    } late[STEPS]; /* mappings still to come */
    int n_late;
    GString *log; /* printed if the case fails */
} Run;

static uint32_t dice(Run *run, uint32_t below)
{
    return (uint32_t)g_rand_int_range(run->rand, 0, (gint32)below);
}

static void note(Run *run, const char *what, int path, uint32_t seq, uint32_t bytes, int64_t offset)
{
    g_string_append_printf(run->log, "# %2d %-8s path %d  %u + %u -> %d\n", run->step, what, path,
                           seq, bytes, (int)offset);
}

static void announce(Run *run, int path, uint32_t ssn, uint16_t bytes, int64_t offset)
{
    note(run, "map", path, ssn, bytes, offset);
    reference_map(run->reference, path, ssn, bytes, offset);
    bench_announce(run->bench, path, MPS_CLIENT, ssn, bytes, offset);
    run->step++;
}

static void announce_late(Run *run, int index)
{
    announce(run, run->late[index].path, run->late[index].ssn, run->late[index].bytes,
             run->late[index].offset);
    run->late[index] = run->late[--run->n_late];
}

/* A packet with payload; its mapping comes with it unless @offset is negative. */
static void transmit(Run *run, int path, uint32_t seq, uint16_t bytes, int64_t offset)
{
    note(run, "send", path, seq, bytes, offset);
    if (offset >= 0) {
        reference_map(run->reference, path, seq, bytes, offset);
        bench_send(run->bench, path, MPS_CLIENT, seq, bytes, offset);
    } else {
        bench_send_bare(run->bench, path, MPS_CLIENT, seq, bytes);
    }
    reference_send(run->reference, path, run->step, seq, bytes);
    run->step++;
}

/* New sequence numbers on a path: for new data, or for data that was sent before anywhere. */
static void send_new(Run *run)
{
    const int path = (int)dice(run, PATHS);
    const uint16_t bytes = (uint16_t)(1 + dice(run, 30));
    const bool again = run->next_offset > 0 && dice(run, 2);
    const int64_t offset = again ? dice(run, (uint32_t)run->next_offset) : run->next_offset;
    const uint32_t seq = run->next[path];

    if (seq + bytes >= POSITIONS || offset + bytes >= OFFSETS)
        return;
    run->next[path] += bytes;
    run->next_offset = MAX(run->next_offset, offset + bytes);
    if (run->family->known_first || dice(run, 8) == 0) {
        announce(run, path, seq, bytes, offset);
    } else if (dice(run, 3) == 0) { /* its mapping comes later, or never */
        if (run->n_late < STEPS) {
            run->late[run->n_late].path = path;
            run->late[run->n_late].ssn = seq;
            run->late[run->n_late].bytes = bytes;
            run->late[run->n_late++].offset = offset;
        }
        if (dice(run, 3))
            transmit(run, path, seq, bytes, -1);
        return;
    }
    if (dice(run, 4)) /* else the tap misses it */
        transmit(run, path, seq, bytes, run->family->known_first ? -1 : offset);
}

/* Something sent or skipped before, or a bit beyond, cut anywhere. */
static void send_old(Run *run)
{
    const int path = (int)dice(run, PATHS);
    const uint32_t seq = 1 + dice(run, run->next[path]), wish = 1 + dice(run, 40);
    const uint32_t bytes = MIN(wish, run->next[path] - seq);

    if (bytes > 0)
        transmit(run, path, seq, (uint16_t)bytes, -1);
}

static void lie(Run *run)
{
    const int path = (int)dice(run, PATHS);
    const uint32_t ssn = 1 + dice(run, run->next[path] + 10);
    const uint16_t bytes = (uint16_t)(1 + dice(run, 30));

    if (ssn + bytes < POSITIONS)
        announce(run, path, ssn, bytes, dice(run, OFFSETS - 30));
}

static void acknowledge(Run *run)
{
    for (int path = 0; path < PATHS; path++) {
        const uint32_t ack = 1 + dice(run, run->reference->highest[path]);

        run->reference->acked[path] = ack;
        bench_ack(run->bench, path, MPS_SERVER, 1, ack, 0);
    }
}

#define FIELDS(X)                                                                                  \
    X(payload_packets)                                                                             \
    X(payload_bytes)                                                                               \
    X(unique_bytes)                                                                                \
    X(retransmitted_packets)                                                                       \
    X(retransmitted_bytes)                                                                         \
    X(hole_filled_packets)                                                                         \
    X(hole_filled_bytes)                                                                           \
    X(data_bytes)                                                                                  \
    X(reinjected_bytes)                                                                            \
    X(remapped_bytes)                                                                              \
    X(orphaned_bytes)                                                                              \
    X(unmapped_bytes)                                                                              \
    X(missing_bytes)

/* Whether the ledger of @path is the reference's; says what differs. */
static bool same_ledger(const Run *run, int path, const MpsLedger *is)
{
    const MpsLedger *shall = &run->reference->ledger[path];
    bool same = true;

#define COMPARE(field)                                                                             \
    if (is->field != shall->field) {                                                               \
        g_test_message("path %d: " #field " is %d, shall be %d", path, (int)is->field,             \
                       (int)shall->field);                                                         \
        same = false;                                                                              \
    }
    FIELDS(COMPARE)
#undef COMPARE
    return same;
}

/* Events and ledger tell the same story.  Late mappings can change the first sender of a byte that
 * was reported already; then only the union of the data is comparable. */
static bool same_events(const Run *run, const BenchClosed *closed)
{
    const Bench *bench = run->bench;
    bool same = bench->union_bytes[MPS_C2S] == run->reference->data_bytes;

    for (int to = 0; to < PATHS && run->family->known_first; to++) {
        const MpsLedger *ledger = &run->reference->ledger[to];
        const uint64_t *class = bench->by_class[closed->subflows[to].id];

        for (int from = 0; from < PATHS; from++)
            same &= bench->reinjected[closed->subflows[from].id][closed->subflows[to].id] ==
                    run->reference->reinjected[from][to];
        same &= class[MPS_DATA_REINJECTED] == ledger->reinjected_bytes;
        same &= class[MPS_DATA_REMAPPED] == ledger->remapped_bytes;
        same &= class[MPS_DATA_NEW] + class[MPS_DATA_OVERTAKEN] ==
                ledger->data_bytes - ledger->orphaned_bytes;
    }
    if (!same)
        g_test_message("events and ledger differ");
    return same;
}

static bool run_case(const Family *family, guint32 seed)
{
    /* found by search: the low half of the IDSN is 248 below 2^32 */
    Bench *bench =
        family->wrap ? bench_new(0, UINT64_C(0x5eed0001001e1158), 0x22) : bench_new(1, 0x11, 0x22);
    g_autofree Reference *reference = g_new(Reference, 1);
    g_autoptr(GString) log = g_string_new(NULL);
    Run run = {.family = family,
               .rand = g_rand_new_with_seed(seed),
               .bench = bench,
               .reference = reference,
               .next = {1, 1, 1},
               .log = log};
    bool same = true;

    reference_init(reference);
    bench->dsn_is_64 = !family->wrap;
    for (int path = 0; family->wrap && path < PATHS; path++)
        bench->isn[path][MPS_CLIENT] = UINT32_MAX - dice(&run, 400);
    bench_open(bench);
    for (int path = 1; path < PATHS; path++)
        bench_join(bench, path, MPS_CLIENT);
    run.n_steps = 4 + (int)(seed * (STEPS - 4) / family->n_cases); /* short ones come first */
    while (run.step < run.n_steps) {
        bench->step_ns = family->ties && dice(&run, 2) ? 0 : 1000;
        if (run.n_late > 0 && dice(&run, 6) == 0)
            announce_late(&run, (int)dice(&run, (uint32_t)run.n_late));
        else if (family->lies && dice(&run, 8) == 0)
            lie(&run);
        else if (dice(&run, 3) == 0)
            send_old(&run);
        else
            send_new(&run);
        if (run.next[0] + run.next[1] + run.next[2] > 3 * POSITIONS - 120)
            break;
        run.step += run.step == 0; /* a run of refusals shall end, too */
        if (dice(&run, 100) == 0)
            break;
    }
    while (run.n_late > 0 && dice(&run, 4)) /* the rest never comes */
        announce_late(&run, (int)dice(&run, (uint32_t)run.n_late));
    acknowledge(&run);
    bench_finish(bench);
    reference_finish(reference);

    const BenchClosed *closed = bench_result(bench, 0);

    for (int path = 0; path < PATHS; path++)
        same &= same_ledger(&run, path, &closed->subflows[path].side[MPS_C2S].ledger);
    if (closed->connection.side[MPS_C2S].data_bytes != reference->data_bytes) {
        g_test_message("data_bytes is %d, shall be %d",
                       (int)closed->connection.side[MPS_C2S].data_bytes,
                       (int)reference->data_bytes);
        same = false;
    }
    same &= closed->n_subflows == PATHS && same_events(&run, closed);
    if (!same)
        g_test_message("seed %u:\n%s", seed, log->str);
    g_rand_free(run.rand);
    bench_free(bench);
    return same;
}

static void test_family(gconstpointer user)
{
    const Family *family = user;
    guint n_wrong = 0;

    for (guint32 seed = 1; seed <= family->n_cases && n_wrong < 3; seed++)
        n_wrong += !run_case(family, seed);
    g_assert_cmpuint(n_wrong, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        g_autofree char *path = g_strconcat("/ledger/", families[i].name, NULL);

        g_test_add_data_func(path, &families[i], test_family);
    }
    return g_test_run();
}
