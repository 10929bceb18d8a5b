/* rules_addr.c - ADDR: ADD_ADDR (RFC 8684 section 3.4.1, RFC 6824 section 3.4.1). */
#include "rules/addr_form.h"
#include "rules/address_ids.h"
#include "util/address.h"

/* Announcements of a host that are followed up; more are not judged by ADDR-02 to ADDR-04. */
enum { ANNOUNCEMENTS_MAX = 64 };
/* Copies of one announcement within a second that are no flood. */
enum { COPIES_MAX = 10 };

/* What a host announced: address, port and id; all copies of it. */
typedef struct {
    MpsAddress address;
    uint16_t port, via_port; /* via_port: of its sender on the subflow that carried it */
    bool has_port;
    uint8_t id;
    enum { HMAC_UNKNOWN, HMAC_GOOD, HMAC_BAD } hmac;
    bool echoed, heeded; /* heeded: the other host acted on it in spite of a wrong HMAC */
    bool flooded;
    bool ignored; /* outside the window: of no effect, unless OPT-10 is broken */
    Place first, latest;
    uint64_t subflow_id;
    int64_t count_since_ns;
    uint32_t n_copies; /* since then */
} Announcement;

/* An echo of nothing that was announced before it, until it is known what the capture lacks. */
typedef struct {
    Place place; /* packet 0: none */
    const MpsSubflow *subflow;
    MpsAddress address;
    uint16_t port;
    bool has_port, id_is_known;
} Stray;

typedef struct {
    AddressIds ids; /* first: address_ids_of() */
    struct {
        GArray *announcements; /* Announcement; NULL = none */
        bool too_many;
        Stray stray; /* the first of the other host */
    } host[2];
} CheckState;

/* ---- what was announced ---- */

static Announcement *nth(const CheckState *state, MpsSide side, guint n)
{
    GArray *all = state->host[side].announcements;

    return all && n < all->len ? &g_array_index(all, Announcement, n) : NULL;
}

/* The announcement of @side that says the same as @option, or NULL. */
static Announcement *find(const CheckState *state, MpsSide side, const MpsMptcpOption *option)
{
    Announcement *each;

    for (guint i = 0; (each = nth(state, side, i)); i++)
        if (each->id == option->add_addr.address_id &&
            each->has_port == option->add_addr.has_port && each->port == option->add_addr.port &&
            same_address(&each->address, &option->add_addr.address))
            return each;
    return NULL;
}

static int hmac_of(const Packet *packet, const MpsMptcpOption *option)
{
    const Check *check = packet->check;
    const MpsSide side = packet->sender;
    const MpsAddress *address = &option->add_addr.address;

    if (!option->add_addr.has_hmac || !check_has_keys(check))
        return HMAC_UNKNOWN;
    return mps_add_addr_hmac_valid(
               check->connection->side[side].key, check->connection->side[other(side)].key,
               option->add_addr.address_id, address->bytes, address->family == 4 ? 4 : 16,
               option->add_addr.port, option->add_addr.hmac)
               ? HMAC_GOOD
               : HMAC_BAD;
}

static void note_announcement(const Packet *packet, CheckState *state, const MpsMptcpOption *option)
{
    const MpsSide side = packet->sender;
    const Announcement fresh = {
        .address = option->add_addr.address,
        .port = option->add_addr.port,
        .via_port = packet->wire->src.port,
        .has_port = option->add_addr.has_port,
        .id = option->add_addr.address_id,
        .hmac = hmac_of(packet, option),
        .ignored = packet_is_out_of_window(packet),
        .first = packet_place(packet),
        .latest = packet_place(packet),
        .subflow_id = packet->flow->public->id,
        .count_since_ns = packet->wire->ts_ns,
        .n_copies = 1,
    };
    GArray *all = state->host[side].announcements;

    if (all && all->len >= ANNOUNCEMENTS_MAX) {
        state->host[side].too_many = true;
        return;
    }
    if (!all)
        all = state->host[side].announcements = g_array_new(FALSE, FALSE, sizeof(Announcement));
    g_array_append_val(all, fresh);
}

/* Whether the addresses of the initial subflow are known. */
/* Whether the capture has every packet that @side sent on established subflows so far; @from_syn:
 * even those between the SYN and the first that counts. */
static bool host_is_complete(const Check *check, MpsSide side, bool from_syn)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);
        const End *end = flow ? &flow->end[side] : NULL;

        if (!flow || (flow->public->established_ns != MPS_NO_TIME &&
                      (!end_is_complete(end) || (from_syn && !end->ip_id_from_syn))))
            return false;
    }
    return true;
}

