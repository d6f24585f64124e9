#include "view/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "store/io.h"
#include "store/results.h"

enum {
    SECRET_BYTES = 16,
    SECRET_DIGITS = 2 * SECRET_BYTES,
    MOST_CONNECTIONS = 64,
    IDLE_SECONDS = 30,
    LONGEST_NUMBER = 18, ///< digits of a byte's number
};
static const double PAUSE_BETWEEN_COUNTS = 20; // times what counting took

/// Nothing but the page itself, what it makes, and the file: whatever stands in a results file, no other address is
/// asked for anything. The page says the same of itself, for when it is opened without this server. (ndarray, which
/// H5Web draws with, makes functions from texts of its own: unsafe-eval.)
static const char POLICY[] =
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob: data:; worker-src blob: data:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct gs_view {
    const gs_results *results;
    const char *name; ///< of the file, in the path that was given
    const char *page;
    size_t page_bytes;
    int64_t bytes; ///< of the file
    int port;
    char secret[SECRET_DIGITS + 1];
    gs_ledger ledger; ///< as it was counted last
    double counted_at, counting_seconds;
    struct MHD_Daemon *daemon;
};

// ---- answers ----

/// Takes the response over.
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                              const char *type) {
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    (void)MHD_add_response_header(response, "Content-Security-Policy", POLICY);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static const char TEXT[] = "text/plain; charset=utf-8";

/// @param text  outlives the response
static struct MHD_Response *text_response(const char *text) {
    return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text) {
    return answer(connection, status, text_response(text), TEXT);
}

static enum MHD_Result answer_page(const gs_view *view, struct MHD_Connection *connection) {
    return answer(
        connection, MHD_HTTP_OK,
        MHD_create_response_from_buffer(view->page_bytes, (void *)(uintptr_t)view->page, MHD_RESPMEM_PERSISTENT),
        "text/html; charset=utf-8");
}

/// Digits from `text` on as a number; NULL when there is none, else where they end.
static const char *read_digits(const char *text, int64_t *number) {
    int digits = 0;
    for (*number = 0; text[digits] >= '0' && text[digits] <= '9'; digits++) {
        if (digits == LONGEST_NUMBER) {
            return NULL;
        }
        *number = 10 * *number + (text[digits] - '0');
    }
    return digits == 0 ? NULL : text + digits;
}

bool gs_view_range(const char *header, int64_t bytes, int64_t *first, int64_t *last) {
    static const char UNIT[] = "bytes=";
    if (strncmp(header, UNIT, sizeof UNIT - 1) != 0) {
        return false;
    }
    const char *text = header + sizeof UNIT - 1;
    if (*text == '-') { // the last so many bytes
        int64_t count;
        text = read_digits(text + 1, &count);
        *first = count < bytes && text != NULL ? bytes - count : 0;
        *last = bytes - 1;
        return text != NULL && *text == '\0' && count > 0;
    }
    text = read_digits(text, first);
    if (text == NULL || *text != '-' || *first >= bytes) {
        return false;
    }
    *last = bytes - 1;
    if (text[1] != '\0') {
        text = read_digits(text + 1, last);
        if (text == NULL || *text != '\0' || *last < *first) {
            return false;
        }
        *last = *last < bytes ? *last : bytes - 1;
    }
    return true;
}

/// Bytes [first, last] of the file; the response closes its own descriptor.
static struct MHD_Response *piece_of_file(const gs_view *view, int64_t first, int64_t last) {
    const int file = fcntl(view->results->file, F_DUPFD_CLOEXEC, 0);
    struct MHD_Response *response =
        file < 0 ? NULL : MHD_create_response_from_fd_at_offset64((uint64_t)(last - first + 1), file, (uint64_t)first);
    if (response == NULL) {
        (void)close(file);
        return NULL;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    return response;
}

static enum MHD_Result answer_file(const gs_view *view, struct MHD_Connection *connection) {
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
    int64_t first = 0, last = view->bytes - 1;
    char range[96];
    if (header != NULL && !gs_view_range(header, view->bytes, &first, &last)) {
        struct MHD_Response *refusal = text_response("one range of bytes of the file was expected\n");
        (void)snprintf(range, sizeof range, "bytes */%" PRId64, view->bytes);
        if (refusal != NULL) {
            (void)MHD_add_response_header(refusal, MHD_HTTP_HEADER_CONTENT_RANGE, range);
        }
        return answer(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, refusal, TEXT);
    }
    struct MHD_Response *response = piece_of_file(view, first, last);
    if (response != NULL && header != NULL) {
        (void)snprintf(range, sizeof range, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first, last, view->bytes);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
    }
    return answer(connection, header == NULL ? MHD_HTTP_OK : MHD_HTTP_PARTIAL_CONTENT, response, "application/x-hdf5");
}

/// A name within a JSON string.
static void escape(const char *name, char *into, size_t room) {
    size_t used = 0;
    for (const unsigned char *c = (const unsigned char *)name; *c != '\0' && used + 8 < room; c++) {
        if (*c < 0x20 || *c == '"' || *c == '\\' || *c == 0x7f) {
            used += (size_t)snprintf(into + used, room - used, "\\u%04x", *c);
        } else {
            into[used++] = (char)*c;
        }
    }
    into[used] = '\0';
}

/// A number that changes when trials finish and when the plots are drawn anew, which is a little later: what is drawn
/// of how many trials stands in their titles.
static bool find_version(const gs_view *view, int64_t finished, uint64_t *version) {
    const gs_results *results = view->results;
    const gs_plots *plots = results->layout->plots;
    *version = (uint64_t)finished;
    for (int i = 0; i < gs_plots_part_count(plots); i++) {
        const gs_plot_part *part = gs_plots_part(plots, i);
        char title[GS_PLOT_TITLE_BYTES];
        if (part->dataset < 0) {
            if (!gs_read_at(results->file, title, (size_t)part->bytes, results->part_addresses[i])) {
                return false;
            }
            *version = XXH3_64bits_withSeed(title, (size_t)part->bytes, *version);
        }
    }
    return true;
}

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// Every status is read to count them: of a billion trials a gigabyte, so not at each request.
static gs_status count_trials(gs_view *view, gs_error *error) {
    const double begin = now();
    if (begin - view->counted_at < PAUSE_BETWEEN_COUNTS * view->counting_seconds) {
        return GS_OK;
    }
    const gs_status status = gs_results_ledger(view->results, &view->ledger, error);
    view->counted_at = now();
    view->counting_seconds = view->counted_at - begin;
    return status;
}

/// What the page asks for again and again: how many trials are finished.
static enum MHD_Result answer_status(gs_view *view, struct MHD_Connection *connection) {
    gs_error error;
    uint64_t version = 0;
    char name[1024], text[1400];
    const bool counted = count_trials(view, &error) == GS_OK;
    const int64_t finished = view->ledger.done + view->ledger.diverged;
    if (!counted || !find_version(view, finished, &version)) {
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the file can't be read any more\n");
    }
    escape(view->name, name, sizeof name);
    (void)snprintf(text, sizeof text,
                   "{\"name\": \"%s\", \"size\": %" PRId64 ", \"trials\": %" PRId64 ", \"finished\": %" PRId64
                   ", \"version\": \"%016" PRIx64 "\"}\n",
                   name, view->bytes, view->ledger.planned, finished, version);
    return answer(connection, MHD_HTTP_OK, MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY),
                  "application/json");
}

// ---- requests ----

/// Whether a request was meant for this address: a page elsewhere can make its own name lead here (DNS rebinding).
static bool is_for_us(struct MHD_Connection *connection) {
    static const char *const names[] = {"127.0.0.1", "localhost"};
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    for (size_t i = 0; host != NULL && i < sizeof names / sizeof *names; i++) {
        const size_t length = strlen(names[i]);
        if (strncmp(host, names[i], length) == 0 && (host[length] == '\0' || host[length] == ':')) {
            return true; // of any port: a tunnel from another machine begins at one of its own
        }
    }
    return false;
}

/// The part of the path behind the secret; NULL when that is wrong.
static const char *behind_secret(const gs_view *view, const char *path) {
    unsigned char difference = 0; // compared to the end in every case: the time must not tell how much was right
    if (path[0] != '/' || strlen(path) < SECRET_DIGITS + 2 || path[SECRET_DIGITS + 1] != '/') {
        return NULL;
    }
    for (int i = 0; i < SECRET_DIGITS; i++) {
        difference |= (unsigned char)(path[1 + i] ^ view->secret[i]);
    }
    return difference == 0 ? path + SECRET_DIGITS + 2 : NULL;
}

// NOLINTBEGIN(readability-non-const-parameter): libmicrohttpd says what a handler is.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *http_version, const char *data, size_t *data_bytes, void **of_request) {
    static char seen; // its address marks a request whose head has been looked at
    gs_view *view = context;
    (void)http_version;
    (void)data;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if (*of_request == NULL) {
        *of_request = &seen;
        return MHD_YES;
    }
    if (*data_bytes != 0) {
        return MHD_NO;
    }
    const char *wanted = is_for_us(connection) ? behind_secret(view, path) : NULL;
    if (wanted == NULL) {
        return answer_text(connection, MHD_HTTP_NOT_FOUND, "not found: open the address that gansweep view printed\n");
    }
    if (*wanted == '\0') {
        return answer_page(view, connection);
    }
    if (strcmp(wanted, "results.h5") == 0) {
        return answer_file(view, connection);
    }
    return strcmp(wanted, "status.json") == 0 ? answer_status(view, connection)
                                              : answer_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
}
// NOLINTEND(readability-non-const-parameter)

