/* A device on a POSIX system: seals readings and publishes them through an MQTT broker.
 *
 *     device FOLDER HOST PORT TOPIC READING...
 *
 * FOLDER is the device's memory: its seed, the recipient's card, and where its numbers stand. It gets the recipient's
 * card as FOLDER/recipient.card, from somebody who has compared its fingerprint; a product pairs (zegel_pairing_scan). */
#define _DEFAULT_SOURCE /* explicit_bzero, and POSIX */
#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <zegel.h>

static const char *folder;

static void stop(const char *what, int why) {
    fprintf(stderr, "device: %s: %d\n", what, why);
    exit(1);
}

static int open_in_folder(const char *name, int flags) {
    char path[512];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return -1;
    return open(path, flags, 0600);
}

/* Random bytes of the operating system. */
static int fill(void *user, uint8_t *out, size_t size) {
    const int file = open("/dev/urandom", O_RDONLY);
    ssize_t got = file < 0 ? -1 : read(file, out, size);
    (void)user;
    if (file >= 0) close(file);
    return got == (ssize_t)size ? 0 : 1;
}

/* Two slots in one file. A microcontroller has two pages of flash. */
static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    const int file = open_in_folder(user, O_RDONLY);
    ssize_t got;
    memset(out, 0, size);
    if (file < 0) return errno != ENOENT; /* never written: blank. Anything else is a failure, and not blank. */
    got = pread(file, out, size, (off_t)(slot * ZEGEL_SLOT_SIZE));
    close(file);
    return got < 0 ? 1 : 0;
}

/* A file's name is durable when its folder is. */
static int sync_folder(void) {
    const int file = open(folder, O_RDONLY | O_DIRECTORY);
    const int failed = file < 0 || fsync(file) != 0;
    if (file >= 0) close(file);
    return failed;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    const int file = open_in_folder(user, O_WRONLY | O_CREAT);
    int failed;
    if (file < 0) return 1;
    failed = pwrite(file, bytes, size, (off_t)(slot * ZEGEL_SLOT_SIZE)) != (ssize_t)size || fsync(file) != 0;
    failed |= close(file) != 0 || sync_folder();
    return failed;
}

/* 0 when there is no such file. One that cannot be read is there, and what it says is not made anew. */
static size_t read_file(const char *name, uint8_t *out, size_t size) {
    const int file = open_in_folder(name, O_RDONLY);
    ssize_t got;
    if (file < 0 && errno == ENOENT) return 0;
    got = file < 0 ? -1 : read(file, out, size);
    if (got <= 0) stop(name, -1);
    close(file);
    return (size_t)got;
}

/* Whole, or not at all: under another name until it is durable. */
static void write_file(const char *name, const uint8_t *bytes, size_t size) {
    char from[512], to[512];
    int file;
    if (snprintf(from, sizeof from, "%s/new", folder) >= (int)sizeof from) stop(name, -1);
    unlink(from);
    file = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size || fsync(file) != 0 || close(file) != 0) stop(name, -1);
    if (snprintf(to, sizeof to, "%s/%s", folder, name) >= (int)sizeof to) stop(name, -1);
    if (rename(from, to) != 0 || sync_folder()) stop(name, -1);
}

/* Two that seal from one folder at a time would use the same numbers. The lock ends with the process. */
static void be_alone(void) {
    const int file = open(folder, O_RDONLY | O_DIRECTORY);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0) stop("the folder is in use, or not there", errno);
}

/* First boot. Each thing is durable before the next begins, so that power may go at any moment: what was not done is
 * done at the next start, and what was done is not done again. */
