// One HTTP exchange at a time over the system's libcurl, which is loaded when the first one starts: programs that never ask
// pay nothing for it, and building needs none of its headers.
#ifndef REFT_CTRANSFER_H
#define REFT_CTRANSFER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct reft_transfer reft_transfer;

// Why an exchange gave no whole answer.
enum reft_transfer_end {
  REFT_TRANSFER_DONE = 0,
  REFT_TRANSFER_STOPPED = 1,      // a callback asked for it
  REFT_TRANSFER_UNREACHABLE = 2,  // no connection: name, refusal, certificate
  REFT_TRANSFER_CUT_OFF = 3,      // a connection that ended, stalled or broke
  REFT_TRANSFER_OTHER = 4,        // what another attempt does not mend
};

typedef struct {
  const char *url;
  // 1: HEAD, 0: GET.
  int head;
  // "Name: value", ended by NULL.
  const char *const *headers;
  // 1: no proxy, whatever the environment says.
  int direct;
  long connect_seconds;
  // An exchange that brings less than a byte a second for as long is cut off.
  long stall_seconds;
  void *context;
  // Gets each header line, that of the status included; 0 goes on.
  int (*on_header)(void *context, const char *bytes, size_t count);
  // Gets the body piece by piece, and is waited for: a slow reader slows the sender, nothing piles up. 0 goes on.
  int (*on_body)(void *context, const void *bytes, size_t count);
} reft_transfer_request;

// A connection that is kept for the next exchange; NULL without libcurl, with the reason in `message` (256 bytes).
reft_transfer *reft_transfer_open(char *message);
void reft_transfer_close(reft_transfer *transfer);

// One exchange; redirects are not followed. `message` (256 bytes) says what went wrong.
enum reft_transfer_end reft_transfer_run(reft_transfer *transfer, const reft_transfer_request *request, char *message);

#ifdef __cplusplus
}
#endif
#endif
