// Redis Streams: XADD for each message, pipelined; a reply for each, in order. The subscriber reads with XREAD, which waits.

#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The subscriber: where it is in the answer to its XREAD, which is
// `*1 *2 $4 tips *N` and N times `*2 $id *2 $3 tip $size payload`.
struct reader {
    uint64_t entries_left;
    unsigned place;  // in the head, or in an entry
    char last[64];   // the id to read on from
};

enum { HEAD_SIZE = 4, ENTRY_SIZE = 5, ENTRIES_A_READ = 512 };

static void read_on(struct stream *stream) {
    struct reader *reader = stream->state;
    reader->place = 0;
    uint8_t *room = stream_room(stream, 200);
    if (!room) die("redis: no room for the subscriber's XREAD");
    stream_commit(stream, (size_t)sprintf(
        (char *)room, "XREAD COUNT %d BLOCK 1000 STREAMS tips %s\r\n", ENTRIES_A_READ, reader->last));
    stream_flush(stream);
}

static size_t parse_reader(struct stream *stream, const uint8_t *bytes, size_t count) {
    struct reader *reader = stream->state;
    size_t taken = 0;
    for (;;) {
        const uint8_t *line = bytes + taken, *end = memmem(line, count - taken, "\r\n", 2);
        if (!end) return taken;
        size_t length = (size_t)(end - line);
        long number = strtol((const char *)line + 1, NULL, 10);
        if (line[0] == '*' && number < 0 && reader->place == 0) {  // nothing new in the time
            taken += length + 2;
            read_on(stream);
            continue;
        }
        bool is_text = line[0] == '$';
        if ((!is_text && line[0] != '*') || number < 0 || number > STREAM_BUFFER) {
            die("redis: not understood by the subscriber: %.*s", (int)length, (const char *)line);
        }
        size_t size = is_text ? length + (size_t)number + 4 : length + 2;
        if (count - taken < size) return taken;
        if (reader->entries_left == 0) {
            if (++reader->place == HEAD_SIZE) {
                reader->entries_left = (uint64_t)number;
                reader->place = 0;
            }
        } else {
            if (reader->place == 1) snprintf(reader->last, sizeof reader->last, "%.*s", (int)number, (const char *)end + 2);
            if (++reader->place == ENTRY_SIZE) {
                reader->place = 0;
                stream->run->delivered += 1;
                if (--reader->entries_left == 0) read_on(stream);
            }
        }
        taken += size;
    }
}

static size_t parse(struct stream *stream, const uint8_t *bytes, size_t count) {
    if (!stream->link && stream->state) return parse_reader(stream, bytes, count);
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
    if (!run->options.subscriber) return;
    struct stream *subscriber = &streams->all[streams->count - 1];
    struct reader *reader = subscriber->state = allocate(1, sizeof *reader);
    strcpy(reader->last, "0");
    read_on(subscriber);
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
