"""Pairing over the broker: SPEC §12, the code, the keys and both ends."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import byhand
import ed25519
import oracle
from names import Identity, ZegelError, cbor, strict
from session import nonce, partial_iv, read_message
from shape import ALG_CHACHA, is_bytes, is_list, require

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
MOST_AHEAD = 86400
MOST_BYTES = 596


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def code_text(raw):
    return "ZEGEL:" + base64.b32encode(raw).decode().rstrip("=")


def code_bytes(shower_id, secret, expires, version=1):
    raw = bytes([version]) + shower_id + secret + expires.to_bytes(8, "big")[3:8]
    return raw + sha256(b"zegel-code-1", raw)[:4]


def check_time(expires, now):
    """A shower without a clock writes 0; an end without a clock does not look."""
    require(not expires or now is None or now <= expires, "Expired")


def transcripts(messages):
    """SPEC §12.3: a chain of hashes, one after each message."""
    chain = []
    for message in messages:
        chain.append(sha256(*chain[-1:], message))
    return chain


def read_code(text, now):
    """SPEC §12.1: shower's id, secret, expiry."""
    require(len(text) == 125 and text.startswith("ZEGEL:") and set(text[6:]) <= set(ALPHABET), "Malformed", "text")
    raw = base64.b32decode(text[6:] + "=")
    require(code_text(raw) == text, "Malformed", "bits after the last byte")
    require(raw[0] == 1 and raw[-4:] == sha256(b"zegel-code-1", raw[:-4])[:4], "Malformed", "version, check")
    shower, secret, expires = raw[1:33], raw[33:65], int.from_bytes(raw[65:70], "big")
    require(len(set(secret)) > 1, "WeakKey", "secret")
    check_time(expires, now)
    require(now is None or expires <= now + MOST_AHEAD, "TooLarge")
    return shower, secret, expires


@dataclass
class Keys:
    """SPEC §12.2, and the sealing of §12.3."""

    shower: bytes
    secret: bytes
    expires: int

    def expand(self, role, length):
        prk = byhand.hkdf_extract(b"zegel-pairing-1", self.secret)
        return byhand.hkdf_expand(prk, role + self.shower + self.expires.to_bytes(8, "big"), length)

    def of(self, step):
        okm = self.expand(b"scanner" if step % 2 else b"shower", 44)
        return okm[:32], okm[32:]

    @property
    def id(self):
        return self.expand(b"id", 8)

    @property
    def topics(self):
        return [f"zegel/pair/{self.id.hex()}/{direction}" for direction in (1, 2)]

    @property
    def aad(self):
        return cbor(["Encrypt0", ALG_CHACHA, cbor(["zegel-pairing-1", self.shower, self.expires])])

    @property
    def marks(self):
        return self.expand(b"mark", 32)

    def number(self, step, plaintext):
        """The Partial IV of what is said, as a number."""
        mark = byhand.hkdf_expand(self.marks, bytes([step]) + sha256(plaintext), 6)
        return int.from_bytes(bytes([step]) + mark, "big")

    def seal(self, step, plaintext, aad=None, number=None):
        (key, iv), aad = self.of(step), self.aad if aad is None else aad
        number = self.number(step, plaintext) if number is None else number
        ciphertext = ChaCha20Poly1305(key).encrypt(nonce(iv, number), plaintext, aad)
        return b"\xd0" + cbor([ALG_CHACHA, {4: self.id, 6: partial_iv(number)}, ciphertext])

    def step(self, data, now):
        """The first checks of SPEC §12.4: length, shape and pairing-id; then the expiry. The step it claims to be."""
        require(len(data) <= MOST_BYTES, "Malformed", "too long")
        id_, number, _ = read_message(data)
        step = number >> 48
        require(id_ == self.id and 1 <= step <= 4, "Malformed", "pairing-id, step")
        check_time(self.expires, now)
        return step

    def open(self, data):
        """The plaintext, when the tag holds."""
        _, number, ciphertext = read_message(data)
        key, iv = self.of(number >> 48)
        try:
            return ChaCha20Poly1305(key).decrypt(nonce(iv, number), ciphertext, self.aad)
        except (InvalidTag, ValueError) as err:
            raise ZegelError("Rejected", "tag") from err

    def read(self, step, data, now):
        """What a message of this step says."""
        require(self.step(data, now) == step, "Malformed", "another step")
        return strict(self.open(data), "Rejected")


def to_be_signed(speaker, listener, transcript):
    return oracle.sig_structure(cbor(["zegel-pairing-1", speaker, listener]), transcript)


@dataclass
class End:
    """What both ends do alike. `partner` is the card that came, `messages` what went both ways."""

    me: Identity
    card: bytes
    keys: Keys
    noise: bytes
    partner: object = None
    messages: tuple = ()
    done: bool = False

    def take_card(self, raw, now):
        card = oracle.read_card(raw)
        card.check_valid(now)
        return card

    def confirm(self, step):
        """Message 3 or 4: the transcript so far, signed."""
        transcript = transcripts(self.messages)[-1]
        signature = byhand.sign_hedged(self.me.seed, self.noise, to_be_signed(self.me.id, self.partner.id, transcript))
        return self.keys.seal(step, cbor([transcript, signature]))

    def check(self, step, data, now):
        """Message 3 or 4 of the partner."""
        items = self.keys.read(step, data, now)
        require(is_list(items, 2) and is_bytes(items[0], 32) and is_bytes(items[1], 64), "Rejected", "confirmation")
        transcript = transcripts(self.messages)[-1]
        require(items[0] == transcript, "Rejected", "transcript")
        signed = to_be_signed(self.partner.id, self.me.id, transcript)
        require(ed25519.verify_strict(self.partner.public, signed, items[1]), "Rejected", "signature")

    def take(self, data, now):
        """The answer to a message and the card that is pinned now."""
        require(not self.done, "CodeUsed")
        return self.receive(bytes(data), now)


class Scanner(End):
    def start(self):
        self.messages = (self.keys.seal(1, cbor([self.card])),)
        return self.messages[0]

    def receive(self, data, now):
        if len(self.messages) == 1:
            items = self.keys.read(2, data, now)
            require(is_list(items, 2) and is_bytes(items[0]) and is_bytes(items[1], 32), "Rejected", "message 2")
            require(items[1] == sha256(self.messages[0]), "Rejected", "another message 1")
            card = self.take_card(items[0], now)
            require(card.id == self.keys.shower and card.id != self.me.id, "Rejected", "another shower")
            self.partner, self.messages = card, (self.messages[0], data)
            self.messages += (self.confirm(3),)
            return {"answer": self.messages[2], "paired": None}
        require(self.keys.step(data, now) != 2 or data != self.messages[1], "Duplicate")
        self.check(4, data, now)
        self.done = True
        return {"answer": None, "paired": self.partner.id}


class Shower(End):
    def receive(self, data, now):
        if not self.messages:
            items = self.keys.read(1, data, now)
            require(is_list(items, 1) and is_bytes(items[0]), "Rejected", "message 1")
            card = self.take_card(items[0], now)
            require(card.id != self.me.id, "Rejected", "one's own card")
            self.partner = card
            self.messages = (data, self.keys.seal(2, cbor([self.card, sha256(data)])))
            return {"answer": self.messages[1], "paired": None}
        if self.keys.step(data, now) == 1:
            if data != self.messages[0]:
                self.keys.open(data)
                raise ZegelError("CodeUsed", "another message 1")
            return {"answer": self.messages[1], "paired": None}
        self.check(3, data, now)
        self.messages += (data,)
        self.done = True
        return {"answer": self.confirm(4), "paired": self.partner.id}
