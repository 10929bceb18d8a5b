/* mpc_keys.c - MPC-11 to MPC-14: the checksum flag and the keys.  Sets what later families rely on:
 * the result of the checksum negotiation, and whether the keys can be trusted. */
#include "rules/mpc.h"

#include "util/seed.h"

#include <string.h>

#include "util/mix.h"

/* A key of a connection that is in the model's memory; those with one token are chained. */
/* Open connections with the same token that a new one is compared with. */
enum { OTHERS_ASKED = 16 };

struct _LiveKey {
    LiveKey *next, *previous; /* with the same token, the youngest first */
    const Check *check;
    uint64_t key;
    uint32_t token;
    MpsSide side;
};

static Said say(const Packet *packet, const MpsMptcpOption *capable)
{
    return (Said){
        .place = packet_place(packet),
        .key = capable->capable.sender_key,
        .isn = packet->wire->seq,
        .n_syns = mpc_flow(packet->flow)->n_syns,
        .version = capable->capable.version,
        .flags = capable->capable.flags,
        .answered = packet->wire->tcp_options & MPS_TCPOPT_TIMESTAMP ? packet->wire->tsecr : 0,
        .has_key = capable->capable.has_sender_key,
    };
}

/* ---- MPC-11: flag A ---- */

static void set_checksum(Check *check, bool checksum)
{
    check->has_checksum = true;
    check->checksum = checksum;
}

static void forget_checksum(Check *check)
{
    check->has_checksum = false;
    mpc_check(check)->contradicted = true;
}

void mpc_infer_checksum(const Packet *packet)
{
    Check *check = packet->check;
    MpcCheck *state = mpc_check(check);
    const MpsMptcpOption *dss;

    if ((check->has_checksum && !state->inferred) || state->contradicted)
        return;
    dss = packet->dss;
    if (!dss || !dss->dss.has_map || dss->dss.data_bytes == 0)
        return;
    if (!check->has_checksum) {
        set_checksum(check, dss->dss.has_checksum);
        state->inferred = true;
    } else if (check->checksum != dss->dss.has_checksum) {
        forget_checksum(check);
    }
}

/* Either side's wish is enough. */
static void answer_checksum(const Packet *packet, const MpsMptcpOption *capable)
{
    Check *check = packet->check;
    const MpcFlow *flow = mpc_flow(packet->flow);
    const bool wanted = (capable->capable.flags | flow->syn.flags) & CAPABLE_A;

    if (check->has_checksum || mpc_check(check)->contradicted)
        return;
    if (wanted || flow->syn.place.packet)
        set_checksum(check, wanted);
}

static void break_checksum(const Packet *packet, const MpsMptcpOption *capable)
{
    const MpcFlow *flow = mpc_flow(packet->flow);

    rule_fault(packet, (Fault){.rule = RULE_MPC_11,
                               .field = "flag A of the third packet",
                               .expected = text("%d: SYN %d, SYN/ACK %d", packet->check->checksum,
                                                (flow->syn.flags & CAPABLE_A) != 0,
                                                (flow->synack[0].flags & CAPABLE_A) != 0),
                               .seen = text("%d", (capable->capable.flags & CAPABLE_A) != 0),
                               .earlier = flow->synack[0].place});
    forget_checksum(packet->check);
}

/* The initiator says what was agreed: by flag A, with a mapping by the checksum itself. */
static void confirm_checksum(const Packet *packet, const MpsMptcpOption *capable)
{
    Check *check = packet->check;
    MpcCheck *state = mpc_check(check);
    const MpcFlow *flow = mpc_flow(packet->flow);
    const bool flag = capable->capable.flags & CAPABLE_A;
    const bool field = capable->capable.has_checksum, mapping = capable->capable.has_data_length;

    if (state->contradicted)
        return;
    if (!flow->syn.place.packet || flow->n_synacks == 0)
        rule_unchecked(check, RULE_MPC_11, EV_HS);
    else if (mapping && field && !flag)
        rule_fault(packet, (Fault){.rule = RULE_MPC_11,
                                   .verdict = WARNING,
                                   .field = "flag A beside a checksum",
                                   .expected = text("1"),
                                   .seen = text("0")});
    else if (check->has_checksum && flag != check->checksum &&
             (!mapping || field == check->checksum))
        break_checksum(packet, capable);
    else if (!mapping)
        rule_pass(check, RULE_MPC_11);
    if (!state->contradicted && (!check->has_checksum || state->inferred)) {
        set_checksum(check, mapping ? field : flag);
        state->inferred = false;
    }
}

/* ---- MPC-13: nothing changes ---- */

/* Whether @now repeats @before.  Of the flags A and C count: the others are wrong by themselves
 * where they change, and A of the initiator's later packets is MPC-11's. */
