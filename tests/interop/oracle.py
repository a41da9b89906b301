"""A second Zegel, in Python on python-cwt: writes and reads the envelopes and cards of SPEC §4 to §8.

It shares no line with the Rust code. What both accept and both refuse is what SPEC.md says.
"""

import hashlib
from dataclasses import dataclass, field

import cbor2
from cwt import COSE, COSEKey

import ed25519
from names import (
    FIRST_RESERVED_FORMAT,
    MAX_CARD,
    MAX_ENVELOPE,
    MAX_KEM_KEYS,
    MAX_LABEL,
    MAX_NUMBER,
    Identity,
    KemKey,
    ZegelError,
    cbor,
    check_ed25519_public,
    check_kem_public,
    check_topic,
    ed25519_id,
    strict,
    x25519_thumbprint,
)

HPKE_INFO = b"zegel-1"
ALG_HPKE_4 = cbor({1: 42})
ALG_ED25519 = cbor({1: -19})
SERIAL, KEM_KEYS, LABEL, STATUS = -65537, -65538, -65539, -65540


def envelope_aad(topic):
    return cbor(["zegel-envelope-1", topic])


def statement_aad(sender_id, audience_ids, topic):
    return cbor(["zegel-statement-1", sender_id, list(audience_ids), topic])


def sig_structure(external_aad, payload):
    return cbor(["Signature1", ALG_ED25519, external_aad, payload])


def signing_key(identity: Identity):
    return COSEKey.new({1: 1, 2: identity.kid, 3: -19, -1: 6, -2: identity.public, -4: identity.seed})


def verifying_key(public):
    return COSEKey.new({1: 1, 2: ed25519_id(public)[:8], 3: -19, -1: 6, -2: public})


def agreement_key(key: KemKey):
    return COSEKey.new({1: 1, 2: key.kid, 3: 42, -1: 4, -2: key.public, -4: key.secret})


@dataclass
class Card:
    """A verified card (SPEC §8)."""

    public: bytes
    serial: int
    not_before: int
    expires: int
    label: str
    kem_publics: list
    status: int
    digest: bytes

    @property
    def id(self):
        return ed25519_id(self.public)

    def check_valid(self, now):
        if self.status != 0:
            raise ZegelError("Revoked")
        if now is not None and now < self.not_before:
            raise ZegelError("NotYetValid")
        if now is not None and now > self.expires:
            raise ZegelError("Expired")


def claims(public, kem_publics, serial=1, not_before=0, expires=MAX_NUMBER, label="", status=0):
    return {
        4: expires,
        5: not_before,
        8: {1: {1: 1, -1: 6, -2: public}},
        SERIAL: serial,
        KEM_KEYS: [{1: 1, 2: x25519_thumbprint(k)[:8], -1: 4, -2: k} for k in kem_publics],
        LABEL: label,
        STATUS: status,
    }


def issue_card(identity: Identity, kem_publics, **fields):
    """A card's bytes, signed by python-cwt."""
    return COSE.new().encode_and_sign(
        cbor(claims(identity.public, kem_publics, **fields)),
        signing_key(identity),
        protected={1: -19},
        unprotected={4: identity.kid},
        external_aad=cbor(["zegel-card-1"]),
    )


def _is_uint(value, most=MAX_NUMBER):
    return type(value) is int and 0 <= value <= most


def _is_bytes(value, length=None):
    return type(value) is bytes and (length is None or len(value) == length)


def _require(condition, error, why=""):
    if not condition:
        raise ZegelError(error, why)


def read_card(data):
    """SPEC §8.2: shape, then keys, then the self-signature."""
    _require(len(data) <= MAX_CARD, "Malformed", "too long")
    tag = strict(data)
    _require(isinstance(tag, cbor2.CBORTag) and tag.tag == 18, "Malformed", "tag 18")
    _require(type(tag.value) is list and len(tag.value) == 4, "Malformed", "four items")
    protected, unprotected, payload, signature = tag.value
    _require(protected == ALG_ED25519, "Malformed", "protected header")
    _require(type(unprotected) is dict and list(unprotected) == [4] and _is_bytes(unprotected[4], 8), "Malformed", "kid")
    _require(_is_bytes(payload) and _is_bytes(signature, 64), "Malformed", "payload, signature")
    body = strict(payload)
    _require(type(body) is dict and set(body) == {4, 5, 8, SERIAL, KEM_KEYS, LABEL, STATUS}, "Malformed", "claims")
    _require(all(_is_uint(body[k]) for k in (4, 5, SERIAL)) and _is_uint(body[STATUS], 1), "Malformed", "numbers")
    _require(body[5] <= body[4], "Malformed", "nbf after exp")
    label = body[LABEL]
    _require(type(label) is str and len(label.encode()) <= MAX_LABEL, "Malformed", "label")
    _require(not any(c < " " or "\x7f" <= c <= "\x9f" for c in label), "Malformed", "label control")
    cnf = body[8]
    _require(type(cnf) is dict and set(cnf) == {1} and type(cnf[1]) is dict, "Malformed", "cnf")
    key = cnf[1]
    _require(set(key) == {1, -1, -2} and (key[1], key[-1]) == (1, 6) and _is_bytes(key[-2], 32), "Malformed", "cnf key")
    kems = body[KEM_KEYS]
    _require(type(kems) is list and len(kems) <= MAX_KEM_KEYS, "Malformed", "KEM keys")
    for k in kems:
        _require(type(k) is dict and set(k) == {1, 2, -1, -2} and (k[1], k[-1]) == (1, 4), "Malformed", "KEM key")
        _require(_is_bytes(k[2], 8) and _is_bytes(k[-2], 32), "Malformed", "KEM key lengths")
    _require(len({k[2] for k in kems}) == len(kems), "Malformed", "a KEM kid twice")
    _require(ed25519_id(key[-2])[:8] == unprotected[4], "Malformed", "card kid")
    check_ed25519_public(key[-2])
    for k in kems:
        check_kem_public(k[-2])
        _require(x25519_thumbprint(k[-2])[:8] == k[2], "Malformed", "KEM kid")
    external_aad = cbor(["zegel-card-1"])
    _require(ed25519.verify_strict(key[-2], sig_structure(external_aad, payload), signature), "Rejected", "signature")
    COSE.new().decode(bytes(data), verifying_key(key[-2]), external_aad=external_aad)
    return Card(
        key[-2], body[SERIAL], body[5], body[4], label, [k[-2] for k in kems], body[STATUS],
        hashlib.sha256(bytes(data)).digest(),
    )


