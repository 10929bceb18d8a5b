/* match.c - subflows that began before the capture find their connection by their data sequence
 * numbers: hosts draw the initial one from 64 random bits (RFC 8684 section 3.1), so that numbers
 * close to those of an open connection are not there by chance.  Marked as inferred. */
#include "model/state.h"

/* How far a number may be off: more than any data window (Linux: 6 MB by default). */
static const int64_t NEAR_BYTES = (int64_t)1 << 26;

/* Open connections looked at, the most recently active first. */
enum { MAX_LOOKED_AT = 256 };

static bool is_near(const DataSpace *space, uint64_t dsn)
{
    if (!space->has_base || space->base_is_32)
        return false;

    const int64_t reference = MAX(space->last, space->has_acked ? space->acked : 0);
    const int64_t distance = (int64_t)(dsn - space->base - (uint64_t)reference);

    return distance > -NEAR_BYTES && distance < NEAR_BYTES;
}

/* Whether the 8-byte numbers of @dss, sent by @sender, fit @connection; at least one is there. */
static bool fits(const Connection *connection, const MpsMptcpOption *dss, MpsSide sender)
{
    const bool dsn = dss->dss.has_map && dss->dss.dsn_is_64;
    const bool ack = dss->dss.has_ack && dss->dss.ack_is_64;

    return (dsn || ack) && (!dsn || is_near(&connection->space[sender], dss->dss.dsn)) &&
           (!ack || is_near(&connection->space[other(sender)], dss->dss.data_ack));
}

/* The connection that a subflow without handshake, alone and without data so far, belongs to; NULL
 * if none is found.  @swapped: the hosts' roles are the other way round. */
Connection *mps_match(const MpsModel *model, const Subflow *subflow, MpsSide sender, bool *swapped)
{
    const MpsMptcpOption *dss = mps_option(model->segment, MPS_DSS);
    int n = 0;

    /* A join whose SYN was captured has a token, which says more. */
    if (!dss || subflow->syn_seen || subflow->public.kind == MPS_KIND_INITIAL)
        return NULL;
    for (GList *link = model->open.queue.tail; link && n < MAX_LOOKED_AT; link = link->prev, n++) {
        Connection *connection = link->data;

        if (&connection->public == subflow->public.connection)
            continue;
        *swapped = !fits(connection, dss, sender);
        if (!*swapped || fits(connection, dss, other(sender)))
            return connection;
    }
    return NULL;
}
