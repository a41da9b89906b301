"""The oracle against itself: python-cwt, pyhpke and the formulae by hand give one another's bytes back."""

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

import byhand
import ed25519
import oracle
from names import Identity, KemKey, ZegelError, cbor, fingerprint, identity, kem

TOPIC = "zegel/7f3a/1"


def refused(name, call):
    try:
        call()
    except ZegelError as err:
        assert err.name == name, f"{err}, not {name}"
        return
    raise AssertionError(f"accepted, not {name}")


def parties():
    """A sender, a recipient's card and a receiver that has pinned the sender; fresh keys."""
    device, pgo, key = Identity(os.urandom(32)), Identity(os.urandom(32)), KemKey(os.urandom(32))
    receiver = oracle.Receiver(pgo.id, [key])
    receiver.pin(oracle.read_card(oracle.issue_card(device, [], label="device")))
    return device, oracle.read_card(oracle.issue_card(pgo, [key.public], label="PGO")), receiver


def test_ed25519_by_hand_agrees_with_openssl():
    for _ in range(8):
        seed, message = os.urandom(32), os.urandom(50)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        assert ed25519.public(seed) == key.public_key().public_bytes_raw()
        assert ed25519.sign_with_prefix(seed, ed25519.expand(seed)[1], message) == key.sign(message)
        signature = byhand.sign_hedged(seed, os.urandom(32), message)
        key.public_key().verify(signature, message)
        assert ed25519.verify_strict(ed25519.public(seed), message, signature)
        assert not ed25519.verify_strict(ed25519.public(seed), message + b"x", signature)


def test_hpke_by_hand_agrees_with_pyhpke():
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
    key = KemKey(os.urandom(32))
    public = KEMKey.from_pyca_cryptography_key(X25519PublicKey.from_public_bytes(key.public))
    secret = KEMKey.from_pyca_cryptography_key(X25519PrivateKey.from_private_bytes(key.secret))
    ek, sealed = byhand.hpke_seal(os.urandom(32), key.public, b"aad", b"hello")
    assert suite.create_recipient_context(ek, secret, info=b"zegel-1").open(sealed, aad=b"aad") == b"hello"
    ek, context = suite.create_sender_context(public, info=b"zegel-1")
    assert byhand.hpke_open(key.secret, ek, b"aad", context.seal(b"hello", aad=b"aad")) == b"hello"


def test_derive_key_pair_gives_rfc_9180_a_2_1():
    ikm = bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b")
    expected = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
    assert byhand.derive_key_pair(ikm)[1].hex() == expected


def test_cwt_seals_and_the_oracle_opens():
    device, card, receiver = parties()
    for i, (body, time, format) in enumerate(
        [(b"", None, 42), (b"x" * 100, 1764000000, 112), (os.urandom(70000), 0, 60), (b"{}", 2**53 - 1, 50)]
    ):
        envelope = oracle.seal(device, card, TOPIC, i, time, format, body)
        opened = receiver.open(TOPIC, 1764000000, envelope)
        assert (opened["body"], opened["time"], opened["format"]) == (body, time, format)
        refused("Duplicate", lambda: receiver.open(TOPIC, None, envelope))
        refused("Conflict", lambda: receiver.open(TOPIC, None, oracle.seal(device, card, TOPIC, i, 7, 42, b"other")))


def test_by_hand_seals_and_cwt_opens():
    device, card, receiver = parties()
    sealed = byhand.seal(device, card.id, card.kem_publics[0], TOPIC, 9, None, 42, b"body", 5, os.urandom(32), os.urandom(32))
    opened = receiver.open(TOPIC, None, sealed["envelope"])
    assert (opened["digest"], opened["pad"], opened["sequence"]) == (sealed["digest"], 5, 9)


def test_what_cwt_seals_opens_by_hand():
    device, card, receiver = parties()
    envelope = oracle.seal(device, card, TOPIC, 0, 1, 42, b"body")
    kid, ek, ciphertext = envelope[10:18], envelope[21:53], envelope[55:]
    assert kid == receiver.keys[0].kid and envelope == byhand.assemble(kid, ek, ciphertext)
    plaintext = byhand.hpke_open(receiver.keys[0].secret, ek, byhand.enc_structure(TOPIC), ciphertext)
    assert plaintext[:5] == bytes.fromhex("8443a10132")


def test_the_oracle_refuses():
    device, card, receiver = parties()
    envelope = oracle.seal(device, card, TOPIC, 0, 1, 42, b"body")
    refused("Rejected", lambda: receiver.open(TOPIC + "x", None, envelope))
    refused("InvalidTopic", lambda: receiver.open("a/#", None, envelope))
    refused("NotForMe", lambda: oracle.Receiver(receiver.id, [KemKey(os.urandom(32))]).open(TOPIC, None, envelope))
    refused("Rejected", lambda: oracle.Receiver(bytes(32), receiver.keys, receiver.cards).open(TOPIC, None, envelope))
    refused("UnknownSender", lambda: oracle.Receiver(receiver.id, receiver.keys).open(TOPIC, None, envelope))
    for at in range(len(envelope)):
        altered = bytearray(envelope)
        altered[at] ^= 1 << (at % 8)
        try:
            receiver.open(TOPIC, None, bytes(altered))
        except ZegelError as err:
            assert err.name in ("Malformed", "NotForMe", "Rejected"), err
        else:
            raise AssertionError(f"byte {at} flipped and accepted")
        refused("Malformed", lambda: receiver.open(TOPIC, None, envelope[:at]))
    assert receiver.streams == {}


def test_lengths_are_what_the_formula_says():
    device, card, _ = parties()
    for sequence, time, format, size, pad in [(0, None, 42, 100, 0), (65535, 2**32, 112, 300, 23), (70000, 5, 8, 70000, 24)]:
        envelope = oracle.seal(device, card, TOPIC, sequence, time, format, bytes(size), pad)
        assert len(envelope) == byhand.envelope_length(sequence, time, format, size, pad)


def test_padding_reaches_buckets():
    for size in list(range(0, 3000)) + [60000, 65200, 65300, 65536, 500000]:
        pad = byhand.pad_length(3, 1764000000, 112, size)
        length = byhand.envelope_length(3, 1764000000, 112, size, pad)
        assert length in (256, 512, 1024, 2048) or length == byhand.padme(length) and length > 2048


def test_names():
    assert len(fingerprint(identity("device").id).split()) == 8
    assert identity("device").id == __import__("hashlib").sha256(
        bytes.fromhex("a301012006215820") + identity("device").public
    ).digest()
    assert kem("pgo").public != identity("pgo").public and cbor({-4: 1, 4: 2}) == bytes.fromhex("a204022301")
