/* A pretend accelerator for tests: a device of libtorch (kind PrivateUse1, called "pretend", two of
 * them) whose kernels are the CPU's and whose memory the host cannot read.
 *
 * Who links or preloads this has the device from the start of the process. MIPHA_PRETEND in the
 * environment names modes to start with, separated by commas: "hostile", "no-float64".
 * MIPHA_PRETEND_BYTES is the memory that each device has. At the end of the process its counts are
 * written to the file that MIPHA_PRETEND_REPORT names.
 *
 * Modes and counts belong to the process: tests that set or read them run one after another. */
#ifndef CMIPHAPRETEND_H
#define CMIPHAPRETEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Modes ---- */

/* New and freed memory holds NaN, and copies that need not wait happen as late as is legal: to the
 * device before the next kernel of their stream or a wait for their event, to the host when the host
 * waits. Until then their target holds NaN or what it held. */
void mp_set_hostile(bool value);
bool mp_is_hostile(void);
/* Results in float64 are refused, as on MPS. */
void mp_set_lacks_float64(bool value);
bool mp_lacks_float64(void);
/* Bytes that a device has; 0: no limit. */
void mp_set_capacity(int32_t device, uint64_t bytes);

/* ---- Counts ---- */

typedef struct mp_counts {
    uint64_t kernels; /* what a GPU would launch: not memory taken, views, elements read */
    /* Times the host waited for a device: elements and sizes read, copies to the host, synchronised
     * events, streams and devices. Copies to the device are not among them. */
    uint64_t waits;
    uint64_t copies_up, bytes_up;     /* to a device */
    uint64_t waiting_copies_up;       /* of these, not asynchronous or not from pinned memory */
    uint64_t copies_down, bytes_down; /* to the host; elements read one by one are not among them */
} mp_counts;

int32_t mp_device_count(void);
mp_counts mp_current_counts(void);
/* Lines "operator count" of all calls since the start, also of those that launch nothing; freed by
 * the caller with free(). */
char *mp_operator_table(void);
/* Bytes of storages on a device: now, and at most since the last reset. */
uint64_t mp_bytes(int32_t device);
uint64_t mp_peak_bytes(int32_t device);
void mp_reset_peak(int32_t device);

/* ---- Probes: facts about the device that only C++ can look at ---- */

size_t mp_probe_count(void);
/* What the probe claims. */
const char *mp_probe_name(size_t index);
/* Runs a probe: NULL where the claim holds, else what was found instead, freed with free(). */
char *mp_probe_run(size_t index);

#ifdef __cplusplus
}
#endif

#endif
