#define _GNU_SOURCE
#include "CZeroMQ.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

const char *wp_msg_user_id(const zmq_msg_t *message) {
    return zmq_msg_gets(message, "User-Id");
}

const char *wp_msg_peer_address(const zmq_msg_t *message) {
    return zmq_msg_gets(message, "Peer-Address");
}

int wp_eventfd_create(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int wp_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(fd, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    // EAGAIN means that the counter is at its maximum: it is readable, which is all that is asked.
    return written < 0 && errno != EAGAIN ? errno : 0;
}

void wp_eventfd_drain(int fd) {
    uint64_t counter;
    ssize_t got;
    do {
        got = read(fd, &counter, sizeof counter);
    } while (got < 0 && errno == EINTR);
}

void wp_eventfd_close(int fd) {
    close(fd);
}

struct start {
    void (*body)(void *);
    void *argument;
    char name[16];
};

static void *enter(void *raw) {
    struct start start = *(struct start *)raw;
    free(raw);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.argument);
    return NULL;
}

int wp_thread_start(const char *name, size_t stack_size, void (*body)(void *), void *argument) {
    struct start *start = malloc(sizeof *start);
    if (start == NULL) return ENOMEM;
    start->body = body;
    start->argument = argument;
    strncpy(start->name, name, sizeof start->name - 1);
    start->name[sizeof start->name - 1] = '\0';

    long page = sysconf(_SC_PAGESIZE);
    size_t unit = page > 0 ? (size_t)page : 4096;
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    if (stack_size < least) stack_size = least;
    stack_size = (stack_size + unit - 1) / unit * unit;

    pthread_attr_t attributes;
    int rc = pthread_attr_init(&attributes);
    if (rc != 0) {
        free(start);
        return rc;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    rc = pthread_attr_setstacksize(&attributes, stack_size);
    if (rc == 0) {
        // A new thread inherits the mask, so it is set here for a moment and put back.
        sigset_t blocked, before;
        sigfillset(&blocked);
        sigdelset(&blocked, SIGSEGV);
        sigdelset(&blocked, SIGBUS);
        sigdelset(&blocked, SIGILL);
        sigdelset(&blocked, SIGFPE);
        sigdelset(&blocked, SIGTRAP);
        sigdelset(&blocked, SIGABRT);
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        pthread_t thread;
        rc = pthread_create(&thread, &attributes, enter, start);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    if (rc != 0) free(start);
    return rc;
}

uintptr_t wp_thread_id(void) {
    return (uintptr_t)pthread_self();
}

struct wp_latch {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int is_open;
};

wp_latch *wp_latch_create(void) {
    wp_latch *latch = malloc(sizeof *latch);
    if (latch == NULL) return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&latch->mutex, NULL);
    pthread_cond_init(&latch->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    latch->is_open = 0;
    return latch;
}

void wp_latch_open(wp_latch *latch) {
    pthread_mutex_lock(&latch->mutex);
    latch->is_open = 1;
    pthread_cond_broadcast(&latch->condition);
    pthread_mutex_unlock(&latch->mutex);
}

int wp_latch_wait(wp_latch *latch, int64_t milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (milliseconds < 0) milliseconds = 0;
    // A year is as good as for ever, and cannot overflow the sum.
    if (milliseconds > 31536000000LL) milliseconds = 31536000000LL;
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec += 1;
    }
    pthread_mutex_lock(&latch->mutex);
    int rc = 0;
    while (!latch->is_open && rc == 0) rc = pthread_cond_timedwait(&latch->condition, &latch->mutex, &until);
    int opened = latch->is_open;
    pthread_mutex_unlock(&latch->mutex);
    return opened;
}

void wp_latch_destroy(wp_latch *latch) {
    pthread_cond_destroy(&latch->condition);
    pthread_mutex_destroy(&latch->mutex);
    free(latch);
}

void wp_wipe(void *memory, size_t size) {
    explicit_bzero(memory, size);
}
