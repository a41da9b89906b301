"""Vectors of kind `session`: keyframes and messages (SPEC §10.1 to §10.3)."""

import cbor2

import byhand
import byhand_session
import oracle
from faults import encoding_faults
from names import cbor
from session import message_aad, nonce
from session_lab import LIMITS, Lab, body, published, receive
from vectors import (
    DEVICE, NOW, PGO, PGO_KEM, PGO_KEM_2, TOPIC, VALID, WATCH, noise,
)

MESSAGE = "tag array protected unprotected label-4 session-id label-6 partial-iv ciphertext".split()
PLAINTEXT = "array time format body pad".split()
UNLIMITED = {"max_age": None, "max_skew": None, "max_jump": None}


def one_shot(name, sequence, format=42, body_=b"x", sender=DEVICE, time=NOW):
    return published(byhand.seal(sender, PGO.id, PGO_KEM.public, TOPIC, sequence, time, format, body_, 0,
                                 noise(name + " signature"), noise(name + " ephemeral"))["envelope"])


def positive():
    s = Lab()
    receive("ok-message", "10.3", "a keyframe, and one message", [s.start_step, s.tell()], "keyframe", "session")
    s = Lab()
    receive("ok-other-topic", "10.3", "each message has a topic of its own",
            [s.start_step, s.tell(topic="zegel/7f3a/2")], "keyframe", "session")
    for number in (255, 256, 65535, 65536, 2**32 - 1, 2**48, 2**53 - 1):
        s = Lab(sequence=number - 1)
        receive(f"ok-number-{number}", "10.3", "a Partial IV at the edge of a length",
                [s.start_step, s.tell()], "keyframe", "session")
    s = Lab(time=None)
    receive("ok-no-clock", "10.3", "a sender without a clock", [s.start_step, s.tell(time=None)], "keyframe", "session")
    s = Lab()
    receive("ok-last-second", "10.3", "the last second of the session", [s.start_step, s.tell(time=NOW + 86400)],
            "keyframe", "session")
    s = Lab(limits=[4, 2, 86400])
    receive("ok-last-number", "10.3", "the last number of the session", [s.start_step, s.tell(0), s.sealed([NOW, 60, body(1), b""], 2)],
            "keyframe", "session", "session")
    s = Lab()
    receive("ok-pad", "10.3", "a padded message", [s.start_step, s.sealed([NOW, 60, body(0), bytes(40)])], "keyframe",
        "session")
    s = Lab()
    receive("ok-empty-body", "10.3", "an empty body", [s.start_step, s.sealed([None, 42, b"", b""])], "keyframe",
        "session")
    s = Lab()
    receive("ok-retained", "10.1", "the broker hands out the keyframe again",
        [s.start_step, s.tell(0), s.start_step, s.tell(1)],
            "keyframe", "session", "Duplicate", "session")
    s = Lab()
    receive("ok-restart", "10.2", "the receiver starts again, and derives the keys from what it kept",
            [s.start_step, s.tell(0), {"restart": [PGO_KEM_2.secret, PGO_KEM.secret]}, s.tell(1)],
            "keyframe", "session", None, "session")
    s, t = Lab(), Lab("second session", sequence=10)
    receive("ok-two-sessions", "10.3", "a message of the older session comes late",
            [s.start_step, t.start_step, t.tell(0), s.tell(1)], "keyframe", "keyframe", "session", "session")
    s, t = Lab(), Lab("watch session", sender=WATCH)
    receive("ok-two-senders", "10.3", "two senders, the same numbers", [s.start_step, t.start_step, t.tell(0),
        s.tell(1)],
            "keyframe", "keyframe", "session", "session")
    many = [Lab(f"session {i}", sequence=10 * i) for i in range(16)]
    receive("ok-sixteen", "10.3", "at least 16 sessions of one sender are kept",
            [*(s.start_step for s in many), many[0].tell(), many[15].tell()], *["keyframe"] * 16, "session", "session")
    s = Lab()
    first = s.tell(0)
    s.number += 1
    receive("ok-one-shot-between", "10.1", "a one-shot envelope of the same stream", [
        s.start_step, first, one_shot("between", 2), s.tell(1)], "keyframe", "session", "signed", "session")
    s = Lab()
    early = s.tell()
    receive("overtaken", "10.3", "a message overtakes its keyframe, and is tried again", [early, s.start_step, early],
            "UnknownSession", "keyframe", "session")


