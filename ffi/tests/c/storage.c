/* Resets in the middle of every write of a sealer's storage: no number is used twice, no session survives, and the
 * device goes on or refuses. The flash is that of the firmware: an erase and a write, torn after any byte, or in the
 * middle of a word, whose bits are then any, or which its checks refuse to read until it is erased. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

#define MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "storage: torn as %u at %u, %u: %s\n", torn_as, tear_at, second_at, #holds), exit(1)))

enum { STEPS = 2 * ZEGEL_SLOT_SIZE + 1 }; /* of one write: each byte erased, each written, and the end */
static uint8_t flash[2][ZEGEL_SLOT_SIZE];
static unsigned tear, tear_at, second_at, reads_fail, writes_fail, writes_lie;
static enum { BYTES, BITS, UNREADABLE, WAYS } torn_as;
static unsigned unreadable; /* slots, as bits */
static jmp_buf reset;

static void step(uint32_t slot, size_t at) {
    if (tear == 0 || --tear > 0) return;
    if (torn_as == BITS && at < ZEGEL_SLOT_SIZE) {
        for (size_t i = at & ~(size_t)7; i <= at; i++) flash[slot][i] ^= (uint8_t)(0x5b * (i + tear_at + second_at) >> 1);
    }
    if (torn_as == UNREADABLE) unreadable |= 1u << slot;
    longjmp(reset, 1);
}

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    (void)user;
    if (reads_fail || unreadable >> slot & 1) return 1;
    memcpy(out, flash[slot], size);
    return 0;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    (void)user;
    if (writes_fail) return 1;
    if (writes_lie) return 0;
    for (size_t i = 0; i < size; i++) {
        step(slot, i);
        flash[slot][i] = 0xff;
    }
    unreadable &= ~(1u << slot);
    for (size_t i = 0; i < size; i++) {
        step(slot, i);
        flash[slot][i] &= bytes[i];
    }
    step(slot, size);
    return 0;
}

static const zegel_storage storage = {slot_read, slot_write, NULL};
static zegel_identity device, pgo;
static zegel_kem_key key;
static zegel_card pgo_card, device_card;
static zegel_receiver receiver;
static zegel_peer peer;
static zegel_session session;
static zegel_sealer sealer;
static uint8_t pgo_id[32], card[ZEGEL_CARD_SIZE];
static uint64_t highest;
static int any, created;

static void card_of(const zegel_identity *identity, const zegel_kem_key *kem, zegel_card *into) {
    uint8_t public_key[32];
    size_t size;
    zegel_claims claims = {1, 0, 2000000000, "test", 4, public_key, kem != NULL, 0};
    if (kem) MUST(zegel_kem_key_public(kem, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &support_entropy, card, sizeof card, &size) == 0);
    MUST(zegel_card_read(into, card, size) == 0);
}

/* What was sealed opens, under a number above all before. */
static void open_it(uint8_t *envelope, size_t size) {
    zegel_opened opened;
    MUST(zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, envelope, size, &opened, NULL) == 0);
    MUST(!any || opened.sequence > highest);
    highest = opened.sequence;
    any = 1;
}

static void seal_one(void) {
    static uint8_t envelope[1024];
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    size_t size;
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == 0);
    open_it(envelope, size);
}

static void life(void) {
    static uint8_t envelope[1024];
    const zegel_limits limits = {4, 65536, 86400};
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    size_t size;
    seal_one();
    MUST(zegel_session_begin(&sealer, "t", 1, ZEGEL_NO_TIME, &limits, &support_entropy, envelope, sizeof envelope, &size) == 0);
    open_it(envelope, size);
    for (int i = 0; i < 80; i++) {
        int answered = zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, envelope, sizeof envelope, &size);
        if (answered == ZEGEL_MANIFEST_DUE) {
            MUST(zegel_session_manifest(&sealer, "t", 1, &support_entropy, envelope, sizeof envelope, &size) == 0);
        } else {
            MUST(answered == 0);
        }
        open_it(envelope, size);
    }
    MUST(zegel_session_end(&sealer) == 0);
    seal_one();
}

/* The receiver of one history. */
static void listen(void) {
    const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, &peer, 1, &session, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &device_card) == 0);
    MUST(zegel_receiver_accept(&receiver, &anything) == 0);
}

/* The board starts again: its memory is not what it was, so the session is not either. */
static void start_again(void) {
    static uint8_t envelope[1024];
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    size_t size;
    tear = 0;
    memset(&sealer, 0xa5, sizeof sealer);
    MUST(zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, envelope, sizeof envelope, &size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_sealer_init(&sealer, &device, &pgo_card, ZEGEL_NO_TIME, &storage, 0) == 0);
    MUST(zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, envelope, sizeof envelope, &size) == ZEGEL_BAD_CONTEXT);
    MUST(zegel_session_manifest(&sealer, "t", 1, &support_entropy, envelope, sizeof envelope, &size) == ZEGEL_BAD_CONTEXT);
}

