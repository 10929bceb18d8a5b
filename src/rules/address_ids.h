/* address_ids.h - the addresses of each host and their ids (RFC 8684 section 3.4): what it
 * announced with ADD_ADDR, joined from with MP_JOIN, and withdrew with REMOVE_ADDR.
 *
 * Family ADDR keeps the table: it enters announcements and joins behind its own checks, and family
 * RMV takes removals out behind its.  Families before ADDR (JOIN) find the table as it was before
 * the packet, those behind RMV as it is after.  Id 0 is the host's address on the initial subflow
 * and is in the table only if it was announced, joined from or removed. */
#ifndef MPS_RULES_ADDRESS_IDS_H
#define MPS_RULES_ADDRESS_IDS_H

#include "rules/check.h"

typedef struct {
    uint8_t id;
    bool announced, joined; /* which of the next two there are */
    bool removed;           /* no longer valid since @removal; a join or an
                               announcement makes it valid again */
    bool has_port;
    uint16_t port;              /* announced */
    MpsAddress at, joined_from; /* as announced; as seen in the IP header of a join */
    Place announcement, join, removal;
} AddressId;

/* At most one entry per id, thus 256 of each host. */
typedef struct {
    GArray *of[2]; /* AddressId, by MpsSide; NULL = none */
} AddressIds;

void address_ids_clear(AddressIds *self);

/* The table of the connection. */
AddressIds *address_ids_of(const Check *check);

/* The entry of @id, or NULL. */
const AddressId *address_ids_get(const AddressIds *self, MpsSide side, unsigned id);

/* The entries of a host, one after the other; NULL behind the last. */
const AddressId *address_ids_nth(const AddressIds *self, MpsSide side, guint n);

/* Whether @side has ever used @id on a subflow or told of it; id 0 always. */
bool address_id_is_known(const Check *check, MpsSide side, unsigned id);

/* Id of @side's address on @subflow; -1: not known. */
int address_id_on(const MpsSubflow *subflow, MpsSide side);

void address_ids_announce(AddressIds *self, const Packet *packet, const MpsMptcpOption *add_addr);
void address_ids_join(AddressIds *self, const Packet *packet, unsigned id);
void address_ids_remove(AddressIds *self, const Packet *packet, unsigned id);

bool same_address(const MpsAddress *a, const MpsAddress *b);

/* Whether @entry is of @address, as announced or as joined from. */
bool address_id_has(const AddressId *entry, const MpsAddress *address);

#endif
