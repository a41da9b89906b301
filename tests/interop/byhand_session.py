"""Sessions by hand, the sending side: SPEC §10 as formulae, with the random bytes given."""

import byhand
import merkle
import oracle
from names import FIRST_RESERVED_FORMAT, KEYFRAME, MANIFEST, Identity, ZegelError, cbor
from session import manifest_aad, message_aad, nonce, partial_iv
from shape import require


def next_bucket(length):
    """SPEC §10.3: a message may be as short as 128 bytes."""
    return 128 if length <= 128 else byhand.next_bucket(length)


def export(shared_secret):
    """SPEC §10.2: session key, base IV, session id."""
    contexts = (b"zegel-session-key-1", 32), (b"zegel-session-iv-1", 12), (b"zegel-session-id-1", 8)
    return [byhand.export(shared_secret, oracle.HPKE_INFO, context, length) for context, length in contexts]


def encode(session_id, iv, ciphertext, protected=oracle.ALG_CHACHA):
    return b"\xd0" + cbor([protected, {4: session_id, 6: iv}, ciphertext])


def seal_plaintext(key, base_iv, session_id, topic, number, plaintext, aad=None):
    """Any plaintext, sealed properly under this number."""
    aad = message_aad(topic) if aad is None else aad
    ciphertext = byhand.ChaCha20Poly1305(key).encrypt(nonce(base_iv, number), plaintext, aad)
    return encode(session_id, partial_iv(number), ciphertext)


def length(number, time, format, body_length, pad):
    plaintext = cbor([time, format, bytes(body_length), bytes(pad)])
    return len(encode(bytes(8), partial_iv(number), plaintext + bytes(16)))


def manifest_payload(first, leaves):
    return cbor([first, len(leaves), merkle.root(leaves)])


def sign_manifest(sender: Identity, recipient_id, payload, noise):
    to_be_signed = oracle.sig_structure(manifest_aad(sender.id, recipient_id), payload)
    signature = byhand.sign_hedged(sender.seed, noise, to_be_signed)
    return cbor([oracle.ALG_ED25519, {4: sender.kid}, payload, signature])


class SessionSender:
    """An open session: its keyframe, then messages and manifests."""

    def __init__(self, sender: Identity, recipient_id, kem_public, topic, sequence, time, limits, signature_noise,
                 ephemeral_noise, padding="none"):
        self.sender, self.recipient, self.padding = sender, recipient_id, padding
        self.start, self.time, self.number, self.limits = sequence, time, sequence, limits
        body = cbor(list(limits))
        pad = byhand.pad_length(sequence, time, KEYFRAME, len(body)) if padding == "buckets" else 0
        self.parts = byhand.seal(sender, recipient_id, kem_public, topic, sequence, time, KEYFRAME, body, pad,
                                 signature_noise, ephemeral_noise)
        self.keyframe = self.parts["envelope"]
        dh = byhand.x25519(self.parts["ephemeral_secret"], kem_public)
        self.shared = byhand.kem_shared_secret(dh, self.parts["ek"], kem_public)
        self.key, self.base_iv, self.id = export(self.shared)
        self.leaves, self.statements = [], []

    def _seal(self, topic, time, format, body, room=1):
        block, messages, seconds = self.limits
        require(self.number - self.start + room <= messages, "SessionOver")
        require(time is None or self.time is None or time <= self.time + seconds, "SessionOver")
        pad = 0
        if self.padding == "buckets":
            pad = byhand.fill(lambda n: length(self.number + 1, time, format, len(body), n), next_bucket)
        self.number += 1
        self.statement = cbor([self.number, time, format, body, bytes(pad)])
        self.plaintext = cbor([time, format, body, bytes(pad)])
        return seal_plaintext(self.key, self.base_iv, self.id, topic, self.number, self.plaintext)

    def message(self, topic, time, format, body):
        require(format < FIRST_RESERVED_FORMAT, "Reserved")
        require(len(self.leaves) < self.limits[0], "ManifestDue")
        # The last number is kept for a manifest.
        sealed = self._seal(topic, time, format, body, room=2)
        aad = oracle.statement_aad(self.sender.id, [self.recipient], topic)
        self.leaves.append(merkle.leaf(oracle.sig_structure(aad, self.statement)))
        self.statements.append(self.statement)
        return sealed

    def manifest(self, topic, time, noise):
        """Signs the block so far; the next one begins."""
        if not self.leaves:
            raise ZegelError("NothingAllowed", "nothing to sign")
        first = self.number + 1 - len(self.leaves)
        body = sign_manifest(self.sender, self.recipient, manifest_payload(first, self.leaves), noise)
        sealed = self._seal(topic, time, MANIFEST, body)
        self.block, self.leaves = (first, self.leaves, body), []
        return sealed
