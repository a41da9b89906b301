/* zegel.h: signed, sealed envelopes for health measurements, over a broker that nobody trusts.
 *
 * Read it from top to bottom: conventions, what the program brings, keys, sealing, pairing, opening, evidence. README.md
 * beside it has chapters on entropy, storage and threads; SPEC.md says what each number and each byte means.
 *
 * Conventions
 *   - Every call returns 0, or why not: a number of SPEC.md, section 14, or a negative one for a mistake in the call.
 *   - The object comes first, then inputs, then outputs. A length follows its pointer. An output's length is set.
 *   - The caller owns all memory. There is no heap, no global state and no clock: time is an argument, in seconds
 *     since 1970, or ZEGEL_NO_TIME.
 *   - A context (a struct with `opaque` in it) is made by a call and ended by its `_wipe`, which may come twice or get
 *     NULL; while it lives it is not made anew. It is not copied, not moved and not kept over a reset, and lives in one
 *     thread at a time. It holds on to what it was made from: a sealer to its identity, a receiver to its keys, peers
 *     and sessions, a pairing to its identity and card. Where one has ended, or is another's, it is ZEGEL_BAD_CONTEXT.
 *   - On a positive result outputs are wiped, and nothing has changed but that a number may be used up. On a negative
 *     one nothing at all was touched. NULL, misaligned or overlapping arguments and contexts that were never made,
 *     have ended, were moved or are at work are answered, and not followed.
 */
#ifndef ZEGEL_H
#define ZEGEL_H

#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#define ZEGEL_CALL __attribute__((warn_unused_result)) int
#else
#define ZEGEL_CALL int
#endif

/* Results. SPEC.md, section 14, says what to do about each. */
enum zegel_result {
    ZEGEL_OK = 0,
    ZEGEL_MALFORMED = 1, ZEGEL_NOT_FOR_ME = 2, ZEGEL_REJECTED = 3, ZEGEL_UNKNOWN_SENDER = 4, ZEGEL_REVOKED = 5,
    ZEGEL_EXPIRED = 6, ZEGEL_NOT_YET_VALID = 7, ZEGEL_DUPLICATE = 8, ZEGEL_TOO_OLD = 9, ZEGEL_CONFLICT = 10,
    ZEGEL_ROLLBACK = 11, ZEGEL_EQUIVOCATION = 12, ZEGEL_WEAK_KEY = 13, ZEGEL_INVALID_TOPIC = 14, ZEGEL_TOO_LARGE = 15,
    ZEGEL_BUFFER_TOO_SMALL = 16, ZEGEL_ENTROPY = 17, ZEGEL_STORAGE = 18, ZEGEL_EXHAUSTED = 19,
    ZEGEL_KEY_UNAVAILABLE = 20, ZEGEL_FULL = 21, ZEGEL_RESERVED = 22, ZEGEL_NOTHING_ALLOWED = 23,
    ZEGEL_UNKNOWN_SESSION = 24, ZEGEL_SESSION_OVER = 25, ZEGEL_MANIFEST_DUE = 26, ZEGEL_STALE = 27, ZEGEL_AHEAD = 28,
    ZEGEL_JUMP = 29, ZEGEL_CODE_USED = 30,
    ZEGEL_BAD_ARGUMENT = -1, /* NULL, misaligned, overlapping, or a length or option that cannot be */
    ZEGEL_BAD_CONTEXT = -2,  /* never made, ended, moved, of another kind, or not in the state for this call */
    ZEGEL_BUSY = -3          /* a context that another call is working with */
};

#define ZEGEL_NO_TIME UINT64_MAX  /* no clock; as a limit: none */
#define ZEGEL_SLOT_SIZE 64        /* bytes of one slot of storage */
#define ZEGEL_CARD_SIZE 512       /* the longest card */
#define ZEGEL_RECORD_SIZE 152     /* what zegel_state keeps of a session */
#define ZEGEL_FINGERPRINT_SIZE 48 /* with the zero at its end */
#define ZEGEL_CODE_SIZE 126       /* a pairing code, with the zero at its end */
#define ZEGEL_PAIRING_TOPIC_SIZE 30
#define ZEGEL_PAIRING_SIZE 640    /* the longest message of a pairing */
#define ZEGEL_KEYFRAME_SIZE 256
#define ZEGEL_MANIFEST_SIZE 256

