/* Two threads and one context: the second is answered ZEGEL_BUSY, whatever it calls, and touches nothing. What is only
 * read, identities and cards, both may use at once. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

#define MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "threads: line %d: %s\n", __LINE__, #holds), exit(1)))

enum { ROUNDS = 60 };
static zegel_identity device, pgo;
static zegel_kem_key key;
static zegel_card device_card, pgo_card, both[2];
static zegel_sealer sealer;
static zegel_group group;
static zegel_pairing pairing;
static zegel_receiver receiver;
static zegel_peer peer;
static zegel_session session;
static uint8_t pgo_id[32], card[ZEGEL_CARD_SIZE];
static size_t card_size;
static const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
static const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};

/* A generator that stops in the middle of a call, until it is let go. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int inside, go;

static int fill(void *user, uint8_t *out, size_t size) {
    uint64_t *state = user;
    for (size_t i = 0; i < size; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

static int stops(void *user, uint8_t *out, size_t size) {
    pthread_mutex_lock(&lock);
    inside = 1;
    pthread_cond_broadcast(&turn);
    while (!go) pthread_cond_wait(&turn, &lock);
    pthread_mutex_unlock(&lock);
    return fill(user, out, size);
}

static uint64_t first_state = 1, second_state = 2;
static const zegel_entropy quick = {fill, &first_state}, other = {fill, &second_state}, slow = {stops, &first_state};

static void wait_inside(void) {
    pthread_mutex_lock(&lock);
    while (!inside) pthread_cond_wait(&turn, &lock);
    pthread_mutex_unlock(&lock);
}

static void let_go(pthread_t thread) {
    void *answered;
    pthread_mutex_lock(&lock);
    go = 1;
    pthread_cond_broadcast(&turn);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, &answered);
    MUST(answered == NULL);
    inside = go = 0;
}

static uint8_t first_out[1024];
static size_t first_size;

static void *seals(void *unused) {
    (void)unused;
    return (void *)(intptr_t)zegel_seal(&sealer, "t", 1, &beat, &slow, first_out, sizeof first_out, &first_size);
}

static void *seals_for_two(void *unused) {
    (void)unused;
    return (void *)(intptr_t)zegel_group_seal(&group, "t", 1, &beat, &slow, first_out, sizeof first_out, &first_size);
}

static void *takes(void *message) {
    uint8_t paired;
    return (void *)(intptr_t)zegel_pairing_take(&pairing, message, card_size, ZEGEL_NO_TIME, &slow, first_out, sizeof first_out,
                                                &first_size, &paired);
}

/* A store that stops: the receiver is at work meanwhile. */
static int stopping_take(void *user, const uint8_t *stream, uint64_t sequence, const uint8_t *digest, uint64_t *missing,
                         uint8_t *late) {
    uint8_t unused[1];
    (void)user, (void)stream, (void)sequence, (void)digest, (void)missing, (void)late;
    return stops(&first_state, unused, 1);
}

static int first_number(void *user, const uint8_t *stream, uint64_t *next) {
    (void)user, (void)stream;
    *next = 0;
    return 0;
}

static void *opens(void *envelope) {
    static zegel_opened opened;
    return (void *)(intptr_t)zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, envelope, first_size, &opened, NULL);
}