def keyframes():
    for name, limits in {
        "block-0": [0, 1, 1], "block-65": [65, 1, 1], "messages-0": [1, 0, 1], "messages-65537": [1, 65537, 1],
        "seconds-0": [1, 1, 0],
        "seconds-86401": [1, 1, 86401], "negative": [1, 1, -1], "null": [1, None, 1], "two-items": [1, 1],
        "four-items": [1, 1, 1, 1],
    }.items():
        s = Lab(limits=limits)
        receive(f"keyframe-{name}", "10.1", f"a keyframe of {limits}", [s.start_step, s.sealed([NOW, 60, body(0),
            b""], 1)],
                "Rejected", "UnknownSession")
    good = cbor(LIMITS)
    for name, what, body_ in [
        ("trailing-byte", "a byte follows the keyframe", good + b"\x00"), ("empty", "an empty keyframe", b""),
        ("longer", "a limit in more bytes than it needs", b"\x83\x18\x04" + good[2:]),
        ("map", "a keyframe that is a map", cbor({1: 4, 2: 65536, 3: 86400})),
    ]:
        receive(f"keyframe-{name}", "10.1", what, [one_shot(f"keyframe {name}", 0, 65000, body_)], "Rejected")
    s = Lab()
    receive("keyframe-other-topic", "10.1", "a keyframe on another topic",
            [published(s.keyframe, "zegel/7f3a/2"), s.tell()], "Rejected", "UnknownSession")
    receive("keyframe-unknown-sender", "7.2", "a keyframe of a sender who is not pinned", [s.start_step],
        "UnknownSender", cards=[])
    receive("keyframe-revoked", "7.2", "a keyframe of a revoked sender", [s.start_step], "Revoked", revoked=[DEVICE.id])

    def twin_of(number, limits=LIMITS, time=NOW):
        """A keyframe under the ephemeral key of another."""
        parts = byhand.seal(DEVICE, PGO.id, PGO_KEM.public, TOPIC, number, time, 65000, cbor(limits), 0,
                            noise("twin signature"), noise("twin"))
        return published(byhand.assemble(PGO_KEM.kid, *byhand.hpke_seal(
            s.parts["ephemeral_secret"], PGO_KEM.public, byhand.enc_structure(TOPIC), parts["plaintext"])))

    receive("keyframe-same-id", "10.3", "another keyframe under the same ephemeral key: a session id twice",
            [s.start_step, twin_of(9), s.tell(0)], "keyframe", "Equivocation", "session")
    s = Lab()
    receive("keyframe-same-id-same-number", "10.3", "a session id twice is told before the number is looked at",
            [s.start_step, twin_of(0, [5, 65536, 86400]), s.tell()], "keyframe", "Equivocation", "session")
    s = Lab()
    receive("keyframe-same-id-stale", "10.3", "the policy is asked before", [s.start_step, twin_of(0, time=NOW - 101),
        s.tell()], "keyframe", "Stale", "session", policy={"max_age": 100, "max_skew": None, "max_jump": None})
    other = Lab("resealed session")
    receive("keyframe-resealed", "7.3", "the same keyframe statement in a new envelope starts no second session",
            [s.start_step, other.start_step, other.tell(0), s.tell(1)], "keyframe", "Duplicate", "UnknownSession",
            "session")
    other = Lab("conflicting session", limits=[5, 65536, 86400])
    receive("keyframe-conflict", "7.3", "another keyframe under the number",
        [s.start_step, other.start_step, other.tell()],
            "keyframe", "Conflict", "UnknownSession")


