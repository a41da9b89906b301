"""Vectors of kind `open`: what a receiver must open, and the public faults it must refuse (SPEC §4.1, §7)."""

import byhand
import oracle
from faults import encoding_faults
from names import KemKey, cbor
from vectors import (
    BODY, DEVICE, DEVICE_CARD, GP, GP_KEM, MALLORY, MALLORY_KEM, NOW, PGO, PGO_KEM, PGO_KEM_2, TOPIC, VALID, error,
    noise, write,
)

OUTER = "tag array protected unprotected label-4 kid label-minus-4 ek ciphertext".split()
LOW_ORDER = {
    "zero": (0).to_bytes(32, "little"),
    "one": (1).to_bytes(32, "little"),
    "order-8-a": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "order-8-b": bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    "p-minus-1": (2**255 - 20).to_bytes(32, "little"),
    "p": (2**255 - 19).to_bytes(32, "little"),
    "p-plus-1": (2**255 - 18).to_bytes(32, "little"),
    "zero-high-bit": (1 << 255).to_bytes(32, "little"),
}


def sealed(name, topic=TOPIC, sequence=7, time=NOW, format=112, body=BODY, pad=0, to=PGO_KEM, audience=PGO,
           sender=DEVICE):
    """An honest envelope and its parts."""
    return byhand.seal(sender, audience.id, to.public, topic, sequence, time, format, body, pad,
                       noise(name + " signature"), noise(name + " ephemeral"))


def given(envelope, topic=TOPIC, now=NOW, me=PGO, keys=(PGO_KEM,), cards=(DEVICE_CARD,), revoked=(), before=()):
    return {
        "me": me.id, "kem_secrets": [k.secret for k in keys], "cards": list(cards), "revoked": list(revoked),
        "topic": topic, "now": now, "opened_before": list(before), "envelope": envelope,
    }


def accept(name, spec, what, receiver=None, **fields):
    parts = sealed(name, **fields)
    expect = {
        "sender": fields.get("sender", DEVICE).id, "sequence": fields.get("sequence", 7),
        "time": fields.get("time", NOW), "format": fields.get("format", 112), "body": fields.get("body", BODY),
        "digest": parts["digest"],
    }
    receiver = {"topic": fields.get("topic", TOPIC)} | (receiver or {})
    write("open", name, spec, what, given(parts["envelope"], **receiver), {"ok": expect})


def refuse(name, spec, what, envelope, refusal="Malformed", **receiver):
    write("open", name, spec, what, given(envelope, **receiver), error(refusal))


def positive():
    accept("ok-plain", "4", "a measurement, unpadded")
    for sequence in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1):
        accept(f"ok-sequence-{sequence}", "4.3", "a sequence number at the edge of a CBOR width", sequence=sequence)
    accept("ok-time-null", "4.3", "a device without a clock", time=None)
    accept("ok-time-0", "4.3", "the first second of 1970", time=0)
    accept("ok-time-largest", "4.3", "the largest time, 2^53 - 1", time=2**53 - 1)
    for format in (0, 18, 42, 50, 60, 64999):
        accept(f"ok-format-{format}", "4.3", "another content format", format=format)
    for size in (0, 1, 23, 24, 100, 255, 256, 5000):
        accept(f"ok-body-{size}", "4.3", f"a body of {size} bytes", body=bytes(i % 251 for i in range(size)), format=42)
    for pad in (1, 23, 24, 255, 256):
        accept(f"ok-pad-{pad}", "4.5", f"{pad} zeros of padding; any length is accepted", pad=pad)
    accept("ok-topic-non-ascii", "3.2", "a topic beyond ASCII", topic="zegel/patiënt/心拍")
    accept("ok-topic-255", "3.2", "the longest topic", topic="t" * 255)
    accept("ok-two-keys", "7.1", "a receiver with two KEM keys, sealed to the second", to=PGO_KEM_2,
           receiver={"keys": [PGO_KEM, PGO_KEM_2]})
    accept("ok-no-clock", "8.2", "a receiver without a clock does not check validity", receiver={"now": None})
    accept("ok-first-second", "8.2", "now is the card's nbf", receiver={"now": VALID["not_before"]})
    accept("ok-last-second", "8.2", "now is the card's exp", receiver={"now": VALID["expires"]})

    parts = sealed("ok-ek-high-bit")
    ek = bytearray(parts["ek"])
    ek[31] |= 0x80
    ek, ciphertext = byhand.hpke_seal(
        parts["ephemeral_secret"], PGO_KEM.public, byhand.enc_structure(TOPIC), parts["plaintext"], ek=bytes(ek))
    expect = {"sender": DEVICE.id, "sequence": 7, "time": NOW, "format": 112, "body": BODY, "digest": parts["digest"]}
    write("open", "ok-ek-high-bit", "5.4", "ek with its unused top bit set by the sender: masked in X25519, hashed as received",
          given(byhand.assemble(PGO_KEM.kid, ek, ciphertext)), {"ok": expect})


