"""Vectors of kinds `card` and `succession` (SPEC §8)."""

import ed25519
import oracle
from faults import encoding_faults
from names import cbor
from vectors import DEVICE, DEVICE_CARD, GP_KEM, MALLORY, NOW, PGO, PGO_CARD, PGO_KEM, PGO_KEM_2, VALID, error, write, run_card
from vectors_open import LOW_ORDER

AAD = cbor(["zegel-card-1"])
CARD = "tag array protected unprotected label-4 kid claims signature".split()
CLAIMS = (
    "map label-4 exp label-5 nbf label-8 cnf cose-key-label cnf-key kty-label kty crv-label crv x-label x serial-label"
    " serial kem-keys-label kem-keys kem-key kem-kty-label kem-kty kem-kid-label kem-kid kem-crv-label kem-crv"
    " kem-x-label kem-x label-label label status-label status"
).split()


def good(**fields):
    return oracle.claims(PGO.public, [PGO_KEM.public], **({"label": "PGO"} | VALID | fields))


def card_of(claims, signer=PGO, kid=None, external_aad=AAD):
    payload = claims if isinstance(claims, bytes) else cbor(claims)
    signature = signer.sign(oracle.sig_structure(external_aad, payload))
    return b"\xd2" + cbor([oracle.ALG_ED25519, {4: kid or signer.kid}, payload, signature])


def accept(name, what, card, now=NOW):
    given = {"card": card, "now": now}
    write("card", name, "8.1", what, given, {"ok": run_card({"card": card.hex(), "now": now})})


def refuse(name, spec, what, card, refusal="Malformed", now=NOW):
    write("card", name, spec, what, {"card": card, "now": now}, error(refusal))


def positive():
    accept("ok-recipient", "a recipient's card, one KEM key", PGO_CARD)
    accept("ok-sender", "a sender's card, no KEM key", DEVICE_CARD)
    keys = [k.public for k in (PGO_KEM, PGO_KEM_2, GP_KEM)]
    accept("ok-three-keys", "three KEM keys, in the issuer's order", card_of(oracle.claims(PGO.public, keys, **VALID)))
    accept("ok-label-empty", "no label", card_of(good(label="")))
    accept("ok-label-64", "64 bytes of label, beyond ASCII", card_of(good(label="é" * 32)))
    accept("ok-largest", "the largest numbers", card_of(good(serial=2**53 - 1, not_before=0, expires=2**53 - 1)))
    accept("ok-kem-one-byte", "a public KEM key may have 32 equal bytes; a private one may not",
           card_of(oracle.claims(PGO.public, [b"\x42" * 32], **VALID)))
    accept("ok-one-second", "valid for one second", card_of(good(not_before=NOW, expires=NOW)))
    accept("ok-expired-no-clock", "validity is not checked without a clock", card_of(good(not_before=1, expires=2)), None)


def encoding():
    for name, what, card in encoding_faults(PGO_CARD, CARD):
        refuse(name, "3.1", what, card)
    for name, what, claims in encoding_faults(cbor(good()), CLAIMS):
        refuse(f"claims-{name}", "3.1", f"in the claims, {what}", card_of(claims))
    refuse("empty", "3.1", "no bytes at all", b"")
    refuse("truncated", "3.1", "the last byte is missing", PGO_CARD[:-1])
    refuse("trailing-byte", "3.1", "one byte follows", PGO_CARD + b"\x00")
    refuse("claims-trailing-byte", "3.1", "a byte follows the claims", card_of(cbor(good()) + b"\x00"))
    encoded = cbor(good())
    assert encoded[1] == 4 and encoded[7] == 5, encoded.hex()
    swapped = encoded[:1] + encoded[7:13] + encoded[1:7] + encoded[13:]
    refuse("claims-unsorted", "3.1", "nbf stands before exp", card_of(swapped))
    refuse("claims-duplicate", "3.1", "exp twice", card_of(b"\xa8" + encoded[1:7] + encoded[1:]))


