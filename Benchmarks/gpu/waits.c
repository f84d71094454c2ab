/* Preloaded into a program that uses CUDA's runtime library: counts how often the host waits for a
 * device and what is copied, and writes that to the file MIPHA_WAITS_REPORT at the end.
 *
 *     cc -O2 -shared -fPIC -o libwaits.so waits.c -ldl
 *
 * Needs no header of CUDA: the functions take what their documentation says, and 1 and 2 are the kinds
 * of copies to the device and to the host. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong waits, copies_up, bytes_up, copies_down, bytes_down;

/* The function that this one stands in front of. */
#define NEXT(function) \
    static __typeof__(&function) next; \
    if (next == NULL) next = (__typeof__(next))dlsym(RTLD_NEXT, #function)

static void count_copy(size_t bytes, int kind) {
    if (kind == 1) { copies_up++; bytes_up += bytes; }
    if (kind == 2) { copies_down++; bytes_down += bytes; }
}

int cudaStreamSynchronize(void *stream) {
    NEXT(cudaStreamSynchronize);
    waits++;
    return next(stream);
}
int cudaEventSynchronize(void *event) {
    NEXT(cudaEventSynchronize);
    waits++;
    return next(event);
}
int cudaDeviceSynchronize(void) {
    NEXT(cudaDeviceSynchronize);
    waits++;
    return next();
}
int cudaMemcpyAsync(void *target, const void *source, size_t bytes, int kind, void *stream) {
    NEXT(cudaMemcpyAsync);
    count_copy(bytes, kind);
    return next(target, source, bytes, kind, stream);
}
int cudaMemcpy(void *target, const void *source, size_t bytes, int kind) {
    NEXT(cudaMemcpy);
    waits++;
    count_copy(bytes, kind);
    return next(target, source, bytes, kind);
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("MIPHA_WAITS_REPORT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "waits %lu\ncopies_up %lu\nbytes_up %lu\ncopies_down %lu\nbytes_down %lu\n",
            (unsigned long)waits, (unsigned long)copies_up, (unsigned long)bytes_up,
            (unsigned long)copies_down, (unsigned long)bytes_down);
    fclose(file);
}
