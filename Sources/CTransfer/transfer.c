#include "CTransfer.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is used of libcurl's interface, whose numbers have been the same since version 7.16 (2006).

typedef void CURL;
typedef int CURLcode;
struct curl_slist;

enum {
  GLOBAL_DEFAULT = 3,
  OPT_URL = 10002,
  OPT_WRITEDATA = 10001,
  OPT_ERRORBUFFER = 10010,
  OPT_USERAGENT = 10018,
  OPT_HTTPHEADER = 10023,
  OPT_HEADERDATA = 10029,
  OPT_NOPROXY = 10177,
  OPT_WRITEFUNCTION = 20011,
  OPT_HEADERFUNCTION = 20079,
  OPT_LOW_SPEED_LIMIT = 19,
  OPT_LOW_SPEED_TIME = 20,
  OPT_NOBODY = 44,
  OPT_CONNECTTIMEOUT = 78,
  OPT_NOSIGNAL = 99,
  OPT_PROTOCOLS = 181,
  OPT_SUPPRESS_CONNECT_HEADERS = 265,
  PROTOCOLS_HTTP_AND_HTTPS = 3,
  ERROR_BUFFER_SIZE = 256,
};

static struct {
  CURLcode (*global_init)(long);
  CURL *(*easy_init)(void);
  void (*easy_reset)(CURL *);
  void (*easy_cleanup)(CURL *);
  CURLcode (*easy_setopt)(CURL *, int, ...);
  CURLcode (*easy_perform)(CURL *);
  const char *(*easy_strerror)(CURLcode);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
  int is_loaded;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef __APPLE__
static const char *const names[] = {"/usr/lib/libcurl.4.dylib", "libcurl.4.dylib"};
#else
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif

static void load(void) {
  void *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) return;
  int complete = 1;
#define FIND(name) complete &= (*(void **)&curl.name = dlsym(library, "curl_" #name)) != NULL
  FIND(global_init);
  FIND(easy_init);
  FIND(easy_reset);
  FIND(easy_cleanup);
  FIND(easy_setopt);
  FIND(easy_perform);
  FIND(easy_strerror);
  FIND(slist_append);
  FIND(slist_free_all);
#undef FIND
  curl.is_loaded = complete && curl.global_init(GLOBAL_DEFAULT) == 0;
}

struct reft_transfer {
  CURL *handle;
};

reft_transfer *reft_transfer_open(char *message) {
  pthread_once(&once, load);
  if (!curl.is_loaded) {
    snprintf(message, ERROR_BUFFER_SIZE, "the library %s cannot be loaded", names[0]);
    return NULL;
  }
  reft_transfer *transfer = malloc(sizeof *transfer);
  CURL *handle = transfer == NULL ? NULL : curl.easy_init();
  if (handle == NULL) {
    snprintf(message, ERROR_BUFFER_SIZE, "no memory is left");
    free(transfer);
    return NULL;
  }
  transfer->handle = handle;
  return transfer;
}

void reft_transfer_close(reft_transfer *transfer) {
  curl.easy_cleanup(transfer->handle);
  free(transfer);
}

struct running {
  const reft_transfer_request *request;
  int stopped;
};

static size_t header_callback(char *bytes, size_t size, size_t count, void *context) {
  struct running *running = context;
  running->stopped |= running->request->on_header(running->request->context, bytes, size * count);
  return running->stopped ? 0 : size * count;
}

static size_t body_callback(char *bytes, size_t size, size_t count, void *context) {
  struct running *running = context;
  running->stopped |= running->request->on_body(running->request->context, bytes, size * count);
  return running->stopped ? 0 : size * count;
}

// The numbers of CURLcode.
static enum reft_transfer_end end_of(CURLcode code) {
  switch (code) {
    case 0: return REFT_TRANSFER_DONE;
    case 5: case 6: case 7: return REFT_TRANSFER_UNREACHABLE;   // proxy's name, host's name, refused or timed out
    case 35: case 51: case 58: case 60: case 77: case 83: case 91: return REFT_TRANSFER_UNREACHABLE;  // TLS
    case 16: case 18: case 28: case 52: case 55: case 56: case 92: case 95: return REFT_TRANSFER_CUT_OFF;
    default: return REFT_TRANSFER_OTHER;
  }
}

enum reft_transfer_end reft_transfer_run(reft_transfer *transfer, const reft_transfer_request *request, char *message) {
  CURL *handle = transfer->handle;
  struct running running = {request, 0};
  struct curl_slist *headers = NULL;
  message[0] = 0;
  for (const char *const *header = request->headers; *header != NULL; header++) {
    struct curl_slist *longer = curl.slist_append(headers, *header);
    if (longer == NULL) {
      curl.slist_free_all(headers);
      snprintf(message, ERROR_BUFFER_SIZE, "no memory is left");
      return REFT_TRANSFER_OTHER;
    }
    headers = longer;
  }
  curl.easy_reset(handle);  // keeps the connection
  curl.easy_setopt(handle, OPT_URL, request->url);
  curl.easy_setopt(handle, OPT_NOBODY, (long)request->head);
  curl.easy_setopt(handle, OPT_HTTPHEADER, headers);
  curl.easy_setopt(handle, OPT_USERAGENT, "swift-reft");
  if (request->direct) curl.easy_setopt(handle, OPT_NOPROXY, "*");
  curl.easy_setopt(handle, OPT_PROTOCOLS, (long)PROTOCOLS_HTTP_AND_HTTPS);
  curl.easy_setopt(handle, OPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl.easy_setopt(handle, OPT_CONNECTTIMEOUT, request->connect_seconds);
  curl.easy_setopt(handle, OPT_LOW_SPEED_LIMIT, 1L);
  curl.easy_setopt(handle, OPT_LOW_SPEED_TIME, request->stall_seconds);
  curl.easy_setopt(handle, OPT_NOSIGNAL, 1L);
  curl.easy_setopt(handle, OPT_ERRORBUFFER, message);
  curl.easy_setopt(handle, OPT_HEADERFUNCTION, header_callback);
  curl.easy_setopt(handle, OPT_HEADERDATA, &running);
  curl.easy_setopt(handle, OPT_WRITEFUNCTION, body_callback);
  curl.easy_setopt(handle, OPT_WRITEDATA, &running);
  CURLcode code = curl.easy_perform(handle);
  curl.easy_setopt(handle, OPT_ERRORBUFFER, NULL);
  curl.slist_free_all(headers);
  if (running.stopped) return REFT_TRANSFER_STOPPED;
  if (code != 0 && message[0] == 0) snprintf(message, ERROR_BUFFER_SIZE, "%s", curl.easy_strerror(code));
  return end_of(code);
}
