/* A gateway: opens what devices publish, and prints it.
 *
 *     gateway FOLDER init                          makes keys and a card, FOLDER/gateway.card
 *     gateway FOLDER HOST PORT TOPIC COUNT CARD    opens COUNT envelopes from the holder of the card in the file CARD
 *
 * Which numbers were taken is in memory here. A gateway that must not take a measurement twice across its own restarts
 * keeps them in its database, by the functions of zegel_state. */
#define _DEFAULT_SOURCE /* explicit_bzero, and POSIX */
#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zegel.h>

static zegel_identity identity;
static zegel_kem_key key;
static zegel_receiver receiver;
static zegel_peer peers[8];
static zegel_session sessions[4];
static int wanted;

static void stop(const char *what, int why) {
    fprintf(stderr, "gateway: %s: %d\n", what, why);
    exit(1);
}

static int fill(void *user, uint8_t *out, size_t size) {
    const int file = open("/dev/urandom", O_RDONLY);
    ssize_t got = file < 0 ? -1 : read(file, out, size);
    (void)user;
    if (file >= 0) close(file);
    return got == (ssize_t)size ? 0 : 1;
}

static const char *path_of(char path[512], const char *folder, const char *name) {
    if (snprintf(path, 512, "%s%s%s", folder, *folder ? "/" : "", name) >= 512) stop("a path is too long", -1);
    return path;
}

static size_t read_file(const char *folder, const char *name, uint8_t *out, size_t size) {
    char path[512];
    const int file = open(path_of(path, folder, name), O_RDONLY);
    const ssize_t got = file < 0 ? -1 : read(file, out, size);
    if (file >= 0) close(file);
    return got < 0 ? 0 : (size_t)got;
}

/* Whole, or not at all: under another name until it is durable; and its name is when its folder is. */
static void write_file(const char *folder, const char *name, const uint8_t *bytes, size_t size) {
    char from[512], to[512];
    int file;
    unlink(path_of(from, folder, "new"));
    file = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size || fsync(file) != 0 || close(file) != 0) stop(from, -1);
    if (rename(from, path_of(to, folder, name)) != 0) stop(to, -1);
    file = open(folder, O_RDONLY | O_DIRECTORY);
    if (file < 0 || fsync(file) != 0 || close(file) != 0) stop(folder, -1);
}

static int is_missing(const char *folder, const char *name) {
    char path[512];
    return access(path_of(path, folder, name), F_OK) != 0 && errno == ENOENT;
}

static void load(const char *folder) {
    uint8_t secrets[64];
    int answered;
    if (read_file(folder, "secrets", secrets, sizeof secrets) != sizeof secrets) stop("FOLDER/secrets", -1);
    if ((answered = zegel_identity_from_seed(&identity, secrets)) != ZEGEL_OK) stop("the identity", answered);
    if ((answered = zegel_kem_key_from_secret(&key, secrets + 32)) != ZEGEL_OK) stop("the KEM key", answered);
    explicit_bzero(secrets, sizeof secrets);
}

static int init(const char *folder) {
    static const zegel_entropy entropy = {fill, NULL};
    const uint64_t now = (uint64_t)time(NULL);
    uint8_t secrets[64], public_key[32], card[ZEGEL_CARD_SIZE];
    const zegel_claims claims = {1, now - 60, now + 365 * 86400, "gateway", 7, public_key, 1, 0};
    size_t size;
    int answered;
    if (is_missing(folder, "secrets")) { /* whoever has the card knows these, and no others */
        if (fill(NULL, secrets, sizeof secrets) != 0) stop("no random bytes", -1);
        write_file(folder, "secrets", secrets, sizeof secrets);
        explicit_bzero(secrets, sizeof secrets);
    }
    load(folder);
    if (!is_missing(folder, "gateway.card")) return 0;
    if ((answered = zegel_kem_key_public(&key, public_key)) != ZEGEL_OK) stop("the KEM key", answered);
    answered = zegel_card_issue(&identity, &claims, &entropy, card, sizeof card, &size);
    if (answered != ZEGEL_OK) stop("a card", answered);
    write_file(folder, "gateway.card", card, size);
    return 0;
}