static char *endpoint_text(const MpsAddress *address, bool has_port, uint16_t port)
{
    char name[MPS_ADDRESS_TEXT];

    mps_address_text(address, name);
    return has_port ? text("%s port %u", name, port) : text("%s", name);
}

/* ---- ADDR-05 to ADDR-08 ---- */

static void check_one_address(const Packet *packet, const CheckState *state,
                              const MpsMptcpOption *option)
{
    const MpsAddress *address = &option->add_addr.address;
    const AddressId *entry =
        address_ids_get(&state->ids, packet->sender, option->add_addr.address_id);

    if (option->add_addr.address_id == 0)
        return; /* ADDR-07 */
    if (!rule_broken(packet, RULE_ADDR_05,
                     entry && !entry->removed && !address_id_has(entry, address)))
        return;
    rule_fault(packet, (Fault){.rule = RULE_ADDR_05,
                               /* A NAT may have changed the address of a join. */
                               .verdict = entry->announced ? VIOLATION : WARNING,
                               .field = "address of the id",
                               .expected = endpoint_text(
                                   entry->announced ? &entry->at : &entry->joined_from, false, 0),
                               .seen = endpoint_text(address, false, 0),
                               .earlier = entry->announced ? entry->announcement : entry->join,
                               .needs = EV_ALL,
                               .unseen = !host_is_complete(packet->check, packet->sender, false)});
}

/* Whether a living subflow uses the announced address and port. */
static bool is_in_use(const Packet *packet, const MpsMptcpOption *option)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = check_flow(packet->check, i);
        const MpsEndpoint *end = flow ? &flow->public->end[packet->sender] : NULL;

        if (flow && flow->public->kind == MPS_KIND_JOIN &&
            flow->public->established_ns != MPS_NO_TIME && flow_is_open(flow, packet->sender) &&
            same_address(&end->address, &option->add_addr.address) &&
            (!option->add_addr.has_port || end->port == option->add_addr.port))
            return true;
    }
    return false;
}

static void check_new_port(const Packet *packet, const CheckState *state,
                           const MpsMptcpOption *option)
{
    const Announcement *before = find(state, packet->sender, option);
    const AddressId *entry =
        address_ids_get(&state->ids, packet->sender, option->add_addr.address_id);

    if (option->add_addr.version != 0 || !entry || entry->removed)
        return;
    if (rule_broken(packet, RULE_ADDR_06, before && is_in_use(packet, option)))
        rule_fault(packet,
                   (Fault){.rule = RULE_ADDR_06,
                           .verdict = WARNING,
                           .field = "port of an address that is announced again",
                           .expected = text("a new one"),
                           .seen = endpoint_text(&before->address, before->has_port, before->port),
                           .earlier = before->first});
}

static void check_id_zero(const Packet *packet, const CheckState *state,
                          const MpsMptcpOption *option)
{
    const MpsConnection *connection = packet->check->connection;
    const MpsAddress *initial = &connection->end[packet->sender].address;
    const AddressId *entry = address_ids_get(&state->ids, packet->sender, 0);

    if (option->add_addr.address_id != 0) {
        rule_pass(packet->check, RULE_ADDR_07);
        return;
    }
    if (!check_has_initial(packet->check)) {
        rule_unchecked(packet->check, RULE_ADDR_07, EV_HS);
        return;
    }
    if (rule_broken(packet, RULE_ADDR_07,
                    !(entry && entry->removed) &&
                        !same_address(initial, &option->add_addr.address)))
        rule_fault(packet, (Fault){.rule = RULE_ADDR_07,
                                   .field = "address of id 0",
                                   .expected = endpoint_text(initial, false, 0),
                                   .seen = endpoint_text(&option->add_addr.address, false, 0),
                                   .needs = EV_VTX});
}

/* The id under which the announced address and port are known besides that of @option; -1: none.
 * Several ports of one address may well have ids of their own. */
static int id_of_same(const Packet *packet, const CheckState *state, const MpsMptcpOption *option,
                      Place *where)
{
    const MpsEndpoint *initial = &packet->check->connection->end[packet->sender];
    const AddressId *entry;

    if (option->add_addr.address_id != 0 && check_has_initial(packet->check) &&
        same_address(&initial->address, &option->add_addr.address) &&
        (!option->add_addr.has_port || option->add_addr.port == initial->port))
        return 0;
    for (guint i = 0; (entry = address_ids_nth(&state->ids, packet->sender, i)); i++) {
        if (entry->id != option->add_addr.address_id && entry->announced && !entry->removed &&
            same_address(&entry->at, &option->add_addr.address) &&
            entry->has_port == option->add_addr.has_port && entry->port == option->add_addr.port) {
            *where = entry->announcement;
            return entry->id;
        }
    }
    return -1;
}

