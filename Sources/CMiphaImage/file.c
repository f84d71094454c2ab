#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mi_status open_regular(const char *path, int *descriptor, uint64_t *size,
                              mi_failure *failure) {
    // O_NONBLOCK keeps a named pipe from holding the call until a writer appears.
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) {
        return mi_fail(failure, MI_IO, MI_UNKNOWN_OFFSET, "cannot be opened: %s", strerror(errno));
    }
    struct stat information;
    if (fstat(opened, &information) != 0) {
        int code = errno;
        close(opened);
        return mi_fail(failure, MI_IO, MI_UNKNOWN_OFFSET, "cannot be examined: %s", strerror(code));
    }
    if (!S_ISREG(information.st_mode)) {
        close(opened);
        return mi_fail(failure, MI_IO, MI_UNKNOWN_OFFSET, "is not a regular file");
    }
    *descriptor = opened;
    *size = (uint64_t)information.st_size;
    return MI_OK;
}

mi_status mi_file_size(const char *path, uint64_t *size, mi_failure *failure) {
    int descriptor = -1;
    mi_status status = open_regular(path, &descriptor, size, failure);
    if (status == MI_OK) close(descriptor);
    return status;
}

mi_status mi_file_read(const char *path, uint8_t *bytes, size_t count, mi_failure *failure) {
    int descriptor = -1;
    uint64_t size = 0;
    mi_status status = open_regular(path, &descriptor, &size, failure);
    if (status != MI_OK) return status;
    size_t done = 0;
    while (done < count) {
        ssize_t step = read(descriptor, bytes + done, count - done);
        if (step > 0) {
            done += (size_t)step;
        } else if (step == 0) {
            status = mi_fail(failure, MI_IO, done, "shrank while it was read");
            break;
        } else if (errno != EINTR) {
            status = mi_fail(failure, MI_IO, done, "cannot be read: %s", strerror(errno));
            break;
        }
    }
    close(descriptor);
    return status;
}