// ---- the server ----

static gs_status make_secret(gs_view *view, gs_error *error) {
    unsigned char bytes[SECRET_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return gs_fail(error, GS_ERROR_RUN, "no random numbers for the address: %s", strerror(errno));
    }
    for (int i = 0; i < SECRET_BYTES; i++) {
        (void)snprintf(view->secret + 2 * (size_t)i, 3, "%02x", bytes[i]);
    }
    return GS_OK;
}

static gs_status start_daemon(gs_view *view, int port, gs_error *error) {
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    errno = 0;
    view->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, (uint16_t)port, NULL, NULL, handle,
                                    view, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback,
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (view->daemon == NULL) {
        return gs_fail(error, errno == EADDRINUSE || errno == EACCES ? GS_ERROR_INPUT : GS_ERROR_RUN,
                       "port %d of 127.0.0.1 can't be served: %s", port,
                       errno == 0 ? "libmicrohttpd gives no reason" : strerror(errno));
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(view->daemon, MHD_DAEMON_INFO_BIND_PORT);
    view->port = info == NULL ? port : info->port;
    return GS_OK;
}

gs_status gs_view_start(const gs_results *results, const char *path, const char *page, size_t page_bytes, int port,
                        gs_view **view, char address[GS_VIEW_ADDRESS_BYTES], gs_error *error) {
    const gs_status refused = gs_results_refuse_virtual(
        results, "a browser reads one file alone, which gansweep merge -o makes of it", error);
    gs_view *made = refused == GS_OK ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) {
        return refused == GS_OK ? gs_fail(error, GS_ERROR_RUN, "out of memory") : refused;
    }
    const char *slash = strrchr(path, '/');
    made->results = results;
    made->name = slash == NULL ? path : slash + 1;
    made->page = page;
    made->page_bytes = page_bytes;
    made->bytes = gs_results_bytes(results);
    made->counted_at = -INFINITY;
    gs_status status = make_secret(made, error);
    if (status == GS_OK) {
        status = start_daemon(made, port, error);
    }
    if (status != GS_OK) {
        gs_view_end(made);
        return status;
    }
    (void)snprintf(address, GS_VIEW_ADDRESS_BYTES, "http://127.0.0.1:%d/%s/", made->port, made->secret);
    *view = made;
    return GS_OK;
}

void gs_view_end(gs_view *view) {
    if (view->daemon != NULL) {
        MHD_stop_daemon(view->daemon);
    }
    free(view);
}