/* The longest envelope of a body, and message of a session, by buckets (SPEC.md, 4.5); a topic takes no room in them. */
#define ZEGEL_BUCKET_(n) ((n) <= 256 ? 512 : (n) <= 512 ? 1024 : (n) <= 1024 ? 2048 : (n) + (n) / 4 + 1024)
#define ZEGEL_SEALED_SIZE(body_size) ((size_t)ZEGEL_BUCKET_((body_size) + 192))
#define ZEGEL_GROUP_SIZE(body_size, recipients) ((size_t)ZEGEL_BUCKET_((body_size) + 192 + 124 * (recipients)))
#define ZEGEL_MESSAGE_SIZE(body_size) ((size_t)((body_size) <= 50 ? 256 : ZEGEL_BUCKET_((body_size) + 72)))
#define ZEGEL_EVIDENCE_SIZE(topic, statement, card) ((size_t)((topic) + (statement) + (card) + 640)) /* of their sizes */

/* What the program brings ------------------------------------------------------------------------------------------
 * Functions that return 0, or anything else when they failed; no longjmp and no exception leaves them. `user` is handed
 * back. What the call that called them works with they cannot end (ZEGEL_BUSY), and must not make anew. */
typedef struct zegel_entropy { /* fills `out` from a generator that is seeded; never a constant, never time alone */
    int (*fill)(void *user, uint8_t *out, size_t size);
    void *user;
} zegel_entropy;

typedef struct zegel_storage { /* two slots of ZEGEL_SLOT_SIZE bytes, for one sealer; a write may be torn by a reset */
    int (*read)(void *user, uint32_t slot, uint8_t *out, size_t size);
    int (*write)(void *user, uint32_t slot, const uint8_t *bytes, size_t size); /* durable when it returns */
    void *user;
} zegel_storage;

typedef struct zegel_part { const uint8_t *bytes; size_t size; } zegel_part;

typedef struct zegel_signer { /* an Ed25519 key in a secure element: signs the parts, one after the other */
    int (*sign)(void *user, const zegel_part *parts, size_t count, const uint8_t *noise, uint8_t *signature);
    void *user;
    uint8_t public_key[32], hedge[32]; /* hedge: 32 secret bytes, drawn once */
} zegel_signer;

typedef struct zegel_agreement { /* an X25519 key in a secure element */
    int (*agree)(void *user, const uint8_t *peer, uint8_t *shared);
    void *user;
    uint8_t public_key[32];
} zegel_agreement;

/* Contexts, by their size in words of 8 bytes on 32 and 64 bits. */
#define ZEGEL_CONTEXT_(name, small, large) \
    typedef struct name { uint64_t opaque[sizeof(void *) == 4 ? (small) : (large)]; } name
ZEGEL_CONTEXT_(zegel_identity, 44, 44);  /* who signs */
ZEGEL_CONTEXT_(zegel_kem_key, 14, 16);   /* what opens */
ZEGEL_CONTEXT_(zegel_card, 68, 68);      /* somebody's public keys, verified */
ZEGEL_CONTEXT_(zegel_sealer, 132, 132);  /* what seals for one recipient */
ZEGEL_CONTEXT_(zegel_group, 700, 720);   /* what seals for several at once */
ZEGEL_CONTEXT_(zegel_pairing, 250, 250); /* one end of a pairing */
ZEGEL_CONTEXT_(zegel_receiver, 66, 76);  /* what opens for one identity */
ZEGEL_CONTEXT_(zegel_peer, 160, 160);    /* a sender that it trusts */
ZEGEL_CONTEXT_(zegel_session, 724, 724); /* a session that it follows */
ZEGEL_CONTEXT_(zegel_proof, 56, 58);     /* what can be handed on of what it opened */

/* Keys and cards ---------------------------------------------------------------------------------------------------
 * A card is public. It proves that its keys belong together; whose they are is for a person to say, who compares
 * the fingerprint, or for a pairing. */

ZEGEL_CALL zegel_identity_from_seed(zegel_identity *identity, const uint8_t seed[32]);
ZEGEL_CALL zegel_identity_from_signer(zegel_identity *identity, const zegel_signer *signer);
ZEGEL_CALL zegel_identity_id(const zegel_identity *identity, uint8_t id[32]);
int zegel_identity_wipe(zegel_identity *identity);
ZEGEL_CALL zegel_fingerprint(const uint8_t id[32], char text[ZEGEL_FINGERPRINT_SIZE]);

