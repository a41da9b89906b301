/* Every pointer argument of every call: NULL, misaligned, overlapping another; lengths that cannot be; contexts that
 * were never made, have ended, were moved, are of another kind or at work. On a mistake nothing is touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_MAKE_MEM_DEFINED
#define VALGRIND_MAKE_MEM_DEFINED(at, size) ((void)(at), (void)(size))
#endif

#define MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "misuse: %s: %s\n", current, #holds), exit(1)))
static const char *current = "start";

/* One place for everything, so that what was touched shows. */
static struct {
    zegel_identity identity, fresh_identity;
    zegel_kem_key key, fresh_key;
    zegel_card card, fresh_card, cards[2];
    zegel_sealer sealer, fresh_sealer, in_session;
    zegel_group group, fresh_group;
    zegel_receiver receiver, fresh_receiver;
    zegel_peer peers[2], fresh_peers[2];
    zegel_session sessions[2], fresh_sessions[2];
    zegel_pairing shower, fresh_pairing, scanner;
    zegel_proof proof, fresh_proof;
    zegel_entropy entropy;
    zegel_storage storage;
    zegel_signer signer;
    zegel_agreement agreement;
    zegel_claims claims;
    zegel_card_facts facts;
    zegel_measurement measurement;
    zegel_limits limits;
    zegel_acceptance acceptance;
    zegel_state state;
    zegel_opened opened;
    zegel_evidence evidence;
    zegel_event events[4];
    uint64_t count;
    size_t size;
    uint8_t bytes32[40], out32[40], in[600], out[2048], ids[64 * 32];
    char code[ZEGEL_CODE_SIZE + 2], one[40], two[40], text[ZEGEL_FINGERPRINT_SIZE], topic[16];
    uint8_t flag;
} w, before, after;

