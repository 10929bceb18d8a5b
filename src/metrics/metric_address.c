/* metric_address.c - what became of every address a host announced or removed (RFC 8684 section
 * 3.4). */
#include "metrics/metrics.h"

#include <string.h>

#include "util/address.h"

typedef enum { ADD, ECHO, REMOVE } Kind;

/* One row: an announcement with its repeats, its echo and its removal. */
typedef struct {
    Kind kind;
    MpsSide sent_by;
    int64_t ts_ns, last_ns; /* first and last packet of it */
    uint64_t packet;
    uint32_t capture_id;
    uint64_t subflow_id, times;
    uint8_t id;
    bool has_address, has_port;
    MpsAddress address;
    uint16_t port;
    MpsHmacState hmac;
    int64_t echoed_ns, removed_ns; /* or MPS_NO_TIME */
} Item;

typedef struct {
    GArray *items; /* Item, in order of time */
} State;

/* Hosts have 256 ids each.  Of a host that goes on announcing, the older half is written early. */
enum { MAX_ITEMS = 1024 };

static const MpsColumn columns[] = {
    {"ts_ns", MPS_INT, "capture time of the first one"},
    {"capture_id", MPS_INT, "file of that packet", "capture(capture_id)"},
    {"packet", MPS_INT, "its number in the file, from 1"},
    {"connection_id", MPS_INT, "whose address", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "subflow that carried it", "subflow(subflow_id)"},
    {"sent_by", MPS_TEXT, "client or server"},
    {"kind", MPS_TEXT, "add, remove, or echo (of an ADD_ADDR that is not in the capture)"},
    {"address_id", MPS_INT, "address id of the sender; of an echo: of the receiver"},
    {"address", MPS_TEXT,
     "as announced; of a removal: the last one known by that id, NULL if there is none"},
    {"port", MPS_INT, "as announced; NULL: none"},
    {"hmac", MPS_TEXT,
     "valid, invalid or unchecked (a key is not in the capture); NULL: it has none (version 0, "
     "echo, removal)"},
    {"announcements", MPS_INT, "how often it was sent, repeats included"},
    {"last_ns", MPS_INT, "capture time of the last one"},
    {"echoed_ns", MPS_INT, "first echo; NULL: none seen"},
    {"removed_ns", MPS_INT, "first REMOVE_ADDR of it afterwards; NULL: none seen"},
    {"used", MPS_INT,
     "1 if a join to or from the address (by its id, or by address and port) was established "
     "and open between announcement and removal; of a removal: before it"},
    {"outcome", MPS_TEXT,
     "add: joined, join failed (result), removed, no join, or not usable because ...; remove: "
     "subflow closed, subflow open to the end, no subflow, or which subflow is not visible in this "
     "capture (it lacks handshakes)"},
    {0},
};

static const MpsTable table = {
    .name = "address",
    .help = "One row per announcement of an address with its repeats, echo and use; one per "
            "removed address id.",
    .columns = columns,
    .index = "connection_id, ts_ns",
};

static bool same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The address id of @subflow at the end of @side, or -1 if the capture does not show it. */
static int known_id(const MpsSubflow *subflow, MpsSide side)
{
    return subflow->kind == MPS_KIND_INITIAL && subflow->connection->handshake == MPS_HANDSHAKE_NONE
               ? -1
               : subflow->side[side].address_id;
}

/* Whether @subflow has the address of @item at the end of the host that announced it. */
static bool is_of(const Item *item, const MpsSubflow *subflow)
{
    const MpsEndpoint *end = &subflow->end[item->sent_by];

    if (known_id(subflow, item->sent_by) == item->id)
        return true;
    return item->has_address && subflow->kind == MPS_KIND_JOIN &&
           same_address(&end->address, &item->address) &&
           (!item->has_port || end->port == item->port);
}

/* First packet of @subflow, as far as it is known. */
static int64_t begin_of(const MpsSubflow *subflow)
{
    return subflow->syn_ns != MPS_NO_TIME           ? subflow->syn_ns
           : subflow->established_ns != MPS_NO_TIME ? subflow->established_ns
                                                    : subflow->connection->start_ns;
}

static bool ended_before(const MpsSubflow *subflow, int64_t ts_ns)
{
    return subflow->closed_ns != MPS_NO_TIME && subflow->closed_ns < ts_ns;
}

/* A word for addresses nobody else can reach, or NULL. */
static const char *unreachable_kind(const MpsAddress *address)
{
    static const uint8_t zero[16];
    const uint8_t *b = address->bytes;

    if (memcmp(b, zero, sizeof zero) == 0)
        return "unspecified";
    if (address->family == 6) {
        if (memcmp(b, zero, 15) == 0 && b[15] == 1)
            return "loopback";
        return b[0] == 0xff                            ? "multicast"
               : b[0] == 0xfe && (b[1] & 0xc0) == 0x80 ? "link-local"
                                                       : NULL;
    }
    return b[0] == 127                  ? "loopback"
           : b[0] == 169 && b[1] == 254 ? "link-local"
           : b[0] >= 224 && b[0] < 240  ? "multicast"
                                        : NULL;
}

