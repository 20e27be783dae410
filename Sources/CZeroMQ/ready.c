#define _GNU_SOURCE
#include "CZeroMQ.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int wp_ready_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int wp_ready_add(int set, int fd, uint64_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int wp_ready_wait(int set, uint64_t *tags, int most, int64_t nanoseconds) {
    struct epoll_event events[64];
    if (most > 64) most = 64;
    if (nanoseconds < 0) nanoseconds = 0;
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(set, events, most, &timeout, NULL);
    // Kernels before 5.11 only know milliseconds.
    if (count < 0 && errno == ENOSYS) count = epoll_wait(set, events, most, (int)((nanoseconds + 999999) / 1000000));
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int index = 0; index < count; index++) tags[index] = events[index].data.u64;
    return count;
}
