#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Random bytes */

static uint8_t noise[1024];
static size_t noise_at, noise_end;
static uint64_t random_state;

static int fill(void *user, uint8_t *out, size_t size) {
    (void)user;
    for (size_t i = 0; i < size; i++) {
        if (random_state) {
            random_state ^= random_state << 13;
            random_state ^= random_state >> 7;
            random_state ^= random_state << 17;
            out[i] = (uint8_t)(random_state >> 32);
        } else if (noise_at < noise_end) {
            out[i] = noise[noise_at++];
        } else {
            return 1;
        }
    }
    return 0;
}

const zegel_entropy support_entropy = {fill, NULL};

void support_noise_clear(void) {
    noise_at = noise_end = 0;
    random_state = 0;
}

void support_noise(const char *hex) {
    noise_end += json_hex(hex, noise + noise_end, sizeof noise - noise_end);
}

void support_random(uint64_t seed) {
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
}

/* Storage */

static uint8_t slots[2][2][ZEGEL_SLOT_SIZE];

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    memcpy(out, slots[user != NULL][slot], size);
    return 0;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    memcpy(slots[user != NULL][slot], bytes, size);
    return 0;
}

const zegel_storage support_storage = {slot_read, slot_write, NULL};
const zegel_storage support_other_storage = {slot_read, slot_write, slots};

void support_storage_blank(void) {
    memset(slots, 0xff, sizeof slots);
}

static void be(uint8_t *out, uint64_t value, size_t size) {
    while (size > 0) {
        out[--size] = (uint8_t)value;
        value >>= 8;
    }
}

static uint32_t crc(const uint8_t *bytes, size_t size, uint32_t polynomial) {
    uint32_t sum = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
    }
    return ~sum;
}

void support_storage_at(const uint8_t sender[32], uint8_t (*recipients)[32], size_t count, uint64_t next) {
    uint8_t audience[1 + 34 * 16], hash[32], *slot = slots[0][0];
    memset(slots[0], 0xff, sizeof slots[0]);
    audience[0] = (uint8_t)(0x80 + count);
    for (size_t i = 0; i < count; i++) {
        audience[1 + 34 * i] = 0x58;
        audience[2 + 34 * i] = 0x20;
        memcpy(audience + 3 + 34 * i, recipients[i], 32);
    }
    support_sha256(audience, 1 + 34 * count, hash);
    memcpy(slot, "zegel\0\0\1", 8);
    be(slot + 8, 1, 8);
    be(slot + 16, next, 8);
    memcpy(slot + 24, sender, 16);
    memcpy(slot + 40, hash, 16);
    be(slot + 56, crc(slot, 56, 0xedb88320), 4);
    be(slot + 60, crc(slot, 56, 0x82f63b78), 4);
}

/* A receiver's exact state */

static struct {
    uint8_t stream[64], digest[32];
    uint64_t sequence;
} taken[512];
static struct {
    uint8_t id[8], record[ZEGEL_RECORD_SIZE];
} sessions[64];
static struct {
    uint8_t forwarder[32], ids[64 * 32];
    uint64_t sequence;
    size_t count;
} introduced[8];
static size_t taken_count, session_count, introduced_count;

void support_forget(void) {
    taken_count = session_count = introduced_count = 0;
}

static int next(void *user, const uint8_t *stream, uint64_t *out) {
    (void)user;
    *out = 0;
    for (size_t i = 0; i < taken_count; i++) {
        if (!memcmp(taken[i].stream, stream, 64) && taken[i].sequence >= *out) *out = taken[i].sequence + 1;
    }
    return 0;
}

static int take(void *user, const uint8_t *stream, uint64_t sequence, const uint8_t *digest, uint64_t *missing,
                uint8_t *late) {
    uint64_t above;
    for (size_t i = 0; i < taken_count; i++) {
        if (memcmp(taken[i].stream, stream, 64) || taken[i].sequence != sequence) continue;
        return memcmp(taken[i].digest, digest, 32) ? ZEGEL_CONFLICT : ZEGEL_DUPLICATE;
    }
    if (taken_count == sizeof taken / sizeof *taken) return ZEGEL_FULL;
    next(user, stream, &above);
    *late = sequence < above;
    if (sequence > above) {
        missing[0] = above;
        missing[1] = sequence - 1;
    }
    memcpy(taken[taken_count].stream, stream, 64);
    memcpy(taken[taken_count].digest, digest, 32);
    taken[taken_count++].sequence = sequence;
    return 0;
}