/* The message is acknowledged when this returns: what was opened is stored by then, which is printed here. Where the
 * trouble is this end's own it does not return, and the broker gives the message again at the next start. */
static void arrived(struct mosquitto *client, void *user, const struct mosquitto_message *message) {
    static zegel_opened opened;
    const int answered = zegel_open(&receiver, message->topic, strlen(message->topic), (uint64_t)time(NULL),
                                    message->payload, (size_t)message->payloadlen, &opened, NULL);
    (void)client, (void)user;
    if (answered == ZEGEL_STORAGE || answered == ZEGEL_FULL || answered == ZEGEL_KEY_UNAVAILABLE) stop("not taken", answered);
    if (answered == ZEGEL_DUPLICATE) return; /* QoS 1 doing its work */
    if (answered != ZEGEL_OK) {
        /* Here, and nowhere else: nothing is answered on the wire. Where devices have sessions, what is
         * ZEGEL_UNKNOWN_SESSION is kept, within a bound, and opened again after the next keyframe. */
        printf("refused: %d\n", answered);
    } else if (opened.kind == ZEGEL_MEASUREMENT) {
        if (opened.missing) printf("missing: %llu to %llu\n", (unsigned long long)opened.missing_first,
                                   (unsigned long long)opened.missing_last);
        printf("number %llu: %.*s\n", (unsigned long long)opened.sequence, (int)opened.body_size, (const char *)opened.body);
        wanted--;
    }
    if (fflush(stdout) != 0) stop("not stored", -1);
}

int main(int argc, char **argv) {
    static zegel_card device;
    uint8_t card[ZEGEL_CARD_SIZE], id[32];
    struct mosquitto *client;
    size_t size;
    int answered;
    if (argc == 3 && !strcmp(argv[2], "init")) return init(argv[1]);
    if (argc != 7) stop("usage: gateway FOLDER init, or gateway FOLDER HOST PORT TOPIC COUNT CARD", 0);
    load(argv[1]);
    wanted = atoi(argv[5]);
    if ((answered = zegel_identity_id(&identity, id)) != ZEGEL_OK) stop("the identity", answered);
    answered = zegel_receiver_init(&receiver, id, &key, 1, peers, 8, sessions, 4);
    if (answered != ZEGEL_OK) stop("the receiver", answered);
    size = read_file("", argv[6], card, sizeof card);
    if ((answered = zegel_card_read(&device, card, size)) != ZEGEL_OK) stop("the device's card", answered);
    if ((answered = zegel_receiver_pin(&receiver, &device)) != ZEGEL_OK) stop("the device's card", answered);

    mosquitto_lib_init();
    client = mosquitto_new("zegel-gateway", false, NULL); /* the broker keeps what arrives while we are away */
    if (!client) stop("mosquitto", -1);
    /* Else libmosquitto writes the acknowledgement of a message before it calls; so it waits for the next turn. */
    if (mosquitto_threaded_set(client, true) != MOSQ_ERR_SUCCESS) stop("mosquitto", -1);
    mosquitto_message_callback_set(client, arrived);
    if (mosquitto_connect(client, argv[2], atoi(argv[3]), 30) != MOSQ_ERR_SUCCESS) stop("the broker", -1);
    if (mosquitto_subscribe(client, NULL, argv[4], 1) != MOSQ_ERR_SUCCESS) stop("subscribe", -1);
    while (wanted > 0) {
        if (mosquitto_loop(client, 1000, 1) == MOSQ_ERR_SUCCESS) continue;
        sleep(1); /* the broker is gone: it keeps what we subscribed to, and what was not acknowledged */
        (void)mosquitto_reconnect(client);
    }
    (void)mosquitto_threaded_set(client, false); /* the last acknowledgement goes out before the farewell */
    mosquitto_disconnect(client);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    zegel_receiver_wipe(&receiver);
    zegel_kem_key_wipe(&key);
    zegel_identity_wipe(&identity);
    return 0;
}