static void start(void) {
    uint8_t public_key[32], other_card[ZEGEL_CARD_SIZE];
    size_t size;
    zegel_claims claims = {1, 0, 4000000000u, "test", 4, public_key, 0, 0};
    zegel_identity gp;
    zegel_kem_key gp_key;
    MUST(zegel_identity_from_seed(&device, (const uint8_t *)"a seed of the test of threads...") == 0);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of the receiver in threads") == 0);
    MUST(zegel_identity_from_seed(&gp, (const uint8_t *)"a seed of one more in the threads") == 0);
    MUST(zegel_kem_key_from_secret(&key, (const uint8_t *)"a secret of the test of threads.") == 0);
    MUST(zegel_kem_key_from_secret(&gp_key, (const uint8_t *)"a secret of one more in threads.") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    MUST(zegel_card_issue(&device, &claims, &quick, card, sizeof card, &card_size) == 0);
    MUST(zegel_card_read(&device_card, card, card_size) == 0);
    claims.kem_count = 1;
    MUST(zegel_kem_key_public(&key, public_key) == 0);
    MUST(zegel_card_issue(&pgo, &claims, &quick, other_card, sizeof other_card, &size) == 0);
    MUST(zegel_card_read(&pgo_card, other_card, size) == 0 && zegel_card_read(&both[0], other_card, size) == 0);
    MUST(zegel_kem_key_public(&gp_key, public_key) == 0);
    MUST(zegel_card_issue(&gp, &claims, &quick, other_card, sizeof other_card, &size) == 0);
    MUST(zegel_card_read(&both[1], other_card, size) == 0);
    support_storage_blank();
    MUST(zegel_storage_create(&support_storage, &device, pgo_id) == 0);
    MUST(zegel_sealer_init(&sealer, &device, &pgo_card, ZEGEL_NO_TIME, &support_storage, 0) == 0);
    MUST(zegel_group_init(&group, &device, both, 2, ZEGEL_NO_TIME, &support_other_storage, 0) == 0);
    MUST(zegel_group_storage_create(&group) == 0);
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, &peer, 1, &session, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &device_card) == 0 && zegel_receiver_accept(&receiver, &anything) == 0);
}