def seal(sender: Identity, recipient: Card, topic, sequence, time, format, body, pad=0):
    """An envelope's bytes: COSE_Sign1 inside COSE_Encrypt0 HPKE-4, both by python-cwt."""
    check_topic(topic)
    statement = cbor([sequence, time, format, body, bytes(pad)])
    signed = COSE.new().encode_and_sign(
        statement,
        signing_key(sender),
        protected={1: -19},
        unprotected={4: sender.kid},
        external_aad=statement_aad(sender.id, [recipient.id], topic),
        out="cbor2/CBORTag",
    )
    to = recipient.kem_publics[0]
    kid = x25519_thumbprint(to)[:8]
    sealed = COSE.new().encode_and_encrypt(
        cbor(signed.value),
        COSEKey.new({1: 1, 2: kid, 3: 42, -1: 4, -2: to}),
        protected={1: 42},
        unprotected={4: kid},
        external_aad=envelope_aad(topic),
        hpke_info=HPKE_INFO,
    )
    return cbor(cbor2.loads(sealed))


@dataclass
class Receiver:
    """One recipient's keys and state: trusts cards, remembers what it took (SPEC §7)."""

    id: bytes
    keys: list
    cards: dict = field(default_factory=dict)
    revoked: set = field(default_factory=set)
    taken: dict = field(default_factory=dict)

    def pin(self, card: Card):
        self.cards[card.id[:8]] = card

    def open(self, topic, now, data):
        """SPEC §7.1, one step a paragraph."""
        check_topic(topic)
        _require(len(data) <= MAX_ENVELOPE, "Malformed", "too long")

        tag = strict(data)
        _require(isinstance(tag, cbor2.CBORTag) and tag.tag == 16, "Malformed", "tag 16")
        _require(type(tag.value) is list and len(tag.value) == 3, "Malformed", "three items")
        protected, unprotected, ciphertext = tag.value
        _require(protected == ALG_HPKE_4, "Malformed", "protected header")
        _require(type(unprotected) is dict and set(unprotected) == {4, -4}, "Malformed", "unprotected header")
        _require(_is_bytes(unprotected[4], 8) and _is_bytes(unprotected[-4], 32), "Malformed", "kid, ek")
        _require(_is_bytes(ciphertext), "Malformed", "ciphertext")

        key = next((k for k in self.keys if k.kid == unprotected[4]), None)
        _require(key is not None, "NotForMe")

        try:
            plaintext = COSE.new().decode(
                bytes(data), agreement_key(key), external_aad=envelope_aad(topic), hpke_info=HPKE_INFO
            )
        except Exception as err:
            raise ZegelError("Rejected", "HPKE") from err

        signed = strict(plaintext, "Rejected")
        _require(type(signed) is list and len(signed) == 4, "Rejected", "COSE_Sign1")
        _require(signed[0] == ALG_ED25519, "Rejected", "inner protected header")
        _require(type(signed[1]) is dict and list(signed[1]) == [4] and _is_bytes(signed[1][4], 8), "Rejected", "kid")
        _require(_is_bytes(signed[2]) and _is_bytes(signed[3], 64), "Rejected", "statement, signature")
        statement = strict(signed[2], "Rejected")
        _require(type(statement) is list and len(statement) == 5, "Rejected", "five items")
        sequence, time, format, body, pad = statement
        _require(_is_uint(sequence) and (time is None or _is_uint(time)), "Rejected", "sequence, time")
        _require(_is_uint(format, FIRST_RESERVED_FORMAT - 1), "Rejected", "format")
        _require(_is_bytes(body) and _is_bytes(pad), "Rejected", "body, pad")
        _require(not any(pad), "Rejected", "pad is not zero")

        card = self.cards.get(signed[1][4])
        _require(card is not None, "UnknownSender")

        external_aad = statement_aad(card.id, [self.id], topic)
        to_be_signed = sig_structure(external_aad, signed[2])
        _require(ed25519.verify_strict(card.public, to_be_signed, signed[3]), "Rejected", "signature")
        COSE.new().decode(cbor2.CBORTag(18, signed), verifying_key(card.public), external_aad=external_aad)

        _require(card.id not in self.revoked, "Revoked")
        card.check_valid(now)

        digest = hashlib.sha256(to_be_signed).digest()
        taken = self.taken.setdefault(card.id, {})
        if sequence in taken:
            raise ZegelError("Duplicate" if taken[sequence] == digest else "Conflict")
        taken[sequence] = digest
        return {
            "sender": card.id, "sequence": sequence, "time": time, "format": format, "body": body,
            "pad": len(pad), "digest": digest,
        }
