"""Cards: SPEC §8.1 and §8.2, and the COSE keys of python-cwt."""

import hashlib
from dataclasses import dataclass

from cwt import COSE, COSEKey

import ed25519
from names import (
    MAX_CARD, MAX_KEM_KEYS, MAX_LABEL, MAX_NUMBER, Identity, KemKey, ZegelError, cbor, check_ed25519_public,
    check_kem_public, ed25519_id, strict, x25519_thumbprint,
)
from shape import ALG_ED25519, is_bytes, is_list, is_uint, require, sign1, tagged

SERIAL, KEM_KEYS, LABEL, STATUS = -65537, -65538, -65539, -65540
CARD_AAD = cbor(["zegel-card-1"])


def sig_structure(external_aad, payload):
    return cbor(["Signature1", ALG_ED25519, external_aad, payload])


def signing_key(identity: Identity):
    return COSEKey.new({1: 1, 2: identity.kid, 3: -19, -1: 6, -2: identity.public, -4: identity.seed})


def verifying_key(public):
    return COSEKey.new({1: 1, 2: ed25519_id(public)[:8], 3: -19, -1: 6, -2: public})


def agreement_key(key: KemKey, alg=42):
    return COSEKey.new({1: 1, 2: key.kid, 3: alg, -1: 4, -2: key.public, -4: key.secret})


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
    raw: bytes = b""

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
        external_aad=CARD_AAD,
    )


def parse_card(data):
    """The exact shape: SPEC §8.2, step 1. The header's kid, the payload, the signature, and what they say."""
    require(len(data) <= MAX_CARD, "Malformed", "too long")
    kid, payload, signature = sign1(tagged(data, 18, 4), "Malformed")
    body = strict(payload)
    require(type(body) is dict and set(body) == {4, 5, 8, SERIAL, KEM_KEYS, LABEL, STATUS}, "Malformed", "claims")
    require(all(is_uint(body[k]) for k in (4, 5, SERIAL)) and is_uint(body[STATUS], 1), "Malformed", "numbers")
    require(body[5] <= body[4], "Malformed", "nbf after exp")
    label = body[LABEL]
    require(type(label) is str and len(label.encode()) <= MAX_LABEL, "Malformed", "label")
    require(not any(c < " " or "\x7f" <= c <= "\x9f" for c in label), "Malformed", "label control")
    cnf = body[8]
    require(type(cnf) is dict and set(cnf) == {1} and type(cnf[1]) is dict, "Malformed", "cnf")
    key = cnf[1]
    require(set(key) == {1, -1, -2} and (key[1], key[-1]) == (1, 6) and is_bytes(key[-2], 32), "Malformed", "cnf key")
    kems = body[KEM_KEYS]
    require(is_list(kems, 0, MAX_KEM_KEYS), "Malformed", "KEM keys")
    for k in kems:
        require(type(k) is dict and set(k) == {1, 2, -1, -2} and (k[1], k[-1]) == (1, 4), "Malformed", "KEM key")
        require(is_bytes(k[2], 8) and is_bytes(k[-2], 32), "Malformed", "KEM key lengths")
    require(len({k[2] for k in kems}) == len(kems), "Malformed", "a KEM kid twice")
    return kid, payload, signature, body


def claimed_id(data):
    """Whose card it says it is."""
    return ed25519_id(parse_card(data)[3][8][1][-2])


def read_card(data):
    """SPEC §8.2: shape, then keys, then the self-signature."""
    kid, payload, signature, body = parse_card(data)
    key, kems, label = body[8][1], body[KEM_KEYS], body[LABEL]
    require(ed25519_id(key[-2])[:8] == kid, "Malformed", "card kid")
    check_ed25519_public(key[-2])
    for k in kems:
        check_kem_public(k[-2])
        require(x25519_thumbprint(k[-2])[:8] == k[2], "Malformed", "KEM kid")
    require(ed25519.verify_strict(key[-2], sig_structure(CARD_AAD, payload), signature), "Rejected", "signature")
    COSE.new().decode(bytes(data), verifying_key(key[-2]), external_aad=CARD_AAD)
    return Card(
        key[-2], body[SERIAL], body[5], body[4], label, [k[-2] for k in kems], body[STATUS],
        hashlib.sha256(bytes(data)).digest(), bytes(data),
    )