static bool repeats(const Said *now, const Said *before, uint8_t flags)
{
    return now->has_key == before->has_key && (!now->has_key || now->key == before->key) &&
           ((now->flags ^ before->flags) & flags) == 0;
}

static void break_repetition(const Packet *packet, const Said *now, const Said *before,
                             Verdict verdict)
{
    const bool key = now->has_key && before->has_key && now->key != before->key;

    rule_fault(packet, (Fault){.rule = RULE_MPC_13,
                               .verdict = verdict,
                               .field = key ? "own key" : "flags of MP_CAPABLE",
                               .expected = key ? text("0x%016" G_GINT64_MODIFIER "x", before->key)
                                               : text("0x%02x", before->flags),
                               .seen = key ? text("0x%016" G_GINT64_MODIFIER "x", now->key)
                                           : text("0x%02x", now->flags),
                               .earlier = before->place});
    if (!key && ((now->flags ^ before->flags) & CAPABLE_A))
        forget_checksum(packet->check);
}

static void take_syn(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const Said now = say(packet, capable);

    if (!flow->syn.place.packet)
        flow->syn = now;
    else if (now.version != flow->syn.version)
        return; /* another offer */
    else if (rule_broken(packet, RULE_MPC_13, !repeats(&now, &flow->syn, CAPABLE_A | CAPABLE_C)))
        break_repetition(packet, &now, &flow->syn, VIOLATION);
}

static void note_synack(MpcFlow *flow, const Said *now)
{
    if (flow->n_synacks < SYNACKS_KEPT)
        flow->synack[flow->n_synacks++] = *now;
}

static void take_synack(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const Said now = say(packet, capable);
    const Said *before = NULL;

    bool same, same_syn;

    answer_checksum(packet, capable);
    for (unsigned i = 0; i < flow->n_synacks; i++)
        if (flow->synack[i].isn == now.isn)
            before = &flow->synack[i];
    same = before && repeats(&now, before, CAPABLE_A | CAPABLE_C);
    if (!same)
        note_synack(flow, &now);
    /* A listener that keeps no state (SYN cookies) may draw another key for another SYN. */
    same_syn = before && before->n_syns == now.n_syns && before->answered == now.answered;
    if (before && rule_broken(packet, RULE_MPC_13, !same))
        break_repetition(packet, &now, before, same_syn ? VIOLATION : WARNING);
}

/* ---- MPC-12: the initiator repeats the listener's key ---- */

/* The SYN/ACK that @packet acknowledges, preferably one with @key; NULL if it was not captured. */
static const Said *acknowledged(const Packet *packet, uint64_t key)
{
    const MpcFlow *flow = mpc_flow(packet->flow);
    const Said *found = NULL;

    for (unsigned i = 0; i < flow->n_synacks; i++) {
        const Said *each = &flow->synack[i];
        const uint32_t bytes = packet->wire->ack - each->isn - 1;

        if (bytes < 1u << 24 && (!found || each->key == key))
            found = each;
    }
    return found;
}

static void check_echo(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const uint64_t key = capable->capable.receiver_key;
    const Said *synack = acknowledged(packet, key);

    if (!synack || !synack->has_key) {
        rule_unchecked(packet->check, RULE_MPC_12, EV_HS);
        return;
    }
    if (!rule_broken(packet, RULE_MPC_12, synack->key != key))
        return;
    flow->contradicted = true;
    rule_fault(packet, (Fault){.rule = RULE_MPC_12,
                               .field = "receiver's key",
                               .expected = text("0x%016" G_GINT64_MODIFIER "x", synack->key),
                               .seen = text("0x%016" G_GINT64_MODIFIER "x", key),
                               .earlier = synack->place});
}

static void take_ack(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const Said now = say(packet, capable);
    const Said *first = &flow->ack;

    if (!first->place.packet && flow->syn.has_key && packet->check->connection->version == 0)
        first = &flow->syn;
    confirm_checksum(packet, capable);
    check_echo(packet, capable);
    if (first->place.packet &&
        rule_broken(packet, RULE_MPC_13,
                    !repeats(&now, first, first == &flow->ack ? CAPABLE_C : 0)))
        break_repetition(packet, &now, first, VIOLATION);
    if (!flow->ack.place.packet)
        flow->ack = now;
}

/* The keys of MpsConnection are the first ones seen: any other contradicts them, but of SYN/ACKs
 * with different keys the initiator says which one counts. */
