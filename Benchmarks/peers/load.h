// One load generator for every peer. The loop (load.c) is the same for all, so that what it costs is the same for all;
// a peer is a table of functions that put a message on a connection and read what it acknowledges.
//
// A message of a connection is named by its number there, from 0. Each is acknowledged exactly once, else the run fails:
// what is counted is what the peer said, and not what was sent.

#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MOST_CONNECTIONS = 256,
    MOST_WINDOW = 8192,
    // An open loop that is further behind than this on one connection has failed.
    MOST_BEHIND = 60000,
    MOST_PAYLOAD = 64 << 10,
    MOST_MESSAGES = 10000000,
    MOST_LATENCIES = 1000000,
};

struct options {
    const char *protocol;
    int port;                // of a peer over plain TCP
    const char *endpoint;    // of raw libzmq
    const char *server_key;  // Z85; NULL: no CURVE
    uint64_t messages, warmup, latency_messages, rate, deadline_seconds;
    unsigned connections, window;
    int server;       // process id, to ask what it used; 0: not asked
    bool one_way;     // raw libzmq: no window, one count at the end
    bool subscriber;  // one more connection receives everything
    bool message_ids; // JetStream: each message has an id, and a repeat of it counts once
    uint8_t *payload;
    size_t payload_bytes;
};

struct run;

struct link {
    struct run *run;
    unsigned number;
    uint64_t next;          // the number that the next message gets
    uint64_t acknowledged;  // how many are
    uint64_t *is_acknowledged;  // one bit for each message
    bool wants_out;         // the last send found no room
    void *state;            // the peer's own
};

struct peer {
    const char *name;
    // Connects everything and makes what the peer needs; ends by die() at the deadline.
    void (*open)(struct run *run);
    // Puts message `number` on the connection. False: no room now.
    bool (*send)(struct link *link, uint64_t number);
    // Hands over what send() kept back; NULL where it keeps nothing.
    void (*flush)(struct link *link);
    // All of a one-way phase are sent: asks for the count. NULL where there is none.
    bool (*finish)(struct link *link);
    // Waits until a connection is readable, or writable where one wants it, at most this long.
    void (*wait)(struct run *run, uint64_t nanoseconds);
    void (*receive)(struct run *run);
    // How many messages the peer says that it holds; -1 where it cannot tell.
    int64_t (*stored)(struct run *run);
};

struct run {
    struct options options;
    const struct peer *peer;
    struct link links[MOST_CONNECTIONS];
    uint64_t deadline;
    uint64_t acknowledged;  // of the phase
    uint64_t delivered;     // to the subscriber, in all
    // The open loop: what was meant when.
    bool is_timed;
    uint64_t begun, interval;
    uint64_t first[MOST_CONNECTIONS];  // each connection's first number in it
    uint64_t *latencies;
    size_t latency_count;
    void *state;  // the peer's own
};

// measure.c
uint64_t now_nanoseconds(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void check_deadline(const struct run *run, const char *what);
void *allocate(size_t count, size_t size);
// Message `number` of the connection is acknowledged.
void acknowledge(struct link *link, uint64_t number);
// Processor time that the server and this process have used, in microseconds; the server's is -1 where it is not asked.
struct usage {
    double server, own;
};
struct usage read_usage(const struct run *run);

struct outcome {
    uint64_t nanoseconds;  // of the throughput phase
    struct usage used;     // in it
    int64_t stored, delivered;
};
void print_report(struct run *run, const struct outcome *outcome);

// options.c
void read_options(struct options *options, int count, char **arguments);

extern const struct peer nats_peer, redis_peer, mqtt_peer, zmq_peer;

#endif
