/* The kinds of vectors that seal, and what a receiver takes of what was sealed. */
#include <string.h>

#include "vectors.h"

const char *run_name(const char *input, const char *expect) {
    zegel_signer signer = {support_sign, NULL, {0}, {1, 2}};
    zegel_identity identity;
    uint8_t id[32];
    char text[ZEGEL_FINGERPRINT_SIZE];
    const char *ok = json_member(expect, "ok");
    if (!json_equals(json_member(input, "key"), "ed25519")) return "C names no KEM key";
    MUST(json_hex(json_member(input, "public"), signer.public_key, 32) == 32);
    MUST(zegel_identity_from_signer(&identity, &signer) == 0);
    MUST(zegel_identity_id(&identity, id) == 0);
    MUST(json_hex_equals(json_member(ok, "id"), id, 32));
    MUST(zegel_fingerprint(id, text) == 0);
    MUST(json_equals(json_member(ok, "fingerprint"), text));
    return NULL;
}

/* A sealer whose next number is `next`. */
static void sealer_at(const zegel_identity *identity, const zegel_card *recipient, uint64_t next, uint32_t options,
                      zegel_sealer *sealer) {
    zegel_card_facts facts;
    uint8_t id[32];
    MUST(zegel_identity_id(identity, id) == 0);
    MUST(zegel_card_tell(recipient, &facts) == 0);
    support_storage_at(id, &facts.id, 1, next);
    MUST(zegel_sealer_init(sealer, identity, recipient, ZEGEL_NO_TIME, &support_storage, options) == 0);
}

/* Two strangers to the vectors, whose cards hold for ever. */
static struct {
    zegel_identity sender, receiver;
    zegel_kem_key key;
    zegel_card sender_card, receiver_card;
    uint8_t sender_bytes[ZEGEL_CARD_SIZE], receiver_id[32];
    size_t sender_size;
} two;

static void card_for_ever(const zegel_identity *identity, const zegel_kem_key *key, zegel_card *card, uint8_t *bytes,
                          size_t *size) {
    uint8_t public_key[32];
    const zegel_claims claims = {1, 0, (1ull << 53) - 1, "test", 4, public_key, key != NULL, 0};
    if (key) MUST(zegel_kem_key_public(key, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &support_entropy, bytes, ZEGEL_CARD_SIZE, size) == 0);
    MUST(zegel_card_read(card, bytes, *size) == 0);
}

static void two_strangers(void) {
    uint8_t bytes[ZEGEL_CARD_SIZE];
    size_t size;
    support_random(7);
    MUST(zegel_identity_from_seed(&two.sender, (const uint8_t *)"the seed of a sender in C tests.") == 0);
    MUST(zegel_identity_from_seed(&two.receiver, (const uint8_t *)"the seed of a receiver in C test") == 0);
    MUST(zegel_kem_key_from_secret(&two.key, (const uint8_t *)"a KEM secret of a receiver in C.") == 0);
    MUST(zegel_identity_id(&two.receiver, two.receiver_id) == 0);
    card_for_ever(&two.sender, NULL, &two.sender_card, two.sender_bytes, &two.sender_size);
    card_for_ever(&two.receiver, &two.key, &two.receiver_card, bytes, &size);
}

