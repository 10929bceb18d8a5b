/* jobs.h - work that has nothing to do with each other, in processes of its own, several at a time.
 *
 * What a job writes to standard output and error comes in the order of the jobs, not of their ends.
 */
#ifndef MPS_CLI_JOBS_H
#define MPS_CLI_JOBS_H

#include <stdbool.h>

#include <glib.h>

typedef struct _MpsJobs MpsJobs;

/* Does job @index; the result is 0 to 255. */
typedef int (*MpsJob)(unsigned index, void *user);

/* Begins with @work for 0 to @n - 1, up to @n_at_once of them at a time. */
MpsJobs *mps_jobs_new(unsigned n, unsigned n_at_once, MpsJob work, void *user);

/* Waits for the next job.  *text is what it wrote to standard output, to be freed; what it wrote to
 * standard error is passed on.  False and MPS_ERROR_INTERRUPTED after a signal, or MPS_ERROR_OPEN
 * if it could not be begun or did not end by itself. */
bool mps_jobs_next(MpsJobs *self, int *result, char **text, GError **error);

/* Ends those that still run. */
void mps_jobs_free(MpsJobs *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsJobs, mps_jobs_free)

#endif
