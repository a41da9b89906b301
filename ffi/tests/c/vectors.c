/* Runs the test vectors (tests/vectors) through the C library: vectors FILE... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "support.h"
#include "zegel.h"

static char file[1 << 17];
static uint8_t buffer[1 << 21], scratch[1 << 17], written_out[1 << 17];
static char topic[2048];
static size_t topic_size;
static const char *vector_name;

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", vector_name, what);
    exit(1);
}

#define MUST(holds) ((holds) ? (void)0 : fail(#holds))

static void read_topic(const char *value) {
    topic_size = json_text(value, topic, sizeof topic);
}

/* The number that is expected, 0 for success. */
static int expected(const char *expect) {
    const char *code = json_member(expect, "code");
    return code ? (int)json_number(code) : 0;
}

static void same(const char *expect, int answered) {
    if (answered != expected(expect)) {
        fprintf(stderr, "%s: answered %d, expected %d\n", vector_name, answered, expected(expect));
        exit(1);
    }
}

static int all_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) return 0;
    }
    return 1;
}

/* A receiver and what it keeps ------------------------------------------------------------------------------------ */

static struct {
    zegel_kem_key keys[4];
    zegel_peer peers[4];
    zegel_session sessions[20];
    zegel_receiver receiver;
    uint64_t now;
    zegel_acceptance acceptance;
    uint8_t me[32];
    const char *cards, *revoked;
} w;

static void pin(const char *value) {
    zegel_card card;
    const size_t size = json_hex(value, scratch, sizeof scratch);
    MUST(zegel_card_read(&card, scratch, size) == 0);
    MUST(zegel_receiver_pin(&w.receiver, &card) == 0);
}

static void revoke(const char *value) {
    uint8_t id[32];
    MUST(json_hex(value, id, 32) == 32);
    MUST(zegel_receiver_revoke(&w.receiver, id) == 0);
}

static void receiver_start(const char *kem_secrets) {
    size_t count = 0;
    for (const char *secret; (secret = json_item(kem_secrets, count)); count++) {
        uint8_t bytes[32];
        MUST(json_hex(secret, bytes, 32) == 32);
        MUST(zegel_kem_key_from_secret(&w.keys[count], bytes) == 0);
    }
    if (count == 0) { /* one that nothing was sealed to */
        MUST(zegel_kem_key_from_secret(&w.keys[0], (const uint8_t *)"no key of the vectors, but a key") == 0);
        count = 1;
    }
    MUST(zegel_receiver_init(&w.receiver, w.me, w.keys, count, w.peers, 4, w.sessions, 20) == 0);
    MUST(zegel_receiver_accept(&w.receiver, &w.acceptance) == 0);
    MUST(zegel_receiver_keep(&w.receiver, &support_state) == 0);
    for (size_t i = 0; json_item(w.cards, i); i++) pin(json_item(w.cards, i));
    for (size_t i = 0; json_item(w.revoked, i); i++) revoke(json_item(w.revoked, i));
}

static void receiver_of(const char *input) {
    const char *policy = json_member(input, "policy");
    support_forget();
    MUST(json_hex(json_member(input, "me"), w.me, 32) == 32);
    w.now = json_number(json_member(input, "now"));
    w.cards = json_member(input, "cards");
    w.revoked = json_member(input, "revoked");
    w.acceptance.max_age = json_number(json_member(policy, "max_age"));
    w.acceptance.max_skew = json_number(json_member(policy, "max_skew"));
    w.acceptance.max_jump = json_number(json_member(policy, "max_jump"));
    receiver_start(json_member(input, "kem_secrets"));
}