static void check_one_id(const Packet *packet, const CheckState *state,
                         const MpsMptcpOption *option)
{
    Place where = {0};
    const int id = id_of_same(packet, state, option, &where);

    if (rule_broken(packet, RULE_ADDR_08, id >= 0))
        rule_fault(packet, (Fault){.rule = RULE_ADDR_08,
                                   .verdict = WARNING,
                                   .field = "id of the address",
                                   .expected = text("%d", id),
                                   .seen = text("%u", option->add_addr.address_id),
                                   .earlier = where});
}

/* ---- ADDR-02, ADDR-04, ADDR-11 ---- */

static void check_heeded(const Packet *packet, Announcement *of, const char *how)
{
    if (of->ignored || packet->check->connection->version != 1)
        return;
    if (of->hmac == HMAC_UNKNOWN) {
        rule_unchecked(packet->check, RULE_ADDR_11, EV_KEYS);
        return;
    }
    if (of->hmac != HMAC_BAD || of->heeded)
        return;
    of->heeded = true;
    rule_fault(packet, (Fault){.rule = RULE_ADDR_11,
                               .field = "reaction to an ADD_ADDR with a wrong HMAC",
                               .expected = text("none"),
                               .seen = text("%s", how),
                               .earlier = of->first});
}

static void take_echo(const Packet *packet, CheckState *state, const MpsMptcpOption *option)
{
    const MpsSide side = other(packet->sender);
    const AddressId *entry = address_ids_get(&state->ids, side, option->add_addr.address_id);
    Announcement *of = find(state, side, option);

    if (of) {
        of->echoed = true;
        check_heeded(packet, of, "echo");
    } else if (state->host[side].too_many) {
        rule_unchecked(packet->check, RULE_ADDR_02, EV_ALL);
        return;
    }
    if (rule_broken(packet, RULE_ADDR_02, !of) && !state->host[side].stray.place.packet)
        state->host[side].stray = (Stray){
            .place = packet_place(packet),
            .subflow = packet->flow->public,
            .address = option->add_addr.address,
            .port = option->add_addr.port,
            .has_port = option->add_addr.has_port,
            .id_is_known = entry,
        };
}

static void take_copy(const Packet *packet, Announcement *of)
{
    of->latest = packet_place(packet);
    if (of->latest.ts_ns - of->count_since_ns > SECOND_NS) {
        of->count_since_ns = of->latest.ts_ns;
        of->n_copies = 0;
    }
    of->n_copies++;
    if (!rule_broken(packet, RULE_ADDR_04, of->n_copies > COPIES_MAX) || of->flooded)
        return;
    of->flooded = true;
    rule_fault(packet, (Fault){.rule = RULE_ADDR_04,
                               .field = "copies of one ADD_ADDR within a second",
                               .expected = text("at most %d", COPIES_MAX),
                               .seen = text("%u", of->n_copies),
                               .earlier = of->first});
}

/* ---- ADDR-09, ADDR-10: joins ---- */

