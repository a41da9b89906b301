/* What the runners of the test vectors share. Each runs one vector, and says why when C cannot express it. */
#ifndef VECTORS_H
#define VECTORS_H

#include "json.h"
#include "support.h"
#include "zegel.h"

extern uint8_t buffer[1 << 21], scratch[1 << 17], written_out[1 << 17];
extern char topic[2048];
extern size_t topic_size;
extern const char *vector_name;

void fail(const char *what);
#define MUST(holds) ((holds) ? (void)0 : fail(#holds))

void read_topic(const char *value);
/* The number that is expected, 0 for success. */
int expected(const char *expect);
void same(const char *expect, int answered);
int all_zero(const uint8_t *bytes, size_t size);

const char *run_open(const char *input, const char *expect);
const char *run_steps(const char *input, const char *expect);
const char *run_card(const char *input, const char *expect);
const char *run_succession(const char *input, const char *expect);
const char *run_topic(const char *input, const char *expect);
const char *run_evidence(const char *input, const char *expect);
const char *run_introduction(const char *input, const char *expect);
const char *run_name(const char *input, const char *expect);
const char *run_seal(const char *input, const char *expect);
const char *run_group_seal(const char *input, const char *expect);
const char *run_session_seal(const char *input, const char *expect);
const char *run_padding(const char *input, const char *expect);
const char *run_policy(const char *input, const char *expect);
const char *run_replay(const char *input, const char *expect);
const char *run_code(const char *input, const char *expect);
const char *run_pairing(const char *input, const char *expect);
const char *run_transcript(const char *input, const char *expect);

#endif