static void check_opened(const char *ok, const zegel_opened *opened) {
    MUST(json_hex_equals(json_member(ok, "sender"), opened->sender, 32));
    MUST(json_number(json_member(ok, "sequence")) == opened->sequence);
    MUST(json_number(json_member(ok, "time")) == opened->time);
    MUST(json_hex_equals(json_member(ok, "digest"), opened->digest, 32));
    if (json_member(ok, "missing")) {
        const char *missing = json_member(ok, "missing");
        MUST(opened->missing == !json_is_null(missing));
        if (opened->missing) {
            MUST(json_number(json_item(missing, 0)) == opened->missing_first);
            MUST(json_number(json_item(missing, 1)) == opened->missing_last);
        }
        MUST(opened->late == json_is_true(json_member(ok, "late")));
    }
    if (json_member(ok, "format") && opened->kind == ZEGEL_MEASUREMENT) {
        MUST(json_number(json_member(ok, "format")) == opened->format);
        MUST(json_hex_equals(json_member(ok, "body"), opened->body, opened->body_size));
    }
}

static void check_evidence(const char *ok, const uint8_t *bytes, size_t size) {
    zegel_evidence evidence;
    MUST(zegel_evidence_read(bytes, size, &evidence) == 0);
    MUST(json_hex_equals(json_member(ok, "origin"), evidence.origin, 32));
    MUST(json_number(json_member(ok, "sequence")) == evidence.sequence);
    MUST(json_number(json_member(ok, "time")) == evidence.time);
    MUST(json_number(json_member(ok, "format")) == evidence.format);
    MUST(json_hex_equals(json_member(ok, "body"), evidence.body, evidence.body_size));
    MUST(json_hex_equals(json_member(ok, "digest"), evidence.digest, 32));
    read_topic(json_member(ok, "topic"));
    MUST(evidence.topic_size == topic_size && !memcmp(evidence.topic, topic, topic_size));
    MUST(json_number(json_item(json_member(ok, "signed_with"), 0)) == evidence.signed_first);
    MUST(json_number(json_item(json_member(ok, "signed_with"), 1)) == evidence.signed_last);
    for (size_t i = 0; json_item(json_member(ok, "audience"), i); i++) {
        uint8_t id[32];
        MUST(json_hex(json_item(json_member(ok, "audience"), i), id, 32) == 32);
        MUST(zegel_evidence_is_for(bytes, size, id) == 0);
    }
}

/* Kinds ----------------------------------------------------------------------------------------------------------- */

static int run_open(const char *input, const char *expect) {
    zegel_opened opened;
    size_t size;
    int answered;
    receiver_of(input);
    read_topic(json_member(input, "topic"));
    for (size_t i = 0; json_item(json_member(input, "opened_before"), i); i++) {
        size = json_hex(json_item(json_member(input, "opened_before"), i), buffer, sizeof buffer);
        MUST(zegel_open(&w.receiver, topic, topic_size, w.now, buffer, size, &opened, NULL) == 0);
    }
    size = json_hex(json_member(input, "envelope"), buffer, sizeof buffer);
    if (json_member(input, "extend_with_zeros_to")) {
        const size_t longer = (size_t)json_number(json_member(input, "extend_with_zeros_to"));
        MUST(longer <= sizeof buffer);
        memset(buffer + size, 0, longer - size);
        size = longer;
    }
    answered = zegel_open(&w.receiver, topic, topic_size, w.now, buffer, size, &opened, NULL);
    same(expect, answered);
    if (answered == 0) {
        MUST(opened.kind == ZEGEL_MEASUREMENT && opened.is_signed);
        check_opened(json_member(expect, "ok"), &opened);
    } else {
        MUST(all_zero(buffer, size));
        MUST(all_zero((uint8_t *)&opened, sizeof opened));
    }
    return 1;
}