enum { OUTCOME_TEXT = 96 };

/* What came of an announcement.  @used tells whether a join was established. */
static const char *outcome_of_add(const Item *item, const MpsConnection *connection, bool *used,
                                  char text[OUTCOME_TEXT])
{
    const MpsEndpoint *first = &connection->end[item->sent_by];
    const MpsSubflow *attempt = NULL;
    const char *kind = unreachable_kind(&item->address);

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        if (subflow->kind != MPS_KIND_JOIN || !is_of(item, subflow) ||
            ended_before(subflow, item->ts_ns) ||
            (item->removed_ns != MPS_NO_TIME && begin_of(subflow) > item->removed_ns))
            continue;
        *used |= subflow->established_ns != MPS_NO_TIME;
        attempt = subflow;
    }
    if (*used)
        return "joined";
    if (attempt) {
        const char *result = mps_result_name(attempt->result);

        g_snprintf(text, OUTCOME_TEXT, "join failed (%s)", result ? result : "not visible why");
        return text;
    }
    if (item->hmac == MPS_HMAC_INVALID)
        return "not usable because its HMAC is invalid";
    if (kind) {
        g_snprintf(text, OUTCOME_TEXT, "not usable because the address is %s", kind);
        return text;
    }
    if (connection->fallback) {
        g_snprintf(text, OUTCOME_TEXT, "not usable because of the fallback (%s)",
                   mps_fallback_name(connection->fallback));
        return text;
    }
    if (item->removed_ns != MPS_NO_TIME)
        return "removed";
    if (same_address(&item->address, &first->address) &&
        (!item->has_port || item->port == first->port))
        return "no join: the initial subflow has this address";
    return "no join";
}

static const char *outcome_of_remove(const Item *item, const MpsConnection *connection, bool *used)
{
    bool open = false, closed = false, unknown = false;

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        if (subflow->established_ns == MPS_NO_TIME || begin_of(subflow) > item->ts_ns)
            continue;
        if (!is_of(item, subflow)) {
            unknown |= known_id(subflow, item->sent_by) < 0;
            continue;
        }
        *used = true;
        if (ended_before(subflow, item->ts_ns))
            continue;
        closed |= subflow->closed_ns != MPS_NO_TIME;
        open |= subflow->closed_ns == MPS_NO_TIME;
    }
    return open      ? "subflow open to the end"
           : closed  ? "subflow closed"
           : unknown ? "which subflow is not visible in this capture"
                     : "no subflow";
}

static void write(const Item *item, const MpsConnection *connection, MpsRowSink *rows)
{
    static const char *const kinds[] = {[ADD] = "add", [ECHO] = "echo", [REMOVE] = "remove"};
    char address[MPS_ADDRESS_TEXT], text[OUTCOME_TEXT];
    const char *outcome = NULL;
    bool used = false;

    if (connection->id == 0)
        return;
    if (item->kind == ADD)
        outcome = outcome_of_add(item, connection, &used, text);
    else if (item->kind == REMOVE)
        outcome = outcome_of_remove(item, connection, &used);
    rows->add(rows, &table,
              (MpsValue[]){
                  mps_int(item->ts_ns),
                  mps_int(item->capture_id),
                  mps_count(item->packet),
                  mps_count(connection->id),
                  mps_count(item->subflow_id),
                  mps_text(mps_side_name(item->sent_by)),
                  mps_text(kinds[item->kind]),
                  mps_int(item->id),
                  mps_text(item->has_address ? mps_address_text(&item->address, address) : NULL),
                  mps_int_if(item->has_port, item->port),
                  mps_text(mps_hmac_state_name(item->hmac)),
                  mps_count(item->times),
                  mps_int(item->last_ns),
                  mps_time(item->echoed_ns),
                  mps_time(item->removed_ns),
                  mps_int_if(item->kind != ECHO, used),
                  mps_text(outcome),
              });
}

static Item *at(State *self, guint index)
{
    return &g_array_index(self->items, Item, index);
}

static Item *append(State *self, const MpsEvent *event, Kind kind, uint8_t id, MpsRowSink *rows)
{
    Item item = {.kind = kind,
                 .sent_by = event->direction,
                 .ts_ns = event->ts_ns,
                 .last_ns = event->ts_ns,
                 .packet = event->packet,
                 .capture_id = event->capture_id,
                 .subflow_id = event->subflow->id,
                 .times = 1,
                 .id = id,
                 .echoed_ns = MPS_NO_TIME,
                 .removed_ns = MPS_NO_TIME};

    if (self->items->len >= MAX_ITEMS) {
        for (guint i = 0; i < MAX_ITEMS / 2; i++)
            write(at(self, i), event->connection, rows);
        g_array_remove_range(self->items, 0, MAX_ITEMS / 2);
    }
    g_array_append_val(self->items, item);
    return at(self, self->items->len - 1);
}

