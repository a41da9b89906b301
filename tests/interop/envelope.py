"""Envelopes for one and for several: SPEC §4, as far as the plaintext and its statement, on python-cwt."""

import hashlib
from dataclasses import dataclass

import cbor2
from cwt import COSE, COSEKey, Recipient

import ed25519
from card import agreement_key, sig_structure, signing_key, verifying_key
from names import FIRST_RESERVED_FORMAT, Identity, ZegelError, cbor, check_topic, strict, x25519_thumbprint
from shape import (
    ALG_CHACHA, ALG_HPKE_4, ALG_HPKE_4_KE, ascending, headers, is_bytes, is_list, is_uint, require, sign1, tagged,
)

HPKE_INFO = b"zegel-1"


def envelope_aad(topic):
    return cbor(["zegel-envelope-1", topic])


def group_aad(topic, kids):
    return cbor(["zegel-envelope-1", topic, list(kids)])


def statement_aad(sender_id, audience_ids, topic):
    return cbor(["zegel-statement-1", sender_id, list(audience_ids), topic])


@dataclass
class Statement:
    """SPEC §4.3."""

    sequence: int
    time: int | None
    format: int
    body: bytes
    pad: bytes
    raw: bytes

    def digest(self, sender, audience, topic):
        """SPEC §4.4."""
        return hashlib.sha256(sig_structure(statement_aad(sender, audience, topic), self.raw)).digest()


def read_statement(raw, formats=(), error="Rejected"):
    """The statement in `raw`, whose format is a measurement's or one of `formats`."""
    items = strict(raw, error)
    require(is_list(items, 5), error, "five items")
    sequence, time, format, body, pad = items
    require(is_uint(sequence) and (time is None or is_uint(time)), error, "sequence, time")
    require(is_uint(format, FIRST_RESERVED_FORMAT - 1) or type(format) is int and format in formats, error, "format")
    require(is_bytes(body) and is_bytes(pad), error, "body, pad")
    require(not any(pad), error, "pad is not zero")
    return Statement(*items, bytes(raw))


@dataclass
class Unsealed:
    """What a recipient's key opens, before anybody is trusted."""

    signed: list
    audience: list
    key: object = None
    ek: bytes = b""

    @property
    def kid(self):
        return self.signed[1][4]

    def verify(self, card, topic):
        """SPEC §5.3 in the context of §4.4."""
        external_aad = statement_aad(card.id, self.audience, topic)
        to_be_signed = sig_structure(external_aad, self.signed[2])
        require(ed25519.verify_strict(card.public, to_be_signed, self.signed[3]), "Rejected", "signature")
        COSE.new().decode(cbor2.CBORTag(18, self.signed), verifying_key(card.public), external_aad=external_aad)


def unseal(me, keys, topic, data):
    """SPEC §7.1 steps 2 to 6 for a one-shot envelope."""
    protected, unprotected, ciphertext = tagged(data, 16, 3)
    require(protected == ALG_HPKE_4, "Malformed", "protected header")
    headers(unprotected, {4: [8], -4: [32]})
    require(is_bytes(ciphertext), "Malformed", "ciphertext")
    key = next((k for k in keys if k.kid == unprotected[4]), None)
    require(key is not None, "NotForMe")
    try:
        plaintext = COSE.new().decode(
            bytes(data), agreement_key(key), external_aad=envelope_aad(topic), hpke_info=HPKE_INFO
        )
    except Exception as err:
        raise ZegelError("Rejected", "HPKE") from err
    signed = strict(plaintext, "Rejected")
    sign1(signed, "Rejected")
    return Unsealed(signed, [me], key, unprotected[-4])


def unseal_group(me, keys, topic, data):
    """The same for a group envelope: SPEC §4.6."""
    protected, unprotected, ciphertext, recipients = tagged(data, 96, 4)
    require(protected == ALG_CHACHA, "Malformed", "protected header")
    headers(unprotected, {5: [12]})
    require(is_bytes(ciphertext) and is_list(recipients, 2, 16), "Malformed", "ciphertext, recipients")
    for recipient in recipients:
        require(is_list(recipient, 3) and recipient[0] == ALG_HPKE_4_KE, "Malformed", "recipient")
        headers(recipient[1], {4: [8], -4: [32]})
        require(is_bytes(recipient[2], 48), "Malformed", "encrypted key")
    kids = [recipient[1][4] for recipient in recipients]
    require(len(set(kids)) == len(kids), "Malformed", "a kid twice")
    place, key = next(((i, k) for i, kid in enumerate(kids) for k in keys if k.kid == kid), (None, None))
    require(key is not None, "NotForMe")
    try:
        plaintext = COSE.new().decode(
            bytes(data), agreement_key(key, 50), external_aad=group_aad(topic, kids), extra_info=HPKE_INFO
        )
    except Exception as err:
        raise ZegelError("Rejected", "HPKE") from err
    outer = strict(plaintext, "Rejected")
    require(is_list(outer, 2) and is_list(outer[0], 2, 16), "Rejected", "group-plaintext")
    audience, signed = outer
    require(ascending(audience) and len(audience) == len(kids) and audience[place] == me, "Rejected", "audience")
    sign1(signed, "Rejected")
    return Unsealed(signed, audience)


def sign(sender: Identity, audience, topic, statement):
    """The four items of SPEC §4.2, by python-cwt."""
    return COSE.new().encode_and_sign(
        statement,
        signing_key(sender),
        protected={1: -19},
        unprotected={4: sender.kid},
        external_aad=statement_aad(sender.id, audience, topic),
        out="cbor2/CBORTag",
    ).value


def seal(sender: Identity, recipient, topic, sequence, time, format, body, pad=0):
    """An envelope's bytes: COSE_Sign1 inside COSE_Encrypt0 HPKE-4, both by python-cwt."""
    check_topic(topic)
    signed = sign(sender, [recipient.id], topic, cbor([sequence, time, format, body, bytes(pad)]))
    to = recipient.kem_publics[0]
    kid = x25519_thumbprint(to)[:8]
    sealed = COSE.new().encode_and_encrypt(
        cbor(signed),
        COSEKey.new({1: 1, 2: kid, 3: 42, -1: 4, -2: to}),
        protected={1: 42},
        unprotected={4: kid},
        external_aad=envelope_aad(topic),
        hpke_info=HPKE_INFO,
    )
    return cbor(cbor2.loads(sealed))


def seal_group(sender: Identity, recipients, topic, sequence, time, format, body, pad=0):
    """A group envelope's bytes: COSE_Encrypt with HPKE-4-KE recipients, by python-cwt."""
    check_topic(topic)
    cards = sorted(recipients, key=lambda card: card.id)
    audience = [card.id for card in cards]
    signed = sign(sender, audience, topic, cbor([sequence, time, format, body, bytes(pad)]))
    to = [card.kem_publics[0] for card in cards]
    kids = [x25519_thumbprint(public)[:8] for public in to]
    sealed = COSE.new().encode_and_encrypt(
        cbor([audience, signed]),
        COSEKey.generate_symmetric_key(alg="ChaCha20/Poly1305"),
        protected={1: 24},
        recipients=[
            Recipient.new(
                protected={1: 50}, unprotected={4: kid}, extra_info=HPKE_INFO,
                recipient_key=COSEKey.new({1: 1, 2: kid, 3: 50, -1: 4, -2: public}),
            )
            for public, kid in zip(to, kids)
        ],
        external_aad=group_aad(topic, kids),
    )
    return cbor(cbor2.loads(sealed))
