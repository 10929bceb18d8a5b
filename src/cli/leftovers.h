/* leftovers.h - files that shall not outlive the program: a signal that ends it removes them first.
 */
#ifndef MPS_CLI_LEFTOVERS_H
#define MPS_CLI_LEFTOVERS_H

/* Removes the file or directory @path when SIGHUP, SIGINT or SIGTERM ends the program, what was
 * added last first.  For a few paths at a time. */
void mps_leftovers_add(const char *path);
/* @path is gone, or shall stay. */
void mps_leftovers_drop(const char *path);
/* Takes the signals again, after somebody else had them; one that is ignored stays so. */
void mps_leftovers_watch(void);

#endif