def encoding(base):
    for name, what, envelope in encoding_faults(base["envelope"], OUTER):
        refuse(name, "3.1", what, envelope)
    envelope, ek, ciphertext = base["envelope"], base["ek"], base["ciphertext"]
    kid = PGO_KEM.kid
    refuse("empty", "3.1", "no bytes at all", b"")
    refuse("truncated", "3.1", "the last byte is missing", envelope[:-1])
    refuse("trailing-byte", "3.1", "one byte follows", envelope + b"\x00")
    refuse("two-envelopes", "3.1", "two envelopes in a row", envelope * 2)
    refuse("nested-arrays", "3.1", "a thousand arrays in one another", b"\xd0" + b"\x81" * 1000 + b"\x00")
    at = len(envelope) - len(ciphertext) - 2
    for bits in (32, 63, 64):
        length = min(1 << bits, (1 << 64) - 1)
        refuse(f"declared-length-2-{bits}", "3.3", f"the ciphertext declares {length} bytes",
               envelope[:at] + b"\x5b" + length.to_bytes(8, "big") + ciphertext)
    refuse("reserved-head", "3.1", "additional information 28 is unassigned", envelope[:at] + b"\x5c" + ciphertext)
    pairs = {"kid": b"\x04" + cbor(kid), "ek": b"\x23" + cbor(ek)}
    build = lambda unprotected: b"\xd0\x83\x44" + oracle.ALG_HPKE_4 + unprotected + cbor(ciphertext)
    refuse("unsorted", "3.1", "ek stands before kid", build(b"\xa2" + pairs["ek"] + pairs["kid"]))
    refuse("duplicate-kid", "3.1", "kid twice", build(b"\xa3" + pairs["kid"] * 2 + pairs["ek"]))
    refuse("duplicate-ek", "3.1", "ek twice", build(b"\xa3" + pairs["kid"] + pairs["ek"] * 2))
    write("open", "too-long", "3.3", "longer than 1 MiB: refused by its length",
          given(envelope) | {"extend_with_zeros_to": (1 << 20) + 1}, error("Malformed"))


def outer_shape(base):
    kid, ek, ciphertext = PGO_KEM.kid, base["ek"], base["ciphertext"]
    untagged = base["envelope"][1:]
    refuse("untagged", "4.1", "no tag", untagged)
    for tag in (17, 18, 96, 97):
        refuse(f"tag-{tag}", "4.1", f"tag {tag} instead of 16", (b"\xd8" if tag > 23 else b"") + bytes(
            [tag if tag > 23 else 0xC0 | tag]) + untagged)
    refuse("tag-twice", "4.1", "tag 16 around tag 16", b"\xd0" + base["envelope"])
    refuse("self-described", "4.1", "tag 55799 in front", b"\xd9\xd9\xf7" + base["envelope"])

    def shape(name, what, *items):
        refuse(name, "4.1", what, b"\xd0" + cbor(list(items)))

    good = {4: kid, -4: ek}
    shape("two-items", "an array of two", oracle.ALG_HPKE_4, good)
    shape("four-items", "an array of four", oracle.ALG_HPKE_4, good, ciphertext, [])
    for alg in (24, 35, 41, 43, 50, -19, "HPKE-4"):
        shape(f"alg-{alg}", f"alg {alg} instead of 42", cbor({1: alg}), good, ciphertext)
    for name, header in {
        "protected-empty": b"", "protected-empty-map": b"\xa0", "protected-longer": bytes.fromhex("a10119002a"),
        "protected-kid": cbor({1: 42, 4: kid}), "protected-crit": cbor({1: 42, 2: [1]}),
        "protected-psk-id": cbor({1: 42, -5: b"psk"}), "protected-trailing": oracle.ALG_HPKE_4 + b"\x00",
    }.items():
        shape(name, "the protected header is not exactly {1: 42}", header, good, ciphertext)
    shape("protected-map", "the protected header is a map, not a byte string", {1: 42}, good, ciphertext)
    for label in (1, 2, 3, 5, 6, 13, -5, "x"):
        value = 42 if label == 1 else [4] if label == 2 else b"\x00" * 12
        shape(f"unprotected-{label}", f"header {label} added without protection", oracle.ALG_HPKE_4,
              good | {label: value}, ciphertext)
    shape("no-kid", "no kid", oracle.ALG_HPKE_4, {-4: ek}, ciphertext)
    shape("no-ek", "no ek", oracle.ALG_HPKE_4, {4: kid}, ciphertext)
    for size in (0, 7, 9, 32):
        shape(f"kid-{size}", f"a kid of {size} bytes", oracle.ALG_HPKE_4, {4: (kid * 4)[:size], -4: ek}, ciphertext)
    for size in (0, 31, 33):
        shape(f"ek-{size}", f"an ek of {size} bytes", oracle.ALG_HPKE_4, {4: kid, -4: (ek * 2)[:size]}, ciphertext)
    shape("kid-text", "kid is text", oracle.ALG_HPKE_4, {4: "12345678", -4: ek}, ciphertext)
    shape("ek-null", "ek is null", oracle.ALG_HPKE_4, {4: kid, -4: None}, ciphertext)
    shape("ciphertext-null", "a detached ciphertext", oracle.ALG_HPKE_4, good, None)
    shape("ciphertext-text", "the ciphertext is text", oracle.ALG_HPKE_4, good, "x" * 200)


