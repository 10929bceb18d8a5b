/* version.h - the program's version, in one place. */
#ifndef MPS_UTIL_VERSION_H
#define MPS_UTIL_VERSION_H

#define MPS_VERSION "0.1.0"

#endif