/* A call by its arguments, as words. */
typedef uintptr_t word;
#define P(type, i) ((type *)a[i])
#define CALL(name, ...) static int call_##name(const word *a) { return (int)name(__VA_ARGS__); }
CALL(zegel_identity_from_seed, P(zegel_identity, 0), P(uint8_t, 1))
CALL(zegel_identity_from_signer, P(zegel_identity, 0), P(zegel_signer, 1))
CALL(zegel_identity_id, P(zegel_identity, 0), P(uint8_t, 1))
CALL(zegel_fingerprint, P(uint8_t, 0), P(char, 1))
CALL(zegel_kem_key_from_secret, P(zegel_kem_key, 0), P(uint8_t, 1))
CALL(zegel_kem_key_from_agreement, P(zegel_kem_key, 0), P(zegel_agreement, 1))
CALL(zegel_kem_key_public, P(zegel_kem_key, 0), P(uint8_t, 1))
CALL(zegel_card_issue, P(zegel_identity, 0), P(zegel_claims, 1), P(zegel_entropy, 2), P(uint8_t, 3), a[4], P(size_t, 5))
CALL(zegel_card_read, P(zegel_card, 0), P(uint8_t, 1), a[2])
CALL(zegel_card_check, P(zegel_card, 0), a[1])
CALL(zegel_card_tell, P(zegel_card, 0), P(zegel_card_facts, 1))
CALL(zegel_storage_create, P(zegel_storage, 0), P(zegel_identity, 1), P(uint8_t, 2))
CALL(zegel_sealer_init, P(zegel_sealer, 0), P(zegel_identity, 1), P(zegel_card, 2), a[3], P(zegel_storage, 4), (uint32_t)a[5])
CALL(zegel_sealer_renew, P(zegel_sealer, 0), P(zegel_card, 1), a[2])
CALL(zegel_seal, P(zegel_sealer, 0), P(char, 1), a[2], P(zegel_measurement, 3), P(zegel_entropy, 4), P(uint8_t, 5), a[6], P(size_t, 7))
CALL(zegel_forward, P(zegel_sealer, 0), P(char, 1), a[2], a[3], P(uint8_t, 4), a[5], P(zegel_entropy, 6), P(uint8_t, 7), a[8], P(size_t, 9))
CALL(zegel_introduce, P(zegel_sealer, 0), P(char, 1), a[2], a[3], P(uint8_t, 4), a[5], P(zegel_entropy, 6), P(uint8_t, 7), a[8], P(size_t, 9))
CALL(zegel_session_begin, P(zegel_sealer, 0), P(char, 1), a[2], a[3], P(zegel_limits, 4), P(zegel_entropy, 5), P(uint8_t, 6), a[7], P(size_t, 8))
CALL(zegel_session_seal, P(zegel_sealer, 0), P(char, 1), a[2], P(zegel_measurement, 3), a[4], P(uint8_t, 5), a[6], P(size_t, 7))
CALL(zegel_session_manifest, P(zegel_sealer, 0), P(char, 1), a[2], P(zegel_entropy, 3), P(uint8_t, 4), a[5], P(size_t, 6))
CALL(zegel_session_end, P(zegel_sealer, 0))
CALL(zegel_group_init, P(zegel_group, 0), P(zegel_identity, 1), P(zegel_card, 2), a[3], a[4], P(zegel_storage, 5), (uint32_t)a[6])
CALL(zegel_group_storage_create, P(zegel_group, 0))
CALL(zegel_group_renew, P(zegel_group, 0), P(zegel_card, 1), a[2])
CALL(zegel_group_seal, P(zegel_group, 0), P(char, 1), a[2], P(zegel_measurement, 3), P(zegel_entropy, 4), P(uint8_t, 5), a[6], P(size_t, 7))
CALL(zegel_pairing_scan, P(zegel_pairing, 0), P(zegel_identity, 1), P(uint8_t, 2), a[3], P(char, 4), a[5], a[6], P(uint8_t, 7), a[8], P(size_t, 9))
CALL(zegel_pairing_show, P(zegel_pairing, 0), P(zegel_identity, 1), P(uint8_t, 2), a[3], a[4], a[5], P(zegel_entropy, 6), P(char, 7))
CALL(zegel_pairing_topics, P(zegel_pairing, 0), P(char, 1), P(char, 2))
CALL(zegel_pairing_take, P(zegel_pairing, 0), P(uint8_t, 1), a[2], a[3], P(zegel_entropy, 4), P(uint8_t, 5), a[6], P(size_t, 7), P(uint8_t, 8))
CALL(zegel_receiver_init, P(zegel_receiver, 0), P(uint8_t, 1), P(zegel_kem_key, 2), a[3], P(zegel_peer, 4), a[5], P(zegel_session, 6), a[7])
CALL(zegel_receiver_accept, P(zegel_receiver, 0), P(zegel_acceptance, 1))
CALL(zegel_receiver_keep, P(zegel_receiver, 0), P(zegel_state, 1))
CALL(zegel_receiver_pin, P(zegel_receiver, 0), P(zegel_card, 1))
CALL(zegel_receiver_renew, P(zegel_receiver, 0), P(zegel_card, 1))
CALL(zegel_receiver_revoke, P(zegel_receiver, 0), P(uint8_t, 1))
CALL(zegel_receiver_events, P(zegel_receiver, 0), P(zegel_event, 1), P(uint64_t, 2))
CALL(zegel_open, P(zegel_receiver, 0), P(char, 1), a[2], a[3], P(uint8_t, 4), a[5], P(zegel_opened, 6), P(zegel_proof, 7))
CALL(zegel_evidence_write, P(zegel_receiver, 0), P(zegel_proof, 1), P(char, 2), a[3], P(uint8_t, 4), a[5], P(uint8_t, 6), a[7], P(uint8_t, 8), a[9], P(size_t, 10))
CALL(zegel_proof_release, P(zegel_receiver, 0), P(zegel_proof, 1))
CALL(zegel_evidence_read, P(uint8_t, 0), a[1], P(zegel_evidence, 2))
CALL(zegel_evidence_is_for, P(uint8_t, 0), a[1], P(uint8_t, 2))
CALL(zegel_introduction_read, P(uint8_t, 0), a[1], P(uint8_t, 2), a[3], P(size_t, 4))

/* c: a context that exists; f: memory for one; s, S: a struct or number in and out; i, o: bytes of a known length;
 * b, O: bytes in and out, their length follows; n: a number; l: a length; ?: may be NULL, the letter before it. */
