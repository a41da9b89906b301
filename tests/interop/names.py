"""Names, keys and limits of Zegel in Python: SPEC §2 and §3, written from the text alone."""

import hashlib
from dataclasses import dataclass

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import ed25519

ERRORS = (
    "Malformed NotForMe Rejected UnknownSender Revoked Expired NotYetValid Duplicate TooOld Conflict Rollback"
    " Equivocation WeakKey InvalidTopic TooLarge BufferTooSmall Entropy Storage Exhausted KeyUnavailable Full"
    " Reserved NothingAllowed UnknownSession SessionOver ManifestDue Stale Ahead Jump CodeUsed"
).split()
MAX_ENVELOPE = 1 << 20
MAX_CARD = 512
MAX_NUMBER = (1 << 53) - 1
MAX_KEM_KEYS = 4
MAX_LABEL = 64
FIRST_RESERVED_FORMAT = 65000
KEYFRAME, MANIFEST, EVIDENCE, INTRODUCTION = range(65000, 65004)  # SPEC §4.3
P25519 = 2**255 - 19


class ZegelError(Exception):
    """One of the errors of SPEC §14, by name."""

    def __init__(self, name, why=""):
        assert name in ERRORS, name
        super().__init__(f"{name} ({self.number_of(name)}) {why}".rstrip())
        self.name, self.number = name, self.number_of(name)

    @staticmethod
    def number_of(name):
        return ERRORS.index(name) + 1


def cbor(value):
    """Deterministic CBOR (SPEC §3.1). cbor2's canonical order agrees with RFC 8949's for our keys."""
    return cbor2.dumps(value, canonical=True)


def strict(data, error="Malformed"):
    """The value whose one deterministic encoding `data` is."""
    try:
        value = cbor2.loads(data)
        if cbor(value) != bytes(data):
            raise ValueError("not deterministic")
    except ZegelError:
        raise
    except Exception as err:
        raise ZegelError(error, str(err)) from err
    return value


def test_seed(name):
    """The secret of a vector key: published, so every implementation refuses it outside its tests."""
    return hashlib.sha256(b"zegel test key: " + name.encode()).digest()


def ed25519_id(public):
    return hashlib.sha256(cbor({1: 1, -1: 6, -2: public})).digest()


def x25519_thumbprint(public):
    return hashlib.sha256(cbor({1: 1, -1: 4, -2: public})).digest()


def fingerprint(identity):
    groups = (int.from_bytes(identity[i : i + 4], "big") % 100000 for i in range(0, 32, 4))
    return " ".join(f"{group:05}" for group in groups)


@dataclass(frozen=True)
class Identity:
    seed: bytes

    @property
    def public(self):
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def id(self):
        return ed25519_id(self.public)

    @property
    def kid(self):
        return self.id[:8]

    def sign(self, message):
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True)
class KemKey:
    secret: bytes

    @property
    def public(self):
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    @property
    def kid(self):
        return x25519_thumbprint(self.public)[:8]


def identity(name):
    return Identity(test_seed(name))


def kem(name):
    return KemKey(test_seed(name))


def check_topic(topic):
    """SPEC §3.2."""
    raw = topic.encode("utf-8")
    if not 1 <= len(raw) <= 255 or any(c < " " or c == "\x7f" or c in "#+" for c in topic):
        raise ZegelError("InvalidTopic", repr(topic[:40]))
    return topic


def check_kem_public(public):
    """SPEC §2.4 for X25519: canonical, and not a point whose shared secret is zero."""
    u = int.from_bytes(public, "little")
    if u >= P25519 or u in LOW_ORDER_U or public in PUBLISHED_KEYS:
        raise ZegelError("WeakKey", public.hex())


def check_ed25519_public(public):
    """SPEC §2.4 for Ed25519."""
    point = ed25519.decode(public)
    if point is None or ed25519.low_order(point) or public in PUBLISHED_KEYS:
        raise ZegelError("WeakKey", public.hex())


# RFC 7748: the u-coordinates below p of the points of order 1, 2, 4 and 8, on the curve and its twist.
LOW_ORDER_U = {
    0,
    1,
    P25519 - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
}

# A few of SPEC §2.4's published keys, enough for the vectors: RFC 8032 §7.1, RFC 7748 §6.1, RFC 9180 §A.2.1.
PUBLISHED_KEYS = {
    bytes.fromhex(h)
    for h in (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
        "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
    )
}
