#ifndef MI_FAILURE_H
#define MI_FAILURE_H

#include "CMiphaImage.h"

#define MI_UNKNOWN_OFFSET SIZE_MAX

// Fills *failure and returns `status`.
mi_status mi_fail(mi_failure *failure, mi_status status, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
