// Redis Streams: XADD for each message, pipelined; a reply for each, in order.

#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t parse(struct stream *stream, const uint8_t *bytes, size_t count) {
    size_t taken = 0;
    for (;;) {
        const uint8_t *line = bytes + taken, *end = memmem(line, count - taken, "\r\n", 2);
        if (!end) return taken;
        size_t length = (size_t)(end - line);
        switch (line[0]) {
        case '$': {
            long size = strtol((const char *)line + 1, NULL, 10);
            if (size < 1 || size > 64) die("redis: not an entry's id: %.*s", (int)length, (const char *)line);
            if (count - taken < length + (size_t)size + 4) return taken;
            acknowledge(stream->link, stream->link->acknowledged);
            taken += length + (size_t)size + 4;
            break;
        }
        case ':':
        case '+':
            stream_keep_reply(stream, line, length);
            taken += length + 2;
            break;
        default: die("redis: %.*s", (int)length, (const char *)line);
        }
    }
}

static void open_all(struct run *run) {
    struct streams *streams = streams_open(run, parse);
    for (unsigned i = 0; i < streams->count; i++) stream_ask(&streams->all[i], "PING\r\n", 6, "connecting");
}

static bool send_message(struct link *link, uint64_t number) {
    (void)number;
    struct stream *stream = stream_of(link);
    const struct options *options = &link->run->options;
    uint8_t *room = stream_room(stream, options->payload_bytes + 100);
    if (!room) return false;
    int head = sprintf((char *)room, "*5\r\n$4\r\nXADD\r\n$4\r\ntips\r\n$1\r\n*\r\n$3\r\ntip\r\n$%zu\r\n", options->payload_bytes);
    memcpy(room + head, options->payload, options->payload_bytes);
    memcpy(room + (size_t)head + options->payload_bytes, "\r\n", 2);
    stream_commit(stream, (size_t)head + options->payload_bytes + 2);
    return true;
}

static int64_t stored(struct run *run) {
    struct stream *stream = stream_of(&run->links[0]);
    stream_ask(stream, "XLEN tips\r\n", 11, "asking what is stored");
    return strtoll(stream->reply + 1, NULL, 10);
}

const struct peer redis_peer = {
    .name = "redis", .open = open_all, .send = send_message, .flush = streams_flush_link, .wait = streams_wait,
    .receive = streams_receive, .stored = stored,
};