def shape():
    tagless = PGO_CARD[1:]
    refuse("untagged", "8.1", "no tag", tagless)
    refuse("tag-16", "8.1", "tag 16 instead of 18", b"\xd0" + tagless)
    refuse("cwt-tag", "8.1", "the CWT tag 61 in front", b"\xd8\x3d" + PGO_CARD)
    payload = cbor(good())
    signature = PGO.sign(oracle.sig_structure(AAD, payload))

    def items(name, what, *parts):
        refuse(name, "8.1", what, b"\xd2" + cbor(list(parts)))

    header, kid = oracle.ALG_ED25519, {4: PGO.kid}
    items("three-items", "no signature", header, kid, payload)
    items("alg-minus-8", "EdDSA's old algorithm number", cbor({1: -8}), kid, payload, signature)
    items("protected-empty", "an empty protected header", b"", kid, payload, signature)
    items("unprotected-extra", "a header added without protection", header, kid | {3: 60}, payload, signature)
    items("no-kid", "no kid", header, {}, payload, signature)
    items("kid-32", "the whole id as kid", header, {4: PGO.id}, payload, signature)
    items("detached", "detached claims", header, kid, None, signature)
    items("signature-63", "a signature of 63 bytes", header, kid, payload, signature[:63])


def claims():
    def claim(name, what, label, value, spec="8.1", refusal="Malformed"):
        refuse(name, spec, what, card_of(good() | {label: value}), refusal)

    for label, name in {4: "exp", 5: "nbf", 8: "cnf", -65537: "serial", -65538: "kem-keys", -65539: "label", -65540: "status"}.items():
        refuse(f"no-{name}", "8.1", f"{name} is missing", card_of({k: v for k, v in good().items() if k != label}))
    claim("extra-claim", "a claim that this version does not know", 6, NOW)
    claim("exp-2-53", "exp of 2^53", 4, 2**53)
    claim("exp-float", "exp as a float", 4, NOW + 0.5)
    claim("nbf-negative", "nbf before 1970", 5, -1)
    claim("nbf-after-exp", "nbf after exp", 5, VALID["expires"] + 1)
    claim("serial-2-53", "a serial of 2^53", -65537, 2**53)
    claim("status-2", "a status that is not defined", -65540, 2)
    claim("label-65", "65 bytes of label", -65539, "x" * 65)
    claim("label-bytes", "a label that is not text", -65539, b"PGO")
    claim("label-control", "a newline in the label", -65539, "PGO\nid ok")
    claim("label-escape", "a terminal escape in the label", -65539, "\x1b[2J")
    broken = cbor(good(label="ab")).replace(b"\x62ab", b"\x62\xc3\x28")
    refuse("label-utf8", "8.1", "a label that is not UTF-8", card_of(broken))
    key = {1: 1, -1: 6, -2: PGO.public}
    claim("cnf-kid", "cnf with a kid instead of a key", 8, {3: PGO.kid})
    claim("cnf-two", "cnf with a key and a kid", 8, {1: key, 3: PGO.kid})
    claim("cnf-x25519", "an X25519 key in cnf", 8, {1: {1: 1, -1: 4, -2: PGO_KEM.public}})
    claim("cnf-alg", "alg in the key in cnf", 8, {1: key | {3: -19}})
    claim("cnf-private", "a private key in cnf", 8, {1: key | {-4: bytes(32)}})
    claim("cnf-31", "a key of 31 bytes in cnf", 8, {1: key | {-2: PGO.public[:31]}})
    kem = {1: 1, 2: PGO_KEM.kid, -1: 4, -2: PGO_KEM.public}
    five = [{1: 1, 2: k[:8], -1: 4, -2: k} for k in (bytes([i]) + bytes(30) + b"\x11" for i in range(2, 7))]
    claim("kem-five", "five KEM keys", -65538, five)
    claim("kem-twice", "the same KEM key twice", -65538, [kem, kem])
    claim("kem-no-kid", "a KEM key without kid", -65538, [{k: v for k, v in kem.items() if k != 2}])
    claim("kem-ed25519", "an Ed25519 key among the KEM keys", -65538, [kem | {-1: 6}])
    claim("kem-private", "a private KEM key", -65538, [kem | {-4: bytes(32)}])
    claim("kem-31", "a KEM key of 31 bytes", -65538, [kem | {-2: PGO_KEM.public[:31]}])
    claim("kem-wrong-kid", "a kid that is not the KEM key's", -65538, [kem | {2: GP_KEM.kid}], "8.2")
    for name, point in LOW_ORDER.items():
        forged = {1: 1, 2: oracle.x25519_thumbprint(point)[:8], -1: 4, -2: point}
        claim(f"kem-low-order-{name}", "a KEM key of low order or not canonical", -65538, [forged], "2.4", "WeakKey")


