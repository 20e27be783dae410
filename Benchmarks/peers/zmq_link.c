// Raw libzmq: DEALER to the ROUTER of zmq_sink.c, which answers with how many it has from this connection. So one answer
// acknowledges all messages up to that number.

#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

static void check(int result, const char *what) {
    if (result < 0) die("zmq: %s: %s", what, zmq_strerror(errno));
}

static void set_number(void *socket, int option, int value, const char *name) {
    check(zmq_setsockopt(socket, option, &value, sizeof value), name);
}

static void open_all(struct run *run) {
    const struct options *options = &run->options;
    void *context = zmq_ctx_new();
    if (!context) die("zmq: no context: %s", zmq_strerror(errno));
    for (unsigned i = 0; i < options->connections; i++) {
        void *socket = zmq_socket(context, ZMQ_DEALER);
        if (!socket) die("zmq: no socket: %s", zmq_strerror(errno));
        // The receiver counts by this name; nothing vouches for it.
        char name[8];
        int size = snprintf(name, sizeof name, "c%03u", i);
        check(zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, (size_t)size), "ROUTING_ID");
        set_number(socket, ZMQ_LINGER, 0, "LINGER");
        // A whole window, so that it is the window that bounds. One way, the queue of messages bounds.
        set_number(socket, ZMQ_SNDHWM, options->one_way ? 10000 : (int)MOST_BEHIND, "SNDHWM");
        if (options->server_key) {
            char public_key[41], secret_key[41];
            check(zmq_curve_keypair(public_key, secret_key), "making keys");
            check(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key, 40), "CURVE_SERVERKEY");
            check(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, 40), "CURVE_PUBLICKEY");
            check(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, 40), "CURVE_SECRETKEY");
        }
        check(zmq_connect(socket, options->endpoint), options->endpoint);
        run->links[i].state = socket;
    }
}

static bool send_bytes(struct link *link, const void *bytes, size_t size) {
    if (zmq_send(link->state, bytes, size, ZMQ_DONTWAIT) >= 0) return true;
    if (errno != EAGAIN) die("zmq: sending: %s", zmq_strerror(errno));
    return false;
}

static bool send_message(struct link *link, uint64_t number) {
    (void)number;
    return send_bytes(link, link->run->options.payload, link->run->options.payload_bytes);
}

// An empty message asks a receiver that only counts.
static bool finish(struct link *link) { return send_bytes(link, "", 0); }

static void wait_all(struct run *run, uint64_t nanoseconds) {
    zmq_pollitem_t items[MOST_CONNECTIONS];
    for (unsigned i = 0; i < run->options.connections; i++) {
        struct link *link = &run->links[i];
        items[i] = (zmq_pollitem_t){.socket = link->state, .events = (short)(ZMQ_POLLIN | (link->wants_out ? ZMQ_POLLOUT : 0))};
    }
    // libzmq waits in milliseconds. Less is spent asleep in steps, as watchpost's own load generator does.
    long milliseconds = (long)(nanoseconds / 1000000);
    int ready = zmq_poll(items, (int)run->options.connections, milliseconds > 1 ? milliseconds - 1 : 0);
    if (ready < 0 && errno != EINTR) die("zmq: polling: %s", zmq_strerror(errno));
    if (ready == 0 && milliseconds <= 1 && nanoseconds > 0) {
        struct timespec step = {.tv_nsec = nanoseconds < 100000 ? (long)nanoseconds : 100000};
        nanosleep(&step, NULL);
    }
}

static void receive(struct run *run) {
    for (unsigned i = 0; i < run->options.connections; i++) {
        struct link *link = &run->links[i];
        uint8_t body[8];
        int size;
        while ((size = zmq_recv(link->state, body, sizeof body, ZMQ_DONTWAIT)) >= 0) {
            if (size != 8) die("zmq: an answer of %d bytes", size);
            uint64_t count = 0;
            for (size_t byte = 0; byte < sizeof body; byte++) count = count << 8 | body[byte];
            if (count < link->acknowledged || count > link->next) {
                die("zmq: connection %u: %llu counted, %llu sent", i, (unsigned long long)count, (unsigned long long)link->next);
            }
            while (link->acknowledged < count) acknowledge(link, link->acknowledged);
        }
        if (errno != EAGAIN) die("zmq: receiving: %s", zmq_strerror(errno));
    }
}

const struct peer zmq_peer = {
    .name = "zmq", .open = open_all, .send = send_message, .finish = finish, .wait = wait_all, .receive = receive,
};
