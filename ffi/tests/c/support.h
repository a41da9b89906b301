/* What the tests bring to the library: scripted random bytes, storage in memory, an exact state, and SHA-256. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "zegel.h"

extern const zegel_entropy support_entropy;
void support_noise_clear(void);
void support_noise(const char *hex); /* a text of JSON, to be drawn next */
void support_random(uint64_t seed);  /* from here on whatever follows from this */

extern const zegel_storage support_storage, support_other_storage;
void support_storage_blank(void);
/* Writes a record by which the next number of the stream is `next`; the recipients' ids ascend. */
void support_storage_at(const uint8_t sender[32], uint8_t (*recipients)[32], size_t count, uint64_t next);

extern const zegel_state support_state;
void support_forget(void);
void support_introduce(const uint8_t forwarder[32], uint64_t sequence, const uint8_t *ids, size_t count);

int support_sign(void *user, const zegel_part *parts, size_t count, const uint8_t *noise, uint8_t *signature);
void support_code(const uint8_t shower[32], const uint8_t secret[32], uint64_t expires, char code[ZEGEL_CODE_SIZE]);
void support_sha256(const uint8_t *bytes, size_t size, uint8_t hash[32]);

#endif
