"""Sessions as a receiver reads them: SPEC §10, the keys by pyhpke's export."""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

import ed25519
import merkle
from card import sig_structure
from envelope import HPKE_INFO, Statement, read_statement, statement_aad
from names import MANIFEST, ZegelError, cbor, strict
from shape import ALG_CHACHA, headers, is_bytes, is_list, is_uint, require, sign1, tagged

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


def message_aad(topic):
    return cbor(["Encrypt0", ALG_CHACHA, cbor(["zegel-session-1", topic])])


def manifest_aad(sender, audience):
    return cbor(["zegel-manifest-1", sender, [audience]])


def nonce(base_iv, number):
    return bytes(a ^ b for a, b in zip(base_iv, number.to_bytes(12, "big")))


def partial_iv(number):
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")


def read_keyframe(body):
    """SPEC §10.1: block, messages, seconds."""
    items = strict(body, "Rejected")
    require(is_list(items, 3), "Rejected", "keyframe")
    require(all(is_uint(n, most, 1) for n, most in zip(items, (64, 65536, 86400))), "Rejected", "keyframe limits")
    return items


def export(key, ek):
    """SPEC §10.2 at the recipient: the session key, base IV and session id."""
    secret = KEMKey.from_pyca_cryptography_key(X25519PrivateKey.from_private_bytes(key.secret))
    context = SUITE.create_recipient_context(ek, secret, info=HPKE_INFO)
    return tuple(
        context.export(b"zegel-session-" + name + b"-1", length) for name,
        length in ((b"key", 32), (b"iv", 12), (b"id", 8))
    )


def read_message(data):
    """SPEC §10.3 step 2: session id, number, ciphertext."""
    protected, unprotected, ciphertext = tagged(data, 16, 3)
    require(protected == ALG_CHACHA, "Malformed", "protected header")
    headers(unprotected, {4: [8], 6: range(1, 8)})
    number = int.from_bytes(unprotected[6], "big")
    require(unprotected[6] == partial_iv(number), "Malformed", "partial IV is not the shortest")
    require(is_bytes(ciphertext), "Malformed", "ciphertext")
    return unprotected[4], number, ciphertext


@dataclass
class Session:
    """What a receiver keeps of one keyframe, and of the blocks that are not proven yet."""

    sender: bytes
    me: bytes
    number: int
    time: int | None
    limits: list
    kid: bytes
    ek: bytes
    id: bytes
    keys: tuple | None
    leaves: dict = field(default_factory=dict)
    manifests: list = field(default_factory=list)

    @property
    def keyframe(self):
        """What tells it from another."""
        return self.sender, self.number, self.time, self.limits, self.kid, self.ek

    def derive(self, kem_keys):
        """SPEC §10.3 step 4."""
        if self.keys is None:
            key = next((k for k in kem_keys if k.kid == self.kid), None)
            require(key is not None, "NotForMe")
            *keys, id_ = export(key, self.ek)
            require(id_ == self.id, "Rejected", "another session id")
            self.keys = tuple(keys)

    def decrypt(self, topic, number, ciphertext):
        """Steps 5 and 6: the statement."""
        _, messages, seconds = self.limits
        require(1 <= number - self.number <= messages, "Rejected", "number outside of the session")
        key, iv = self.keys
        try:
            plaintext = ChaCha20Poly1305(key).decrypt(nonce(iv, number), ciphertext, message_aad(topic))
        except (InvalidTag, ValueError) as err:
            raise ZegelError("Rejected", "tag") from err
        items = strict(plaintext, "Rejected")
        require(is_list(items, 4), "Rejected", "four items")
        statement = read_statement(cbor([number, *items]), (MANIFEST,))
        if statement.time is not None and self.time is not None:
            require(statement.time <= self.time + seconds, "Rejected", "later than the session lives")
        return statement

    def leaf(self, topic, statement: Statement):
        return merkle.leaf(sig_structure(statement_aad(self.sender, [self.me], topic), statement.raw))

    def read_manifest(self, card, statement):
        """SPEC §10.4: first, count, root, under the sender's signature."""
        kid, payload, signature = sign1(strict(statement.body, "Rejected"), "Rejected")
        require(kid == card.id[:8], "Rejected", "another kid")
        items = strict(payload, "Rejected")
        require(is_list(items, 3), "Rejected", "manifest")
        first, count, root = items
        require(is_uint(first) and is_uint(count, 64, 1) and is_bytes(root, 32), "Rejected", "manifest items")
        require(count <= self.limits[0], "Rejected", "longer than a block")
        require(first + count == statement.sequence and first > self.number, "Rejected", "not its own block")
        to_be_signed = sig_structure(manifest_aad(self.sender, self.me), payload)
        require(ed25519.verify_strict(card.public, to_be_signed, signature), "Rejected", "manifest signature")
        return first, count, root

    def holds(self, manifest, leaves):
        """True when all leaves of the block are there and their root is signed; a wrong one is `Conflict`."""
        first, count, root = manifest
        block = [leaves.get(number) for number in range(first, first + count)]
        if None in block:
            return False
        require(merkle.root(block) == root, "Conflict", "another root")
        return True