static const struct {
    const char *name, *shape;
    int (*call)(const word *);
    word arguments[11];
} calls[] = {
#define A(x) (word)&w.x
#define ROW(name, shape, ...) {#name, shape, call_##name, {__VA_ARGS__}}
    ROW(zegel_identity_from_seed, "fi", A(fresh_identity), A(bytes32)),
    ROW(zegel_identity_from_signer, "fs", A(fresh_identity), A(signer)),
    ROW(zegel_identity_id, "co", A(identity), A(out32)),
    ROW(zegel_fingerprint, "io", A(bytes32), A(text)),
    ROW(zegel_kem_key_from_secret, "fi", A(fresh_key), A(bytes32)),
    ROW(zegel_kem_key_from_agreement, "fs", A(fresh_key), A(agreement)),
    ROW(zegel_kem_key_public, "co", A(key), A(out32)),
    ROW(zegel_card_issue, "cssOlS", A(identity), A(claims), A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_card_read, "fbl", A(fresh_card), A(in), sizeof w.in),
    ROW(zegel_card_check, "cn", A(card), 0),
    ROW(zegel_card_tell, "cS", A(card), A(facts)),
    ROW(zegel_storage_create, "sci", A(storage), A(identity), A(bytes32)),
    ROW(zegel_sealer_init, "fccnsn", A(fresh_sealer), A(identity), A(card), 0, A(storage), 0),
    ROW(zegel_sealer_renew, "ccn", A(sealer), A(card), 0),
    ROW(zegel_seal, "cblssOlS", A(sealer), A(topic), 5, A(measurement), A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_forward, "cblnblsOlS", A(sealer), A(topic), 5, 0, A(in), sizeof w.in, A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_introduce, "cblnblsOlS", A(sealer), A(topic), 5, 0, A(in), sizeof w.in, A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_session_begin, "cblns?sOlS", A(sealer), A(topic), 5, 0, A(limits), A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_session_seal, "cblsnOlS", A(in_session), A(topic), 5, A(measurement), 0, A(out), sizeof w.out, A(size)),
    ROW(zegel_session_manifest, "cblsOlS", A(in_session), A(topic), 5, A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_session_end, "c", A(in_session)),
    ROW(zegel_group_init, "fccnnsn", A(fresh_group), A(identity), A(cards), 2, 0, A(storage), 0),
    ROW(zegel_group_storage_create, "c", A(group)),
    ROW(zegel_group_renew, "ccn", A(group), A(card), 0),
    ROW(zegel_group_seal, "cblssOlS", A(group), A(topic), 5, A(measurement), A(entropy), A(out), sizeof w.out, A(size)),
    ROW(zegel_pairing_scan, "fcblblnOlS", A(fresh_pairing), A(identity), A(in), sizeof w.in, A(code), 125, 0, A(out), sizeof w.out, A(size)),
    ROW(zegel_pairing_show, "fcblnnso", A(fresh_pairing), A(identity), A(in), sizeof w.in, 0, 60, A(entropy), A(code)),
    ROW(zegel_pairing_topics, "coo", A(shower), A(one), A(two)),
    ROW(zegel_pairing_take, "cOlnsOlSo", A(shower), A(in), sizeof w.in, 0, A(entropy), A(out), sizeof w.out, A(size), A(flag)),
    ROW(zegel_receiver_init, "ficnfnfn", A(fresh_receiver), A(bytes32), A(key), 1, A(fresh_peers), 2, A(fresh_sessions), 2),
    ROW(zegel_receiver_accept, "cs", A(receiver), A(acceptance)),
    ROW(zegel_receiver_keep, "cs", A(receiver), A(state)),
    ROW(zegel_receiver_pin, "cc", A(receiver), A(card)),
    ROW(zegel_receiver_renew, "cc", A(receiver), A(card)),
    ROW(zegel_receiver_revoke, "ci", A(receiver), A(bytes32)),
    ROW(zegel_receiver_events, "cSS", A(receiver), A(events), A(count)),
    ROW(zegel_open, "cblnOlSf?", A(receiver), A(topic), 5, 0, A(in), sizeof w.in, A(opened), A(fresh_proof)),
    ROW(zegel_evidence_write, "ccblblblOlS", A(receiver), A(proof), A(topic), 5, A(in), 40, A(bytes32), 32, A(out), sizeof w.out, A(size)),
    ROW(zegel_proof_release, "cc", A(receiver), A(proof)),
    ROW(zegel_evidence_read, "blS", A(in), sizeof w.in, A(evidence)),
    ROW(zegel_evidence_is_for, "bli", A(in), sizeof w.in, A(bytes32)),
    ROW(zegel_introduction_read, "blonS", A(in), sizeof w.in, A(ids), 64, A(size)),
};

