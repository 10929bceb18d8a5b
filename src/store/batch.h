/* batch.h - rows into the tables of a database, many at a time. */
#ifndef MPS_STORE_BATCH_H
#define MPS_STORE_BATCH_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

#include <mptcpscope/row.h>

typedef struct _MpsBatch MpsBatch;

/* Rows for @tables (NULL-terminated, borrowed), which go into @goals, the same ones or others with
 * the same columns: @db has them, without any index, and no transaction begun.  NULL: @db says why.
 */
MpsBatch *mps_batch_new(sqlite3 *db, const MpsTable *const *tables, const MpsTable *const *goals);

/* Takes one row; rows of a table keep their order.  False: some cannot be stored, @db says why. */
bool mps_batch_add(MpsBatch *self, const MpsTable *table, const MpsValue *values);

/* Puts all rows that were taken into the file, in one transaction.  False: as above. */
bool mps_batch_flush(MpsBatch *self);

/* Rows that were not stored are gone. */
void mps_batch_free(MpsBatch *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsBatch, mps_batch_free)

#endif