def refuse(name, spec, what, make, refusal="Malformed", **more):
    """A keyframe, the faulty publication that `make` gives, and then the good message, which must still be taken."""
    s = Lab()
    bad = make(s)
    receive(name, spec, what, [s.start_step, bad, s.tell()], "keyframe", refusal, "session", **more)


def outer():
    s = Lab()
    good = byhand_session.seal_plaintext(s.key, s.base_iv, s.id, TOPIC, 1, cbor([NOW, 60, body(0), b""]))
    for name, what, bytes_ in encoding_faults(good, MESSAGE):
        refuse(name, "3.1", what, lambda s, b=bytes_: published(b))
    _, _, ciphertext = cbor2.loads(good).value

    def shape(name, what, unprotected, protected=oracle.ALG_CHACHA, ciphertext=ciphertext, spec="10.3", more=()):
        refuse(name, spec, what, lambda s: published(b"\xd0" + cbor([protected, unprotected, ciphertext, *more])))

    fine = {4: s.id, 6: b"\x01"}
    shape("alg-42", "the alg of an envelope", fine, cbor({1: 42}))
    shape("alg-1", "AES-GCM", fine, cbor({1: 1}))
    shape("protected-partial-iv", "the Partial IV in the protected header", {4: s.id}, cbor({1: 24, 6: b"\x01"}))
    shape("no-session-id", "no session id", {6: b"\x01"})
    shape("no-partial-iv", "no Partial IV", {4: s.id})
    shape("iv", "an IV instead of the Partial IV", {4: s.id, 5: bytes(12)})
    shape("ek", "an ek beside it", fine | {-4: bytes(32)})
    shape("session-id-7", "a session id of 7 bytes", fine | {4: s.id[:7]})
    shape("session-id-9", "a session id of 9 bytes", fine | {4: s.id + b"\x00"})
    shape("partial-iv-empty", "an empty Partial IV", fine | {6: b""})
    shape("partial-iv-zeros", "a Partial IV with a leading zero", fine | {6: b"\x00\x01"})
    shape("partial-iv-two-zeros", "the number 0 in two bytes", fine | {6: b"\x00\x00"})
    shape("partial-iv-8", "a Partial IV of 8 bytes", fine | {6: b"\x01" + bytes(7)})
    shape("partial-iv-uint", "a number for a Partial IV", fine | {6: 1})
    shape("detached", "a detached ciphertext", fine, ciphertext=None)
    shape("four-items", "a fourth item", fine, more=([],))
    refuse("trailing-byte", "3.1", "one byte follows", lambda s: published(good + b"\x00"))
    refuse("truncated", "3.1", "the last byte is missing", lambda s: published(good[:-1]))
    refuse("untagged", "10.3", "no tag", lambda s: published(good[1:]))
    refuse("topic-wildcard", "3.2", "no topic", lambda s: published(good, "zegel/#"), "InvalidTopic")