/* Whether @side is known to have @address, from something else than announcements. */
static bool is_seen_at(const Packet *join, MpsSide side, const MpsAddress *address)
{
    for (guint i = 0; i < check_n_flows(join->check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(join->check->connection->subflows, i);

        if (subflow != join->flow->public && same_address(&subflow->end[side].address, address) &&
            (subflow->kind == MPS_KIND_INITIAL || subflow->established_ns != MPS_NO_TIME))
            return true;
    }
    return false;
}

/* The last announcement that @join follows in its address, and whether the port is right, too. */
static Announcement *announced_to(const Packet *join, const CheckState *state, bool *right_port)
{
    const MpsEndpoint *to = &join->wire->dst;
    Announcement *each, *found = NULL;

    *right_port = false;
    for (guint i = 0; (each = nth(state, other(join->sender), i)); i++) {
        if (!same_address(&each->address, &to->address))
            continue;
        *right_port |= to->port == (each->has_port ? each->port : each->via_port);
        if (!found || found->hmac == HMAC_BAD)
            found = each;
    }
    return found;
}

static void check_join_target(const Packet *packet, const CheckState *state)
{
    const MpsSide side = other(packet->sender);
    const MpsEndpoint *to = &packet->wire->dst;
    const bool seen_at = is_seen_at(packet, side, &to->address);
    bool right_port;
    Announcement *announced = announced_to(packet, state, &right_port);

    if (packet->check->connection->id == 0 || rule_is_broken(packet->check, RULE_SEC_01))
        return; /* of no connection of the capture, or with the token of the wrong host */
    if (!announced && !seen_at && !check_has_initial(packet->check)) {
        rule_unchecked(packet->check, RULE_ADDR_10, EV_ALL);
        return;
    }
    if (rule_broken(packet, RULE_ADDR_10, !announced && !seen_at))
        rule_fault(packet, (Fault){.rule = RULE_ADDR_10,
                                   .verdict = WARNING,
                                   .field = "address that the join goes to",
                                   .expected = text("one that the host told of"),
                                   .seen = endpoint_text(&to->address, false, 0),
                                   .needs = EV_ALL | EV_NOGAP,
                                   .unseen = !host_is_complete(packet->check, side, true)});
    if (!announced)
        return;
    if (!seen_at)
        check_heeded(packet, announced, "join");
    if (rule_is_broken(packet->check, RULE_JOIN_14) || (seen_at && !right_port))
        return;
    if (rule_broken(packet, RULE_ADDR_09, !right_port))
        rule_fault(packet,
                   (Fault){.rule = RULE_ADDR_09,
                           .field = "port that the join goes to",
                           .expected = text("%u", announced->has_port ? announced->port
                                                                      : announced->via_port),
                           .seen = text("%u", to->port),
                           .earlier = announced->first});
}

/* A join from an address that was announced under another id. */
static void check_join_source(const Packet *packet, const CheckState *state, unsigned id)
{
    const AddressId *entry;

    if (rule_is_broken(packet->check, RULE_JOIN_12) || rule_is_broken(packet->check, RULE_JOIN_13))
        return;
    for (guint i = 0; (entry = address_ids_nth(&state->ids, packet->sender, i)); i++) {
        if (entry->id == id || !entry->announced || entry->removed || entry->has_port ||
            !same_address(&entry->at, &packet->wire->src.address))
            continue;
        rule_fault(packet, (Fault){.rule = RULE_ADDR_08,
                                   .verdict = WARNING,
                                   .field = "address id of the join",
                                   .expected = text("%u", entry->id),
                                   .seen = text("%u", id),
                                   .earlier = entry->announcement});
        return;
    }
}

static void take_join(const Packet *packet, CheckState *state)
{
    const MpsMptcpOption *join = packet_option(packet, MPS_MP_JOIN);

    if (!join || packet->again || packet->check->connection->id == 0)
        return;
    if (packet->syn)
        check_join_target(packet, state);
    check_join_source(packet, state, join->join.address_id);
    address_ids_join(&state->ids, packet, join->join.address_id);
}

/* ---- all ---- */

static void check_announcement(const Packet *packet, CheckState *state,
                               const MpsMptcpOption *option)
{
    addr_check_plausible(packet, option);
    check_one_address(packet, state, option);
    check_new_port(packet, state, option);
    check_id_zero(packet, state, option);
    check_one_id(packet, state, option);
    address_ids_announce(&state->ids, packet, option);
}

static void take_add_addr(const Packet *packet, CheckState *state, const MpsMptcpOption *option)
{
    const int version = packet->check->connection->version;
    const bool right_form = version < 0 || option->add_addr.version == version; /* else OPT-09 */
    Announcement *before;

    if (right_form)
        addr_check_form(packet, option);
    if (option->add_addr.echo) {
        take_echo(packet, state, option);
        return;
    }
    before = find(state, packet->sender, option);
    if (right_form && !packet_is_out_of_window(packet))
        check_announcement(packet, state, option);
    if (before && !before->ignored)
        take_copy(packet, before);
    else
        note_announcement(packet, state, option);
}

static void segment(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    CheckState *state;

    if (wire->n_mptcp == 0 || packet->check->fallen_back)
        return;
    state = check_state(packet->check, FAMILY_addr);
    if (packet->syn || packet->synack)
        take_join(packet, state);
    else if (packet->subtypes & 1u << MPS_ADD_ADDR)
        for (int i = 0; i < wire->n_mptcp; i++)
            if (wire->mptcp[i].subtype == MPS_ADD_ADDR && wire->mptcp[i].status == MPS_OPT_OK)
                take_add_addr(packet, state, &wire->mptcp[i]);

    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_ADD_ADDR);

    if (misshapen)
        addr_check_form(packet, misshapen);
}

/* ---- ADDR-03 ---- */

