/* jobs.c - a forked process for each job, its output in files without a name. */
#include "cli/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mptcpscope/error.h>

#include "pipeline/interrupt.h"

typedef struct {
    pid_t pid; /* 0: not begun, or waited for */
    int status;
    FILE *out, *err;
} Job;

struct _MpsJobs {
    Job *jobs;
    unsigned n, n_at_once;
    unsigned n_begun, n_running, n_given;
    MpsJob work;
    void *user;
};

MpsJobs *mps_jobs_new(unsigned n, unsigned n_at_once, MpsJob work, void *user)
{
    MpsJobs *self = g_new0(MpsJobs, 1);

    self->jobs = g_new0(Job, n);
    self->n = n;
    self->n_at_once = n_at_once;
    self->work = work;
    self->user = user;
    mps_interrupt_begin();
    return self;
}

/* In the new process. */
static void work(const MpsJobs *self, const Job *job, unsigned index)
{
    int result = 1;

    mps_interrupt_end(false, false);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(fileno(job->out), STDOUT_FILENO) >= 0 && dup2(fileno(job->err), STDERR_FILENO) >= 0)
        result = self->work(index, self->user);
    if (fflush(stdout) != 0)
        result = 1;
    _exit(result);
}

static bool begin(MpsJobs *self, GError **error)
{
    Job *job = &self->jobs[self->n_begun];

    job->out = tmpfile();
    job->err = job->out ? tmpfile() : NULL;
    (void)fflush(NULL); /* or it would be written twice */
    job->pid = job->err ? fork() : -1;
    if (job->pid == 0)
        work(self, job, self->n_begun);
    if (job->pid < 0) {
        job->pid = 0;
        return mps_throw(error, MPS_ERROR_OPEN, "job %u: %s", self->n_begun + 1, g_strerror(errno));
    }
    self->n_begun++;
    self->n_running++;
    return true;
}

static void note_end(MpsJobs *self, pid_t pid, int status)
{
    for (unsigned i = 0; i < self->n_begun; i++) {
        if (self->jobs[i].pid != pid)
            continue;
        self->jobs[i].pid = 0;
        self->jobs[i].status = status;
        self->n_running--;
    }
}

static char *contents(FILE *file)
{
    GString *text = g_string_new(NULL);
    char piece[4096];
    size_t n;

    rewind(file);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        g_string_append_len(text, piece, (gssize)n);
    return g_string_free(text, FALSE);
}

static void close_files(Job *job)
{
    g_clear_pointer(&job->out, fclose);
    g_clear_pointer(&job->err, fclose);
}

bool mps_jobs_next(MpsJobs *self, int *result, char **text, GError **error)
{
    Job *job = &self->jobs[self->n_given];
    g_autofree char *notes = NULL;

    while (self->n_begun <= self->n_given || job->pid != 0) {
        int status;
        pid_t pid;

        while (self->n_begun < self->n && self->n_running < self->n_at_once)
            if (!begin(self, error))
                return false;
        pid = waitpid(-1, &status, 0);
        if (mps_interrupted(false))
            return mps_throw(error, MPS_ERROR_INTERRUPTED, "interrupted; nothing was written");
        if (pid > 0)
            note_end(self, pid, status);
    }
    notes = contents(job->err);
    *text = contents(job->out);
    close_files(job);
    self->n_given++;
    fputs(notes, stderr);
    if (!WIFEXITED(job->status))
        return mps_throw(error, MPS_ERROR_OPEN, "job %u: ended by signal %d", self->n_given,
                         WTERMSIG(job->status));
    *result = WEXITSTATUS(job->status);
    return true;
}

void mps_jobs_free(MpsJobs *self)
{
    if (!self)
        return;
    for (unsigned i = 0; i < self->n_begun; i++)
        if (self->jobs[i].pid != 0)
            (void)kill(self->jobs[i].pid, SIGTERM);
    for (unsigned i = 0; i < self->n; i++) {
        while (self->jobs[i].pid != 0 && waitpid(self->jobs[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
        close_files(&self->jobs[i]);
    }
    mps_interrupt_end(self->n_given == self->n, false);
    g_free(self->jobs);
    g_free(self);
}
