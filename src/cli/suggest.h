/* suggest.h - "did you mean". */
#ifndef MPS_CLI_SUGGEST_H
#define MPS_CLI_SUGGEST_H

/* The one of @names (NULL-terminated) that @typed was probably meant to be, or NULL. */
const char *mps_suggest(const char *typed, const char *const *names);

#endif