/* The sealer of a vector. */
static void sealer_of(const char *input, zegel_identity *identity, zegel_sealer *sealer) {
    uint8_t seed[32];
    zegel_card card;
    const int unpadded = json_equals(json_member(input, "padding"), "none");
    const size_t size = json_hex(json_member(input, "recipient_card"), scratch, sizeof scratch);
    MUST(json_hex(json_member(input, "seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(identity, seed) == 0);
    MUST(zegel_card_read(&card, scratch, size) == 0);
    sealer_at(identity, &card, json_number(json_member(input, "sequence")), unpadded ? ZEGEL_UNPADDED : 0, sealer);
}

const char *run_seal(const char *input, const char *expect) {
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
    return NULL;
}

const char *run_session_seal(const char *input, const char *expect) {
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
        return NULL;
    }
    same(json_item(verdicts, 0), answered);
    if (answered != 0) return NULL;
    MUST(json_hex_equals(json_member(json_member(json_item(verdicts, 0), "ok"), "bytes"), buffer, size));
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *verdict = json_item(verdicts, i + 1);
        read_topic(json_member(step, "topic"));
        if (json_member(step, "manifest")) {
            MUST(json_is_null(json_member(step, "time")));
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
    return NULL;
}


const char *run_group_seal(const char *input, const char *expect) {
    static zegel_group group;
    static zegel_card cards[17];
    static uint8_t ids[17][32];
    zegel_identity identity;
    zegel_measurement measurement;
    uint8_t seed[32], id[32];
    const char *list = json_member(input, "recipient_cards"), *card;
    const int unpadded = json_equals(json_member(input, "padding"), "none");
    size_t count, size = 0;
    int answered;
    MUST(json_hex(json_member(input, "seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(&identity, seed) == 0);
    MUST(zegel_identity_id(&identity, id) == 0);
    for (count = 0; (card = json_item(list, count)); count++) {
        zegel_card_facts facts;
        size_t at = count;
        MUST(count < 17 && zegel_card_read(&cards[count], scratch, json_hex(card, scratch, sizeof scratch)) == 0);
        MUST(zegel_card_tell(&cards[count], &facts) == 0);
        for (; at > 0 && memcmp(ids[at - 1], facts.id, 32) > 0; at--) memcpy(ids[at], ids[at - 1], 32);
        memcpy(ids[at], facts.id, 32);
    }
    if (count <= 16) support_storage_at(id, ids, count, json_number(json_member(input, "sequence")));
    answered = zegel_group_init(&group, &identity, cards, count, ZEGEL_NO_TIME, &support_storage,
                                unpadded ? ZEGEL_UNPADDED : 0);
    if (answered == 0) {
        read_topic(json_member(input, "topic"));
        support_noise_clear();
        support_noise(json_member(input, "signature_noise"));
        support_noise(json_member(input, "content_noise"));
        measurement.time = json_number(json_member(input, "time"));
        measurement.format = (uint16_t)json_number(json_member(input, "format"));
        measurement.body_size = json_hex(json_member(input, "body"), scratch, sizeof scratch);
        measurement.body = scratch;
        answered = zegel_group_seal(&group, topic, topic_size, &measurement, &support_entropy, buffer, sizeof buffer, &size);
    }
    same(expect, answered);
    if (answered == 0) {
        MUST(json_hex_equals(json_member(json_member(expect, "ok"), "envelope"), buffer, size));
        MUST(size <= ZEGEL_GROUP_SIZE(measurement.body_size, count));
    }
    zegel_group_wipe(&group);
    return NULL;
}

const char *run_padding(const char *input, const char *expect) {
    static uint8_t body[1 << 20];
    static const char *const lengths[] = {"length", "unpadded"};
    const uint32_t options[] = {0, ZEGEL_UNPADDED};
    const uint64_t next = json_number(json_member(input, "sequence"));
    two_strangers();
    for (int i = 0; i < 2; i++) {
        zegel_sealer sealer;
        size_t size = 0;
        zegel_measurement measurement = {json_number(json_member(input, "time")), body, 0, 0};
        measurement.body_size = (size_t)json_number(json_member(input, "body_length"));
        measurement.format = (uint16_t)json_number(json_member(input, "format"));
        MUST(measurement.body_size <= sizeof body);
        sealer_at(&two.sender, &two.receiver_card, next, options[i], &sealer);
        same(expect, zegel_seal(&sealer, "t", 1, &measurement, &support_entropy, buffer, sizeof buffer, &size));
        MUST(expected(expect) || json_number(json_member(json_member(expect, "ok"), lengths[i])) == size);
        MUST(size <= ZEGEL_SEALED_SIZE(measurement.body_size));
    }
    return NULL;
}

/* What a receiver takes of what is proven ------------------------------------------------------------------------- */

static zegel_receiver receiver;
static zegel_peer peers[1];
static zegel_session sessions[1];

static void receiver_with(const zegel_acceptance *acceptance) {
    two_strangers();
    MUST(zegel_receiver_init(&receiver, two.receiver_id, &two.key, 1, peers, 1, sessions, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &two.sender_card) == 0);
    MUST(zegel_receiver_accept(&receiver, acceptance) == 0);
}

/* Seals `body` under the number, and opens it. */
static int arrives(uint64_t number, uint64_t time, uint64_t now, const char *body, zegel_opened *opened) {
    const zegel_measurement measurement = {time, (const uint8_t *)body, strlen(body), 42};
    zegel_sealer sealer;
    size_t size;
    int answered;
    sealer_at(&two.sender, &two.receiver_card, number, ZEGEL_UNPADDED, &sealer);
    MUST(zegel_seal(&sealer, "t", 1, &measurement, &support_entropy, buffer, sizeof buffer, &size) == 0);
    answered = zegel_open(&receiver, "t", 1, now, buffer, size, opened, NULL);
    MUST(answered == 0 || all_zero(buffer, size));
    return answered;
}

static uint64_t policy_next;
static int policy_taken;

static int policy_take(void *user, const uint8_t *stream, uint64_t sequence, const uint8_t *digest, uint64_t *missing,
                       uint8_t *late) {
    (void)user, (void)stream, (void)sequence, (void)digest, (void)missing, (void)late;
    policy_taken++;
    return 0;
}

static int policy_next_number(void *user, const uint8_t *stream, uint64_t *next) {
    (void)user, (void)stream;
    *next = policy_next;
    return 0;
}

const char *run_policy(const char *input, const char *expect) {
    static const zegel_state state = {policy_take, policy_next_number, NULL, NULL, NULL, NULL};
    const char *policy = json_member(input, "policy");
    const zegel_acceptance acceptance = {json_number(json_member(policy, "max_age")),
                                         json_number(json_member(policy, "max_skew")),
                                         json_number(json_member(policy, "max_jump"))};
    zegel_opened opened;
    receiver_with(&acceptance);
    MUST(zegel_receiver_keep(&receiver, &state) == 0);
    policy_next = json_number(json_member(input, "next"));
    policy_taken = 0;
    same(expect, arrives(json_number(json_member(input, "number")), json_number(json_member(input, "time")),
                         json_number(json_member(input, "now")), "61", &opened));
    MUST(policy_taken == !expected(expect)); /* what is refused takes no number */
    return NULL;
}

const char *run_replay(const char *input, const char *expect) {
    static const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
    const char *takes = json_member(input, "takes"), *take;
    receiver_with(&anything); /* its own window, not the program's state */
    for (size_t i = 0; (take = json_item(takes, i)); i++) {
        const char *verdict = json_item(json_member(expect, "ok"), i), *ok = json_member(verdict, "ok"), *missing;
        zegel_opened opened;
        char body[64];
        body[json_text(json_item(take, 1), body, sizeof body - 1)] = 0;
        same(verdict, arrives(json_number(json_item(take, 0)), ZEGEL_NO_TIME, ZEGEL_NO_TIME, body, &opened));
        if (!ok) continue;
        missing = json_member(ok, "missing");
        MUST(opened.missing == !json_is_null(missing) && opened.late == json_is_true(json_member(ok, "late")));
        MUST(!opened.missing || opened.missing_first == json_number(json_item(missing, 0)));
        MUST(!opened.missing || opened.missing_last == json_number(json_item(missing, 1)));
    }
    return NULL;
}
