// Clock, acknowledgements, percentiles and the report.

#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

uint64_t now_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("peer-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void check_deadline(const struct run *run, const char *what) {
    if (now_nanoseconds() > run->deadline) {
        die("%s: %s: not done after %llu s", run->peer->name, what, (unsigned long long)run->options.deadline_seconds);
    }
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) die("no memory for %zu times %zu bytes", count, size);
    return memory;
}

void acknowledge(struct link *link, uint64_t number) {
    struct run *run = link->run;
    if (number >= link->next) {
        die("%s: connection %u: message %llu is acknowledged and was never sent", run->peer->name, link->number,
            (unsigned long long)number);
    }
    uint64_t *word = &link->is_acknowledged[number / 64], bit = 1ull << (number % 64);
    if (*word & bit) {
        die("%s: connection %u: message %llu is acknowledged twice", run->peer->name, link->number, (unsigned long long)number);
    }
    *word |= bit;
    link->acknowledged += 1;
    run->acknowledged += 1;
    if (!run->is_timed) return;
    // The open loop goes round the connections, so the number tells when this one was due.
    uint64_t place = (number - run->first[link->number]) * run->options.connections + link->number;
    run->latencies[run->latency_count++] = now_nanoseconds() - (run->begun + place * run->interval);
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Nearest rank, in milliseconds.
static double percentile(const struct run *run, double percent) {
    double rank = percent / 100 * (double)run->latency_count;
    size_t place = (size_t)rank;
    if ((double)place < rank) place += 1;
    if (place > 0) place -= 1;
    return (double)run->latencies[place] / 1e6;
}

struct usage read_usage(const struct run *run) {
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    struct usage usage = {
        .server = -1,
        .own = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1e6 + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec)};
    if (!run->options.server) return usage;
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", run->options.server);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[size] = 0;
    // After the name in parentheses, which may hold spaces: utime and stime are the 12th and 13th.
    const char *fields = strrchr(text, ')');
    unsigned long user, kernel;
    if (!fields || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2) {
        die("%s cannot be read: the server has ended", path);
    }
    usage.server = (double)(user + kernel) * 1e6 / (double)sysconf(_SC_CLK_TCK);
    return usage;
}

static void print_cost(const char *key, double microseconds, uint64_t messages) {
    if (microseconds < 0 || !messages) printf(",\"%s\":null", key);
    else printf(",\"%s\":%.2f", key, microseconds / (double)messages);
}

static void print_count(const char *key, int64_t count) {
    if (count < 0) printf(",\"%s\":null", key);
    else printf(",\"%s\":%lld", key, (long long)count);
}

void print_report(struct run *run, const struct outcome *outcome) {
    const struct options *options = &run->options;
    uint64_t acknowledged = 0;
    for (unsigned i = 0; i < options->connections; i++) acknowledged += run->links[i].acknowledged;
    double seconds = (double)outcome->nanoseconds / 1e9;
    printf("{\"protocol\":\"%s\",\"payload_bytes\":%zu,\"connections\":%u,\"window\":%u,\"messages\":%llu,\"seconds\":%.6f",
        options->protocol, options->payload_bytes, options->connections, options->window,
        (unsigned long long)options->messages, seconds);
    if (options->messages) printf(",\"messages_per_second\":%.0f", (double)options->messages / seconds);
    else printf(",\"messages_per_second\":null");
    printf(",\"acknowledged_in_all\":%llu", (unsigned long long)acknowledged);
    print_count("stored", outcome->stored);
    print_count("delivered", outcome->delivered);
    print_cost("server_cpu_us_per_message", outcome->used.server, options->messages);
    print_cost("generator_cpu_us_per_message", outcome->used.own, options->messages);
    if (run->latency_count) {
        qsort(run->latencies, run->latency_count, sizeof *run->latencies, compare);
        printf(",\"latency_rate\":%llu,\"latency_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"samples\":%zu}",
            (unsigned long long)options->rate, percentile(run, 50), percentile(run, 99), percentile(run, 99.9),
            percentile(run, 100), run->latency_count);
    } else {
        printf(",\"latency_rate\":null,\"latency_ms\":null");
    }
    puts("}");
}
