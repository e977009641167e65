/* The wall clock of a process, moved by as many seconds as a file says: for LD_PRELOAD.
 *
 * Alone what asks for the time of day is answered here. Durations, timeouts and sleeps go by
 * CLOCK_MONOTONIC, which no operator and no NTP server steps either.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t never = 0;
static const volatile int64_t *ahead_s = &never;

/* $FAULT_CLOCKS/$PROCESS_NAME holds one number; mapped, so that a step is seen at once. */
__attribute__((constructor)) static void follow(void)
{
    const char *folder = getenv("FAULT_CLOCKS"), *name = getenv("PROCESS_NAME");
    char path[4096];
    if (!folder || !name || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        ahead_s = page;
}

int clock_gettime(clockid_t which, struct timespec *at)
{
    int failed = (int)syscall(SYS_clock_gettime, which, at);
    if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        at->tv_sec += *ahead_s;
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