/* Whether everything is as it was, the unused bytes inside contexts too. */
static int untouched(void) {
    after = w;
    (void)VALGRIND_MAKE_MEM_DEFINED(&before, sizeof before);
    (void)VALGRIND_MAKE_MEM_DEFINED(&after, sizeof after);
    return !memcmp(&before, &after, sizeof w);
}

static void expect(int wanted, size_t row, const word *arguments) {
    before = w;
    const int answered = calls[row].call(arguments);
    if (answered != wanted) {
        fprintf(stderr, "misuse: %s: answered %d, expected %d\n", current, answered, wanted);
        exit(1);
    }
    if (wanted < 0) MUST(untouched());
}

/* What `shape` says about each argument. */
static size_t shape_of(const char *shape, char *letters, char *nullable) {
    size_t count = 0;
    for (; *shape; shape++) {
        if (*shape == '?') {
            nullable[count - 1] = 1;
        } else {
            letters[count] = *shape;
            nullable[count++] = 0;
        }
    }
    return count;
}

static int is_pointer(char letter) {
    return strchr("cfsSiobO", letter) != NULL;
}

static int is_written(char letter) {
    return strchr("fSoO", letter) != NULL;
}

static void every_pointer(size_t row) {
    char letters[12], nullable[12], name[128];
    const size_t count = shape_of(calls[row].shape, letters, nullable);
    for (size_t i = 0; i < count; i++) {
        word arguments[11];
        if (!is_pointer(letters[i])) continue;
        memcpy(arguments, calls[row].arguments, sizeof arguments);
        snprintf(name, sizeof name, "%s, argument %zu", calls[row].name, i);
        current = name;
        arguments[i] = 0;
        if (!nullable[i]) expect(ZEGEL_BAD_ARGUMENT, row, arguments);
        /* Contexts and structs have an alignment; bytes have none. */
        if (strchr("cfsS", letters[i])) {
            arguments[i] = calls[row].arguments[i] + 1;
            expect(ZEGEL_BAD_ARGUMENT, row, arguments);
            arguments[i] = calls[row].arguments[i] + 4;
            expect(ZEGEL_BAD_ARGUMENT, row, arguments);
        }
        /* At the end of memory, so that the end of it would lie at its start. */
        arguments[i] = ~(word)0 & ~(word)7;
        if (strchr("cfsS", letters[i])) expect(ZEGEL_BAD_ARGUMENT, row, arguments);
        arguments[i] = calls[row].arguments[i];
        if (strchr("bO", letters[i])) {
            const word lengths[] = {~(word)0, ~(word)0 >> 1, (~(word)0 >> 1) + 1, ~(word)0 - arguments[i] + 1};
            for (size_t j = 0; j < 4; j++) {
                if (j == 1 || j == 3) continue; /* these can be, as far as anybody can tell without looking */
                arguments[i + 1] = lengths[j];
                expect(ZEGEL_BAD_ARGUMENT, row, arguments);
            }
            arguments[i + 1] = calls[row].arguments[i + 1];
        }
        for (size_t j = 0; j < count; j++) {
            if (j == i || !is_pointer(letters[j]) || !(is_written(letters[i]) || is_written(letters[j]))) continue;
            arguments[i] = calls[row].arguments[j];
            if (letters[j] == 'c' && strchr("sib", letters[i])) continue;
            current = name;
            {
                const int answered = (before = w, calls[row].call(arguments));
                if (answered >= 0) {
                    fprintf(stderr, "misuse: %s over argument %zu: answered %d\n", name, j, answered);
                    exit(1);
                }
                MUST(untouched());
            }
        }
    }
    current = "after";
}

