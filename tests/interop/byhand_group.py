"""Group envelopes by hand: SPEC §4.6 and §5.5 as formulae, with the random bytes given."""

import hashlib

import byhand
import oracle
from names import Identity, cbor, x25519_thumbprint

INFO = cbor(["HPKE Recipient", 24, oracle.ALG_HPKE_4_KE, b"zegel-1"])


def enc_structure(topic, kids, protected=oracle.ALG_CHACHA):
    return cbor(["Encrypt", protected, oracle.group_aad(topic, kids)])


def content_key(seed, noise, sequence, plaintext):
    """SPEC §5.5: cek and iv."""
    ikm = noise + sequence.to_bytes(8, "big") + hashlib.sha256(plaintext).digest()
    both = byhand.hkdf(byhand.hedge(seed), ikm, b"zegel-content-1", 44)
    return both[:32], both[32:]


def wrap(seed, noise, sequence, plaintext, kem_public, cek, info=INFO, aad=b""):
    """SPEC §5.5: ek_i and ciphertext_i."""
    digest = hashlib.sha256(plaintext).digest()
    ikm = byhand.ephemeral_ikm(seed, noise, sequence, digest + kem_public)
    return byhand.hpke_seal(byhand.derive_key_pair(ikm)[0], kem_public, aad, cek, info=info)


def recipient(kid, ek, encrypted):
    return [oracle.ALG_HPKE_4_KE, {4: kid, -4: ek}, encrypted]


def encode(iv, ciphertext, recipients, protected=oracle.ALG_CHACHA):
    return b"\xd8\x60" + cbor([protected, {5: iv}, ciphertext, recipients])


def seal_plaintext(seed, kem_publics, topic, sequence, plaintext, noise, kids=None):
    """Any plaintext, sealed properly to these keys in this order: everything on the way."""
    kids = [x25519_thumbprint(public)[:8] for public in kem_publics] if kids is None else kids
    cek, iv = content_key(seed, noise, sequence, plaintext)
    wrapped = [wrap(seed, noise, sequence, plaintext, public, cek) for public in kem_publics]
    ciphertext = byhand.ChaCha20Poly1305(cek).encrypt(iv, plaintext, enc_structure(topic, kids))
    recipients = [recipient(kid, *pair) for kid, pair in zip(kids, wrapped)]
    return {
        "content_key": cek, "iv": iv, "eks": [ek for ek, _ in wrapped], "ciphertext": ciphertext,
        "recipients": recipients, "envelope": encode(iv, ciphertext, recipients),
    }


def length(count, sequence, time, format, body_length, pad):
    """The length of a group envelope for `count`, by writing it."""
    statement = cbor([sequence, time, format, bytes(body_length), bytes(pad)])
    plaintext = cbor([[bytes(32)] * count, [oracle.ALG_ED25519, {4: bytes(8)}, statement, bytes(64)]])
    return len(encode(bytes(12), plaintext + bytes(16), [recipient(bytes(8), bytes(32), bytes(48))] * count))


def seal(sender: Identity, recipients, topic, sequence, time, format, body, pad, signature_noise, content_noise):
    """The whole of it, for `recipients` as pairs of id and KEM key, in any order."""
    recipients = sorted(recipients)
    audience = [id_ for id_, _ in recipients]
    statement = cbor([sequence, time, format, body, bytes(pad)])
    to_be_signed = oracle.sig_structure(oracle.statement_aad(sender.id, audience, topic), statement)
    signature = byhand.sign_hedged(sender.seed, signature_noise, to_be_signed)
    plaintext = cbor([audience, [oracle.ALG_ED25519, {4: sender.kid}, statement, signature]])
    return {
        "audience": audience, "statement": statement, "digest": hashlib.sha256(to_be_signed).digest(),
        "to_be_signed": to_be_signed, "signature": signature, "plaintext": plaintext,
    } | seal_plaintext(sender.seed, [public for _, public in recipients], topic, sequence, plaintext, content_noise)
