// The receiver of raw libzmq: a ROUTER that counts what comes from each DEALER and tells it the count. It keeps nothing.
// Prints its endpoint, and with --curve its public key, on one line; ends on SIGTERM, when its standard input ends, or
// after --deadline seconds.

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { MOST_CONNECTIONS = 256, MESSAGES_A_ROUND = 1024, MOST_BYTES = 64 << 10 };

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "zmq-sink: %s: %s\n", what, zmq_strerror(errno));
    exit(1);
}

static _Noreturn void refuse(const char *why) {
    fprintf(stderr, "zmq-sink: %s\n", why);
    exit(1);
}

static void *open_router(void *context, bool is_curve) {
    void *router = zmq_socket(context, ZMQ_ROUTER);
    if (!router) refuse(zmq_strerror(errno));
    int none = 0, all = 100000, on = 1, milliseconds = 5000;
    int64_t most = MOST_BYTES;
    // Whoever does not read his answers for so long ends the run.
    check(zmq_setsockopt(router, ZMQ_SNDTIMEO, &milliseconds, sizeof milliseconds), "SNDTIMEO");
    check(zmq_setsockopt(router, ZMQ_LINGER, &none, sizeof none), "LINGER");
    check(zmq_setsockopt(router, ZMQ_RCVHWM, &all, sizeof all), "RCVHWM");
    check(zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &on, sizeof on), "ROUTER_MANDATORY");
    check(zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &most, sizeof most), "MAXMSGSIZE");
    char public_key[41] = "", secret_key[41];
    if (is_curve) {
        check(zmq_curve_keypair(public_key, secret_key), "making keys");
        check(zmq_setsockopt(router, ZMQ_CURVE_SERVER, &on, sizeof on), "CURVE_SERVER");
        check(zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret_key, 40), "CURVE_SECRETKEY");
    }
    check(zmq_bind(router, "tcp://127.0.0.1:*"), "binding");
    char endpoint[256];
    size_t size = sizeof endpoint;
    check(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size), "LAST_ENDPOINT");
    printf("%s %s\n", endpoint, is_curve ? public_key : "-");
    fflush(stdout);
    return router;
}

// The number in the routing id that peer-load sets: c000 to c255.
static unsigned connection_of(zmq_msg_t *id) {
    const uint8_t *text = zmq_msg_data(id);
    unsigned number = 0;
    if (zmq_msg_size(id) != 4 || text[0] != 'c') refuse("a connection that is not peer-load's");
    for (size_t i = 1; i < 4; i++) {
        if (text[i] < '0' || text[i] > '9') refuse("a connection that is not peer-load's");
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    if (number >= MOST_CONNECTIONS) refuse("too many connections");
    return number;
}

static void answer(void *router, unsigned number, uint64_t count) {
    char id[8];
    uint8_t body[8];
    int size = snprintf(id, sizeof id, "c%03u", number);
    for (size_t i = 0; i < sizeof body; i++) body[i] = (uint8_t)(count >> (56 - 8 * i));
    check(zmq_send(router, id, (size_t)size, ZMQ_SNDMORE), "answering");
    check(zmq_send(router, body, sizeof body, 0), "answering");
}

int main(int argument_count, char **arguments) {
    static const struct option known[] = {
        {"curve", no_argument, NULL, 'c'}, {"count-only", no_argument, NULL, 'o'}, {"deadline", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    bool is_curve = false, counts_only = false;
    long deadline = 120;
    int option;
    while ((option = getopt_long(argument_count, arguments, "", known, NULL)) != -1) {
        switch (option) {
        case 'c': is_curve = true; break;
        case 'o': counts_only = true; break;
        case 't': deadline = strtol(optarg, NULL, 10); break;
        default: deadline = 0;
        }
    }
    if (deadline < 1 || deadline > 3600 || optind < argument_count) {
        fputs("usage: zmq-sink [--curve] [--count-only] [--deadline SECONDS (1-3600)]\n", stderr);
        return 64;
    }
    void *context = zmq_ctx_new();
    void *router = open_router(context, is_curve);
    static uint64_t counts[MOST_CONNECTIONS];
    time_t end = time(NULL) + deadline;
    while (time(NULL) < end) {
        zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN}, {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};
        if (zmq_poll(items, 2, 1000) < 0 && errno != EINTR) refuse(zmq_strerror(errno));
        if (items[1].revents) return 0;  // nothing is ever written there, so it ended
        bool has_news[MOST_CONNECTIONS] = {false};
        for (int taken = 0; taken < MESSAGES_A_ROUND; taken++) {
            zmq_msg_t id, body;
            zmq_msg_init(&id);
            zmq_msg_init(&body);
            if (zmq_msg_recv(&id, router, ZMQ_DONTWAIT) < 0) {
                if (errno != EAGAIN) refuse(zmq_strerror(errno));
                break;
            }
            check(zmq_msg_recv(&body, router, 0), "receiving");
            unsigned number = connection_of(&id);
            if (zmq_msg_size(&body) > 0) counts[number] += 1;
            has_news[number] |= !counts_only || zmq_msg_size(&body) == 0;
            zmq_msg_close(&id);
            zmq_msg_close(&body);
        }
        for (unsigned i = 0; i < MOST_CONNECTIONS; i++) {
            if (has_news[i]) answer(router, i, counts[i]);
        }
    }
    fprintf(stderr, "zmq-sink: ended after %ld s\n", deadline);
    return 1;
}