static void repeat(Item *item, const MpsEvent *event)
{
    item->times++;
    item->last_ns = event->ts_ns;
}

/* Latest announcement by @by that @option repeats or echoes. */
static Item *find(State *self, Kind kind, MpsSide by, const MpsMptcpOption *option)
{
    for (guint i = self->items->len; i-- > 0;) {
        Item *item = at(self, i);

        if (item->kind == kind && item->sent_by == by && item->id == option->add_addr.address_id &&
            item->has_port == option->add_addr.has_port &&
            (!item->has_port || item->port == option->add_addr.port) &&
            same_address(&item->address, &option->add_addr.address))
            return item;
    }
    return NULL;
}

static void take_add(State *self, const MpsEvent *event, Kind kind, MpsRowSink *rows)
{
    const MpsMptcpOption *option = event->signal.option;
    Item *item = find(self, kind, event->direction, option);
    const MpsHmacState hmac = event->signal.hmac;

    /* A genuine announcement and a forged one are two. */
    if (item && item->removed_ns == MPS_NO_TIME &&
        (item->hmac == hmac || item->hmac == MPS_HMAC_UNCHECKED || hmac == MPS_HMAC_UNCHECKED)) {
        if (item->hmac == MPS_HMAC_UNCHECKED)
            item->hmac = hmac;
        repeat(item, event);
        return;
    }
    item = append(self, event, kind, option->add_addr.address_id, rows);
    item->has_address = true;
    item->address = option->add_addr.address;
    item->has_port = option->add_addr.has_port;
    item->port = option->add_addr.port;
    item->hmac = hmac;
}

static void take_echo(State *self, const MpsEvent *event, MpsRowSink *rows)
{
    const MpsSide announcer = event->direction == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
    Item *item = find(self, ADD, announcer, event->signal.option);

    if (!item)
        take_add(self, event, ECHO, rows);
    else if (item->echoed_ns == MPS_NO_TIME)
        item->echoed_ns = event->ts_ns;
}

/* Whether REMOVE_ADDR @item can be said again by @event: nothing has used the id since. */
static bool is_repeated(const Item *item, const MpsEvent *event)
{
    const GPtrArray *subflows = event->connection->subflows;

    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(subflows, i);

        if (is_of(item, subflow) && begin_of(subflow) > item->ts_ns)
            return false;
    }
    return true;
}

static void take_remove(State *self, const MpsEvent *event, uint8_t id, MpsRowSink *rows)
{
    const GPtrArray *subflows = event->connection->subflows;
    const MpsAddress *address = NULL;
    MpsAddress copy;
    bool announced = false; /* and not removed so far */

    for (guint i = self->items->len; i-- > 0;) {
        Item *item = at(self, i);

        if (item->sent_by != event->direction || item->id != id || item->kind == ECHO)
            continue;
        if (item->kind == REMOVE && !announced && is_repeated(item, event)) {
            repeat(item, event);
            return;
        }
        if (item->kind == REMOVE)
            break;
        if (item->removed_ns == MPS_NO_TIME) {
            item->removed_ns = event->ts_ns;
            announced = true;
        }
        if (!address)
            address = &item->address;
    }
    for (guint i = subflows->len; !address && i-- > 0;) {
        const MpsSubflow *subflow = g_ptr_array_index(subflows, i);

        if (subflow->side[event->direction].address_id == id)
            address = &subflow->end[event->direction].address;
    }
    if (address)
        copy = *address; /* it may move when an item is appended */

    Item *item = append(self, event, REMOVE, id, rows);

    item->has_address = address != NULL;
    if (address)
        item->address = copy;
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    const MpsMptcpOption *option = event->signal.option;

    switch (event->signal.what) {
    case MPS_SIGNAL_ADD_ADDR:
    case MPS_SIGNAL_ADD_ADDR_ECHO:
    case MPS_SIGNAL_REMOVE_ADDR:
        break;
    default:
        return;
    }
    if (!self->items)
        self->items = g_array_new(FALSE, FALSE, sizeof(Item));
    if (event->signal.what == MPS_SIGNAL_ADD_ADDR)
        take_add(self, event, ADD, rows);
    else if (event->signal.what == MPS_SIGNAL_ADD_ADDR_ECHO)
        take_echo(self, event, rows);
    else
        for (int i = 0; i < option->remove_addr.n_ids; i++)
            take_remove(self, event, option->remove_addr.ids[i], rows);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    for (guint i = 0; self->items && i < self->items->len; i++)
        write(at(self, i), subject->connection, rows);
}

static void clear(void *state)
{
    State *self = state;

    if (self->items)
        g_array_unref(self->items);
}

static const MpsLink links[] = {
    MPS_ARRAY(State, items, Item, NULL),
    {0},
};

const MpsMetric mps_metric_address = {
    .name = "address",
    .help = "Announced and removed addresses: echoed, genuine, joined, and what else came of them.",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .table = &table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SIGNAL] = {observe}},
    .finish = finish,
    .clear = clear,
};
