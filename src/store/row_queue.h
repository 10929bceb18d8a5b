/* row_queue.h - rows handed to a thread that stores them, a bounded number of bytes ahead of it. */
#ifndef MPS_STORE_ROW_QUEUE_H
#define MPS_STORE_ROW_QUEUE_H

#include <glib.h>

#include <mptcpscope/row.h>

typedef struct _MpsRowQueue MpsRowQueue;

/* Rows of @tables (NULL-terminated, borrowed) go to @rows, in order, in a thread of its own, until
 * the queue is freed.  @rows is that thread's alone. */
MpsRowQueue *mps_row_queue_new(MpsRowSink *rows, const MpsTable *const *tables);

/* Where rows go; belongs to the queue. */
MpsRowSink *mps_row_queue_rows(MpsRowQueue *self);

/* Does not wait for more rows to hand over those that came. */
void mps_row_queue_hand_over(MpsRowQueue *self);

/* Waits until all rows are where they go. */
void mps_row_queue_free(MpsRowQueue *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsRowQueue, mps_row_queue_free)

#endif
