/* observers.h - the metrics at work: who wants which event, whose state is where, whose columns
 * make up which table. */
#ifndef MPS_PIPELINE_OBSERVERS_H
#define MPS_PIPELINE_OBSERVERS_H

#include <mptcpscope/observer.h>

#include "metrics/metrics.h"
#include "util/image.h"

typedef struct _MpsObservers MpsObservers;

/* Sets up @metrics (NULL-terminated). */
MpsObservers *mps_observers_new(MpsMetricSet selected);

/* The four scope tables and the metrics' own, NULL-terminated; live as long as the observers. */
const MpsTable *const *mps_observers_tables(const MpsObservers *self);

/* What the metrics keep of a new entity of @scope, for g_free(). */
void *mps_observers_states(const MpsObservers *self, MpsScope scope);

/* Kinds of events that anybody wants. */
unsigned mps_observers_wants(const MpsObservers *self);

/* Hands @event to those that want it. */
void mps_observers_emit(const MpsObservers *self, const MpsEvent *event, MpsRowSink *rows);

/* Writes all rows of a finished connection, and releases what the states own. */
void mps_observers_closed(const MpsObservers *self, MpsConnection *connection, MpsRowSink *rows);

/* The states of @connection and its subflows in an image. */
void mps_observers_image(const MpsObservers *self, MpsConnection *connection, MpsImage *image);

void mps_observers_free(MpsObservers *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsObservers, mps_observers_free)

#endif
