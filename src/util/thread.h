/* thread.h - threads beside the main one, and what they hand each other.
 *
 * An MpsRing is a row of slots that go round between one thread that fills and one that empties
 * them, in order.  What a slot holds is its users' business: who has it, has it alone. */
#ifndef MPS_UTIL_THREAD_H
#define MPS_UTIL_THREAD_H

#include <pthread.h> /* not GLib's locks, which thread sanitizers do not know */
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* Starts a thread that gets no signals: they are for the one that began the run.  To be waited for
 * with g_thread_join(). */
GThread *mps_thread_start(const char *name, GThreadFunc run, gpointer user);

typedef struct {
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    unsigned n_slots;
    uint64_t n_filled, n_emptied;
    bool ended;   /* no more will be filled */
    bool stopped; /* no more are wanted */
} MpsRing;

void mps_ring_begin(MpsRing *self, unsigned n_slots);
void mps_ring_clear(MpsRing *self);

/* For the thread that fills: the slot to fill next, when there is one; -1: no more are wanted.
 * Then it is handed over. */
int mps_ring_wait_empty(MpsRing *self);
void mps_ring_fill(MpsRing *self);
void mps_ring_end(MpsRing *self);

/* For the thread that empties: the slot that was filled next, when there is one; -1: there will be
 * no more.  Then it is given back. */
int mps_ring_wait_full(MpsRing *self);
void mps_ring_empty(MpsRing *self);
void mps_ring_stop(MpsRing *self);

#endif
