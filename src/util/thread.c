/* thread.c - see thread.h. */
#include "util/thread.h"

#include <malloc.h>
#include <signal.h>

GThread *mps_thread_start(const char *name, GThreadFunc run, gpointer user)
{
    sigset_t all, before;
    GThread *thread;

    /* Little is allocated there, and a heap for each would set aside 64 MB of address space. */
    (void)mallopt(M_ARENA_MAX, 1);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = g_thread_new(name, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

void mps_ring_begin(MpsRing *self, unsigned n_slots)
{
    *self = (MpsRing){.n_slots = n_slots};
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
}

void mps_ring_clear(MpsRing *self)
{
    pthread_mutex_destroy(&self->mutex);
    pthread_cond_destroy(&self->changed);
}

int mps_ring_wait_empty(MpsRing *self)
{
    int slot = -1;

    pthread_mutex_lock(&self->mutex);
    while (!self->stopped && self->n_filled - self->n_emptied == self->n_slots)
        pthread_cond_wait(&self->changed, &self->mutex);
    if (!self->stopped)
        slot = (int)(self->n_filled % self->n_slots);
    pthread_mutex_unlock(&self->mutex);
    return slot;
}

int mps_ring_wait_full(MpsRing *self)
{
    int slot = -1;

    pthread_mutex_lock(&self->mutex);
    while (!self->ended && self->n_filled == self->n_emptied)
        pthread_cond_wait(&self->changed, &self->mutex);
    if (self->n_filled != self->n_emptied)
        slot = (int)(self->n_emptied % self->n_slots);
    pthread_mutex_unlock(&self->mutex);
    return slot;
}

static void count(MpsRing *self, uint64_t *n)
{
    pthread_mutex_lock(&self->mutex);
    ++*n;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

void mps_ring_fill(MpsRing *self)
{
    count(self, &self->n_filled);
}

void mps_ring_empty(MpsRing *self)
{
    count(self, &self->n_emptied);
}

static void set(MpsRing *self, bool *flag)
{
    pthread_mutex_lock(&self->mutex);
    *flag = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

void mps_ring_end(MpsRing *self)
{
    set(self, &self->ended);
}

void mps_ring_stop(MpsRing *self)
{
    set(self, &self->stopped);
}