/* Time of the last packet of @side, on any subflow. */
static int64_t last_ns(const Check *check, MpsSide side)
{
    int64_t last_ns = 0;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow)
            last_ns = MAX(last_ns, flow->end[side].last.ts_ns);
    }
    return last_ns;
}

/* Whether the other host joined to the address of @each, which shows that it got the announcement.
 */
static bool was_used(const Check *check, MpsSide side, const Announcement *each)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow->public->kind == MPS_KIND_JOIN && flow->public->opened_by != side &&
            flow->syn.ts_ns > each->first.ts_ns &&
            same_address(&flow->public->end[side].address, &each->address))
            return true;
    }
    return false;
}

/* When the echo of @each has to be there. */
static int64_t due_ns(const Check *check, MpsSide side, const Announcement *each, const Flow *flow)
{
    if (check_is_near(check, other(side)) || was_used(check, side, each))
        return each->latest.ts_ns + MIN(flow_at_once_ns(flow), ANSWER_NS + flow_rtt_ns(flow));
    return each->latest.ts_ns + ANSWER_NS + flow_rtt_ns(flow);
}

static void check_echoed(Check *check, MpsSide side, const Announcement *each)
{
    const MpsSubflow *subflow = NULL;

    for (guint i = 0; i < check_n_flows(check) && !subflow; i++) {
        const MpsSubflow *one = g_ptr_array_index(check->connection->subflows, i);

        if (one->id == each->subflow_id)
            subflow = one;
    }
    if (each->echoed) {
        rule_pass(check, RULE_ADDR_03);
        return;
    }
    if (!subflow || check->fallen_back ||
        last_ns(check, other(side)) < due_ns(check, side, each, flow_of(subflow)))
        return;
    rule_fault_at(check, subflow, side, each->first,
                  (Fault){.rule = RULE_ADDR_03,
                          .suspect = SUSPECT_RECEIVER,
                          .field = "echo of the ADD_ADDR",
                          .expected = text("one at once"),
                          .seen = text("none"),
                          .needs = EV_VRX,
                          .unseen = !host_is_complete(check, other(side), true)});
}

/* ADDR-02: an echo to announcements of @side. */
static void check_stray(Check *check, MpsSide side, const Stray *stray)
{
    if (stray->place.packet)
        rule_fault_at(check, stray->subflow, other(side), stray->place,
                      (Fault){.rule = RULE_ADDR_02,
                              .field = "echo",
                              .expected = text("id, address and port of an ADD_ADDR"),
                              .seen = endpoint_text(&stray->address, stray->has_port, stray->port),
                              .needs = EV_ALL | EV_NOGAP,
                              .unseen = !host_is_complete(check, side, !stray->id_is_known)});
}

static void finish(Check *check)
{
    const CheckState *state = check_state(check, FAMILY_addr);

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const Announcement *each;

        check_stray(check, side, &state->host[side].stray);
        for (guint i = 0; (each = nth(state, side, i)); i++) {
            if (each->ignored)
                continue;
            if (each->hmac == HMAC_GOOD)
                check_echoed(check, side, each);
            else if (check->connection->version == 1 && each->hmac == HMAC_UNKNOWN)
                rule_unchecked(check, RULE_ADDR_03, EV_KEYS);
            if (each->hmac == HMAC_BAD && !each->heeded)
                rule_pass(check, RULE_ADDR_11);
        }
    }
}

static void clear_check(Check *check)
{
    CheckState *state = check_state(check, FAMILY_addr);

    address_ids_clear(&state->ids);
    for (int side = 0; side < 2; side++)
        if (state->host[side].announcements)
            g_array_unref(state->host[side].announcements);
}

/* Only other options and joins matter. */
static bool is_quiet(const Packet *packet)
{
    (void)packet;
    return true;
}

static const MpsLink stray_links[] = {
    MPS_ENTITY(Stray, subflow),
    {0},
};

static const MpsLink check_links[] = {
    MPS_ARRAY(CheckState, ids.of[0], AddressId, NULL),
    MPS_ARRAY(CheckState, host[0].announcements, Announcement, NULL),
    MPS_PART(CheckState, host[0].stray, 1, stray_links),
    MPS_ARRAY(CheckState, ids.of[1], AddressId, NULL),
    MPS_ARRAY(CheckState, host[1].announcements, Announcement, NULL),
    MPS_PART(CheckState, host[1].stray, 1, stray_links),
    {0},
};

const Family mps_rules_addr = {
    .check_bytes = sizeof(CheckState),
    .check_links = check_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
    .clear_check = clear_check,
};