static void every_context(size_t row) {
    char letters[12], nullable[12], name[128];
    const size_t count = shape_of(calls[row].shape, letters, nullable);
    for (size_t i = 0; i < count; i++) {
        static _Alignas(16) uint8_t other[sizeof(zegel_session) + 64];
        word arguments[11];
        if (letters[i] != 'c') continue;
        memcpy(arguments, calls[row].arguments, sizeof arguments);
        snprintf(name, sizeof name, "%s, context %zu", calls[row].name, i);
        current = name;
        arguments[i] = (word)other;
        memset(other, 0, sizeof other); /* never made */
        expect(ZEGEL_BAD_CONTEXT, row, arguments);
        memset(other, 0xa5, sizeof other);
        expect(ZEGEL_BAD_CONTEXT, row, arguments);
        memcpy(other, (void *)calls[row].arguments[i], sizeof(zegel_kem_key)); /* moved */
        expect(ZEGEL_BAD_CONTEXT, row, arguments);
        arguments[i] = calls[row].arguments[i] == (word)&w.card ? (word)&w.identity : (word)&w.card; /* another kind */
        if (i > 0 && arguments[i] == arguments[0]) continue;
        expect(ZEGEL_BAD_CONTEXT, row, arguments);
    }
}

static uint8_t ended[1 << 14], shows[ZEGEL_CARD_SIZE];
static size_t shows_size;

#define ENDS(type, member, wipe)                                                                  \
    do {                                                                                          \
        current = #wipe;                                                                          \
        MUST(wipe(NULL) == 0 && wipe((type *)((uint8_t *)&w.member + 1)) == ZEGEL_BAD_ARGUMENT);  \
        MUST(wipe(&w.member) == 0 && wipe(&w.member) == 0);                                       \
        memset(ended, 0, sizeof ended);                                                           \
        MUST(sizeof w.member <= sizeof ended && !memcmp(&w.member, ended, sizeof w.member));      \
    } while (0)

/* A callback that comes back with the context that is at work. */
static int comes_back(void *user, uint8_t *out, size_t size) {
    size_t written;
    uint8_t envelope[600];
    (void)user;
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(i * 7 + 1);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, envelope, sizeof envelope, &written) == ZEGEL_BUSY);
    MUST(zegel_sealer_wipe(&w.sealer) == ZEGEL_BUSY);
    MUST(zegel_identity_wipe(&w.identity) == ZEGEL_BUSY); /* it is what the sealer signs with */
    return 0;
}

static int agrees(void *user, const uint8_t *peer, uint8_t *shared) {
    (void)user, (void)peer, (void)shared;
    return 1;
}

static void start(void) {
    static uint8_t public_key[32];
    static const uint8_t body[] = "61";
    zegel_limits limits = {4, 100, 100};
    uint8_t id[32];
    size_t size;
    memset(&w, 0, sizeof w);
    support_noise_clear();
    support_random(3);
    for (int i = 0; i < 32; i++) w.bytes32[i] = (uint8_t)(3 * i + 1);
    memcpy(w.topic, "topic", 5);
    w.entropy = support_entropy;
    w.state = support_state;
    w.storage = support_storage;
    w.signer.sign = support_sign;
    memcpy(w.signer.hedge, w.bytes32, 32);
    w.agreement.agree = agrees;
    MUST(zegel_identity_from_seed(&w.identity, w.bytes32) == 0);
    MUST(zegel_kem_key_from_secret(&w.key, w.bytes32) == 0);
    MUST(zegel_kem_key_public(&w.key, public_key) == 0);
    memcpy(w.agreement.public_key, public_key, 32);
    w.claims.expires = 1000;
    w.claims.kem_keys = public_key;
    w.claims.kem_count = 1;
    MUST(zegel_card_issue(&w.identity, &w.claims, &w.entropy, shows, sizeof shows, &size) == 0);
    shows_size = size;
    MUST(zegel_card_read(&w.card, shows, size) == 0);
    w.measurement.body = body;
    w.measurement.body_size = 2;
    w.measurement.format = 42;
    MUST(zegel_card_read(&w.cards[0], shows, size) == 0);
    {
        zegel_identity other;
        zegel_kem_key other_key;
        uint8_t other_public[32], other_card[ZEGEL_CARD_SIZE];
        size_t other_size;
        MUST(zegel_identity_from_seed(&other, (const uint8_t *)"a seed of one more recipient....") == 0);
        MUST(zegel_kem_key_from_secret(&other_key, (const uint8_t *)"a secret of one more recipient..") == 0);
        MUST(zegel_kem_key_public(&other_key, other_public) == 0);
        w.claims.kem_keys = other_public;
        MUST(zegel_card_issue(&other, &w.claims, &w.entropy, other_card, sizeof other_card, &other_size) == 0);
        MUST(zegel_card_read(&w.cards[1], other_card, other_size) == 0);
        w.claims.kem_keys = public_key;
    }
    support_storage_blank();
    MUST(zegel_group_init(&w.group, &w.identity, w.cards, 2, 0, &support_other_storage, 0) == 0);
    MUST(zegel_group_storage_create(&w.group) == 0);
    MUST(zegel_identity_id(&w.identity, id) == 0);
    support_storage_at(id, &id, 1, 0);
    MUST(zegel_sealer_init(&w.sealer, &w.identity, &w.card, 0, &w.storage, 0) == 0);
    MUST(zegel_sealer_init(&w.in_session, &w.identity, &w.card, 0, &w.storage, 0) == 0);
    MUST(zegel_session_begin(&w.in_session, w.topic, 5, 0, &limits, &w.entropy, w.out, sizeof w.out, &w.size) == 0);
    MUST(zegel_receiver_init(&w.receiver, id, &w.key, 1, w.peers, 2, w.sessions, 2) == 0);
    MUST(zegel_receiver_pin(&w.receiver, &w.card) == 0);
    memcpy(w.in, w.out, w.size);
    MUST(zegel_open(&w.receiver, w.topic, 5, 0, w.in, w.size, &w.opened, &w.proof) == 0);
    MUST(zegel_pairing_show(&w.shower, &w.identity, shows, size, 0, 60, &w.entropy, w.code) == 0);
    memset(w.in, 0x55, sizeof w.in);
}

