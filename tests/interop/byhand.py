"""The sealing side once more without any COSE or HPKE library: SPEC §4 to §6 as formulae.

With the ephemeral key and the nonce noise given, everything here is deterministic: it makes the vectors.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import ed25519
import oracle
from names import MAX_ENVELOPE, Identity, ZegelError, cbor, x25519_thumbprint

KEM_SUITE = b"KEM\x00\x20"
HPKE_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"


def hkdf_extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def hkdf_expand(prk, info, length):
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out, i = out + block, i + 1
    return out[:length]


def hkdf(salt, ikm, info, length):
    return hkdf_expand(hkdf_extract(salt, ikm), info, length)


def labeled_extract(suite, salt, label, ikm):
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def x25519(secret, public):
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:  # all zero
        return bytes(32)


def x25519_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def derive_key_pair(ikm):
    """RFC 9180 §7.1.3 for DHKEM(X25519)."""
    prk = labeled_extract(KEM_SUITE, b"", b"dkp_prk", ikm)
    secret = labeled_expand(KEM_SUITE, prk, b"sk", b"", 32)
    return secret, x25519_public(secret)


def kem_shared_secret(dh, ek, recipient_public):
    """RFC 9180 §4.1 ExtractAndExpand."""
    prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", dh)
    return labeled_expand(KEM_SUITE, prk, b"shared_secret", ek + recipient_public, 32)


def schedule_context(shared_secret, info):
    """RFC 9180 §5.1, base mode: what all keys are expanded from."""
    psk_id_hash = labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    return labeled_extract(HPKE_SUITE, shared_secret, b"secret", b""), b"\x00" + psk_id_hash + info_hash


def key_schedule(shared_secret, info):
    """RFC 9180 §5.1: key and base nonce."""
    secret, context = schedule_context(shared_secret, info)
    return (
        labeled_expand(HPKE_SUITE, secret, b"key", context, 32),
        labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12),
    )


def export(shared_secret, info, exporter_context, length):
    """RFC 9180 §5.3."""
    secret, context = schedule_context(shared_secret, info)
    exporter_secret = labeled_expand(HPKE_SUITE, secret, b"exp", context, 32)
    return labeled_expand(HPKE_SUITE, exporter_secret, b"sec", exporter_context, length)


def hpke_seal(ephemeral_secret, recipient_public, aad, plaintext, info=oracle.HPKE_INFO, ek=None):
    """Single-shot seal: (ek, ciphertext). `ek` overrides the encoding of the ephemeral key."""
    ek = x25519_public(ephemeral_secret) if ek is None else ek
    dh = x25519(ephemeral_secret, recipient_public)
    key, nonce = key_schedule(kem_shared_secret(dh, ek, recipient_public), info)
    return ek, ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def hpke_open(secret, ek, aad, ciphertext, info=oracle.HPKE_INFO):
    key, nonce = key_schedule(kem_shared_secret(x25519(secret, ek), ek, x25519_public(secret)), info)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)


def enc_structure(topic, protected=oracle.ALG_HPKE_4):
    return cbor(["Encrypt0", protected, oracle.envelope_aad(topic)])


def hedge(seed):
    """SPEC §5.2."""
    return hkdf(b"", seed, b"zegel-hedge-1", 32)


def ephemeral_ikm(seed, noise, sequence, digest):
    """SPEC §5.2."""
    return hkdf(hedge(seed), noise + sequence.to_bytes(8, "big") + digest, b"zegel-ephemeral-1", 32)


def sign_hedged(seed, noise, message):
    """SPEC §5.3."""
    prefix = hkdf(ed25519.expand(seed)[1], noise, b"zegel-nonce-1", 32)
    return ed25519.sign_with_prefix(seed, prefix, message)


def padme(length):
    """The Padmé length of SPEC §4.5: at most 12 % more, O(log log) bits of length left."""
    e = length.bit_length() - 1
    mask = (1 << (e - e.bit_length())) - 1
    return (length + mask) & ~mask


def next_bucket(length):
    """The smallest bucket that holds `length` bytes."""
    return next((b for b in (256, 512, 1024, 2048) if length <= b), None) or padme(length)


def head(argument):
    """The size of a CBOR head."""
    return 1 if argument < 24 else 2 if argument < 256 else 3 if argument < 65536 else 5


def envelope_length(sequence, time, format, body_length, pad):
    """SPEC §4.5: the length of an envelope from its fields."""
    statement = 1 + (9 if sequence >= 1 << 32 else head(sequence))
    statement += 1 if time is None else 9 if time >= 1 << 32 else head(time)
    statement += head(format) + head(body_length) + body_length + head(pad) + pad
    plaintext = 1 + 4 + 11 + head(statement) + statement + 66
    return 1 + 1 + 5 + 1 + 10 + 35 + head(plaintext + 16) + plaintext + 16


def fill(length, bucket=next_bucket):
    """SPEC §4.5: the least pad with which `length(pad)` is a bucket that can be reached."""
    target = bucket(length(0))
    while target <= MAX_ENVELOPE:
        for pad in range(max(0, target - length(0) - 12), target):
            reached = length(pad)
            if reached == target:
                return pad
            if reached > target:
                break
        target = bucket(target + 1)
    raise ZegelError("TooLarge")


def pad_length(sequence, time, format, body_length):
    """The pad that fills an envelope for one."""
    return fill(lambda pad: envelope_length(sequence, time, format, body_length, pad))


def assemble(kid, ek, ciphertext):
    return b"\xd0" + cbor([oracle.ALG_HPKE_4, {4: kid, -4: ek}, ciphertext])


def seal(sender: Identity, recipient_id, recipient_kem, topic, sequence, time, format, body, pad,
         signature_noise, ephemeral_noise):
    """The whole of SPEC §6.1: the envelope and every value on the way."""
    statement = cbor([sequence, time, format, body, bytes(pad)])
    to_be_signed = oracle.sig_structure(oracle.statement_aad(sender.id, [recipient_id], topic), statement)
    digest = hashlib.sha256(to_be_signed).digest()
    signature = sign_hedged(sender.seed, signature_noise, to_be_signed)
    plaintext = cbor([oracle.ALG_ED25519, {4: sender.kid}, statement, signature])
    ikm = ephemeral_ikm(sender.seed, ephemeral_noise, sequence, hashlib.sha256(plaintext).digest())
    secret, _ = derive_key_pair(ikm)
    ek, ciphertext = hpke_seal(secret, recipient_kem, enc_structure(topic), plaintext)
    envelope = assemble(x25519_thumbprint(recipient_kem)[:8], ek, ciphertext)
    return {
        "statement": statement, "to_be_signed": to_be_signed, "digest": digest, "signature": signature,
        "plaintext": plaintext, "ikm": ikm, "ephemeral_secret": secret, "ek": ek, "ciphertext": ciphertext,
        "envelope": envelope,
    }