static void load(zegel_identity *identity, zegel_card *recipient, const zegel_storage *storage,
                 const zegel_entropy *entropy, uint64_t now) {
    static zegel_card_facts facts;
    uint8_t seed[32], card[ZEGEL_CARD_SIZE], done;
    size_t size = read_file("recipient.card", card, sizeof card);
    const int ready = read_file("ready", &done, 1) == 1;
    int answered;
    if ((answered = zegel_card_read(recipient, card, size)) != ZEGEL_OK) stop("the recipient's card", answered);
    if ((answered = zegel_card_tell(recipient, &facts)) != ZEGEL_OK) stop("the recipient's card", answered);
    size = read_file("seed", seed, sizeof seed);
    if (size != sizeof seed) {
        /* One that was in use is not replaced: the recipient knows the identity, and not another. */
        if (size != 0 || ready) stop("the seed is lost", 0);
        if (fill(NULL, seed, sizeof seed) != 0) stop("no random bytes", 0);
        write_file("seed", seed, sizeof seed);
    }
    if ((answered = zegel_identity_from_seed(identity, seed)) != ZEGEL_OK) stop("the identity", answered);
    explicit_bzero(seed, sizeof seed); /* a memset of what nobody reads again is left out by compilers */
    if (!ready) {
        const zegel_claims claims = {1, now - 60, now + 365 * 86400, "device", 6, NULL, 0, 0};
        answered = zegel_card_issue(identity, &claims, entropy, card, sizeof card, &size);
        if (answered != ZEGEL_OK) stop("a card", answered);
        write_file("device.card", card, size);
        /* Once: where the numbers were lost later, beginning at 0 again would use them twice. */
        if ((answered = zegel_storage_create(storage, identity, facts.id)) != ZEGEL_OK) stop("storage", answered);
        write_file("ready", (const uint8_t *)"1", 1);
    }
}

/* The broker has taken one more: until then a device keeps the envelope, as it was sealed. */
static void taken(struct mosquitto *client, void *count, int id) {
    (void)client, (void)id;
    ++*(int *)count;
}

int main(int argc, char **argv) {
    static const zegel_entropy entropy = {fill, NULL};
    static char numbers[] = "numbers";
    static const zegel_storage storage = {slot_read, slot_write, numbers};
    static zegel_identity identity;
    static zegel_card recipient;
    static zegel_sealer sealer;
    uint8_t envelope[ZEGEL_SEALED_SIZE(64)];
    const uint64_t now = (uint64_t)time(NULL);
    struct mosquitto *client;
    size_t size;
    int answered, at_broker = 0;
    if (argc < 6) stop("usage: device FOLDER HOST PORT TOPIC READING...", 0);
    folder = argv[1];
    be_alone();
    load(&identity, &recipient, &storage, &entropy, now);
    answered = zegel_sealer_init(&sealer, &identity, &recipient, now, &storage, 0);
    if (answered != ZEGEL_OK) stop("the recipient", answered);

    mosquitto_lib_init();
    client = mosquitto_new(NULL, true, &at_broker);
    if (!client) stop("mosquitto", 0);
    mosquitto_publish_callback_set(client, taken);
    if (mosquitto_connect(client, argv[2], atoi(argv[3]), 30) != MOSQ_ERR_SUCCESS) stop("the broker", 0);
    for (int i = 5; i < argc; i++) {
        const zegel_measurement reading = {now, (const uint8_t *)argv[i], strlen(argv[i]), 42};
        answered = zegel_seal(&sealer, argv[4], strlen(argv[4]), &reading, &entropy, envelope, sizeof envelope, &size);
        if (answered != ZEGEL_OK) stop("a reading", answered); /* on ZEGEL_STORAGE: README.md, storage */
        /* QoS 1, and never retained. */
        if (mosquitto_publish(client, NULL, argv[4], (int)size, envelope, 1, false) != MOSQ_ERR_SUCCESS) stop("publish", 0);
    }
    while (at_broker < argc - 5) {
        if (mosquitto_loop(client, 1000, 1) != MOSQ_ERR_SUCCESS) stop("the broker is gone", 0);
    }
    mosquitto_disconnect(client);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    zegel_sealer_wipe(&sealer);
    zegel_identity_wipe(&identity);
    return 0;
}
