/* image.c - the model's state, kept and made live again: first who there is, so that links find
 * them, then what is known of them. */
#include "model/image.h"

#include "model/dedup.h"
#include "model/state.h"

static const MpsLink log_links[] = {MPS_ROOM(MpsSendLog, items, room, NULL), {0}};
static const MpsLink mappings_links[] = {MPS_ROOM(MpsMappings, items, room, NULL), {0}};
static const MpsLink pending_links[] = {MPS_ROOM(PendingList, items, room, NULL), {0}};

static const MpsLink end_links[] = {
    MPS_PART(SubflowEnd, seen, 1, mps_ranges_links),
    MPS_PART(SubflowEnd, log, 1, log_links),
    MPS_PART(SubflowEnd, mappings, 1, mappings_links),
    MPS_ARRAY(SubflowEnd, held, RawMapping, NULL),
    MPS_PART(SubflowEnd, unmapped, 1, pending_links),
    MPS_PART(SubflowEnd, skipped, 1, pending_links),
    MPS_PART(SubflowEnd, shown_again, 1, mps_ranges_links),
    {0},
};

static const MpsLink subflow_links[] = {
    MPS_KEPT(Subflow, public.connection),
    MPS_KEPT(Subflow, public.side[0].states),
    MPS_KEPT(Subflow, public.side[1].states),
    MPS_OWN_TEXT(Subflow, public.result_detail),
    MPS_KEPT(Subflow, public.states),
    MPS_KEPT(Subflow, public.check),
    MPS_PART(Subflow, end, 2, end_links),
    MPS_ITEMS(Subflow, icmp, 1, NULL),
    {0},
};

static const MpsLink run_links[] = {MPS_ENTITY(Run, first), {0}};
static const MpsLink space_links[] = {MPS_ROOM(DataSpace, runs, room, run_links), {0}};

static const MpsLink connection_links[] = {
    MPS_KEPT(Connection, public.side[0].states),
    MPS_KEPT(Connection, public.side[1].states),
    MPS_KEPT(Connection, public.subflows),
    MPS_KEPT(Connection, public.states),
    MPS_KEPT(Connection, public.check),
    MPS_PART(Connection, space, 2, space_links),
    MPS_KEPT(Connection, queue),
    MPS_KEPT(Connection, link.data),
    MPS_KEPT(Connection, link.next),
    MPS_KEPT(Connection, link.prev),
    {0},
};

static const MpsLink grave_links[] = {
    MPS_KEPT(Grave, link.data),
    MPS_KEPT(Grave, link.next),
    MPS_KEPT(Grave, link.prev),
    {0},
};

static void *new_states(const MpsModel *model, MpsScope scope)
{
    return model->hooks.states ? model->hooks.states(model->hooks.user, scope) : NULL;
}

static Subflow *new_subflow(const MpsModel *model, Connection *connection)
{
    Subflow *self = g_new0(Subflow, 1);

    self->public.connection = &connection->public;
    self->public.states = new_states(model, MPS_SCOPE_SUBFLOW);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        self->public.side[side].states = new_states(model, MPS_SCOPE_SUBFLOW_DIRECTION);
    g_ptr_array_add(connection->public.subflows, self);
    return self;
}

static Connection *new_connection(const MpsModel *model, Lifetime *lifetime)
{
    Connection *self = g_new0(Connection, 1);

    self->public.subflows = g_ptr_array_new();
    self->public.states = new_states(model, MPS_SCOPE_CONNECTION);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        self->public.side[side].states = new_states(model, MPS_SCOPE_CONNECTION_DIRECTION);
    self->queue = lifetime;
    self->link.data = self;
    g_queue_push_tail_link(&lifetime->queue, &self->link);
    return self;
}

static void enter_connection(const MpsModel *model, Connection *connection,
                             const MpsModelImage *also, MpsImage *image)
{
    GPtrArray *subflows = connection->public.subflows;
    uint32_t n = subflows->len;

    mps_image_enter(image, connection);
    MPS_IMAGE(image, n);
    for (uint32_t i = 0; i < n; i++)
        mps_image_enter(image, mps_image_restores(image) ? new_subflow(model, connection)
                                                         : g_ptr_array_index(subflows, i));
    also->enter(also->user, &connection->public, image);
}

/* The connections that wait for the end of @lifetime, in their order. */
static void enter_lifetime(const MpsModel *model, Lifetime *lifetime, const MpsModelImage *also,
                           MpsImage *image)
{
    uint32_t n = lifetime->queue.length;
    GList *link = lifetime->queue.head;

    MPS_IMAGE(image, n);
    for (uint32_t i = 0; i < n; i++) {
        enter_connection(model,
                         mps_image_restores(image) ? new_connection(model, lifetime) : link->data,
                         also, image);
        link = link ? link->next : NULL;
    }
}

static void image_subflow(MpsModel *model, Subflow *subflow, MpsImage *image)
{
    bool known = mps_flows_find(model->flows, &subflow->key) == subflow;

    mps_image_structure(image, subflow, sizeof *subflow, subflow_links);
    MPS_IMAGE(image, known); /* else another one has its addresses and ports by now */
    if (known && mps_image_restores(image))
        mps_flows_put(model->flows, &subflow->key, subflow);
}

static void image_connection(MpsModel *model, Connection *connection, const MpsModelImage *also,
                             MpsImage *image)
{
    mps_image_structure(image, connection, sizeof *connection, connection_links);
    for (guint i = 0; i < connection->public.subflows->len; i++)
        image_subflow(model, g_ptr_array_index(connection->public.subflows, i), image);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const gpointer token = GUINT_TO_POINTER(connection->registered_token[side]);
        bool found =
            connection->registered[side] && g_hash_table_lookup(model->tokens, token) == connection;

        MPS_IMAGE(image, found);
        if (found && mps_image_restores(image))
            g_hash_table_insert(model->tokens, token, connection);
    }
    also->states(also->user, &connection->public, image);
}

static void image_graves(MpsModel *model, MpsImage *image)
{
    uint32_t n = model->graves.length;
    GList *link = model->graves.head;

    MPS_IMAGE(image, n);
    for (uint32_t i = 0; i < n; i++) {
        Grave *grave = link ? link->data : g_new0(Grave, 1);

        mps_image_structure(image, grave, sizeof *grave, grave_links);
        link = link ? link->next : NULL;
        if (!mps_image_restores(image))
            continue;
        grave->link.data = grave;
        mps_flows_put(model->buried, &grave->key, grave);
        g_queue_push_tail_link(&model->graves, &grave->link);
    }
}

void mps_model_image(MpsModel *self, const MpsModelImage *also, MpsImage *image)
{
    Lifetime *const lifetimes[] = {&self->opening, &self->open, &self->over, &self->finished};

    for (guint i = 0; i < G_N_ELEMENTS(lifetimes); i++)
        enter_lifetime(self, lifetimes[i], also, image);
    for (guint i = 0; i < G_N_ELEMENTS(lifetimes); i++)
        for (GList *link = lifetimes[i]->queue.head; link; link = link->next)
            image_connection(self, link->data, also, image);
    image_graves(self, image);
    mps_dedup_image(self->dedup, image);
    MPS_IMAGE(image, self->n_connections);
    MPS_IMAGE(image, self->n_subflows);
    MPS_IMAGE(image, self->plain_syns);
    MPS_IMAGE(image, self->plain_offers);
    MPS_IMAGE(image, self->now_ns);
    MPS_IMAGE(image, self->holes_ns);
    MPS_IMAGE(image, self->due_ns);
    MPS_IMAGE(image, self->order);
}
