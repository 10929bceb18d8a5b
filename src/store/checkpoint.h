/* checkpoint.h - what an unfinished database can be gone on from: PATH.part holds all rows up to
 * some packet, PATH.state1, PATH.state2, ..., each a file of its own, the state of the run behind
 * it.
 *
 * The row that names the state is committed behind the rows, with how many each table has, and
 * after the state is on disk; then the state before it is removed.  Rows that came later are taken
 * back when the database is gone on with. */
#ifndef MPS_STORE_CHECKPOINT_H
#define MPS_STORE_CHECKPOINT_H

#include <glib.h>
#include <stdbool.h>

#include <mptcpscope/error.h>
#include <mptcpscope/row.h>

typedef struct {
    char *run;          /* what was run, in words of who wrote it */
    uint64_t n_packets; /* read so far */
    char *digest;       /* of the state */
    int64_t number;     /* of the file that has it */
} MpsCheckpoint;

/* Has one row, mps_checkpoint_row(): adding it makes it and all rows before it durable. */
extern const MpsTable mps_checkpoint_table;
void mps_checkpoint_row(MpsRowSink *rows, const MpsCheckpoint *checkpoint);

/* The files of the unfinished database @path; for g_free(). */
char *mps_checkpoint_part(const char *path);
char *mps_checkpoint_state(const char *path, int64_t number);

/* Removes its states but that of @number; 0: all. */
void mps_checkpoint_clean(const char *path, int64_t number);

/* Looks for a checkpoint of the database @path.  *found is NULL if there is none; it is owned by
 * the caller.  False and MPS_ERROR_STORE: PATH.part is there, but none of ours, or in use; with
 * *useless: it is ours, but it is damaged, or complete. */
bool mps_checkpoint_find(const char *path, MpsCheckpoint **found, bool *useless, GError **error);

void mps_checkpoint_free(MpsCheckpoint *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsCheckpoint, mps_checkpoint_free)

#endif
