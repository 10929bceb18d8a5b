/* checkpoint.h - what a run is, so that another one goes on only where it would have gone on. */
#ifndef MPS_PIPELINE_CHECKPOINT_H
#define MPS_PIPELINE_CHECKPOINT_H

#include "capture/trace.h"
#include "pipeline/pipeline.h"
#include "store/checkpoint.h"
#include "util/image.h"

/* The program, the options that results depend on, and the files, a line each; for g_free().  NULL
 * and MPS_ERROR_USAGE: a file cannot be read twice; _OPEN: it is gone. */
char *mps_checkpoint_run(const MpsAnalysis *analysis, const MpsTrace *trace, GError **error);

/* The checkpoint that @run, as above, goes on from, and the state in it; both are the caller's, and
 * NULL if it has to begin.  False and MPS_ERROR_STORE: there is an unfinished database that it
 * cannot go on with, nor shall replace. */
bool mps_checkpoint_choose(const MpsAnalysis *analysis, const char *run, MpsCheckpoint **found,
                           MpsImage **state, GError **error);

#endif
