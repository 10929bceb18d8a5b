/* interrupt.h - SIGINT, SIGTERM and SIGHUP end a run between two packets, so that it can clean up:
 * one that reads a pipe finishes with what came until then; a second signal ends it as any other.
 * Signals within a tenth of a second are one. */
#ifndef MPS_PIPELINE_INTERRUPT_H
#define MPS_PIPELINE_INTERRUPT_H

#include <stdbool.h>

/* Catches the signals until mps_interrupt_end(), which puts back what was there before.  A run that
 * is @done although a signal was to end it had no time to heed that: it comes again, for whoever
 * has it now. */
void mps_interrupt_begin(void);
void mps_interrupt_end(bool done, bool reads_pipe);

/* Becomes readable with the first signal; lives from the begin to the end. */
int mps_interrupt_fd(void);

/* Ends reading as a signal would, but is none. */
void mps_interrupt_reading(void);

/* Whether signals since the begin end a run; it @reads_pipe. */
bool mps_interrupted(bool reads_pipe);

#endif
