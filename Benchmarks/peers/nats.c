// NATS JetStream: PUB with a reply subject for each message, whose last token is the message's number; acknowledged by the
// PubAck that comes back on it, in any order. The subscriber is a lasting push consumer, which acknowledges as a patrol
// does: now and then, for everything before.

#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t decimal(const char *name, const uint8_t *begin, const uint8_t *end) {
    uint64_t value = 0;
    if (begin == end || end - begin > 18) die("%s: no number in an answer: %.*s", name, (int)(end - begin), (const char *)begin);
    for (; begin < end; begin++) {
        if (*begin < '0' || *begin > '9') die("%s: no number in an answer", name);
        value = value * 10 + (uint64_t)(*begin - '0');
    }
    return value;
}

enum { ACKNOWLEDGE_EVERY = 256 };

// `MSG subject 2 reply size`, to the subscriber. A line with headers has one number more.
static void take_delivery(struct stream *stream, const uint8_t *line, size_t length) {
    if (++stream->run->delivered % ACKNOWLEDGE_EVERY != 0) return;
    const uint8_t *reply = memmem(line, length, "$JS.ACK.", 8), *end = line + length;
    const uint8_t *space = reply ? memchr(reply, ' ', (size_t)(end - reply)) : NULL;
    if (!space) die("nats: a message of the consumer that cannot be acknowledged: %.*s", (int)length, (const char *)line);
    size_t size = (size_t)(space - reply);
    uint8_t *room = stream_room(stream, size + 16);
    if (!room) die("nats: no room for the consumer's acknowledgement");
    stream_commit(stream, (size_t)sprintf((char *)room, "PUB %.*s 0\r\n\r\n", (int)size, (const char *)reply));
    stream_flush(stream);
}

// `MSG subject sid size` and its payload.
static void take_message(struct stream *stream, const uint8_t *line, size_t length, const uint8_t *body, size_t size) {
    // The caller saw the first space within the first five bytes.
    const uint8_t *subject = (const uint8_t *)memchr(line, ' ', length) + 1;
    const uint8_t *end = memchr(subject, ' ', length - (size_t)(subject - line));
    if (!stream->link && end && end[1] == '2') {
        take_delivery(stream, line, length);
        return;
    }
    const uint8_t *dot = end ? memrchr(subject, '.', (size_t)(end - subject)) : NULL;
    if (!dot) die("nats: not understood: %.*s", (int)length, (const char *)line);
    if (dot[1] == 'q') {  // the answer to a question of ours
        stream_keep_reply(stream, body, size);
        return;
    }
    if (memmem(body, size, "\"error\"", 7) || memmem(body, size, "\"duplicate\"", 11) || !memmem(body, size, "\"seq\":", 6)) {
        die("nats: a message was refused: %.*s", (int)size, (const char *)body);
    }
    acknowledge(stream->link, decimal("nats", dot + 1, end));
}

static size_t parse(struct stream *stream, const uint8_t *bytes, size_t count) {
    size_t taken = 0;
    for (;;) {
        const uint8_t *line = bytes + taken, *end = memmem(line, count - taken, "\r\n", 2);
        if (!end) return taken;
        size_t length = (size_t)(end - line);
        if (length > 5 && (memcmp(line, "MSG ", 4) == 0 || memcmp(line, "HMSG ", 5) == 0)) {
            const uint8_t *space = memrchr(line, ' ', length);
            size_t size = (size_t)decimal("nats", space + 1, end);
            // The line, the payload, and CR LF after each.
            if (size > STREAM_BUFFER || count - taken < length + size + 4) return taken;
            take_message(stream, line, length, end + 2, size);
            taken += length + size + 4;
            continue;
        }
        if (length >= 4 && memcmp(line, "-ERR", 4) == 0) die("nats: %.*s", (int)length, (const char *)line);
        if (length == 4 && memcmp(line, "PING", 4) == 0) {
            uint8_t *room = stream_room(stream, 6);
            if (room) {
                memcpy(room, "PONG\r\n", 6);
                stream_commit(stream, 6);
            }
        }
        // Ours, at the start: everything before it was taken.
        if (length == 4 && memcmp(line, "PONG", 4) == 0) stream_keep_reply(stream, line, length);
        taken += length + 2;
    }
}

