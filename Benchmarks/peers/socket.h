// Buffered TCP connections of one thread, for the peers that speak over plain TCP.

#ifndef SOCKET_H
#define SOCKET_H

#include "load.h"

enum {
    // Larger than a window of small messages, and than any single message or answer.
    STREAM_BUFFER = 256 << 10,
};

struct stream {
    struct run *run;
    struct link *link;  // NULL: the subscriber
    int descriptor;
    bool is_readable;
    uint8_t *out, *in;
    size_t out_begin, out_end, in_end;
    // What ask() waits for: the text of one answer that acknowledges nothing.
    bool has_reply;
    char reply[4096];
    void *state;  // the protocol's own
};

struct streams {
    struct stream all[MOST_CONNECTIONS + 1];
    unsigned count;
    // Takes whole answers from the front; returns how many bytes it took.
    size_t (*parse)(struct stream *stream, const uint8_t *bytes, size_t count);
};

// Connects one stream for each link, and one more for a subscriber.
struct streams *streams_open(struct run *run, size_t (*parse)(struct stream *, const uint8_t *, size_t));
// Room for a message of at most `size` bytes, or NULL; stream_commit() says how many it took.
uint8_t *stream_room(struct stream *stream, size_t size);
void stream_commit(struct stream *stream, size_t size);
void stream_flush(struct stream *stream);
void streams_flush_link(struct link *link);
void streams_wait(struct run *run, uint64_t nanoseconds);
void streams_receive(struct run *run);
// Sends and waits for one answer, which is then in stream->reply.
void stream_ask(struct stream *stream, const void *bytes, size_t size, const char *what);
// Keeps an answer for stream_ask(), cut to its room.
void stream_keep_reply(struct stream *stream, const uint8_t *bytes, size_t size);
struct stream *stream_of(struct link *link);

#endif