def crypto():
    plaintext = [NOW, 60, body(0), b""]

    def flip(at):
        def make(s):
            bytes_ = bytearray(s.sealed(plaintext, 1)["bytes"])
            bytes_[at] ^= 1
            return published(bytes(bytes_))
        return make

    refuse("flipped-id", "10.3", "another session id", flip(12), "UnknownSession")
    refuse("flipped-ciphertext", "10.3", "one bit of the ciphertext flipped", flip(-18), "Rejected")
    refuse("flipped-tag", "10.3", "one bit of the tag flipped", flip(-1), "Rejected")
    refuse("flipped-number", "10.3", "sealed under another number", flip(20), "Rejected")
    refuse("other-topic", "10.3", "published on another topic", lambda s: s.sealed(plaintext,
        published_on="zegel/7f3a/2"), "Rejected")
    refuse("context-envelope", "10.3", "the context of an envelope", lambda s: s.sealed(
        plaintext, aad=cbor(["Encrypt0", oracle.ALG_CHACHA, oracle.envelope_aad(TOPIC)])), "Rejected")
    refuse("context-encrypt", "10.3", "the context string of COSE_Encrypt", lambda s: s.sealed(
        plaintext, aad=cbor(["Encrypt", oracle.ALG_CHACHA, cbor(["zegel-session-1", TOPIC])])), "Rejected")
    refuse("context-alg", "10.3", "the algorithm of an envelope in the context", lambda s: s.sealed(
        plaintext, aad=cbor(["Encrypt0", oracle.ALG_HPKE_4, cbor(["zegel-session-1", TOPIC])])), "Rejected")
    for size in (0, 15):
        refuse(f"ciphertext-{size}", "10.3", f"a ciphertext of {size} bytes", lambda s: published(
            byhand_session.encode(s.id, b"\x01", bytes(size))), "Rejected")

    def raw_nonce(s):
        sealed = byhand.ChaCha20Poly1305(s.key).encrypt(nonce(bytes(12), 1), cbor(plaintext), message_aad(TOPIC))
        return published(byhand_session.encode(s.id, b"\x01", sealed))

    refuse("nonce-bare", "10.3", "a nonce without the base IV", raw_nonce, "Rejected")
    refuse("number-2-53", "3.3", "the number 2^53", lambda s: s.sealed(plaintext, 2**53), "Rejected")
    refuse("number-keyframe", "10.3", "the keyframe's own number", lambda s: s.sealed(plaintext, 0), "Rejected")
    s = Lab(sequence=9)
    receive("number-before", "10.3", "a number before the keyframe's", [s.start_step, s.sealed(plaintext, 8), s.tell()],
            "keyframe", "Rejected", "session")
    s = Lab(limits=[4, 2, 86400])
    receive("number-beyond", "10.3", "a number beyond the session's", [s.start_step, s.sealed(plaintext, 3), s.tell()],
            "keyframe", "Rejected", "session")
    s, t = Lab(), Lab("second session", sequence=10)
    crossed = bytearray(s.sealed(plaintext, 11)["bytes"])
    crossed[10:18] = t.id
    receive("crossed", "10.3", "a message under another session's id", [s.start_step, t.start_step,
        published(bytes(crossed))],
            "keyframe", "keyframe", "Rejected")
    s = Lab()
    receive("key-erased", "10.2", "the KEM key is gone after a restart",
        [s.start_step, {"restart": [PGO_KEM_2.secret]}, s.tell()],
            "keyframe", None, "NotForMe")
    receive("keys-back", "10.2", "the KEM key was away, and is there again",
            [s.start_step, {"restart": []}, s.tell(1), {"restart": [PGO_KEM.secret]}, s.tell(2)],
            "keyframe", None, "NotForMe", None, "session")


def inner():
    def reject(name, what, plaintext, spec="10.3"):
        refuse(f"inner-{name}", spec, what, lambda s: s.sealed(plaintext), "Rejected")

    good = [NOW, 60, body(0), b""]
    for name, what, bytes_ in encoding_faults(cbor([NOW, 60, body(0), bytes(3)]), PLAINTEXT):
        reject(name, what, bytes_, "3.1")
    reject("empty", "an empty plaintext", b"")
    reject("trailing-byte", "a byte follows", cbor(good) + b"\x00")
    reject("three-items", "no padding", good[:3])
    reject("statement", "a whole statement, with its number", [1, *good])
    reject("signed", "a signed statement", [oracle.ALG_ED25519, {4: DEVICE.kid}, cbor([1, *good]), bytes(64)])
    reject("time-2-53", "a time of 2^53", [2**53, *good[1:]])
    reject("time-float", "a time with a fraction", [NOW + 0.5, *good[1:]])
    reject("body-text", "a body of text", [NOW, 60, "62", b""])
    reject("pad", "padding that is not zero", [NOW, 60, body(0), b"\x00\x01"], "4.5")
    reject("pad-null", "null for padding", [NOW, 60, body(0), None])
    for format in (65000, 65002, 65003, 65004, 65535, 65536):
        content = cbor(LIMITS) if format == 65000 else cbor([])
        reject(f"format-{format}", "a format that no session message has", [NOW, format, content, b""], "4.3")
    reject("too-late", "one second later than the session lives", [NOW + 86401, *good[1:]])


