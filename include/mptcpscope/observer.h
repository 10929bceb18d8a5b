/* observer.h - how a metric (or rule) describes itself.
 *
 * A metric lives in one scope.  For every entity of that scope (a connection, one direction of it,
 * a subflow, one direction of it) it owns state_bytes of zeroed memory.  It sees the events it
 * wants that concern the entity, and when the connection is closed it fills its summary columns of
 * the entity's row and may add rows to a table of its own. */
#ifndef MPTCPSCOPE_OBSERVER_H
#define MPTCPSCOPE_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <mptcpscope/event.h>
#include <mptcpscope/row.h>
#include <mptcpscope/shape.h>

/* The four scopes, which are the four summary tables of the database. */
typedef enum {
    MPS_SCOPE_CONNECTION,
    MPS_SCOPE_CONNECTION_DIRECTION,
    MPS_SCOPE_SUBFLOW,
    MPS_SCOPE_SUBFLOW_DIRECTION,
    MPS_N_SCOPES,
} MpsScope;

typedef struct {
    const MpsConnection *connection;
    const MpsSubflow *subflow; /* NULL in the scopes of a connection */
    MpsDirection direction;    /* MPS_NOBODY in scopes without direction */
} MpsSubject;

/* Segments by what they carry, as a set: many metrics have no use for most of them. */
enum {
    MPS_SEGMENT_PAYLOAD = 1,
    /* SYN, FIN, RST, an option that no decoder knows, MPTCP options other than a single DSS, or a
     * tunnel around it. */
    MPS_SEGMENT_SPECIAL = 2,
    MPS_N_SEGMENT_SETS = 4,
};

/* One kind of event that a metric wants. */
typedef struct {
    /* An event about the entity that @state belongs to; NULL: not wanted. */
    void (*call)(void *state, const MpsEvent *event, MpsRowSink *rows);
    unsigned only; /* SEGMENT, ACK: for segments with one of these; 0: for any */
} MpsObserve;

typedef struct _MpsMetric {
    const char *name;
    const char *help; /* one sentence: what is measured, and its source */
    MpsScope scope;
    bool always;               /* what the rest is read by: measured whatever is selected */
    const MpsColumn *columns;  /* of the scope's table, filled by summarise(); or NULL */
    const MpsTable *table;     /* a row table of its own, or NULL */
    const MpsTable *histogram; /* another one, of distributions, or NULL */
    /* Another metric of the same scope that what this one finds out belongs to, or NULL.  State
     * begins with a pointer to that one's state of the same entity; NULL: it is not selected.  The
     * other one comes later in the list, so that it settles its results last. */
    const struct _MpsMetric *feeds;
    size_t state_bytes;
    const MpsLink *links; /* of the state; NULL: it has no pointers */

    MpsObserve observe[MPS_N_EVENTS];
    /* The connection is closed: the rows that could only be known now, and what summarise() shall
     * find settled.  Not called for joins that belong to no connection. */
    void (*finish)(void *state, const MpsSubject *subject, MpsRowSink *rows);
    /* Fills one value per column.  Values left untouched are NULL. */
    void (*summarise)(const void *state, const MpsSubject *subject, MpsValue *values);
    /* Releases what the state owns; the state itself is not the metric's. */
    void (*clear)(void *state);
} MpsMetric;

#endif