static void go_on(void) {
    /* The first boot may not have finished: it is done again, which is nothing where it had. */
    if (!created) MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
    seal_one();
    if (!unreadable) MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
    seal_one();
}

/* 129 steps a write: the first boot, and two reservations of 64 numbers. */
static void every_step(unsigned stride) {
    for (tear_at = 1; tear_at <= 3 * STEPS + 1; tear_at += stride) {
        static uint8_t torn[2][ZEGEL_SLOT_SIZE];
        static uint64_t highest_then;
        static int any_then;
        static unsigned unreadable_then;
        memset(flash, 0xff, sizeof flash);
        unreadable = 0;
        any = created = 0;
        listen();
        tear = tear_at;
        if (setjmp(reset) == 0) {
            MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
            created = 1;
            MUST(zegel_sealer_init(&sealer, &device, &pgo_card, ZEGEL_NO_TIME, &storage, 0) == 0);
            life();
        }
        memcpy(torn, flash, sizeof flash);
        highest_then = highest;
        any_then = any;
        unreadable_then = unreadable;
        /* The first boot that cannot read a slot cannot know that it was never in use: that is for the program to say. */
        if (!created && unreadable) {
            MUST(zegel_storage_create(&storage, &device, pgo_id) == ZEGEL_STORAGE);
            continue;
        }
        /* The writes by which the device recovers are torn as well, or not. */
        for (second_at = 0; second_at <= 2 * STEPS; second_at += stride + 12) {
            memcpy(flash, torn, sizeof flash);
            unreadable = unreadable_then;
            highest = highest_then;
            any = any_then;
            listen();
            start_again();
            tear = second_at;
            if (setjmp(reset) == 0) go_on();
            start_again();
            go_on();
        }
    }
    unreadable = 0;
}

int main(int argc, char **argv) {
    static uint8_t envelope[1024];
    const unsigned stride = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    size_t size;
    support_noise_clear();
    support_random(1);
    MUST(zegel_identity_from_seed(&device, (const uint8_t *)"a seed of the storage test......") == 0);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of the receiver's identit") == 0);
    MUST(zegel_kem_key_from_secret(&key, (const uint8_t *)"a secret of the receiver's key..") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    card_of(&device, NULL, &device_card);
    card_of(&pgo, &key, &pgo_card);

    for (torn_as = BYTES; torn_as < WAYS; torn_as++) every_step(torn_as == BYTES ? stride : stride + 10);
    torn_as = BYTES;

    /* A slot that held when it was written, and at the next start says something else, or is not to be read: once, and
     * each time. Its numbers may have been used. */
    for (unsigned rotten = 0; rotten < 8; rotten++) {
        tear_at = rotten;
        torn_as = rotten < 4 ? BITS : UNREADABLE;
        memset(flash, 0xff, sizeof flash);
        any = 0;
        unreadable = 0;
        listen();
        MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
        for (unsigned boot = 0; boot < 12; boot++) {
            second_at = boot;
            start_again();
            for (unsigned i = 0; i < 60 * (boot % 3) + 1; i++) seal_one();
            if (rotten % 4 >= 2 && boot != 3 * (rotten % 4)) continue;
            if (torn_as == UNREADABLE) unreadable |= 1u << rotten % 2;
            else flash[rotten % 2][20 + boot] ^= 1;
        }
    }
    torn_as = BYTES;
    unreadable = 0;

    /* Where nothing can be read, or a write does not last, nothing is sealed. */
    tear_at = second_at = 0;
    listen();
    memset(flash, 0xff, sizeof flash);
    MUST(zegel_sealer_init(&sealer, &device, &pgo_card, ZEGEL_NO_TIME, &storage, 0) == 0);
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == ZEGEL_STORAGE);
    MUST(size == 0);
    MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
    reads_fail = 1;
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == ZEGEL_STORAGE);
    MUST(zegel_storage_create(&storage, &device, pgo_id) == ZEGEL_STORAGE);
    reads_fail = 0;
    writes_fail = 1;
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == ZEGEL_STORAGE);
    writes_fail = 0;
    writes_lie = 1;
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == ZEGEL_STORAGE);
    writes_lie = 0;
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, envelope, sizeof envelope, &size) == 0);
    /* Another stream's storage is not this one's, and worn out slots are not blank ones. */
    MUST(zegel_storage_create(&storage, &pgo, pgo_id) == ZEGEL_STORAGE);
    memset(flash, 0x5a, sizeof flash);
    MUST(zegel_storage_create(&storage, &device, pgo_id) == ZEGEL_STORAGE);
    zegel_sealer_wipe(&sealer);
    printf("resets at every step of three writes, and of those that recover from them\n");
    return 0;
}
