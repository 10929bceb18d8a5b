/* image.c - what the rules keep, in an image. */
#include "rules/check_parts.h"

static const MpsLink fault_links[] = {
    MPS_WORD(Fault, field),
    MPS_OWN_TEXT(Fault, expected),
    MPS_OWN_TEXT(Fault, seen),
    MPS_ENTITY(Fault, subflow),
    {0},
};

static const MpsLink check_links[] = {
    MPS_KEPT(Check, rules),
    MPS_KEPT(Check, connection),
    MPS_ITEMS(Check, missing, N_RULES, NULL),
    MPS_ARRAY(Check, faults, Fault, fault_links),
    {0},
};

static size_t n_recent(const void *end)
{
    return MIN(((const End *)end)->n_mapped, RECENT_MAPPINGS);
}

/* See keep_mapping(): a power of two. */
static size_t room_for_recent(const void *end)
{
    size_t room = 1;

    while (room < n_recent(end))
        room *= 2;
    return room;
}

static const MpsLink end_links[] = {
    MPS_GROWING(End, recent, n_recent, room_for_recent, NULL),
    {0},
};

static const MpsLink flow_links[] = {
    MPS_ENTITY(Flow, check),
    MPS_KEPT(Flow, public),
    MPS_PART(Flow, end, 2, end_links),
    {0},
};

void mps_rules_enter(MpsRules *self, MpsConnection *connection, MpsImage *image)
{
    bool any = connection->check;

    MPS_IMAGE(image, any);
    if (any)
        mps_image_enter(image, connection->check ? connection->check : new_check(self, connection));
    for (guint i = 0; i < connection->subflows->len; i++) {
        MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        any = subflow->check;
        MPS_IMAGE(image, any);
        if (any)
            mps_image_enter(image, subflow->check ? subflow->check : new_flow(self, subflow));
    }
}

void mps_rules_image_connection(MpsRules *self, MpsConnection *connection, MpsImage *image)
{
    Check *check = connection->check;

    if (check)
        mps_image_structure(image, check, sizeof *check, check_links);
    for (int i = 0; check && i < N_FAMILIES; i++)
        mps_image_structure(image, (char *)check + self->at[i].check, mps_families[i]->check_bytes,
                            mps_families[i]->check_links);
    for (guint k = 0; k < connection->subflows->len; k++) {
        Flow *flow = flow_of(g_ptr_array_index(connection->subflows, k));

        if (!flow)
            continue;
        mps_image_structure(image, flow, sizeof *flow, flow_links);
        if (!flow->check) /* it came from a connection that is gone */
            flow->check = check;
        for (int i = 0; i < N_FAMILIES; i++)
            mps_image_structure(image, (char *)flow + self->at[i].flow, mps_families[i]->flow_bytes,
                                mps_families[i]->flow_links);
    }
}

void mps_rules_image_run(MpsRules *self, MpsImage *image)
{
    guint n_holes = self->holes->len;

    MPS_IMAGE(image, n_holes);
    if (mps_image_restores(image))
        g_array_set_size(self->holes, n_holes);
    mps_image_bytes(image, self->holes->data, n_holes * sizeof(int64_t));
    MPS_IMAGE(image, self->now_ns);
    MPS_IMAGE(image, self->epochs);
    MPS_IMAGE(image, self->n_next);
    MPS_IMAGE(image, self->n_broken);
    for (int i = 0; i < N_FAMILIES; i++) {
        mps_image_structure(image, self->states + self->at[i].run, mps_families[i]->run_bytes,
                            mps_families[i]->run_links);
        if (mps_families[i]->image_run)
            mps_families[i]->image_run(self, image);
    }
}