/* Every call on a context that another thread is inside of. */
static void busy_sealer(void) {
    static uint8_t out[1024];
    size_t written = 77;
    memset(out, 0xcc, sizeof out);
    MUST(zegel_seal(&sealer, "t", 1, &beat, &other, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_forward(&sealer, "t", 1, 0, card, card_size, &other, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_introduce(&sealer, "t", 1, 0, card, card_size, &other, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_session_begin(&sealer, "t", 1, 0, NULL, &other, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_session_seal(&sealer, "t", 1, &beat, 0, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_session_manifest(&sealer, "t", 1, &other, out, sizeof out, &written) == ZEGEL_BUSY);
    MUST(zegel_session_end(&sealer) == ZEGEL_BUSY);
    MUST(zegel_sealer_renew(&sealer, &pgo_card, ZEGEL_NO_TIME) == ZEGEL_BUSY);
    MUST(zegel_sealer_wipe(&sealer) == ZEGEL_BUSY);
    MUST(written == 77);
    for (size_t i = 0; i < sizeof out; i++) MUST(out[i] == 0xcc);
}

static void busy_receiver(void) {
    uint8_t envelope[256] = {1};
    static zegel_opened opened;
    zegel_event events[4];
    uint64_t count = 77;
    MUST(zegel_open(&receiver, "t", 1, 0, envelope, sizeof envelope, &opened, NULL) == ZEGEL_BUSY);
    MUST(zegel_receiver_accept(&receiver, &anything) == ZEGEL_BUSY);
    MUST(zegel_receiver_keep(&receiver, &support_state) == ZEGEL_BUSY);
    MUST(zegel_receiver_pin(&receiver, &device_card) == ZEGEL_BUSY);
    MUST(zegel_receiver_renew(&receiver, &device_card) == ZEGEL_BUSY);
    MUST(zegel_receiver_revoke(&receiver, pgo_id) == ZEGEL_BUSY);
    MUST(zegel_receiver_events(&receiver, events, &count) == ZEGEL_BUSY);
    MUST(zegel_receiver_wipe(&receiver) == ZEGEL_BUSY);
    MUST(envelope[0] == 1 && count == 77);
}

/* Both seal until each has sealed enough: each call is whole or busy, and no number comes twice. */
static int sealed[2], busy[2];
static uint8_t envelopes[2][ROUNDS][256];

static void *races(void *which) {
    const int me = which != NULL;
    uint64_t state = (uint64_t)me + 3;
    const zegel_entropy mine = {fill, &state};
    while (sealed[me] < ROUNDS) {
        size_t written;
        uint8_t id[32];
        uint8_t *out = envelopes[me][sealed[me]];
        const int answered = zegel_seal(&sealer, "t", 1, &beat, &mine, out, 256, &written);
        MUST(answered == 0 || answered == ZEGEL_BUSY);
        sealed[me] += answered == 0;
        busy[me] += answered != 0;
        if (answered != 0) sched_yield();
        MUST(zegel_identity_id(&device, id) == 0 && zegel_card_check(&pgo_card, 1) == 0);
    }
    return NULL;
}

int main(void) {
    static const zegel_state state = {stopping_take, first_number, NULL, NULL, NULL, NULL};
    static uint8_t taken[1 << 16];
    pthread_t thread, second;
    char code[ZEGEL_CODE_SIZE], topics[2][ZEGEL_PAIRING_TOPIC_SIZE];
    uint8_t paired = 9;
    size_t written = 77;
    start();

    MUST(pthread_create(&thread, NULL, seals, NULL) == 0);
    wait_inside();
    busy_sealer();
    let_go(thread);
    MUST(first_size == 256);

    MUST(zegel_receiver_keep(&receiver, &state) == 0);
    MUST(pthread_create(&thread, NULL, opens, first_out) == 0);
    wait_inside();
    busy_receiver();
    let_go(thread);

    MUST(pthread_create(&thread, NULL, seals_for_two, NULL) == 0);
    wait_inside();
    MUST(zegel_group_seal(&group, "t", 1, &beat, &other, card, sizeof card, &written) == ZEGEL_BUSY);
    MUST(zegel_group_renew(&group, &pgo_card, ZEGEL_NO_TIME) == ZEGEL_BUSY);
    MUST(zegel_group_storage_create(&group) == ZEGEL_BUSY && zegel_group_wipe(&group) == ZEGEL_BUSY);
    let_go(thread);

    {
        /* The scanner draws noise for its message 3: message 2 comes from a shower with a context of its own. */
        static zegel_pairing shower;
        static uint8_t one[ZEGEL_PAIRING_SIZE], two[ZEGEL_PAIRING_SIZE], pgo_bytes[ZEGEL_CARD_SIZE];
        uint8_t public_key[32];
        zegel_claims claims = {1, 0, 4000000000u, "test", 4, public_key, 1, 0};
        size_t size, pgo_size;
        MUST(zegel_kem_key_public(&key, public_key) == 0);
        MUST(zegel_card_issue(&pgo, &claims, &quick, pgo_bytes, sizeof pgo_bytes, &pgo_size) == 0);
        MUST(zegel_pairing_show(&shower, &pgo, pgo_bytes, pgo_size, 1, 60, &quick, code) == 0);
        MUST(zegel_pairing_scan(&pairing, &device, card, card_size, code, strlen(code), 1, one, sizeof one, &size) == 0);
        MUST(zegel_pairing_take(&shower, one, size, 1, &quick, two, sizeof two, &card_size, &paired) == 0);
        MUST(pthread_create(&thread, NULL, takes, two) == 0);
        wait_inside();
        MUST(zegel_pairing_take(&pairing, one, 1, 1, &other, one + 1, 600, &written, &paired) == ZEGEL_BUSY);
        MUST(zegel_pairing_topics(&pairing, topics[0], topics[1]) == ZEGEL_BUSY);
        MUST(zegel_pairing_card(&pairing, one, sizeof one, &written) == ZEGEL_BUSY);
        MUST(zegel_pairing_wipe(&pairing) == ZEGEL_BUSY);
        let_go(thread);
        MUST(zegel_pairing_wipe(&pairing) == 0 && zegel_pairing_wipe(&shower) == 0);
    }

    MUST(pthread_create(&thread, NULL, races, NULL) == 0 && pthread_create(&second, NULL, races, &sealer) == 0);
    MUST(pthread_join(thread, NULL) == 0 && pthread_join(second, NULL) == 0);
    MUST(zegel_receiver_wipe(&receiver) == 0);
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, &peer, 1, &session, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &device_card) == 0 && zegel_receiver_accept(&receiver, &anything) == 0);
    for (int me = 0; me < 2; me++) {
        for (int i = 0; i < ROUNDS; i++) {
            zegel_opened opened;
            MUST(zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, envelopes[me][i], 256, &opened, NULL) == 0);
            MUST(opened.sequence < sizeof taken && !taken[opened.sequence]);
            taken[opened.sequence] = 1;
        }
    }
    printf("two threads sealed %d each, busy %d times\n", ROUNDS, busy[0] + busy[1]);
    return 0;
}