static void check_step(const char *verdict, int answered, const zegel_opened *opened, size_t size) {
    static const char *const kinds[] = {"", "measurement", "keyframe", "manifest", "evidence", "introduction"};
    const char *ok = json_member(verdict, "ok"), *block;
    same(verdict, answered);
    if (answered != 0) {
        /* What waits for its keyframe is left as it came, to be tried again. */
        MUST(all_zero(buffer, size) == (answered != ZEGEL_UNKNOWN_SESSION));
        return;
    }
    check_opened(ok, opened);
    MUST(opened->kind <= 5 && json_equals(json_member(ok, "kind"), kinds[opened->kind]));
    block = json_member(ok, "signed");
    if (block) {
        MUST(opened->block == !json_is_null(block));
        if (opened->block) {
            MUST(json_number(json_item(block, 0)) == opened->block_first);
            MUST(json_number(json_item(block, 1)) == opened->block_last);
        }
    }
    switch (opened->kind) {
    case ZEGEL_MEASUREMENT:
        MUST((opened->is_signed || opened->block) == json_equals(json_member(ok, "provenance"), "signed"));
        break;
    case ZEGEL_KEYFRAME:
        MUST(json_hex_equals(json_member(ok, "session"), opened->session, 8));
        MUST(json_number(json_member(ok, "block")) == opened->limits.block);
        MUST(json_number(json_member(ok, "messages")) == opened->limits.messages);
        MUST(json_number(json_member(ok, "seconds")) == opened->limits.seconds);
        break;
    case ZEGEL_EVIDENCE:
        check_evidence(json_member(ok, "origin"), opened->body, opened->body_size);
        MUST(opened->origin_pinned == json_equals(json_member(ok, "known"), "pinned"));
        break;
    case ZEGEL_INTRODUCTION: {
        static uint8_t ids[64 * 32];
        size_t count, i;
        MUST(zegel_introduction_read(opened->body, opened->body_size, ids, 64, &count) == 0);
        for (i = 0; i < count; i++) MUST(json_hex_equals(json_item(json_member(ok, "ids"), i), ids + 32 * i, 32));
        MUST(json_item(json_member(ok, "ids"), count) == NULL);
        support_introduce(opened->sender, opened->sequence, ids, count);
        break;
    }
    default:
        break;
    }
}

static int run_steps(const char *input, const char *expect) {
    const char *steps = json_member(input, "steps"), *verdicts = json_member(expect, "ok"), *step;
    receiver_of(input);
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *value;
        if ((value = json_member(step, "now"))) {
            w.now = json_number(value);
        } else if ((value = json_member(step, "restart"))) {
            /* Leaves wait in memory here, so a block that a restart interrupts is another story in C. */
            if (strstr(vector_name, "block-restart")) return 0;
            receiver_start(value);
        } else if ((value = json_member(step, "revoke"))) {
            revoke(value);
        } else if ((value = json_member(step, "pin"))) {
            pin(value);
        } else {
            zegel_opened opened;
            const size_t size = json_hex(json_member(step, "bytes"), buffer, sizeof buffer);
            int answered;
            read_topic(json_member(step, "topic"));
            answered = zegel_open(&w.receiver, topic, topic_size, w.now, buffer, size, &opened, NULL);
            check_step(json_item(verdicts, i), answered, &opened, size);
        }
    }
    return 1;
}

static int run_card(const char *input, const char *expect) {
    zegel_card card;
    const char *ok = json_member(expect, "ok");
    const size_t size = json_hex(json_member(input, "card"), scratch, sizeof scratch);
    int answered = zegel_card_read(&card, scratch, size);
    if (answered == 0) answered = zegel_card_check(&card, json_number(json_member(input, "now")));
    same(expect, answered);
    if (answered == 0) {
        zegel_card_facts facts;
        char label[65];
        MUST(zegel_card_tell(&card, &facts) == 0);
        MUST(json_hex_equals(json_member(ok, "id"), facts.id, 32));
        MUST(json_hex_equals(json_member(ok, "digest"), facts.digest, 32));
        MUST(json_number(json_member(ok, "serial")) == facts.serial);
        MUST(json_number(json_member(ok, "not_before")) == facts.not_before);
        MUST(json_number(json_member(ok, "expires")) == facts.expires);
        MUST(json_number(json_member(ok, "status")) == facts.withdrawn);
        MUST(json_text(json_member(ok, "label"), label, 64) == strlen(facts.label));
        MUST(!memcmp(label, facts.label, strlen(facts.label)));
        MUST(!json_item(json_member(ok, "kem_keys"), facts.kem_count));
    }
    return 1;
}

