/* interrupt.h - SIGINT, SIGTERM and SIGHUP end a run between two packets, so that it can clean up.
 */
#ifndef MPS_PIPELINE_INTERRUPT_H
#define MPS_PIPELINE_INTERRUPT_H

#include <stdbool.h>

/* Catches the signals until mps_interrupt_end(), which puts back what was there before. */
void mps_interrupt_begin(void);
void mps_interrupt_end(void);

/* Whether one came since the begin. */
bool mps_interrupted(void);

#endif