/* How many windows of eight bytes, none of them zero, a session brought into its sealer's memory that are still there. A
 * key of 32 bytes would be 25 of them; a number beside a hash that both hold makes one. */
static int left_of_a_session(const uint8_t *before, const uint8_t *within, const uint8_t *after, size_t size) {
    int left = 0;
    for (size_t i = 0; i + 8 <= size; i++) {
        int known = memchr(within + i, 0, 8) != NULL, there = 0;
        for (size_t j = 0; j + 8 <= size && !known; j++) {
            known = !memcmp(within + i, before + j, 8);
            there |= !memcmp(within + i, after + j, 8);
        }
        left += there && !known;
    }
    return left;
}

static void session_leaves_nothing(void) {
    static uint8_t before[sizeof w.sealer], within[sizeof w.sealer];
    current = "a session's end";
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == 0);
    memcpy(before, &w.sealer, sizeof before);
    MUST(zegel_session_begin(&w.sealer, "t", 1, 0, NULL, &w.entropy, w.out, sizeof w.out, &w.size) == 0);
    memcpy(within, &w.sealer, sizeof within);
    (void)VALGRIND_MAKE_MEM_DEFINED(before, sizeof before);
    (void)VALGRIND_MAKE_MEM_DEFINED(within, sizeof within);
    MUST(left_of_a_session(before, within, within, sizeof within) > 25); /* the keys are in there */
    MUST(zegel_session_end(&w.sealer) == 0);
    (void)VALGRIND_MAKE_MEM_DEFINED(&w.sealer, sizeof w.sealer);
    MUST(left_of_a_session(before, within, (const uint8_t *)&w.sealer, sizeof within) < 4);
}

/* What a context holds on to is not written over, though it is no argument of the call. */
static void held_memory_stays(void) {
    static uint8_t then[sizeof w.in];
    current = "held memory";
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.in, sizeof w.in, &w.size) == 0);
    MUST(zegel_open(&w.receiver, "t", 1, 0, w.in, w.size, &w.opened, &w.proof) == 0 && w.opened.is_signed);
    memcpy(then, w.in, sizeof then);
    MUST(zegel_evidence_write(&w.receiver, &w.proof, "t", 1, w.opened.statement, w.opened.statement_size, shows, shows_size,
                              w.in + 1, sizeof w.in - 1, &w.size) == ZEGEL_BAD_ARGUMENT);
    MUST(!memcmp(then, w.in, sizeof then));
    MUST(zegel_evidence_write(&w.receiver, &w.proof, "t", 1, w.opened.statement, w.opened.statement_size, shows, shows_size,
                              w.out, sizeof w.out, &w.size) == 0);
    memcpy(then, shows, sizeof shows);
    MUST(zegel_pairing_take(&w.shower, w.in, 8, 0, &w.entropy, shows, sizeof shows, &w.size, w.out) == ZEGEL_BAD_ARGUMENT);
    MUST(!memcmp(then, shows, sizeof shows));
    memcpy(then, &w.identity, sizeof w.identity);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, (uint8_t *)&w.identity, sizeof w.identity, &w.size) ==
         ZEGEL_BAD_ARGUMENT);
    (void)VALGRIND_MAKE_MEM_DEFINED(then, sizeof then);
    (void)VALGRIND_MAKE_MEM_DEFINED(&w.identity, sizeof w.identity);
    MUST(!memcmp(then, &w.identity, sizeof w.identity));
}

