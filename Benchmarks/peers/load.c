// The loop: warm-up, an open loop for latency, a closed loop for throughput, over the same connections.

#include "load.h"

#include <string.h>
#include <sys/prctl.h>

static const uint64_t MILLISECOND = 1000000;

static void flush_all(struct run *run) {
    if (!run->peer->flush) return;
    for (unsigned i = 0; i < run->options.connections; i++) run->peer->flush(&run->links[i]);
}

// As fast as the window lets. Returns nanoseconds from the first send to the last acknowledgement.
static uint64_t closed_loop(struct run *run, uint64_t count, const char *name) {
    const struct options *options = &run->options;
    const struct peer *peer = run->peer;
    uint64_t sent = 0, begun = now_nanoseconds();
    bool is_finished[MOST_CONNECTIONS] = {false};
    run->acknowledged = 0;
    while (run->acknowledged < count) {
        check_deadline(run, name);
        for (unsigned i = 0; i < options->connections; i++) {
            struct link *link = &run->links[i];
            link->wants_out = false;
            while (sent < count && (options->one_way || link->next - link->acknowledged < options->window)) {
                if (!peer->send(link, link->next)) {
                    link->wants_out = true;
                    break;
                }
                link->next += 1;
                sent += 1;
            }
            if (options->one_way && sent == count && !is_finished[i] && peer->finish) {
                is_finished[i] = peer->finish(link);
                link->wants_out = !is_finished[i];
            }
        }
        flush_all(run);
        peer->wait(run, 100 * MILLISECOND);
        peer->receive(run);
    }
    return now_nanoseconds() - begun;
}

// One message every `interval`, whatever comes back.
static void open_loop(struct run *run, uint64_t count) {
    const struct options *options = &run->options;
    uint64_t sent = 0;
    run->acknowledged = 0;
    run->interval = 1000000000u / options->rate;
    for (unsigned i = 0; i < options->connections; i++) run->first[i] = run->links[i].next;
    run->begun = now_nanoseconds();
    run->is_timed = true;
    while (run->acknowledged < count) {
        check_deadline(run, "latency");
        for (uint64_t now = now_nanoseconds(); sent < count && run->begun + sent * run->interval <= now; sent++) {
            struct link *link = &run->links[sent % options->connections];
            if (link->next - link->acknowledged >= MOST_BEHIND) {
                die("%s: %d messages behind at %llu/s", run->peer->name, MOST_BEHIND, (unsigned long long)options->rate);
            }
            link->wants_out = !run->peer->send(link, link->next);
            if (link->wants_out) break;
            link->next += 1;
        }
        flush_all(run);
        uint64_t now = now_nanoseconds(), due = run->begun + sent * run->interval;
        run->peer->wait(run, sent == count ? 100 * MILLISECOND : due > now ? due - now : 0);
        run->peer->receive(run);
    }
    run->is_timed = false;
}

// The subscriber may be behind the last acknowledgement.
static int64_t wait_for_delivery(struct run *run) {
    if (!run->options.subscriber) return -1;
    uint64_t all = 0;
    for (unsigned i = 0; i < run->options.connections; i++) all += run->links[i].next;
    while (run->delivered < all) {
        check_deadline(run, "delivery to the subscriber");
        flush_all(run);
        run->peer->wait(run, 100 * MILLISECOND);
        run->peer->receive(run);
    }
    return (int64_t)run->delivered;
}

int main(int count, char **arguments) {
    static struct run run;
    static const struct peer *const peers[] = {&nats_peer, &redis_peer, &mqtt_peer, &zmq_peer};
    read_options(&run.options, count, arguments);
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        if (strcmp(peers[i]->name, run.options.protocol) == 0) run.peer = peers[i];
    }
    if (!run.peer) die("--protocol must be nats, redis, mqtt or zmq, and is %s", run.options.protocol);
    // A due time is met to the microsecond; the default lets the kernel be 50 late.
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    run.deadline = now_nanoseconds() + run.options.deadline_seconds * 1000 * MILLISECOND;
    uint64_t all = run.options.warmup + run.options.latency_messages + run.options.messages;
    for (unsigned i = 0; i < run.options.connections; i++) {
        run.links[i] = (struct link){.run = &run, .number = i, .is_acknowledged = allocate(all / 64 + 1, sizeof(uint64_t))};
    }
    run.latencies = allocate(run.options.latency_messages, sizeof *run.latencies);
    run.peer->open(&run);
    if (run.options.warmup) closed_loop(&run, run.options.warmup, "warm-up");
    if (run.options.latency_messages) open_loop(&run, run.options.latency_messages);
    struct outcome outcome = {.used = read_usage(&run)};
    if (run.options.messages) outcome.nanoseconds = closed_loop(&run, run.options.messages, "throughput");
    struct usage after = read_usage(&run);
    outcome.used.own = after.own - outcome.used.own;
    outcome.used.server = after.server < 0 ? -1 : after.server - outcome.used.server;
    outcome.delivered = wait_for_delivery(&run);
    outcome.stored = run.peer->stored ? run.peer->stored(&run) : -1;
    print_report(&run, &outcome);
    return 0;
}
