// What Swift cannot call by itself: libzmq's header, and small Linux calls that the Glibc module lacks or
// that need C macros. Nothing here keeps state of its own.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

// Metadata of a received message; NULL when there is none. Valid as long as the message.
const char *wp_msg_user_id(const zmq_msg_t *message);
const char *wp_msg_peer_address(const zmq_msg_t *message);

// A non-blocking, close-on-exec eventfd; -1 with errno on failure.
int wp_eventfd_create(void);
// Adds one. Returns 0, or the errno of a failed write.
int wp_eventfd_signal(int fd);
// Sets the counter to zero.
void wp_eventfd_drain(int fd);
void wp_eventfd_close(int fd);

// Starts a detached thread with every signal blocked except those a fault raises in it, so that libzmq calls
// in it are not interrupted. The name is cut to 15 bytes. Returns 0 or an errno value.
int wp_thread_start(const char *name, size_t stack_size, void (*body)(void *), void *argument);
// A value that differs between threads that are alive at the same time; never 0.
uintptr_t wp_thread_id(void);

// A gate that opens once and stays open, for a wait with a deadline on the monotonic clock.
typedef struct wp_latch wp_latch;
wp_latch *wp_latch_create(void);
void wp_latch_open(wp_latch *latch);
// 1 when open, 0 when the time ran out.
int wp_latch_wait(wp_latch *latch, int64_t milliseconds);
void wp_latch_destroy(wp_latch *latch);

// Overwrites memory in a way that the compiler may not remove.
void wp_wipe(void *memory, size_t size);

// An epoll set, for one thread with very many sockets. Closed by close.
int wp_ready_create(void);
// Returns 0 or an errno value.
int wp_ready_add(int set, int fd, uint64_t tag);
// Waits; an interrupted wait counts as nothing ready. Returns how many tags were written, at most 64, or a negative errno value.
int wp_ready_wait(int set, uint64_t *tags, int most, int64_t nanoseconds);
