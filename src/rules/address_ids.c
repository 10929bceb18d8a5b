/* address_ids.c - see address_ids.h. */
#include "rules/address_ids.h"

#include <string.h>

void address_ids_clear(AddressIds *self)
{
    for (int side = 0; side < 2; side++)
        if (self->of[side])
            g_array_unref(self->of[side]);
}

AddressIds *address_ids_of(const Check *check)
{
    return check_state(check, FAMILY_addr); /* its first member */
}

const AddressId *address_ids_nth(const AddressIds *self, MpsSide side, guint n)
{
    const GArray *entries = self->of[side];

    return entries && n < entries->len ? &g_array_index(entries, AddressId, n) : NULL;
}

const AddressId *address_ids_get(const AddressIds *self, MpsSide side, unsigned id)
{
    const AddressId *entry;

    for (guint i = 0; (entry = address_ids_nth(self, side, i)); i++)
        if (entry->id == id)
            return entry;
    return NULL;
}

int address_id_on(const MpsSubflow *subflow, MpsSide side)
{
    return subflow->kind == MPS_KIND_INITIAL ? 0 : subflow->side[side].address_id;
}

bool address_id_is_known(const Check *check, MpsSide side, unsigned id)
{
    if (id == 0 || address_ids_get(address_ids_of(check), side, id))
        return true;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (address_id_on(subflow, side) == (int)id)
            return true;
    }
    return false;
}

bool same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool address_id_has(const AddressId *entry, const MpsAddress *address)
{
    return (entry->announced && same_address(&entry->at, address)) ||
           (entry->joined && same_address(&entry->joined_from, address));
}

/* The entry of @id, made if need be, valid again. */
static AddressId *entry_of(AddressIds *self, MpsSide side, unsigned id)
{
    AddressId *entry = (AddressId *)address_ids_get(self, side, id);

    if (!entry) {
        const AddressId fresh = {.id = (uint8_t)id};

        if (!self->of[side])
            self->of[side] = g_array_new(FALSE, FALSE, sizeof(AddressId));
        g_array_append_val(self->of[side], fresh);
        entry = &g_array_index(self->of[side], AddressId, self->of[side]->len - 1);
    }
    if (entry->removed)
        *entry = (AddressId){.id = entry->id};
    return entry;
}

void address_ids_announce(AddressIds *self, const Packet *packet, const MpsMptcpOption *add_addr)
{
    AddressId *entry = entry_of(self, packet->sender, add_addr->add_addr.address_id);

    entry->announced = true;
    entry->at = add_addr->add_addr.address;
    entry->has_port = add_addr->add_addr.has_port;
    entry->port = add_addr->add_addr.port;
    entry->announcement = packet_place(packet);
}

void address_ids_join(AddressIds *self, const Packet *packet, unsigned id)
{
    AddressId *entry = entry_of(self, packet->sender, id);

    entry->joined = true;
    entry->joined_from = packet->wire->src.address;
    entry->join = packet_place(packet);
}

void address_ids_remove(AddressIds *self, const Packet *packet, unsigned id)
{
    AddressId *entry = entry_of(self, packet->sender, id);

    if (!entry->announced && !entry->joined && id == 0) {
        entry->joined = true;
        entry->joined_from = packet->check->connection->end[packet->sender].address;
    }
    entry->removed = true;
    entry->removal = packet_place(packet);
}
