/* A process that forks has two of everything. The child's session is over, and its numbers are others than its parent's:
 * the storage is what both share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "zegel.h"

#define MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "forks: line %d: %s\n", __LINE__, #holds), exit(1)))

static struct shared {
    uint8_t slots[2][ZEGEL_SLOT_SIZE], envelope[256];
    size_t size;
} *shared;

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    (void)user;
    memcpy(out, shared->slots[slot], size);
    return 0;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    (void)user;
    memcpy(shared->slots[slot], bytes, size);
    return 0;
}

static const zegel_storage storage = {slot_read, slot_write, NULL};
static const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
static zegel_identity device, pgo;
static zegel_kem_key key;
static zegel_card cards[2];
static zegel_sealer sealer;
static zegel_receiver receiver;
static zegel_peer peer;
static zegel_session session;

static void card(const zegel_identity *identity, const zegel_kem_key *kem, zegel_card *into) {
    uint8_t public_key[32], bytes[ZEGEL_CARD_SIZE];
    size_t size;
    zegel_claims claims = {1, 0, 4000000000u, "test", 4, public_key, kem != NULL, 0};
    if (kem) MUST(zegel_kem_key_public(kem, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &support_entropy, bytes, sizeof bytes, &size) == 0);
    MUST(zegel_card_read(into, bytes, size) == 0);
}

/* What the child may do with what it has inherited. */
static void child(void) {
    static uint8_t out[512];
    size_t written = 77;
    memset(out, 0xcc, sizeof out);
    MUST(zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, out, sizeof out, &written) == ZEGEL_SESSION_OVER);
    MUST(written == 0);
    for (size_t i = 0; i < sizeof out; i++) MUST(out[i] == 0);
    MUST(zegel_session_end(&sealer) == 0);
    MUST(zegel_seal(&sealer, "t", 1, &beat, &support_entropy, shared->envelope, 256, &shared->size) == 0);
}

static uint64_t number(uint8_t *bytes, size_t size) {
    zegel_opened opened;
    MUST(zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, bytes, size, &opened, NULL) == 0);
    return opened.sequence;
}

int main(void) {
    const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
    uint8_t pgo_id[32], keyframe[256], message[256];
    size_t size;
    int status = -1;
    pid_t forked;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(shared != MAP_FAILED);
    memset(shared->slots, 0xff, sizeof shared->slots);
    support_random(5);
    MUST(zegel_identity_from_seed(&device, (const uint8_t *)"a seed of a process that forks..") == 0);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of the receiver of forks.") == 0);
    MUST(zegel_kem_key_from_secret(&key, (const uint8_t *)"a secret of the receiver of fork") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    card(&device, NULL, &cards[0]);
    card(&pgo, &key, &cards[1]);
    MUST(zegel_storage_create(&storage, &device, pgo_id) == 0);
    MUST(zegel_sealer_init(&sealer, &device, &cards[1], ZEGEL_NO_TIME, &storage, 0) == 0);
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, &peer, 1, &session, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &cards[0]) == 0 && zegel_receiver_accept(&receiver, &anything) == 0);
    MUST(zegel_session_begin(&sealer, "t", 1, ZEGEL_NO_TIME, NULL, &support_entropy, keyframe, 256, &size) == 0);
    MUST(number(keyframe, size) == 0);

    forked = fork();
    MUST(forked >= 0);
    if (forked == 0) {
        child();
        _exit(0);
    }
    MUST(waitpid(forked, &status, 0) == forked && status == 0);
    /* The parent goes on where it was, and the child's number is its own. */
    MUST(zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, message, sizeof message, &size) == 0);
    MUST(number(message, size) == 1);
    MUST(number(shared->envelope, shared->size) >= 64);
    printf("the child has no session, and numbers of its own\n");
    return 0;
}