/* Another identity where the one was that a sealer holds on to, and rows that another receiver took over. */
static void another_in_its_place(void) {
    uint8_t id[32];
    current = "another in its place";
    MUST(zegel_identity_wipe(&w.identity) == 0);
    MUST(zegel_identity_from_seed(&w.identity, (const uint8_t *)"a seed of another identity there") == 0);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_group_seal(&w.group, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_session_manifest(&w.in_session, "t", 1, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_pairing_take(&w.shower, w.in, 8, 0, &w.entropy, w.out, sizeof w.out, &w.size, id) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_identity_from_seed(&w.identity, w.bytes32) == 0);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == 0);

    MUST(zegel_identity_id(&w.identity, id) == 0);
    MUST(zegel_receiver_init(&w.fresh_receiver, id, &w.key, 1, w.peers, 2, w.sessions, 2) == 0);
    MUST(zegel_receiver_pin(&w.receiver, &w.card) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_open(&w.receiver, "t", 1, 0, w.out, w.size, &w.opened, NULL) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_receiver_wipe(&w.receiver) == 0);
    MUST(zegel_receiver_pin(&w.fresh_receiver, &w.card) == 0);
    MUST(zegel_open(&w.fresh_receiver, "t", 1, 0, w.out, w.size, &w.opened, NULL) == 0);
    MUST(zegel_receiver_wipe(&w.fresh_receiver) == 0);
}

