// A wall clock that leaps, for one program: LD_PRELOAD puts these before the C library's. The monotonic clock stays the kernel's.
// Debian's faketime will not do: it ends waits on the monotonic clock at once, and hides the arguments from a Swift program.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Seconds to add: a decimal number in /run/clock, read each time; 0 where there is none.
static long offset(void) {
    char text[24];
    int file = open("/run/clock", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text);
    close(file);
    long seconds = 0;
    for (ssize_t at = 0; at < length; at++)
        if (text[at] >= '0' && text[at] <= '9') seconds = seconds * 10 + (text[at] - '0');
    return length > 0 && text[0] == '-' ? -seconds : seconds;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    if (syscall(SYS_clock_gettime, id, now) != 0) return -1;
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += offset();
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