static void weigh_keys(const Packet *packet, const MpsMptcpOption *capable)
{
    const MpsConnectionSide *side = packet->check->connection->side;
    MpcFlow *flow = mpc_flow(packet->flow);
    const bool own =
        !capable->capable.has_sender_key || capable->capable.sender_key == side[packet->sender].key;
    const bool peer = !capable->capable.has_receiver_key ||
                      capable->capable.receiver_key == side[other(packet->sender)].key;

    if (packet->synack)
        flow->varied |= !own;
    else if (!own || !peer)
        flow->contradicted = true;
    else if (capable->capable.has_receiver_key)
        flow->confirmed = true;
    packet->check->keys_doubtful = flow->contradicted || (flow->varied && !flow->confirmed);
}

/* ---- MPC-14: keys of different connections ---- */

bool mpc_same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static const MpsAddress *host_address(const Check *check, MpsSide side)
{
    return &check->connection->end[side].address;
}

static bool is_open(const Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && (flow_is_open(flow, MPS_CLIENT) || flow_is_open(flow, MPS_SERVER)))
            return true;
    }
    return false;
}

/* One connection that was captured at two places, or twice, has both keys in common. */
static bool same_connection(const Check *a, const Check *b)
{
    const MpsConnectionSide *x = a->connection->side, *y = b->connection->side;

    return x[MPS_CLIENT].key == y[MPS_CLIENT].key && x[MPS_SERVER].key == y[MPS_SERVER].key;
}

static Verdict judge_pair(const LiveKey *ours, const LiveKey *theirs)
{
    const bool same_host = mpc_same_address(host_address(ours->check, ours->side),
                                            host_address(theirs->check, theirs->side));

    if (theirs->check == ours->check || same_connection(ours->check, theirs->check) ||
        !is_open(theirs->check))
        return 0;
    if (ours->key == theirs->key)
        return same_host ? VIOLATION : WARNING;
    return same_host ? WARNING : 0;
}

static void fault_key(const Packet *packet, MpsSide side, Verdict verdict, const char *field,
                      const char *expected)
{
    rule_fault(packet, (Fault){.rule = RULE_MPC_14,
                               .verdict = verdict,
                               .host = side,
                               .has_host = true,
                               .field = field,
                               .expected = text("%s", expected),
                               .seen = text("0x%016" G_GINT64_MODIFIER "x",
                                            packet->check->connection->side[side].key)});
}

/* Compares @ours with the keys of other open connections; whether nothing was wrong. */
static bool check_unique(const Packet *packet, const LiveKey *ours, const LiveKey *theirs)
{
    for (int i = 0; theirs && i < OTHERS_ASKED; theirs = theirs->next, i++) {
        const Verdict verdict = judge_pair(ours, theirs);

        if (!verdict)
            continue;
        if (ours->key == theirs->key)
            fault_key(packet, ours->side, verdict, "key", "one that no open connection uses");
        else
            fault_key(packet, ours->side, verdict, "key, its token",
                      "a token that no open connection of the host has");
        return false;
    }
    return true;
}

/* Whether the host's keys are counted up. */
static bool is_counted(HostKeys *host, const MpsAddress *address, uint64_t key)
{
    uint64_t step;
    bool counted;

    if (host->n_keys == 0 || !mpc_same_address(&host->address, address))
        *host = (HostKeys){.address = *address};
    step = key - host->key;
    counted = host->n_keys >= 2 && step == host->step && step != 0;
    host->step = host->n_keys > 0 ? step : 0;
    host->key = key;
    host->n_keys = MIN(host->n_keys + 1, 2);
    return counted;
}

static bool check_hard_to_guess(const Packet *packet, MpcRun *run, MpsSide side)
{
    const Check *check = packet->check;
    const uint64_t key = check->connection->side[side].key;
    const MpsAddress *address = host_address(check, side);
    HostKeys *host =
        &run->host[mps_mix_bytes(0, address->bytes, sizeof address->bytes) % HOSTS_KEPT];
    const bool counted = is_counted(host, address, key);
    const char *expected = key == 0  ? "not 0"
                           : counted ? "not the last one and a constant"
                           : side == MPS_SERVER && key == check->connection->side[MPS_CLIENT].key
                               ? "not the key of the peer"
                               : NULL;

    if (expected)
        fault_key(packet, side, WARNING, "key", expected);
    return !expected;
}

static void register_key(const Packet *packet, MpsSide side)
{
    MpcRun *run = run_state(packet->check->rules, FAMILY_mpc);
    const MpsConnectionSide *public = &packet->check->connection->side[side];
    LiveKey *ours = g_new0(LiveKey, 1);
    bool good;

    if (!run->live)
        run->live = g_hash_table_new(mps_seeded_hash, NULL);
    *ours = (LiveKey){
        .next = g_hash_table_lookup(run->live, GUINT_TO_POINTER(public->token)),
        .check = packet->check,
        .key = public->key,
        .token = public->token,
        .side = side,
    };
    if (ours->next)
        ours->next->previous = ours;
    g_hash_table_insert(run->live, GUINT_TO_POINTER(public->token), ours);
    mpc_check(packet->check)->live[side] = ours;
    good = check_unique(packet, ours, ours->next);
    good = good && check_hard_to_guess(packet, run, side);
    if (good)
        rule_pass(packet->check, RULE_MPC_14);
}