def verification():
    refuse("wrong-kid", "8.2", "the header names another identity", card_of(good(), kid=DEVICE.kid))
    refuse("not-self-signed", "8.2", "signed by another key", card_of(good(), MALLORY, PGO.kid), "Rejected")
    mixed = oracle.claims(PGO.public, [PGO_KEM.public], **VALID)
    refuse("mallory-names-pgo", "8.2", "signed by Mallory over the PGO's key", card_of(mixed, MALLORY))
    refuse("context-none", "8.2", "signed without context", card_of(good(), external_aad=b""), "Rejected")
    refuse("context-statement", "8.2", "signed in the context of statements", card_of(good(), external_aad=cbor(
        ["zegel-statement-1"])), "Rejected")
    flipped = bytearray(PGO_CARD)
    flipped[-1] ^= 1
    refuse("signature-flipped", "8.2", "one bit of the signature flipped", bytes(flipped), "Rejected")
    relabelled = PGO_CARD.replace(b"\x63PGO", b"\x63GPO")
    refuse("label-altered", "8.2", "the label altered after signing", relabelled, "Rejected")
    refuse("expired", "8.2", "one second after exp", PGO_CARD, "Expired", VALID["expires"] + 1)
    refuse("not-yet-valid", "8.2", "one second before nbf", PGO_CARD, "NotYetValid", VALID["not_before"] - 1)
    refuse("withdrawn", "8.2", "a withdrawn card verifies, and is not in force", card_of(good(status=1)), "Revoked")
    refuse("too-long", "8.1", "513 bytes", PGO_CARD + bytes(513 - len(PGO_CARD)))
    zero = bytes(32)
    points = {
        "identity": ed25519.encode(ed25519.IDENTITY), "order-4": zero,
        "order-2": (2**255 - 20).to_bytes(32, "little"),
        "order-8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        "not-canonical": (2**255 - 18).to_bytes(32, "little"), "not-on-curve": b"\x02" + bytes(31),
        "all-ones": b"\xff" * 32,
        "rfc-8032": bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    }
    for name, point in points.items():
        payload = cbor(oracle.claims(point, [], **VALID))
        card = b"\xd2" + cbor([oracle.ALG_ED25519, {4: oracle.ed25519_id(point)[:8]}, payload, point + zero])
        refuse(f"identity-{name}", "2.4", "an identity key that no honest owner has", card, "WeakKey")


def succession():
    def case(name, what, verdict, *serials, revoked=False):
        """Serials as (serial, status, label) of the cards in the order they come."""
        cards = [card_of(good(serial=s, status=t, label=l)) for s, t, l in serials]
        write("succession", name, "8.3", what, {"cards": cards, "revoked": revoked}, verdict)

    newer, same = ({"ok": {"succession": s}} for s in ("Newer", "Same"))
    case("newer", "a higher serial wins", newer, (1, 0, "a"), (2, 0, "a"))
    case("much-newer", "serials may skip", newer, (1, 0, "a"), (2**53 - 1, 0, "a"))
    case("same", "the same bytes again", same, (1, 0, "a"), (1, 0, "a"))
    case("rollback", "a lower serial", error("Rollback"), (2, 0, "a"), (1, 0, "a"))
    case("equivocation", "the same serial with other bytes", error("Equivocation"), (1, 0, "a"), (1, 0, "b"))
    case("withdraw", "a withdrawal is a newer card", newer, (1, 0, "a"), (2, 1, "a"))
    case("withdraw-lower", "a withdrawal counts at any serial", newer, (9, 0, "a"), (2, 1, "a"))
    case("withdraw-equal", "and under the pinned card's own", newer, (2, 0, "a"), (2, 1, "a"))
    case("withdrawn-twice", "a second withdrawal comes after an end too", error("Revoked"), (1, 1, "a"), (2, 1, "a"))
    case("after-withdrawal", "withdrawn is final", error("Revoked"), (1, 1, "a"), (2, 0, "a"))
    case("after-revocation", "revoked is final too", error("Revoked"), (1, 0, "a"), (2, 0, "a"), revoked=True)
    case("revoked-same", "the pinned card itself brings no news", same, (1, 0, "a"), (1, 0, "a"), revoked=True)
    case("first", "nothing was pinned", {"ok": {"succession": "New"}}, (7, 0, "a"))
    case("withdrawn-again", "the withdrawal itself again", same, (1, 0, "a"), (2, 1, "a"), (2, 1, "a"))


def make():
    positive()
    encoding()
    shape()
    claims()
    verification()
    succession()