def outer_crypto(base):
    kid, ek, ciphertext = PGO_KEM.kid, base["ek"], base["ciphertext"]
    other = byhand.assemble(GP_KEM.kid, ek, ciphertext)
    refuse("other-recipient", "7.1", "another recipient's kid", other, "NotForMe")
    refuse("identity-kid", "7.1", "the identity's kid in place of the KEM key's",
           byhand.assemble(PGO.kid, ek, ciphertext), "NotForMe")
    refuse("no-keys", "7.1", "a receiver without KEM keys", base["envelope"], "NotForMe", keys=[])
    for name, point in LOW_ORDER.items():
        zero_key, nonce = byhand.key_schedule(byhand.kem_shared_secret(bytes(32), point, PGO_KEM.public), b"zegel-1")
        forged = byhand.ChaCha20Poly1305(zero_key).encrypt(nonce, base["plaintext"], byhand.enc_structure(TOPIC))
        refuse(f"ek-low-order-{name}", "5.4", "ek of low order: the shared secret is zero, and everyone can decrypt",
               byhand.assemble(kid, point, forged), "Rejected")
    for name, at in {"ek": 21, "ek-last": 52, "ciphertext": 60, "tag": -1}.items():
        flipped = bytearray(base["envelope"])
        flipped[at] ^= 0x80
        refuse(f"flipped-{name}", "7.1", f"one bit of {name} flipped", bytes(flipped), "Rejected")
    refuse("retargeted", "7.1", "sealed to another key, our kid put in front", byhand.assemble(
        kid, *byhand.hpke_seal(noise("retargeted"), GP_KEM.public, byhand.enc_structure(TOPIC), base["plaintext"])),
        "Rejected")

    def hpke(name, what, spec="5.1", aad=byhand.enc_structure(TOPIC), **override):
        refuse(name, spec, what, byhand.assemble(kid, *byhand.hpke_seal(
            noise(name), PGO_KEM.public, aad, base["plaintext"], **override)), "Rejected")

    hpke("info-empty", "an empty HPKE info", info=b"")
    hpke("info-zegel-2", "HPKE info of another version", info=b"zegel-2")
    hpke("aad-empty", "no associated data", "4.4", b"")
    hpke("aad-no-external", "an empty external_aad", "4.4", cbor(["Encrypt0", oracle.ALG_HPKE_4, b""]))
    hpke("aad-encrypt", "the context string of COSE_Encrypt", "4.4",
         cbor(["Encrypt", oracle.ALG_HPKE_4, oracle.envelope_aad(TOPIC)]))
    hpke("aad-no-topic", "external_aad without the topic", "4.4",
         cbor(["Encrypt0", oracle.ALG_HPKE_4, cbor(["zegel-envelope-1"])]))
    for size in (0, 1, 15):
        refuse(f"ciphertext-{size}", "4.1", f"a ciphertext of {size} bytes has no room for its tag",
               byhand.assemble(kid, ek, ciphertext[:size]), "Rejected")
    refuse("ciphertext-16", "4.2", "an empty plaintext, properly sealed", byhand.assemble(
        kid, *byhand.hpke_seal(noise("empty"), PGO_KEM.public, byhand.enc_structure(TOPIC), b"")), "Rejected")
    refuse("other-topic", "7.1", "published on another topic", base["envelope"], "Rejected", topic="zegel/7f3a/2")
    refuse("topic-case", "3.2", "topics are compared byte by byte", base["envelope"], "Rejected", topic="Zegel/7f3a/1")
    for name, topic in {"empty": "", "wildcard": "zegel/#", "control": "zegel/\x00", "256": "t" * 256}.items():
        refuse(f"topic-{name}", "3.2", "a topic that no envelope can have", base["envelope"], "InvalidTopic", topic=topic)


def make():
    positive()
    base = sealed("base")
    encoding(base)
    outer_shape(base)
    outer_crypto(base)
