#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct streams *of(struct run *run) { return run->state; }

struct stream *stream_of(struct link *link) { return link->state; }

static void stream_open(struct run *run, struct stream *stream, struct link *link) {
    const char *name = run->peer->name;
    *stream = (struct stream){.run = run, .link = link, .out = allocate(STREAM_BUFFER, 1), .in = allocate(STREAM_BUFFER, 1)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)run->options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    stream->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->descriptor < 0) die("%s: socket: %s", name, strerror(errno));
    int error = connect(stream->descriptor, (struct sockaddr *)&address, sizeof address) ? errno : 0;
    while (error == EINPROGRESS) {
        check_deadline(run, "connecting");
        struct pollfd poll_one = {.fd = stream->descriptor, .events = POLLOUT};
        if (poll(&poll_one, 1, 100) <= 0) continue;
        socklen_t size = sizeof error;
        if (getsockopt(stream->descriptor, SOL_SOCKET, SO_ERROR, &error, &size)) error = errno;
    }
    if (error) die("%s: 127.0.0.1:%d: %s", name, run->options.port, strerror(error));
    int on = 1;
    setsockopt(stream->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct streams *streams_open(struct run *run, size_t (*parse)(struct stream *, const uint8_t *, size_t)) {
    struct streams *streams = allocate(1, sizeof *streams);
    run->state = streams;
    streams->parse = parse;
    for (unsigned i = 0; i < run->options.connections; i++) {
        stream_open(run, &streams->all[i], &run->links[i]);
        run->links[i].state = &streams->all[i];
    }
    streams->count = run->options.connections;
    if (run->options.subscriber) stream_open(run, &streams->all[streams->count++], NULL);
    return streams;
}

uint8_t *stream_room(struct stream *stream, size_t size) {
    if (STREAM_BUFFER - stream->out_end < size) {
        stream_flush(stream);
        if (stream->out_begin > 0) {
            memmove(stream->out, stream->out + stream->out_begin, stream->out_end - stream->out_begin);
            stream->out_end -= stream->out_begin;
            stream->out_begin = 0;
        }
    }
    return STREAM_BUFFER - stream->out_end < size ? NULL : stream->out + stream->out_end;
}

void stream_commit(struct stream *stream, size_t size) { stream->out_end += size; }

void stream_flush(struct stream *stream) {
    while (stream->out_begin < stream->out_end) {
        ssize_t count = send(stream->descriptor, stream->out + stream->out_begin, stream->out_end - stream->out_begin, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) return;
            die("%s: sending: %s", stream->run->peer->name, strerror(errno));
        }
        stream->out_begin += (size_t)count;
    }
    stream->out_begin = stream->out_end = 0;
}

void streams_flush_link(struct link *link) { stream_flush(stream_of(link)); }

void streams_wait(struct run *run, uint64_t nanoseconds) {
    struct streams *streams = of(run);
    struct pollfd polls[MOST_CONNECTIONS + 1];
    for (unsigned i = 0; i < streams->count; i++) {
        struct stream *stream = &streams->all[i];
        bool wants_out = stream->out_begin < stream->out_end;
        polls[i] = (struct pollfd){.fd = stream->descriptor, .events = (short)(POLLIN | (wants_out ? POLLOUT : 0))};
    }
    struct timespec time = {.tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    int ready = ppoll(polls, streams->count, &time, NULL);
    if (ready < 0 && errno != EINTR) die("%s: ppoll: %s", run->peer->name, strerror(errno));
    for (unsigned i = 0; i < streams->count; i++) {
        streams->all[i].is_readable = ready > 0 && (polls[i].revents & (POLLIN | POLLERR | POLLHUP));
        if (ready > 0 && (polls[i].revents & POLLOUT)) stream_flush(&streams->all[i]);
    }
}

static void stream_receive(struct streams *streams, struct stream *stream) {
    const char *name = stream->run->peer->name;
    ssize_t count = recv(stream->descriptor, stream->in + stream->in_end, STREAM_BUFFER - stream->in_end, 0);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        die("%s: receiving: %s", name, strerror(errno));
    }
    if (count == 0) die("%s: the peer closed the connection", name);
    stream->in_end += (size_t)count;
    size_t taken = streams->parse(stream, stream->in, stream->in_end);
    memmove(stream->in, stream->in + taken, stream->in_end - taken);
    stream->in_end -= taken;
    if (stream->in_end == STREAM_BUFFER) die("%s: an answer of more than %d bytes", name, STREAM_BUFFER);
}

void streams_receive(struct run *run) {
    struct streams *streams = of(run);
    for (unsigned i = 0; i < streams->count; i++) {
        if (streams->all[i].is_readable) stream_receive(streams, &streams->all[i]);
    }
}

void stream_ask(struct stream *stream, const void *bytes, size_t size, const char *what) {
    uint8_t *room = stream_room(stream, size);
    if (!room) die("%s: %s: no room to send it", stream->run->peer->name, what);
    memcpy(room, bytes, size);
    stream_commit(stream, size);
    stream->has_reply = false;
    while (!stream->has_reply) {
        check_deadline(stream->run, what);
        stream_flush(stream);
        streams_wait(stream->run, 100000000);
        streams_receive(stream->run);
    }
}

void stream_keep_reply(struct stream *stream, const uint8_t *bytes, size_t size) {
    if (size > sizeof stream->reply - 1) size = sizeof stream->reply - 1;
    memcpy(stream->reply, bytes, size);
    stream->reply[size] = 0;
    stream->has_reply = true;
}
