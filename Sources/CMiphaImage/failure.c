#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

mi_status mi_fail(mi_failure *failure, mi_status status, size_t offset, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->message, sizeof failure->message, format, arguments);
    va_end(arguments);
    failure->offset = offset;
    return status;
}

void mi_free(uint8_t *bytes) { free(bytes); }