int main(void) {
    static zegel_entropy again = {comes_back, NULL};
    start();
    for (size_t row = 0; row < sizeof calls / sizeof *calls; row++) {
        every_pointer(row);
        every_context(row);
    }

    session_leaves_nothing();

    /* The two states of a sealer, and a context while it is at work. */
    current = "states";
    MUST(zegel_session_end(&w.sealer) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_session_seal(&w.sealer, "t", 1, &w.measurement, 0, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_session_manifest(&w.sealer, "t", 1, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_seal(&w.in_session, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_sealer_init(&w.fresh_sealer, &w.identity, &w.card, 0, &w.storage, 4) == ZEGEL_BAD_ARGUMENT);
    MUST(zegel_group_init(&w.fresh_group, &w.identity, w.cards, 2, 0, &w.storage, 4) == ZEGEL_BAD_ARGUMENT);
    MUST(zegel_group_init(&w.fresh_group, &w.identity, w.cards, 0, 0, &w.storage, 0) == ZEGEL_TOO_LARGE);
    MUST(zegel_group_init(&w.fresh_group, &w.identity, w.cards, 1, 0, &w.storage, 0) == ZEGEL_TOO_LARGE);
    MUST(zegel_group_init(&w.fresh_group, &w.identity, w.cards, 17, 0, &w.storage, 0) == ZEGEL_TOO_LARGE);
    MUST(zegel_group_init(&w.fresh_group, &w.identity, w.cards, SIZE_MAX, 0, &w.storage, 0) == ZEGEL_TOO_LARGE);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &again, w.out, sizeof w.out, &w.size) == ZEGEL_ENTROPY);
    MUST(w.size == 0);

    /* Lengths at their edges: all outputs are wiped. */
    current = "lengths";
    for (size_t room = 0; room < 256; room++) {
        memset(w.out, 0xcc, sizeof w.out);
        MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, room, &w.size) == ZEGEL_BUFFER_TOO_SMALL);
        MUST(w.size == 0);
        for (size_t i = 0; i < room; i++) MUST(w.out[i] == 0);
        for (size_t i = room; i < 260; i++) MUST(w.out[i] == 0xcc);
    }
    MUST(zegel_seal(&w.sealer, "t", 0, &w.measurement, &w.entropy, w.out, 256, &w.size) == ZEGEL_INVALID_TOPIC);
    MUST(zegel_seal(&w.sealer, NULL, 0, &w.measurement, &w.entropy, w.out, 256, &w.size) == ZEGEL_INVALID_TOPIC);
    MUST(zegel_seal(&w.sealer, (char *)w.in, 256, &w.measurement, &w.entropy, w.out, 256, &w.size) == ZEGEL_INVALID_TOPIC);
    MUST(zegel_seal(&w.sealer, "\xff", 1, &w.measurement, &w.entropy, w.out, 256, &w.size) == ZEGEL_INVALID_TOPIC);
    MUST(zegel_seal(&w.sealer, (char *)w.in, 255, &w.measurement, &w.entropy, w.out, 256, &w.size) == 0 && w.size == 256);
    w.measurement.body_size = 0;
    w.measurement.body = NULL;
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, 256, &w.size) == 0);
    w.measurement.body_size = 1;
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, 256, &w.size) == ZEGEL_BAD_ARGUMENT);
    w.measurement.body = w.in;
    for (size_t size = 0; size < 600; size++) {
        w.measurement.body_size = size;
        MUST(zegel_session_seal(&w.in_session, "t", 1, &w.measurement, 0, w.out, sizeof w.out, &w.size) == 0 ||
             zegel_session_manifest(&w.in_session, "t", 1, &w.entropy, w.out, sizeof w.out, &w.size) == 0 ||
             (zegel_session_end(&w.in_session) == 0 &&
              zegel_session_begin(&w.in_session, "t", 1, 0, NULL, &w.entropy, w.out, sizeof w.out, &w.size) == 0));
        MUST(w.size <= ZEGEL_MESSAGE_SIZE(size) || w.size <= ZEGEL_KEYFRAME_SIZE);
    }

    /* What is refused leaves nothing: neither what was opened, nor a proof of what was opened before. */
    current = "refused";
    for (int bad_topic = 0; bad_topic < 2; bad_topic++) {
        memset(w.in, 0x55, sizeof w.in);
        memset(&w.opened, 0x55, sizeof w.opened);
        MUST(zegel_open(&w.receiver, bad_topic ? "\xff" : "t", 1, 0, w.in, sizeof w.in, &w.opened, &w.proof) ==
             (bad_topic ? ZEGEL_INVALID_TOPIC : ZEGEL_MALFORMED));
        memset(ended, 0, sizeof ended);
        MUST(!memcmp(w.in, ended, sizeof w.in) && !memcmp(&w.opened, ended, sizeof w.opened));
        MUST(!memcmp(&w.proof, ended, sizeof w.proof));
    }
    start();
    held_memory_stays();
    w.state.next = NULL;
    MUST(zegel_receiver_keep(&w.receiver, &w.state) == ZEGEL_BAD_ARGUMENT);
    w.state.take = NULL;
    MUST(zegel_receiver_keep(&w.receiver, &w.state) == ZEGEL_BAD_ARGUMENT); /* sessions that outlive their numbers */
    w.state.keep = NULL;
    MUST(zegel_receiver_keep(&w.receiver, &w.state) == ZEGEL_BAD_ARGUMENT);
    w.state.find = NULL;
    MUST(zegel_receiver_keep(&w.receiver, &w.state) == 0);
    another_in_its_place();
    start();

    /* Ended twice, or never there; and what holds on to something that has ended. */
    ENDS(zegel_proof, proof, zegel_proof_wipe);
    ENDS(zegel_pairing, shower, zegel_pairing_wipe);
    ENDS(zegel_receiver, receiver, zegel_receiver_wipe);
    MUST(!memcmp(w.peers, ended, sizeof w.peers) && !memcmp(w.sessions, ended, sizeof w.sessions));
    ENDS(zegel_sealer, in_session, zegel_sealer_wipe);
    ENDS(zegel_group, group, zegel_group_wipe);
    ENDS(zegel_identity, identity, zegel_identity_wipe);
    MUST(zegel_seal(&w.sealer, "t", 1, &w.measurement, &w.entropy, w.out, sizeof w.out, &w.size) == ZEGEL_BAD_CONTEXT);
    ENDS(zegel_sealer, sealer, zegel_sealer_wipe);
    ENDS(zegel_kem_key, key, zegel_kem_key_wipe);

    printf("%zu calls misused\n", sizeof calls / sizeof *calls);
    return 0;
}
