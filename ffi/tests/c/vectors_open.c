/* The kinds of vectors that open, and that read cards, evidence and introductions. */
#include <string.h>

#include "vectors.h"

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

const char *run_open(const char *input, const char *expect) {
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
    return NULL;
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

const char *run_steps(const char *input, const char *expect) {
    const char *steps = json_member(input, "steps"), *verdicts = json_member(expect, "ok"), *step;
    receiver_of(input);
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *value;
        if ((value = json_member(step, "now"))) {
            w.now = json_number(value);
        } else if ((value = json_member(step, "restart"))) {
            if (strstr(vector_name, "block-restart")) return "leaves wait in memory, so a restart inside a block loses them";
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
    return NULL;
}

const char *run_card(const char *input, const char *expect) {
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
    return NULL;
}

const char *run_succession(const char *input, const char *expect) {
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
    return NULL;
}

const char *run_topic(const char *input, const char *expect) {
    zegel_opened opened;
    int answered;
    memset(w.me, 7, 32);
    w.cards = w.revoked = NULL;
    receiver_start(NULL);
    read_topic(json_member(input, "topic"));
    answered = zegel_open(&w.receiver, topic, topic_size, 0, buffer, 1, &opened, NULL);
    MUST(answered == (expected(expect) ? expected(expect) : ZEGEL_MALFORMED));
    return NULL;
}

const char *run_evidence(const char *input, const char *expect) {
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
    return NULL;
}

const char *run_introduction(const char *input, const char *expect) {
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
    return NULL;
}