static int run_succession(const char *input, const char *expect) {
    const char *cards = json_member(input, "cards"), *next;
    memset(w.me, 7, 32);
    w.cards = w.revoked = NULL;
    memset(&w.acceptance, 0xff, sizeof w.acceptance);
    receiver_start(NULL);
    for (size_t i = 0; (next = json_item(cards, i)); i++) {
        zegel_card card;
        zegel_card_facts facts;
        const size_t size = json_hex(next, scratch, sizeof scratch);
        const int last = json_item(cards, i + 1) == NULL;
        MUST(zegel_card_read(&card, scratch, size) == 0);
        MUST(zegel_card_tell(&card, &facts) == 0);
        if (last && json_is_true(json_member(input, "revoked"))) MUST(zegel_receiver_revoke(&w.receiver, facts.id) == 0);
        {
            const int answered = zegel_receiver_pin(&w.receiver, &card);
            if (last) same(expect, answered);
        }
    }
    return 1;
}

static int run_topic(const char *input, const char *expect) {
    zegel_opened opened;
    int answered;
    memset(w.me, 7, 32);
    w.cards = w.revoked = NULL;
    receiver_start(NULL);
    read_topic(json_member(input, "topic"));
    answered = zegel_open(&w.receiver, topic, topic_size, 0, buffer, 1, &opened, NULL);
    MUST(answered == (expected(expect) ? expected(expect) : ZEGEL_MALFORMED));
    return 1;
}

static int run_name(const char *input, const char *expect) {
    zegel_signer signer = {support_sign, NULL, {0}, {1, 2}};
    zegel_identity identity;
    uint8_t id[32];
    char text[ZEGEL_FINGERPRINT_SIZE];
    const char *ok = json_member(expect, "ok");
    if (!json_equals(json_member(input, "key"), "ed25519") || !ok) return 0; /* C names no KEM key */
    MUST(json_hex(json_member(input, "public"), signer.public_key, 32) == 32);
    MUST(zegel_identity_from_signer(&identity, &signer) == 0);
    MUST(zegel_identity_id(&identity, id) == 0);
    MUST(json_hex_equals(json_member(ok, "id"), id, 32));
    MUST(zegel_fingerprint(id, text) == 0);
    MUST(json_equals(json_member(ok, "fingerprint"), text));
    return 1;
}

