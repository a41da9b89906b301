"""Vectors of kind `open`: faults under a proper seal, by a sender who has the keys (SPEC §4.2 to §4.5, §7)."""

import hashlib

import byhand
import ed25519
import oracle
from faults import encoding_faults
from names import cbor
from vectors import (
    BODY, DEVICE, DEVICE_CARD, GP, MALLORY, NOW, PGO, PGO_KEM, TOPIC, VALID, WATCH, error, noise, write,
)
from vectors_open import refuse, sealed

PLAINTEXT = "array protected unprotected label-4 kid statement signature".split()
STATEMENT = "array sequence time format body pad".split()
GOOD = [7, NOW, 112, BODY, b""]


def sign(statement, external_aad=None, signer=DEVICE):
    external_aad = oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC) if external_aad is None else external_aad
    return signer.sign(oracle.sig_structure(external_aad, statement))


def plaintext_of(statement, signature=None, kid=DEVICE.kid):
    return cbor([oracle.ALG_ED25519, {4: kid}, statement, sign(statement) if signature is None else signature])


def seal_plaintext(name, plaintext):
    return byhand.assemble(PGO_KEM.kid, *byhand.hpke_seal(
        noise(name), PGO_KEM.public, byhand.enc_structure(TOPIC), plaintext))


def reject(name, spec, what, plaintext, refusal="Rejected", **receiver):
    refuse(f"inner-{name}", spec, what, seal_plaintext(name, plaintext), refusal, **receiver)


def shapes():
    statement = cbor(GOOD)
    signature = sign(statement)
    plaintext = plaintext_of(statement)
    for name, what, bytes_ in encoding_faults(plaintext, PLAINTEXT):
        reject(name, "3.1", what, bytes_)
    for name, what, bytes_ in encoding_faults(statement, STATEMENT):
        reject(f"statement-{name}", "3.1", f"in the statement, {what}", plaintext_of(bytes_))
    reject("trailing-byte", "4.2", "a byte follows the COSE_Sign1", plaintext + b"\x00")
    reject("statement-trailing-byte", "4.3", "a byte follows the statement", plaintext_of(statement + b"\x00"))
    reject("tagged", "4.2", "the COSE_Sign1 has its tag", b"\xd2" + plaintext)
    good = [oracle.ALG_ED25519, {4: DEVICE.kid}, statement, signature]

    def shape(name, what, at, value):
        items = list(good)
        items[at] = value
        reject(name, "4.2", what, cbor(items))

    reject("three-items", "4.2", "no signature", cbor(good[:3]))
    reject("five-items", "4.2", "a fifth item", cbor([*good, b""]))
    for alg in (-8, -7, 5, "Ed25519"):
        header = cbor({1: alg})
        items = [header, {4: DEVICE.kid}, statement, DEVICE.sign(
            cbor(["Signature1", header, oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC), statement]))]
        reject(f"alg-{alg}", "4.2", f"alg {alg} instead of -19, properly signed", cbor(items))
    shape("protected-empty", "an empty protected header", 0, b"")
    shape("protected-crit", "crit in the protected header", 0, cbor({1: -19, 2: [1]}))
    shape("no-kid", "no kid", 1, {})
    shape("kid-7", "a kid of 7 bytes", 1, {4: DEVICE.kid[:7]})
    shape("kid-32", "the whole id as kid", 1, {4: DEVICE.id})
    shape("unprotected-alg", "a second header", 1, {1: -19, 4: DEVICE.kid})
    shape("statement-null", "a detached statement", 2, None)
    shape("statement-array", "the statement is not wrapped in a byte string", 2, GOOD)
    shape("signature-63", "a signature of 63 bytes", 3, signature[:63])
    shape("signature-65", "a signature of 65 bytes", 3, signature + b"\x00")
    shape("signature-null", "null for a signature", 3, None)


def statements():
    def fields(name, what, at, value, spec="4.3"):
        items = list(GOOD)
        items[at] = value
        reject(name, spec, what, plaintext_of(cbor(items)))

    for name, items in {"four-fields": GOOD[:4], "six-fields": [*GOOD, 0]}.items():
        reject(name, "4.3", f"a statement of {len(items)} fields", plaintext_of(cbor(items)))
    fields("sequence-2-53", "a sequence number of 2^53", 0, 2**53)
    fields("sequence-2-64", "a sequence number of 2^64 - 1", 0, 2**64 - 1)
    fields("sequence-negative", "a negative sequence number", 0, -1)
    fields("sequence-null", "no sequence number", 0, None)
    fields("time-2-53", "a time of 2^53", 1, 2**53)
    fields("time-negative", "a time before 1970", 1, -1)
    fields("time-float", "a time with a fraction", 1, NOW + 0.5)
    fields("time-false", "false for a time", 1, False)
    fields("time-text", "a time as text", 1, "2025-11-24T16:00:00Z")
    fields("format-65536", "a content format beyond 16 bits", 2, 65536)
    fields("format-text", "a media type for a content format", 2, "application/senml+cbor")
    fields("body-text", "a body of text", 3, "62")
    fields("body-array", "a body that is not wrapped in a byte string", 3, [62])
    fields("pad-null", "null for padding", 4, None)
    fields("pad-text", "padding of text", 4, "\x00")
    fields("pad-first", "padding that begins with 1", 4, b"\x01" + bytes(9), "4.5")
    fields("pad-last", "padding that ends with 1", 4, bytes(9) + b"\x01", "4.5")
    fields("pad-0x80", "padding in the style of ISO 7816", 4, b"\x80" + bytes(9), "4.5")
    for format in (65000, 65001, 65002, 65003, 65004, 65535):
        items = [7, NOW, format, BODY, b""]
        reject(f"format-{format}", "4.3", "a content format that is reserved for Zegel itself",
               plaintext_of(cbor(items)))


