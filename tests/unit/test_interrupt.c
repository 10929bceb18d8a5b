/* test_interrupt.c - which signals end a run, and what becomes of those that come too late. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "pipeline/interrupt.h"

static bool is_readable(int fd)
{
    struct pollfd file = {.fd = fd, .events = POLLIN};

    return poll(&file, 1, 0) == 1;
}

static void one_wish(void)
{
    mps_interrupt_begin();
    g_assert_false(mps_interrupted(false));
    g_assert_false(is_readable(mps_interrupt_fd()));
    raise(SIGINT);
    g_assert_true(is_readable(mps_interrupt_fd()));
    g_assert_true(mps_interrupted(false));
    g_assert_false(mps_interrupted(true));
    raise(SIGINT);
    raise(SIGTERM); /* as timeout(1) sends it twice */
    g_assert_false(mps_interrupted(true));
    g_usleep(120000);
    raise(SIGHUP);
    g_assert_true(mps_interrupted(true));
    mps_interrupt_end(false, true);
}

/* What a child says about itself that gets @number while it @reads_pipe or not, in a run that ends
 * @done or not, and @again then. */
static int end_of(int number, bool done, bool reads_pipe, int again)
{
    const pid_t child = fork();
    int status = 0;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        mps_interrupt_begin();
        raise(number);
        mps_interrupt_end(done, reads_pipe);
        if (again)
            raise(again);
        _exit(7);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void too_late(void)
{
    g_assert_cmpint(end_of(SIGTERM, true, false, 0), ==, -SIGTERM);
    g_assert_cmpint(end_of(SIGINT, true, false, 0), ==, -SIGINT);
    g_assert_cmpint(end_of(SIGINT, false, false, 0), ==, 7); /* it says so itself */
    g_assert_cmpint(end_of(SIGINT, true, true, 0), ==, 7);   /* its pipe ended */
    g_assert_cmpint(end_of(SIGINT, true, true, SIGTERM), ==, -SIGTERM);
}

/* The second of two that are one is waited for: it ends nothing afterwards. */
static void comes_behind(void)
{
    const pid_t child = fork();
    int status = 0;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        mps_interrupt_begin();
        while (!mps_interrupted(false))
            g_usleep(1000);
        mps_interrupt_end(true, true);
        _exit(7);
    }
    g_usleep(50000);
    kill(child, SIGINT);
    g_usleep(10000);
    kill(child, SIGTERM);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interrupt/one-wish", one_wish);
    g_test_add_func("/interrupt/too-late", too_late);
    g_test_add_func("/interrupt/comes-behind", comes_behind);
    return g_test_run();
}