ZEGEL_CALL zegel_kem_key_from_secret(zegel_kem_key *key, const uint8_t secret[32]);
ZEGEL_CALL zegel_kem_key_from_agreement(zegel_kem_key *key, const zegel_agreement *agreement);
ZEGEL_CALL zegel_kem_key_public(const zegel_kem_key *key, uint8_t public_key[32]);
int zegel_kem_key_wipe(zegel_kem_key *key);

typedef struct zegel_claims { /* what a card is to say */
    uint64_t serial, not_before, expires;
    const char *label; size_t label_size;                /* UTF-8, at most 64 bytes */
    const uint8_t *kem_keys; size_t kem_count;           /* public keys, 32 bytes each, at most 4; none to seal alone */
    uint8_t withdrawn;                                   /* 1 ends the identity */
} zegel_claims;

typedef struct zegel_card_facts { /* what a card says */
    uint64_t serial, not_before, expires;
    uint8_t id[32], digest[32];
    char label[65];
    uint8_t kem_count, withdrawn;
} zegel_card_facts;

ZEGEL_CALL zegel_card_issue(const zegel_identity *identity, const zegel_claims *claims, const zegel_entropy *entropy,
                            uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_card_read(zegel_card *card, const uint8_t *bytes, size_t size);
ZEGEL_CALL zegel_card_check(const zegel_card *card, uint64_t now); /* ZEGEL_OK when it is in force */
ZEGEL_CALL zegel_card_tell(const zegel_card *card, zegel_card_facts *facts);

/* Sealing ----------------------------------------------------------------------------------------------------------
 * One sealer for each recipient, one storage for each sealer. A number is durable before it is used. */

typedef struct zegel_measurement {
    uint64_t time;
    const uint8_t *body; size_t body_size;
    uint16_t format; /* CoAP content format: 112 SenML in CBOR, 60 CBOR, 50 JSON, 42 bytes; below 65000 */
} zegel_measurement;

typedef struct zegel_limits { /* of a session: at most 64, 65536 and 86400 */
    uint64_t block, messages, seconds;
} zegel_limits;

enum zegel_options { ZEGEL_UNPADDED = 1, ZEGEL_SELF_CHECK = 2 }; /* the latter verifies what it signs */

/* Once in the life of an identity and a recipient, on blank slots; never because a storage could not be read. */
ZEGEL_CALL zegel_storage_create(const zegel_storage *storage, const zegel_identity *identity, const uint8_t recipient[32]);
ZEGEL_CALL zegel_sealer_init(zegel_sealer *sealer, const zegel_identity *identity, const zegel_card *recipient,
                             uint64_t now, const zegel_storage *storage, uint32_t options);
/* A newer card of the same. Where it has another key, an open session is over, up to zegel_session_end: sign it before. */
ZEGEL_CALL zegel_sealer_renew(zegel_sealer *sealer, const zegel_card *card, uint64_t now);
int zegel_sealer_wipe(zegel_sealer *sealer);

ZEGEL_CALL zegel_seal(zegel_sealer *sealer, const char *topic, size_t topic_size,
                      const zegel_measurement *measurement, const zegel_entropy *entropy,
                      uint8_t *out, size_t size, size_t *written);
/* Hands on evidence, or an introduction, that somebody else has signed. */
ZEGEL_CALL zegel_forward(zegel_sealer *sealer, const char *topic, size_t topic_size, uint64_t time,
                         const uint8_t *evidence, size_t evidence_size, const zegel_entropy *entropy,
                         uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_introduce(zegel_sealer *sealer, const char *topic, size_t topic_size, uint64_t time,
                           const uint8_t *introduction, size_t introduction_size, const zegel_entropy *entropy,
                           uint8_t *out, size_t size, size_t *written);

/* A session: its keyframe, then messages, after each block a manifest that signs them. Its keys are in the sealer's
 * memory alone, so a reset ends it. Limits may be NULL: 32, 65536, 86400. Meanwhile zegel_seal is ZEGEL_BAD_CONTEXT. */
ZEGEL_CALL zegel_session_begin(zegel_sealer *sealer, const char *topic, size_t topic_size, uint64_t now,
                               const zegel_limits *limits, const zegel_entropy *entropy,
                               uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_session_seal(zegel_sealer *sealer, const char *topic, size_t topic_size,
                              const zegel_measurement *measurement, uint64_t now,
                              uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_session_manifest(zegel_sealer *sealer, const char *topic, size_t topic_size,
                                  const zegel_entropy *entropy, uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_session_end(zegel_sealer *sealer);

/* One publication for 2 to 16 recipients, whose cards are an array. Another set of them is another group and storage. */
ZEGEL_CALL zegel_group_init(zegel_group *group, const zegel_identity *identity, const zegel_card *recipients, size_t count,
                            uint64_t now, const zegel_storage *storage, uint32_t options);
ZEGEL_CALL zegel_group_storage_create(zegel_group *group); /* once in its life, as zegel_storage_create */
ZEGEL_CALL zegel_group_renew(zegel_group *group, const zegel_card *card, uint64_t now);
ZEGEL_CALL zegel_group_seal(zegel_group *group, const char *topic, size_t topic_size, const zegel_measurement *measurement,
                            const zegel_entropy *entropy, uint8_t *out, size_t size, size_t *written);
int zegel_group_wipe(zegel_group *group);

/* Pairing ----------------------------------------------------------------------------------------------------------
 * Two ends that never met exchange their cards over the broker, by a code that one shows (as a QR code) and the other
 * scans. Each feeds what arrives to zegel_pairing_take and publishes what comes out, until `paired` is 1. What is
 * refused changes nothing: go on listening. `card` is one's own, and stays where it is until the pairing is wiped. */

ZEGEL_CALL zegel_pairing_scan(zegel_pairing *pairing, const zegel_identity *identity,
                              const uint8_t *card, size_t card_size, const char *code, size_t code_size, uint64_t now,
                              uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_pairing_show(zegel_pairing *pairing, const zegel_identity *identity,
                              const uint8_t *card, size_t card_size, uint64_t now, uint64_t seconds,
                              const zegel_entropy *entropy, char code[ZEGEL_CODE_SIZE]);
ZEGEL_CALL zegel_pairing_topics(zegel_pairing *pairing, char listens_on[ZEGEL_PAIRING_TOPIC_SIZE],
                                char speaks_on[ZEGEL_PAIRING_TOPIC_SIZE]);
ZEGEL_CALL zegel_pairing_take(zegel_pairing *pairing, uint8_t *message, size_t message_size, uint64_t now,
                              const zegel_entropy *entropy, uint8_t *out, size_t size, size_t *written, uint8_t *paired);
ZEGEL_CALL zegel_pairing_card(zegel_pairing *pairing, uint8_t *out, size_t size, size_t *written); /* once paired */
int zegel_pairing_wipe(zegel_pairing *pairing);

/* Opening ----------------------------------------------------------------------------------------------------------
 * A receiver holds at most 4 KEM keys, as an array; its peers and sessions are arrays that belong to it. */

typedef struct zegel_acceptance { uint64_t max_age, max_skew, max_jump; } zegel_acceptance;

typedef struct zegel_state { /* what outlives the process. NULL may be vouches; keep and find; those and take and next */
    /* Takes a number in a stream of 64 bytes, in one transaction with the measurement: 0, or ZEGEL_DUPLICATE,
     * _TOO_OLD, _CONFLICT or _FULL. Sets missing[0] and [1] to the numbers that are missing now, `late` to 1 or 0. */
    int (*take)(void *user, const uint8_t *stream, uint64_t sequence, const uint8_t *digest, uint64_t *missing,
                uint8_t *late);
    int (*next)(void *user, const uint8_t *stream, uint64_t *next); /* the first number above all that were taken */
    int (*keep)(void *user, const uint8_t *session, const uint8_t *record, size_t size); /* under 8 bytes of name */
    int (*find)(void *user, const uint8_t *session, uint8_t *record, size_t size); /* 0 or ZEGEL_UNKNOWN_SESSION */
    int (*vouches)(void *user, const uint8_t *forwarder, const uint8_t *origin); /* 0, _UNKNOWN_SENDER or _REVOKED */
    void *user;
} zegel_state;

enum zegel_kind { ZEGEL_MEASUREMENT = 1, ZEGEL_KEYFRAME, ZEGEL_MANIFEST, ZEGEL_EVIDENCE, ZEGEL_INTRODUCTION };

typedef struct zegel_opened {
    uint64_t sequence, time;
    const uint8_t *body; size_t body_size;           /* in the buffer that was opened */
    const uint8_t *statement; size_t statement_size; /* keep it until its block is signed, to write evidence */
    uint64_t missing_first, missing_last;            /* where missing is 1: what has not arrived */
    uint64_t block_first, block_last;                /* where block is 1: what is signed from now on */
    zegel_limits limits;                             /* of a keyframe */
    uint8_t sender[32], digest[32], audience[32], session[8];
    uint16_t format;
    uint8_t kind;          /* enum zegel_kind */
    uint8_t is_signed;     /* 0: nobody can be shown yet that the sender said it */
    uint8_t missing, late, block;
    uint8_t origin_pinned; /* of evidence; 0 when the sender vouches for the origin */
    uint8_t kept;          /* of a keyframe; 0 when it came so late that its messages cannot be opened */
} zegel_opened;

typedef struct zegel_event { /* what a person has to see */
    uint64_t number;  /* of the statement, or the serial of the card */
    uint8_t id[32];
    uint8_t what;     /* ZEGEL_CONFLICT, ZEGEL_EQUIVOCATION, 255 for other keys on a newer card, 0 for none */
} zegel_event;

ZEGEL_CALL zegel_receiver_init(zegel_receiver *receiver, const uint8_t me[32],
                               const zegel_kem_key *keys, size_t key_count, zegel_peer *peers, size_t peer_count,
                               zegel_session *sessions, size_t session_count);
ZEGEL_CALL zegel_receiver_accept(zegel_receiver *receiver, const zegel_acceptance *acceptance);
ZEGEL_CALL zegel_receiver_keep(zegel_receiver *receiver, const zegel_state *state);
ZEGEL_CALL zegel_receiver_pin(zegel_receiver *receiver, const zegel_card *card);   /* a person has decided to */
ZEGEL_CALL zegel_receiver_renew(zegel_receiver *receiver, const zegel_card *card); /* it came over the broker */
ZEGEL_CALL zegel_receiver_revoke(zegel_receiver *receiver, const uint8_t id[32]);
ZEGEL_CALL zegel_receiver_events(zegel_receiver *receiver, zegel_event events[4], uint64_t *count);
int zegel_receiver_wipe(zegel_receiver *receiver);

/* Opens in place: `opened` points into `envelope`, which is wiped on failure, but left as it came on
 * ZEGEL_UNKNOWN_SESSION, to be tried again when the keyframe is here. `proof` may be NULL; it holds on to
 * topic and envelope. Acknowledge to the broker after this, but not on ZEGEL_STORAGE, _FULL and _KEY_UNAVAILABLE. */
ZEGEL_CALL zegel_open(zegel_receiver *receiver, const char *topic, size_t topic_size, uint64_t now,
                      uint8_t *envelope, size_t size, zegel_opened *opened, zegel_proof *proof);

/* Evidence ---------------------------------------------------------------------------------------------------------
 * What a third party can check: of an envelope at once, of a session's message when its block is signed. */

typedef struct zegel_evidence {
    uint64_t sequence, time;
    const uint8_t *body; size_t body_size; /* these point into the evidence */
    const char *topic; size_t topic_size;
    const uint8_t *card; size_t card_size;
    uint64_t signed_first, signed_last;    /* the numbers under the same signature */
    uint8_t origin[32], digest[32];
    uint16_t format;
} zegel_evidence;

ZEGEL_CALL zegel_evidence_write(zegel_receiver *receiver, const zegel_proof *proof,
                                const char *topic, size_t topic_size, const uint8_t *statement, size_t statement_size,
                                const uint8_t *sender_card, size_t card_size, uint8_t *out, size_t size, size_t *written);
ZEGEL_CALL zegel_proof_release(zegel_receiver *receiver, zegel_proof *proof); /* no more evidence of this block */
int zegel_proof_wipe(zegel_proof *proof);
ZEGEL_CALL zegel_evidence_read(const uint8_t *bytes, size_t size, zegel_evidence *evidence);
ZEGEL_CALL zegel_evidence_is_for(const uint8_t *bytes, size_t size, const uint8_t id[32]);
ZEGEL_CALL zegel_introduction_read(const uint8_t *bytes, size_t size, uint8_t *ids, size_t room, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