static int keep(void *user, const uint8_t *session, const uint8_t *record, size_t size) {
    (void)user;
    if (size != ZEGEL_RECORD_SIZE || session_count == sizeof sessions / sizeof *sessions) return ZEGEL_FULL;
    memcpy(sessions[session_count].id, session, 8);
    memcpy(sessions[session_count++].record, record, size);
    return 0;
}

static int find(void *user, const uint8_t *session, uint8_t *record, size_t size) {
    (void)user;
    for (size_t i = 0; i < session_count; i++) {
        if (memcmp(sessions[i].id, session, 8)) continue;
        memcpy(record, sessions[i].record, size);
        return 0;
    }
    return ZEGEL_UNKNOWN_SESSION;
}

static int vouches(void *user, const uint8_t *forwarder, const uint8_t *origin) {
    (void)user;
    for (size_t i = 0; i < introduced_count; i++) {
        if (memcmp(introduced[i].forwarder, forwarder, 32)) continue;
        for (size_t j = 0; j < introduced[i].count; j++) {
            if (!memcmp(introduced[i].ids + 32 * j, origin, 32)) return 0;
        }
    }
    return ZEGEL_UNKNOWN_SENDER;
}

const zegel_state support_state = {take, next, keep, find, vouches, NULL};

void support_introduce(const uint8_t forwarder[32], uint64_t sequence, const uint8_t *ids, size_t count) {
    size_t at = 0;
    while (at < introduced_count && memcmp(introduced[at].forwarder, forwarder, 32)) at++;
    if (at < introduced_count && introduced[at].sequence >= sequence) return;
    if (at == introduced_count) introduced_count++;
    memcpy(introduced[at].forwarder, forwarder, 32);
    memcpy(introduced[at].ids, ids, 32 * count);
    introduced[at].sequence = sequence;
    introduced[at].count = count;
}

int support_sign(void *user, const zegel_part *parts, size_t count, const uint8_t *noise_in, uint8_t *signature) {
    (void)user, (void)parts, (void)count, (void)noise_in, (void)signature;
    return 1;
}

/* Codes */

static uint32_t turn(uint32_t value, int by) {
    return value >> by | value << (32 - by);
}

void support_sha256(const uint8_t *bytes, size_t size, uint8_t hash[32]) {
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
        0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
        0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
        0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
        0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t padded[640] = {0};
    const size_t blocks = (size + 9 + 63) / 64;
    if (blocks * 64 > sizeof padded) abort();
    memcpy(padded, bytes, size);
    padded[size] = 0x80;
    be(padded + blocks * 64 - 8, (uint64_t)size * 8, 8);
    for (size_t block = 0; block < blocks; block++) {
        uint32_t w[64], v[8];
        for (int i = 0; i < 16; i++) {
            const uint8_t *at = padded + block * 64 + 4 * i;
            w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        }
        for (int i = 16; i < 64; i++) {
            const uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
        }
        memcpy(v, h, sizeof v);
        for (int i = 0; i < 64; i++) {
            const uint32_t one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
            const uint32_t two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof *v);
            v[4] += one;
            v[0] = one + two;
        }
        for (int i = 0; i < 8; i++) h[i] += v[i];
    }
    for (int i = 0; i < 8; i++) be(hash + 4 * i, h[i], 4);
}

void support_code(const uint8_t shower[32], const uint8_t secret[32], uint64_t expires, char code[ZEGEL_CODE_SIZE]) {
    uint8_t bytes[12 + 74 + 1] = "zegel-code-1", hash[32], *said = bytes + 12;
    size_t out = 6;
    said[0] = 1;
    memcpy(said + 1, shower, 32);
    memcpy(said + 33, secret, 32);
    be(said + 65, expires, 5);
    support_sha256(bytes, 12 + 70, hash);
    memcpy(said + 70, hash, 4);
    said[74] = 0;
    memcpy(code, "ZEGEL:", 6);
    for (size_t bit = 0; bit < 74 * 8; bit += 5) {
        const uint32_t two = (uint32_t)said[bit / 8] << 8 | said[bit / 8 + 1];
        code[out++] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[two >> (11 - bit % 8) & 31];
    }
    code[out] = 0;
}