/* A sealer whose next number is the vector's. */
static void sealer_of(const char *input, zegel_identity *identity, zegel_sealer *sealer) {
    uint8_t seed[32], id[32], audience[33] = {0x81};
    uint8_t hashed[35];
    zegel_card card;
    zegel_card_facts facts;
    const int unpadded = json_equals(json_member(input, "padding"), "none");
    const size_t size = json_hex(json_member(input, "recipient_card"), scratch, sizeof scratch);
    (void)audience;
    MUST(json_hex(json_member(input, "seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(identity, seed) == 0);
    MUST(zegel_identity_id(identity, id) == 0);
    MUST(zegel_card_read(&card, scratch, size) == 0);
    MUST(zegel_card_tell(&card, &facts) == 0);
    hashed[0] = 0x81;
    hashed[1] = 0x58;
    hashed[2] = 0x20;
    memcpy(hashed + 3, facts.id, 32);
    support_storage_at(id, hashed, json_number(json_member(input, "sequence")));
    MUST(zegel_sealer_init(sealer, identity, &card, ZEGEL_NO_TIME, &support_storage, unpadded ? ZEGEL_UNPADDED : 0) == 0);
}

static int run_seal(const char *input, const char *expect) {
    zegel_identity identity;
    zegel_sealer sealer;
    zegel_measurement measurement;
    size_t size = 0;
    int answered;
    sealer_of(input, &identity, &sealer);
    read_topic(json_member(input, "topic"));
    support_noise_clear();
    support_noise(json_member(input, "signature_noise"));
    support_noise(json_member(input, "ephemeral_noise"));
    measurement.time = json_number(json_member(input, "time"));
    measurement.format = (uint16_t)json_number(json_member(input, "format"));
    measurement.body_size = json_hex(json_member(input, "body"), scratch, sizeof scratch);
    measurement.body = scratch;
    answered = zegel_seal(&sealer, topic, topic_size, &measurement, &support_entropy, buffer, sizeof buffer, &size);
    same(expect, answered);
    if (answered == 0) {
        MUST(json_hex_equals(json_member(json_member(expect, "ok"), "envelope"), buffer, size));
        MUST(size <= ZEGEL_SEALED_SIZE(measurement.body_size));
    }
    return 1;
}

static int run_session_seal(const char *input, const char *expect) {
    zegel_identity identity;
    zegel_sealer sealer;
    zegel_limits limits;
    size_t size = 0;
    int answered;
    const char *steps = json_member(input, "steps"), *verdicts = json_member(expect, "ok"), *step;
    sealer_of(input, &identity, &sealer);
    read_topic(json_member(input, "topic"));
    support_noise_clear();
    support_noise(json_member(input, "signature_noise"));
    support_noise(json_member(input, "ephemeral_noise"));
    limits.block = json_number(json_member(input, "block"));
    limits.messages = json_number(json_member(input, "messages"));
    limits.seconds = json_number(json_member(input, "seconds"));
    answered = zegel_session_begin(&sealer, topic, topic_size, json_number(json_member(input, "time")), &limits,
                                   &support_entropy, buffer, sizeof buffer, &size);
    if (!json_is_array(verdicts)) {
        same(expect, answered);
        return 1;
    }
    same(json_item(verdicts, 0), answered);
    if (answered != 0) return 1;
    MUST(json_hex_equals(json_member(json_member(json_item(verdicts, 0), "ok"), "bytes"), buffer, size));
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *verdict = json_item(verdicts, i + 1);
        read_topic(json_member(step, "topic"));
        if (json_member(step, "manifest")) {
            if (json_number(json_member(step, "time")) != ZEGEL_NO_TIME) return 0; /* a manifest of ours has no time */
            support_noise_clear();
            support_noise(json_member(step, "manifest"));
            answered = zegel_session_manifest(&sealer, topic, topic_size, &support_entropy, buffer, sizeof buffer, &size);
        } else {
            zegel_measurement measurement;
            measurement.time = json_number(json_member(step, "time"));
            measurement.format = (uint16_t)json_number(json_member(step, "format"));
            measurement.body_size = json_hex(json_member(step, "body"), scratch, sizeof scratch);
            measurement.body = scratch;
            answered = zegel_session_seal(&sealer, topic, topic_size, &measurement, ZEGEL_NO_TIME, buffer, sizeof buffer,
                                          &size);
            if (answered == 0) MUST(size <= ZEGEL_MESSAGE_SIZE(measurement.body_size));
        }
        same(verdict, answered);
        if (answered == 0) MUST(json_hex_equals(json_member(json_member(verdict, "ok"), "bytes"), buffer, size));
    }
    return 1;
}

static int run_evidence(const char *input, const char *expect) {
    zegel_evidence evidence;
    const size_t size = json_hex(json_member(input, "evidence"), buffer, sizeof buffer);
    int answered = zegel_evidence_read(buffer, size, &evidence);
    if (answered == 0 && !json_is_null(json_member(input, "forwarder"))) {
        uint8_t id[32];
        MUST(json_hex(json_member(input, "forwarder"), id, 32) == 32);
        answered = zegel_evidence_is_for(buffer, size, id);
    }
    same(expect, answered);
    if (answered == 0) check_evidence(json_member(expect, "ok"), buffer, size);
    return 1;
}

static int run_introduction(const char *input, const char *expect) {
    static uint8_t ids[64 * 32];
    size_t count = 0;
    const size_t size = json_hex(json_member(input, "introduction"), buffer, sizeof buffer);
    const int answered = zegel_introduction_read(buffer, size, ids, 64, &count);
    same(expect, answered);
    if (answered == 0) {
        const char *expected_ids = json_member(json_member(expect, "ok"), "ids");
        for (size_t i = 0; i < count; i++) MUST(json_hex_equals(json_item(expected_ids, i), ids + 32 * i, 32));
        MUST(!json_item(expected_ids, count));
    }
    return 1;
}

/* Pairing --------------------------------------------------------------------------------------------------------- */

static uint8_t own_card[ZEGEL_CARD_SIZE];

static int run_pairing(const char *input, const char *expect) {
    zegel_pairing pairing;
    zegel_identity identity;
    uint8_t seed[32], shower[32], secret[32];
    char code[ZEGEL_CODE_SIZE];
    size_t size;
    const uint64_t now = json_number(json_member(input, "now")), expires = json_number(json_member(input, "expires"));
    const size_t card_size = json_hex(json_member(input, "card"), own_card, sizeof own_card);
    const char *steps = json_member(input, "steps"), *verdicts = json_member(expect, "ok"), *step;
    MUST(json_hex(json_member(input, "seed"), seed, 32) == 32);
    MUST(json_hex(json_member(input, "shower"), shower, 32) == 32);
    MUST(json_hex(json_member(input, "secret"), secret, 32) == 32);
    MUST(zegel_identity_from_seed(&identity, seed) == 0);
    support_noise_clear();
    if (json_equals(json_member(input, "role"), "scanner")) {
        support_code(shower, secret, expires, code);
        MUST(zegel_pairing_scan(&pairing, &identity, own_card, card_size, code, strlen(code), ZEGEL_NO_TIME, written_out,
                                sizeof written_out, &size) == 0);
    } else {
        const uint64_t shown = expires ? expires - 600 : ZEGEL_NO_TIME;
        char wanted[ZEGEL_CODE_SIZE];
        support_noise(json_member(input, "secret"));
        MUST(zegel_pairing_show(&pairing, &identity, own_card, card_size, shown, 600, &support_entropy, code) == 0);
        support_code(shower, secret, expires, wanted);
        MUST(!strcmp(code, wanted));
    }
    if (!json_is_array(verdicts)) fail("steps have verdicts");
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *verdict = json_item(verdicts, i), *ok = json_member(verdict, "ok");
        uint8_t paired = 9;
        int answered;
        size = 0;
        support_noise_clear();
        support_noise(json_member(input, "noise"));
        const size_t message_size = json_hex(step, buffer, sizeof buffer);
        answered = zegel_pairing_take(&pairing, buffer, message_size, now, &support_entropy, written_out,
                                      sizeof written_out, &size, &paired);
        same(verdict, answered);
        if (answered == 0) {
            const char *answer = json_member(ok, "answer"), *pinned = json_member(ok, "paired");
            MUST(json_is_null(answer) ? size == 0 : json_hex_equals(answer, written_out, size));
            MUST(paired == !json_is_null(pinned));
            if (paired) {
                zegel_card card;
                zegel_card_facts facts;
                MUST(zegel_pairing_card(&pairing, scratch, sizeof scratch, &size) == 0);
                MUST(zegel_card_read(&card, scratch, size) == 0 && zegel_card_tell(&card, &facts) == 0);
                MUST(json_hex_equals(pinned, facts.id, 32));
            }
        }
    }
    zegel_pairing_wipe(&pairing);
    return 1;
}

static int run_transcript(const char *input, const char *expect) {
    static uint8_t shower_card[ZEGEL_CARD_SIZE];
    const char *ok = json_member(expect, "ok"), *messages = json_member(ok, "messages");
    zegel_pairing shower, scanner;
    zegel_identity shows, scans;
    uint8_t seed[32], paired;
    char code[ZEGEL_CODE_SIZE], listens[ZEGEL_PAIRING_TOPIC_SIZE], speaks[ZEGEL_PAIRING_TOPIC_SIZE];
    size_t size;
    uint64_t expires = json_number(json_member(input, "expires"));
    const int ends = expires != ZEGEL_NO_TIME && expires != 0;
    const uint64_t now = ends ? expires - 600 : ZEGEL_NO_TIME;
    const size_t shower_size = json_hex(json_member(input, "shower_card"), shower_card, sizeof shower_card);
    const size_t scanner_size = json_hex(json_member(input, "scanner_card"), own_card, sizeof own_card);
    MUST(json_hex(json_member(input, "shower_seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(&shows, seed) == 0);
    MUST(json_hex(json_member(input, "scanner_seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(&scans, seed) == 0);
    support_noise_clear();
    support_noise(json_member(input, "secret"));
    {
        const int answered = zegel_pairing_show(&shower, &shows, shower_card, shower_size, now, 600, &support_entropy, code);
        if (answered == ZEGEL_NOT_YET_VALID || answered == ZEGEL_EXPIRED) return 0; /* at a time when no card holds */
        MUST(answered == 0);
    }
    MUST(json_equals(json_member(ok, "code"), code));
    MUST(zegel_pairing_scan(&scanner, &scans, own_card, scanner_size, code, strlen(code), now, buffer, sizeof buffer,
                            &size) == 0);
    MUST(zegel_pairing_topics(&scanner, listens, speaks) == 0);
    MUST(json_equals(json_item(json_member(ok, "topics"), 0), speaks));
    MUST(json_equals(json_item(json_member(ok, "topics"), 1), listens));
    MUST(json_hex_equals(json_item(messages, 0), buffer, size));
    MUST(zegel_pairing_take(&shower, buffer, size, now, &support_entropy, scratch, sizeof scratch, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 1), scratch, size) && !paired);
    support_noise_clear();
    support_noise(json_member(input, "noise_3"));
    MUST(zegel_pairing_take(&scanner, scratch, size, now, &support_entropy, buffer, sizeof buffer, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 2), buffer, size) && !paired);
    support_noise_clear();
    support_noise(json_member(input, "noise_4"));
    MUST(zegel_pairing_take(&shower, buffer, size, now, &support_entropy, scratch, sizeof scratch, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 3), scratch, size) && paired);
    MUST(zegel_pairing_take(&scanner, scratch, size, now, &support_entropy, buffer, sizeof buffer, &size, &paired) == 0);
    MUST(size == 0 && paired);
    return 1;
}

static const struct {
    const char *kind;
    int (*run)(const char *input, const char *expect);
} kinds[] = {
    {"open", run_open},         {"group", run_open},
    {"session", run_steps},     {"custody", run_steps},
    {"card", run_card},         {"succession", run_succession},
    {"topic", run_topic},       {"name", run_name},
    {"seal", run_seal},         {"session-seal", run_session_seal},
    {"evidence", run_evidence}, {"introduction", run_introduction},
    {"pairing", run_pairing},   {"transcript", run_transcript},
};

int main(int argc, char **argv) {
    int ran = 0, left = 0;
    for (int i = 1; i < argc; i++) {
        FILE *from = fopen(argv[i], "rb");
        size_t size, at;
        vector_name = argv[i];
        if (!from) fail("cannot be read");
        size = fread(file, 1, sizeof file - 1, from);
        fclose(from);
        if (size == sizeof file - 1) fail("is too long");
        file[size] = 0;
        for (at = 0; at < sizeof kinds / sizeof *kinds; at++) {
            if (json_equals(json_member(file, "kind"), kinds[at].kind)) break;
        }
        if (at == sizeof kinds / sizeof *kinds) {
            left++; /* what lies below the interface */
        } else if (kinds[at].run(json_member(file, "input"), json_member(file, "expect"))) {
            ran++;
        } else {
            left++;
        }
    }
    printf("%d vectors ran, %d are not for C\n", ran, left);
    return 0;
}
