// The command line: every number is checked against its bound before anything starts.

#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: peer-load --protocol nats|redis|mqtt --port PORT [options]\n"
    "       peer-load --protocol zmq --endpoint ENDPOINT [--server-key Z85] [--one-way] [options]\n"
    "\n"
    "Sends messages to a peer on loopback and counts what it acknowledges; prints one JSON object.\n"
    "\n"
    "  --messages N          of the throughput phase, as fast as the window lets (default 200000; 0: none)\n"
    "  --warmup N            before it, not counted (default 20000)\n"
    "  --connections N       (default 8)\n"
    "  --window N            messages in flight on each connection (default 512)\n"
    "  --size BYTES          payload of that many bytes (default 250)\n"
    "  --payload FILE        payload from a file instead\n"
    "  --latency-messages N  of an open loop before the throughput phase (default 0: none)\n"
    "  --rate N              messages a second in it (default 1000); latency counts from when one was due\n"
    "  --deadline SECONDS    for everything together (default 60)\n"
    "  --server PID          tell what processor time that process used in the throughput phase\n"
    "  --subscriber          not zmq: one more connection receives everything\n"
    "  --message-ids         nats: each message has an id, and the stream counts a repeat once\n"
    "  --one-way             zmq: no window; the receiver tells its count once at the end\n";

static _Noreturn void misuse(const char *message, const char *what) {
    fprintf(stderr, "peer-load: %s%s\n%s", message, what, usage);
    exit(64);
}

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < least || value > most) {
        fprintf(stderr, "peer-load: --%s must be %llu to %llu, and is %s\n", name, (unsigned long long)least,
            (unsigned long long)most, text);
        exit(64);
    }
    return value;
}

static void read_payload(struct options *options, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die("--payload %s: %s", path, strerror(errno));
    options->payload = allocate(MOST_PAYLOAD + 1, 1);
    options->payload_bytes = fread(options->payload, 1, MOST_PAYLOAD + 1, file);
    if (ferror(file)) die("--payload %s cannot be read", path);
    fclose(file);
    if (options->payload_bytes < 1 || options->payload_bytes > MOST_PAYLOAD) {
        die("--payload %s: must have 1 to %d bytes", path, MOST_PAYLOAD);
    }
}

void read_options(struct options *options, int count, char **arguments) {
    static const struct option known[] = {
        {"protocol", required_argument, NULL, 'P'},   {"port", required_argument, NULL, 'p'},
        {"endpoint", required_argument, NULL, 'e'},   {"server-key", required_argument, NULL, 'k'},
        {"messages", required_argument, NULL, 'n'},   {"warmup", required_argument, NULL, 'w'},
        {"connections", required_argument, NULL, 'c'}, {"window", required_argument, NULL, 'd'},
        {"size", required_argument, NULL, 's'},       {"payload", required_argument, NULL, 'f'},
        {"latency-messages", required_argument, NULL, 'l'}, {"rate", required_argument, NULL, 'r'},
        {"deadline", required_argument, NULL, 't'},   {"subscriber", no_argument, NULL, 'S'},
        {"one-way", no_argument, NULL, 'o'},          {"server", required_argument, NULL, 'i'},
        {"message-ids", no_argument, NULL, 'm'},      {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){
        .messages = 200000, .warmup = 20000, .rate = 1000, .deadline_seconds = 60, .connections = 8, .window = 512,
        .payload_bytes = 250,
    };
    const char *file = NULL;
    int option;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        switch (option) {
        case 'P': options->protocol = optarg; break;
        case 'p': options->port = (int)number("port", optarg, 1, 65535); break;
        case 'e': options->endpoint = optarg; break;
        case 'k': options->server_key = optarg; break;
        case 'n': options->messages = number("messages", optarg, 0, MOST_MESSAGES); break;
        case 'w': options->warmup = number("warmup", optarg, 0, MOST_MESSAGES); break;
        case 'c': options->connections = (unsigned)number("connections", optarg, 1, MOST_CONNECTIONS); break;
        case 'd': options->window = (unsigned)number("window", optarg, 1, MOST_WINDOW); break;
        case 's': options->payload_bytes = number("size", optarg, 1, MOST_PAYLOAD); break;
        case 'f': file = optarg; break;
        case 'l': options->latency_messages = number("latency-messages", optarg, 0, MOST_LATENCIES); break;
        case 'r': options->rate = number("rate", optarg, 1, 1000000); break;
        case 't': options->deadline_seconds = number("deadline", optarg, 1, 3600); break;
        case 'i': options->server = (int)number("server", optarg, 1, 1 << 30); break;
        case 'S': options->subscriber = true; break;
        case 'm': options->message_ids = true; break;
        case 'o': options->one_way = true; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: misuse("", "see above");
        }
    }
    if (optind < count) misuse("unexpected: ", arguments[optind]);
    if (!options->protocol) misuse("--protocol is missing", "");
    bool is_zmq = strcmp(options->protocol, "zmq") == 0;
    if (is_zmq && !options->endpoint) misuse("--endpoint is missing", "");
    if (!is_zmq && !options->port) misuse("--port is missing", "");
    if (options->one_way && (!is_zmq || options->latency_messages)) misuse("--one-way is for zmq, and has no latency", "");
    if (options->subscriber && is_zmq) misuse("--subscriber is not for zmq", "");
    if (options->message_ids && strcmp(options->protocol, "nats") != 0) misuse("--message-ids is for nats", "");
    if (!options->messages && !options->latency_messages) misuse("--messages and --latency-messages are both 0", "");
    if (options->server_key && strlen(options->server_key) != 40) misuse("--server-key must have 40 characters", "");
    if (file) {
        read_payload(options, file);
    } else {
        options->payload = allocate(options->payload_bytes, 1);
        // Not all the same, so that nobody who compresses gains by it.
        uint32_t random = 2463534242u;
        for (size_t i = 0; i < options->payload_bytes; i++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            options->payload[i] = (uint8_t)random;
        }
    }
}