static void check_keys(const Packet *packet)
{
    const MpsConnectionSide *side = packet->check->connection->side;

    if (mpc_check(packet->check)->live[MPS_CLIENT] || !check_has_keys(packet->check) ||
        !side[MPS_CLIENT].has_token || !side[MPS_SERVER].has_token)
        return;
    register_key(packet, MPS_CLIENT);
    register_key(packet, MPS_SERVER);
}

static void unlink_key(MpcRun *run, LiveKey *gone)
{
    if (gone->next)
        gone->next->previous = gone->previous;
    if (gone->previous)
        gone->previous->next = gone->next;
    else if (gone->next)
        g_hash_table_insert(run->live, GUINT_TO_POINTER(gone->token), gone->next);
    else
        g_hash_table_remove(run->live, GUINT_TO_POINTER(gone->token));
    g_free(gone);
}

void mpc_keys_clear(Check *check)
{
    MpcCheck *state = mpc_check(check);

    for (int side = 0; side < 2; side++)
        if (state->live[side])
            unlink_key(run_state(check->rules, FAMILY_mpc), state->live[side]);
}

void mpc_keys_clear_run(MpsRules *rules)
{
    MpcRun *run = run_state(rules, FAMILY_mpc);

    g_clear_pointer(&run->live, g_hash_table_unref);
}

static const MpsLink live_links[] = {
    MPS_OTHER(LiveKey, next),
    MPS_OTHER(LiveKey, previous),
    MPS_ENTITY(LiveKey, check),
    {0},
};

static int by_token(gconstpointer a, gconstpointer b)
{
    const LiveKey *one = *(LiveKey *const *)a, *two = *(LiveKey *const *)b;

    return one->token < two->token ? -1 : one->token > two->token;
}

/* The youngest key of each token. */
static GPtrArray *youngest_keys(const MpcRun *run)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;

    if (!run->live)
        return keys;
    g_hash_table_iter_init(&iter, run->live);
    while (g_hash_table_iter_next(&iter, NULL, &key))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, by_token);
    return keys;
}

/* A key of the state behind @previous, the next younger one of its token; NULL: there is none. */
static LiveKey *restore_key(MpcRun *run, LiveKey *previous, MpsImage *image)
{
    LiveKey *key = g_new0(LiveKey, 1);

    mps_image_structure(image, key, sizeof *key, live_links);
    if (!key->check) {
        g_free(key);
        return previous;
    }
    key->previous = previous;
    if (previous)
        previous->next = key;
    else
        g_hash_table_insert(run->live, GUINT_TO_POINTER(key->token), key);
    mpc_check(key->check)->live[key->side] = key;
    return key;
}

void mpc_keys_image_run(MpsRules *rules, MpsImage *image)
{
    MpcRun *run = run_state(rules, FAMILY_mpc);
    g_autoptr(GPtrArray) keys = youngest_keys(run);
    guint n_tokens = keys->len;

    MPS_IMAGE(image, n_tokens);
    if (mps_image_restores(image) && n_tokens > 0)
        run->live = g_hash_table_new(mps_seeded_hash, NULL);
    for (guint i = 0; i < n_tokens; i++) {
        LiveKey *key = keys->len > 0 ? g_ptr_array_index(keys, i) : NULL;
        guint n = 0;

        for (const LiveKey *each = key; each; each = each->next)
            n++;
        MPS_IMAGE(image, n);
        for (LiveKey *previous = NULL; n > 0; n--) {
            if (mps_image_restores(image)) {
                previous = restore_key(run, previous, image);
                continue;
            }
            mps_image_structure(image, key, sizeof *key, live_links);
            key = key->next;
        }
    }
}

void mpc_keys_finish(Check *check)
{
    const MpcCheck *state = mpc_check(check);

    if (check->connection->protocol == MPS_PROTOCOL_MPTCP && !state->live[MPS_CLIENT])
        rule_unchecked(check, RULE_MPC_14, EV_KEYS);
}

void mpc_take_capable(const Packet *packet, const MpsMptcpOption *capable)
{
    mpc_check(packet->check)->said[packet->sender] = true;
    if (packet->syn)
        take_syn(packet, capable);
    else if (packet->synack && capable->capable.has_sender_key)
        take_synack(packet, capable);
    else if (!packet->synack && capable->capable.has_receiver_key)
        take_ack(packet, capable);
    if (packet->syn)
        return;
    weigh_keys(packet, capable);
    check_keys(packet);
}