// The inbox of a connection has its number; the subscriber's is after the others.
static unsigned inbox(const struct stream *stream) {
    return stream->link ? stream->link->number : stream->run->options.connections;
}

static void ask_json(struct stream *stream, const char *subject, const char *body, const char *what) {
    char text[1024];
    int size = snprintf(text, sizeof text, "PUB %s _INBOX.%u.q %zu\r\n%s\r\n", subject, inbox(stream), strlen(body), body);
    stream_ask(stream, text, (size_t)size, what);
    if (strstr(stream->reply, "\"error\"")) die("nats: %s: %s", what, stream->reply);
}

static void open_all(struct run *run) {
    struct streams *streams = streams_open(run, parse);
    for (unsigned i = 0; i < streams->count; i++) {
        char text[256];
        int size = snprintf(text, sizeof text,
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"lang\":\"c\",\"version\":\"1\",\"protocol\":1}\r\n"
            "SUB _INBOX.%u.* 1\r\nPING\r\n", i);
        stream_ask(&streams->all[i], text, (size_t)size, "connecting");
    }
    ask_json(&streams->all[0], "$JS.API.STREAM.CREATE.TIPS",
        "{\"name\":\"TIPS\",\"subjects\":[\"tips.*\"],\"retention\":\"limits\",\"storage\":\"file\",\"discard\":\"old\","
        "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"num_replicas\":1}", "making the stream");
    if (!run->options.subscriber) return;
    struct stream *subscriber = &streams->all[streams->count - 1];
    stream_ask(subscriber, "SUB feed 2\r\nPING\r\n", 18, "subscribing");
    ask_json(subscriber, "$JS.API.CONSUMER.DURABLE.CREATE.TIPS.patrol",
        "{\"stream_name\":\"TIPS\",\"config\":{\"durable_name\":\"patrol\",\"deliver_subject\":\"feed\","
        "\"deliver_policy\":\"all\",\"ack_policy\":\"all\",\"max_ack_pending\":65536,\"ack_wait\":3600000000000}}", "making the consumer");
}

static bool send_message(struct link *link, uint64_t number) {
    struct stream *stream = stream_of(link);
    const struct options *options = &link->run->options;
    uint8_t *room = stream_room(stream, options->payload_bytes + 200);
    if (!room) return false;
    int head;
    if (options->message_ids) {
        char headers[80];
        int size = snprintf(headers, sizeof headers, "NATS/1.0\r\nNats-Msg-Id: %u-%llu\r\n\r\n", link->number, (unsigned long long)number);
        head = sprintf((char *)room, "HPUB tips.%u _INBOX.%u.%llu %d %zu\r\n%s", link->number, link->number,
            (unsigned long long)number, size, (size_t)size + options->payload_bytes, headers);
    } else {
        head = sprintf((char *)room, "PUB tips.%u _INBOX.%u.%llu %zu\r\n", link->number, link->number,
            (unsigned long long)number, options->payload_bytes);
    }
    memcpy(room + head, options->payload, options->payload_bytes);
    memcpy(room + (size_t)head + options->payload_bytes, "\r\n", 2);
    stream_commit(stream, (size_t)head + options->payload_bytes + 2);
    return true;
}

static int64_t stored(struct run *run) {
    struct stream *stream = stream_of(&run->links[0]);
    ask_json(stream, "$JS.API.STREAM.INFO.TIPS", "", "asking what is stored");
    const char *state = strstr(stream->reply, "\"state\":"), *messages = state ? strstr(state, "\"messages\":") : NULL;
    if (!messages) die("nats: no count in %s", stream->reply);
    return strtoll(messages + strlen("\"messages\":"), NULL, 10);
}

const struct peer nats_peer = {
    .name = "nats", .open = open_all, .send = send_message, .flush = streams_flush_link, .wait = streams_wait,
    .receive = streams_receive, .stored = stored,
};