def trust():
    withdrawn = oracle.issue_card(DEVICE, [], serial=2, status=1, **VALID)
    newer = oracle.issue_card(DEVICE, [], serial=2, not_before=VALID["not_before"], expires=VALID["expires"] + 9)
    after = VALID["expires"] + 1
    s = Lab()
    receive("revoked-later", "10.3", "the sender is revoked within the session", [
        s.start_step, s.tell(0), {"revoke": DEVICE.id}, s.tell(1)], "keyframe", "session", None, "Revoked")
    s = Lab()
    receive("withdrawn-later", "10.3", "the sender's card is withdrawn within the session", [
        s.start_step, {"pin": withdrawn}, s.tell()], "keyframe", None, "Revoked")
    s = Lab()
    receive("expired-later", "10.3", "the card expires within the session, and is renewed", [
        s.start_step, {"now": after}, s.tell(), {"pin": newer}, s.tell()],
        "keyframe", None, "Expired", None, "session")
    s = Lab()
    receive("not-yet-valid", "10.3", "the receiver's clock stands before the card's nbf", [
        s.start_step, {"now": VALID["not_before"] - 1}, s.tell()], "keyframe", None, "NotYetValid")
    s = Lab()
    message = s.tell(0)
    receive("duplicate", "7.3", "the same message again", [s.start_step, message, message], "keyframe", "session",
        "Duplicate")
    receive("conflict", "7.3", "another message under the number", [s.start_step, message, s.sealed([NOW, 60, body(9),
        b""], 1), message],
            "keyframe", "session", "Conflict", "Duplicate")
    receive("conflict-one-shot", "7.3", "a one-shot envelope under a message's number",
        [s.start_step, message, one_shot("taken", 1)],
            "keyframe", "session", "Conflict")
    receive("conflict-topic", "7.3", "the same reading on another topic is another statement",
            [s.start_step, message, s.sealed([NOW, 60, body(0), b""], 1, topic="zegel/7f3a/2")], "keyframe",
            "session", "Conflict")


def policy():
    day = {"max_age": 86400, "max_skew": 300, "max_jump": 100}
    s = Lab()
    message = s.tell()
    receive("stale", "7.5", "a message older than the policy takes; it is taken when the policy's clock allows", [
        s.start_step, {"now": NOW + 86401}, message, {"now": NOW + 86400}, message],
        "keyframe", None, "Stale", None, "session", policy=day)
    receive("ahead", "7.5", "a message from later than the skew allows", [
        s.start_step, {"now": NOW - 301}, message, {"now": NOW - 300}, message],
        "keyframe", None, "Ahead", None, "session", policy=day)
    receive("jump", "7.5", "a number further ahead than the policy takes, and the last one that it takes", [
        s.start_step, s.sealed([NOW, 60, body(0), b""], 102), s.sealed([NOW, 60, body(0), b""], 101)],
        "keyframe", "Jump", "session", policy=day)
    receive("keyframe-stale", "7.5", "a keyframe older than the policy takes starts nothing", [s.start_step, message],
            "Stale", "UnknownSession", policy=day, now=NOW + 86401)
    receive("no-clock", "7.5", "without a clock nothing is stale", [s.start_step, message], "keyframe", "session",
        policy=day, now=None)
    receive("no-limit", "7.5", "nothing is limited", [s.start_step, {"now": VALID["expires"]}, message],
            "keyframe", None, "session", policy=UNLIMITED)
    receive("envelope-jump", "7.5", "a one-shot envelope that jumps", [one_shot("jump", 101), one_shot("no jump", 100)],
            "Jump", "signed", policy=day)
    receive("envelope-stale", "7.5", "a one-shot envelope that is stale, and one without a time", [
        one_shot("stale", 0, time=NOW - 86401), one_shot("timeless", 0, time=None)], "Stale", "signed", policy=day)


def make():
    positive()
    keyframes()
    outer()
    crypto()
    inner()
    trust()
    policy()
