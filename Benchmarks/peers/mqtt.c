// MQTT 3.1.1, QoS 1: PUBLISH with a packet id, acknowledged by the PUBACK with the same id. A subscriber, where there is
// one, has a lasting session and acknowledges what it gets.

#include "socket.h"

#include <stdio.h>
#include <string.h>

static const uint64_t FREE = UINT64_MAX;
static const char TOPIC[] = "tips";

// Which message has which packet id, and the last id given; of a stream that publishes.
struct ids {
    uint64_t message_of[65536];
    uint16_t last;
};

static uint16_t read_id(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static void take_packet(struct stream *stream, uint8_t first, const uint8_t *body, size_t size) {
    switch (first >> 4) {
    case 2:  // CONNACK
        if (size != 2 || body[1] != 0) die("mqtt: the broker refused the connection: %d", size == 2 ? body[1] : -1);
        stream_keep_reply(stream, body, size);
        return;
    case 9:  // SUBACK
        if (size != 3 || body[2] != 1) die("mqtt: the broker refused the subscription with QoS 1");
        stream_keep_reply(stream, body, size);
        return;
    case 4: {  // PUBACK
        if (size < 2 || !stream->link) die("mqtt: a PUBACK that is none");
        uint16_t id = read_id(body);
        struct ids *ids = stream->state;
        uint64_t number = ids->message_of[id];
        if (number == FREE) die("mqtt: packet %u is acknowledged and is not in flight", id);
        ids->message_of[id] = FREE;
        acknowledge(stream->link, number);
        return;
    }
    case 3: {  // PUBLISH, to the subscriber
        if (stream->link || size < 2) die("mqtt: a message nobody subscribed to");
        size_t topic = read_id(body);
        if ((first & 6) != 2 || size < topic + 4) die("mqtt: a message that is not of QoS 1");
        stream->run->delivered += 1;
        uint8_t *room = stream_room(stream, 4);
        if (!room) die("mqtt: no room for the subscriber's PUBACK");
        memcpy(room, (const uint8_t[]){0x40, 2, body[topic + 2], body[topic + 3]}, 4);
        stream_commit(stream, 4);
        return;
    }
    default: die("mqtt: packet of type %d", first >> 4);
    }
}

static size_t parse(struct stream *stream, const uint8_t *bytes, size_t count) {
    size_t taken = 0;
    for (;;) {
        // The remaining length: up to four bytes of seven bits, the lowest first.
        size_t at = taken + 1, size = 0;
        unsigned shift = 0;
        bool is_whole = false;
        while (at < count && !is_whole) {
            if (shift > 21) die("mqtt: a packet without a length");
            size |= (size_t)(bytes[at] & 0x7f) << shift;
            is_whole = !(bytes[at] & 0x80);
            shift += 7;
            at += 1;
        }
        if (!is_whole || count - at < size) break;
        take_packet(stream, bytes[taken], bytes + at, size);
        taken = at + size;
    }
    if (!stream->link) stream_flush(stream);
    return taken;
}

static void open_all(struct run *run) {
    struct streams *streams = streams_open(run, parse);
    for (unsigned i = 0; i < streams->count; i++) {
        struct stream *stream = &streams->all[i];
        bool is_subscriber = stream->link == NULL;
        uint8_t packet[] = {0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, is_subscriber ? 0 : 2, 0, 0, 0, 3, 'c', 0, 0};
        packet[15] = (uint8_t)('0' + i / 64);
        packet[16] = (uint8_t)('0' + i % 64);
        stream_ask(stream, packet, sizeof packet, "connecting");
        if (is_subscriber) {
            static const uint8_t subscribe[] = {0x82, 9, 0, 1, 0, 4, 't', 'i', 'p', 's', 1};
            stream_ask(stream, subscribe, sizeof subscribe, "subscribing");
            continue;
        }
        struct ids *ids = stream->state = allocate(1, sizeof *ids);
        for (size_t id = 0; id < 65536; id++) ids->message_of[id] = FREE;
    }
}

static bool send_message(struct link *link, uint64_t number) {
    struct stream *stream = stream_of(link);
    const struct options *options = &link->run->options;
    size_t topic = sizeof TOPIC - 1, size = 2 + topic + 2 + options->payload_bytes;
    uint8_t *room = stream_room(stream, size + 5), *at = room;
    if (!room) return false;
    // Ids go round; 0 is none. Fewer are in flight than there are, so that the next is free unless its PUBACK is very late.
    struct ids *ids = stream->state;
    ids->last = ids->last == 65535 ? 1 : (uint16_t)(ids->last + 1);
    if (ids->message_of[ids->last] != FREE) die("mqtt: a PUBACK is 65,535 messages late");
    ids->message_of[ids->last] = number;
    *at++ = 0x32;
    for (size_t rest = size; ; rest >>= 7) {
        *at++ = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        if (rest <= 0x7f) break;
    }
    *at++ = 0;
    *at++ = (uint8_t)topic;
    memcpy(at, TOPIC, topic);
    at += topic;
    *at++ = (uint8_t)(ids->last >> 8);
    *at++ = (uint8_t)ids->last;
    memcpy(at, options->payload, options->payload_bytes);
    stream_commit(stream, (size_t)(at - room) + options->payload_bytes);
    return true;
}

const struct peer mqtt_peer = {
    .name = "mqtt", .open = open_all, .send = send_message, .flush = streams_flush_link, .wait = streams_wait,
    .receive = streams_receive,
};
