/* table_numbers.h - which number a table has in a list, for each row anew. */
#ifndef MPS_STORE_TABLE_NUMBERS_H
#define MPS_STORE_TABLE_NUMBERS_H

#include <glib.h>

#include <mptcpscope/row.h>

/* Hashed by address. */
typedef struct {
    struct {
        const MpsTable *table; /* NULL: free */
        unsigned number;
    } * slots;
    unsigned n_slots; /* a power of two, most of them free */
    unsigned n_tables;
} MpsTableNumbers;

static inline unsigned mps_table_slot(const MpsTableNumbers *self, const MpsTable *table)
{
    unsigned at = (unsigned)((uintptr_t)table / sizeof *table);

    while (self->slots[at & (self->n_slots - 1)].table &&
           self->slots[at & (self->n_slots - 1)].table != table)
        at++;
    return at & (self->n_slots - 1);
}

/* Of @tables, NULL-terminated. */
static inline MpsTableNumbers mps_table_numbers_new(const MpsTable *const *tables)
{
    MpsTableNumbers self = {.n_slots = 4};

    while (tables[self.n_tables])
        self.n_tables++;
    while (self.n_slots < 4 * self.n_tables)
        self.n_slots *= 2;
    self.slots = g_malloc0_n(self.n_slots, sizeof *self.slots);
    for (unsigned i = 0; i < self.n_tables; i++) {
        const unsigned at = mps_table_slot(&self, tables[i]);

        self.slots[at].table = tables[i];
        self.slots[at].number = i;
    }
    return self;
}

/* @table has to be one of the list. */
static inline unsigned mps_table_number(const MpsTableNumbers *self, const MpsTable *table)
{
    const unsigned at = mps_table_slot(self, table);

    g_assert(self->slots[at].table == table);
    return self->slots[at].number;
}

static inline void mps_table_numbers_clear(MpsTableNumbers *self)
{
    g_free(self->slots);
}

#endif