def signatures():
    statement = cbor(GOOD)
    aad = oracle.statement_aad

    def signed(name, what, spec="4.4", signer=DEVICE, external_aad=None):
        reject(name, spec, what, plaintext_of(statement, sign(statement, external_aad, signer)))

    signed("audience-gp", "a statement for the GP, passed on by its recipient", external_aad=aad(DEVICE.id, [GP.id], TOPIC))
    signed("audience-two", "a statement for two", external_aad=aad(DEVICE.id, sorted([GP.id, PGO.id]), TOPIC))
    signed("audience-none", "a statement for nobody", external_aad=aad(DEVICE.id, [], TOPIC))
    signed("audience-kid", "a kid where the audience's id belongs", external_aad=aad(DEVICE.id, [PGO.kid], TOPIC))
    signed("sender-id", "another sender's id under the signature", external_aad=aad(WATCH.id, [PGO.id], TOPIC))
    signed("signed-topic", "signed for another topic", external_aad=aad(DEVICE.id, [PGO.id], "zegel/7f3a/2"))
    signed("signed-bare", "signed without context", external_aad=b"")
    signed("signed-card", "signed in the context of cards", external_aad=cbor(["zegel-card-1"]))
    signed("signed-version", "signed in the context of another version", external_aad=cbor(
        ["zegel-statement-2", DEVICE.id, [PGO.id], TOPIC]))
    signed("signer-mallory", "signed by another key under the device's kid", "7.1", signer=MALLORY)
    other = DEVICE.sign(cbor(["Signature", oracle.ALG_ED25519, aad(DEVICE.id, [PGO.id], TOPIC), statement]))
    reject("signed-signature", "4.4", "the context string of COSE_Sign", plaintext_of(statement, other))
    reject("statement-altered", "7.1", "the statement altered after signing",
           plaintext_of(cbor([8, *GOOD[1:]]), sign(statement)))

    good = sign(statement)
    s = int.from_bytes(good[32:], "little")
    reject("signature-s-plus-l", "5.3", "S not reduced", plaintext_of(
        statement, good[:32] + (s + ed25519.L).to_bytes(32, "little")))
    reject("signature-flipped", "5.3", "one bit of R flipped", plaintext_of(statement, bytes([good[0] ^ 1]) + good[1:]))
    reject("signature-zero", "5.3", "a signature of zeros", plaintext_of(statement, bytes(64)))
    r = ed25519.encode(ed25519.IDENTITY)
    message = oracle.sig_structure(aad(DEVICE.id, [PGO.id], TOPIC), statement)
    k = int.from_bytes(hashlib.sha512(r + DEVICE.public + message).digest(), "little")
    s = k * ed25519.expand(DEVICE.seed)[0] % ed25519.L
    reject("signature-r-low-order", "5.3", "R of low order, though the equation holds", plaintext_of(
        statement, r + s.to_bytes(32, "little")))


def trust_and_replay():
    base = sealed("trust")["envelope"]
    refuse("unknown-sender", "7.2", "no card of the sender is pinned", base, "UnknownSender", cards=[])
    watch = oracle.issue_card(WATCH, [], label="watch", **VALID)
    refuse("only-another-sender", "7.2", "only another sender's card is pinned", base, "UnknownSender", cards=[watch])
    refuse("revoked", "7.2", "the sender is revoked", base, "Revoked", revoked=[DEVICE.id])
    withdrawn = oracle.issue_card(DEVICE, [], serial=2, status=1, **VALID)
    refuse("withdrawn", "7.2", "the sender's pinned card is withdrawn", base, "Revoked", cards=[withdrawn])
    refuse("expired", "8.2", "one second after the card's exp", base, "Expired", now=VALID["expires"] + 1)
    refuse("not-yet-valid", "8.2", "one second before the card's nbf", base, "NotYetValid", now=VALID["not_before"] - 1)
    forged = seal_plaintext("forged revoked", plaintext_of(cbor(GOOD), sign(cbor(GOOD), signer=MALLORY)))
    refuse("forged-and-revoked", "7.1", "the signature is checked before revocation is told", forged, "Rejected",
           revoked=[DEVICE.id])
    refuse("forged-and-expired", "7.1", "the signature is checked before validity is told", forged, "Rejected",
           now=VALID["expires"] + 1)
    refuse("duplicate", "7.3", "the same envelope again", base, "Duplicate", before=[base])
    again = sealed("trust again")["envelope"]
    refuse("duplicate-resealed", "7.3", "the same statement in a new envelope", again, "Duplicate", before=[base])
    repadded = sealed("trust padded", pad=9)["envelope"]
    refuse("conflict-pad", "7.3", "the same reading with other padding is another statement", repadded, "Conflict",
           before=[base])
    other = sealed("trust other", body=b"\x80")["envelope"]
    refuse("conflict", "7.3", "another statement under the number", other, "Conflict", before=[base])


def make():
    shapes()
    statements()
    signatures()
    trust_and_replay()
