"""Vectors of kinds `evidence` and `introduction`: proofs outside of any envelope (SPEC §11.1, §11.3)."""

import byhand
import byhand_group
import ed25519
import merkle
import oracle
from faults import encoding_faults
from names import cbor
from session_lab import Lab
from vectors import (
    BODY, CARER, CARER_CARD, DEVICE, DEVICE_CARD, GP, GP_KEM, MALLORY, NOW, PGO, PGO_KEM, TOPIC, VALID,
    ROOT, WATCH, WATCH_CARD, computed, error, made, noise, write,
)
from vectors_card import card_of
from vectors_open import sealed

EVIDENCE = "array card audience id topic statement proof".split()
PROOF = "proof first count path".split()


def signed_evidence(name="evidence", **fields):
    """The items of evidence from a one-shot envelope."""
    parts = sealed(name, **fields)
    return [DEVICE_CARD, [PGO.id], fields.get("topic", TOPIC), parts["statement"], parts["signature"]]


def block_evidence(place=1, count=3):
    """The items of evidence from a block."""
    s = Lab("evidence session")
    s.tells(count)
    s.sign()
    first, leaves, body = s.block
    proof = oracle.manifest_proof(first, leaves, place, body[-64:])
    return [DEVICE_CARD, [PGO.id], TOPIC, s.statements[place], proof]


def group_evidence():
    parts = byhand_group.seal(DEVICE, [(PGO.id, PGO_KEM.public), (GP.id, GP_KEM.public)], TOPIC, 7, NOW, 112, BODY, 0,
                              noise("group evidence"), noise("group evidence content"))
    return [DEVICE_CARD, parts["audience"], TOPIC, parts["statement"], parts["signature"]]


def given(items, forwarder=None):
    return {"evidence": items if isinstance(items, bytes) else cbor(items), "forwarder": forwarder}


def accept(name, what, items, forwarder=None, spec="11.1"):
    computed("evidence", name, spec, what, given(items, forwarder))
    assert '"ok"' in made[ROOT / "evidence" / f"{name}.json"], name


def refuse(name, what, items, refusal="Rejected", forwarder=None, spec="11.1"):
    write("evidence", name, spec, what, given(items, forwarder), error(refusal))


def positive():
    accept("ok-signature", "a measurement from a one-shot envelope", signed_evidence())
    accept("ok-group", "a measurement from a group envelope", group_evidence())
    for place, count in ((0, 1), (1, 3), (2, 3), (3, 4), (0, 4)):
        accept(f"ok-{place}-of-{count}", "a measurement from a block", block_evidence(place, count))
    accept("ok-forwarder", "the forwarder is the audience", signed_evidence(), PGO.id, "11.2")
    accept("ok-forwarder-group", "the forwarder is in the audience", group_evidence(), GP.id, "11.2")
    accept("ok-pad", "a padded statement", signed_evidence("evidence pad", pad=60))
    items = signed_evidence()
    expired = oracle.issue_card(DEVICE, [], serial=3, not_before=1, expires=2)
    accept("ok-expired-card", "a card that is not in force proves what its key signed", [expired, *items[1:]])
    withdrawn = oracle.issue_card(DEVICE, [], serial=3, status=1, **VALID)
    accept("ok-withdrawn-card", "so does a withdrawn one", [withdrawn, *items[1:]])


def shapes():
    items, block = signed_evidence(), block_evidence()

    def shape(name, what, at, value, of=items, refusal="Malformed", spec="11.1"):
        changed = list(of)
        changed[at] = value
        refuse(name, what, changed, refusal, spec=spec)

    for name, what, bytes_ in encoding_faults(cbor(items), EVIDENCE):
        refuse(name, what, bytes_, "Malformed", spec="3.1")
    names = [*EVIDENCE[:-1], *PROOF, "step-0", "step-1", "signature"]
    for name, what, bytes_ in encoding_faults(cbor(block), names):
        if name.split("-", 1)[1] in (*PROOF, "step-0", "signature"):
            refuse(f"block-{name}", what, bytes_, "Malformed", spec="3.1")
    refuse("empty", "no bytes at all", b"", "Malformed")
    refuse("trailing-byte", "one byte follows", cbor(items) + b"\x00", "Malformed", spec="3.1")
    refuse("four-items", "no proof", items[:4], "Malformed")
    refuse("six-items", "a sixth item", [*items, b""], "Malformed")
    shape("card-array", "a card that is not wrapped", 0, [])
    shape("card-trailing-byte", "a byte follows the card", 0, DEVICE_CARD + b"\x00")
    shape("audience-empty", "no audience", 1, [])
    shape("audience-17", "an audience of 17", 1, sorted([PGO.id, *(noise(f"stranger {i}") for i in range(16))]))
    ids = sorted([PGO.id, GP.id])
    shape("audience-unsorted", "an audience that is not sorted", 1, ids[::-1])
    shape("audience-twice", "an id twice", 1, [PGO.id, PGO.id])
    shape("audience-kid", "a kid in the audience", 1, [PGO.kid])
    shape("topic-empty", "an empty topic", 2, "", spec="3.2")
    shape("topic-wildcard", "a topic with a wildcard", 2, "zegel/#", spec="3.2")
    shape("topic-bytes", "a topic of bytes", 2, TOPIC.encode())
    shape("topic-256", "a topic of 256 bytes", 2, "t" * 256, spec="3.2")
    statement = [7, NOW, 112, BODY, b""]
    shape("statement-four", "a statement of four items", 3, cbor(statement[:4]), spec="4.3")
    shape("statement-array", "a statement that is not wrapped", 3, statement)
    shape("statement-pad", "padding that is not zero", 3, cbor([*statement[:4], b"\x01"]), spec="4.5")
    shape("statement-time", "a time of 2^53", 3, cbor([7, 2**53, *statement[2:]]), spec="4.3")
    for format in (65000, 65001, 65002, 65003, 65004):
        changed = cbor([7, NOW, format, BODY, b""])
        shape(f"format-{format}", "a format that no measurement has, properly signed", 3, changed, [
            *items[:4], DEVICE.sign(oracle.sig_structure(oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC), changed))])
    shape("signature-63", "a signature of 63 bytes", 4, items[4][:63])
    shape("proof-null", "no proof", 4, None)
    first, count, path, signature = block[4]
    for name, what, proof in (
        ("proof-three", "a proof without signature", [first, count, path]),
        ("count-0", "an empty block", [first, 0, path, signature]),
        ("count-65", "more than any block", [first, 65, path, signature]),
        ("first-2-53", "first of 2^53", [2**53, count, path, signature]),
        ("path-7", "a path of seven", [first, count, [bytes(32)] * 7, signature]),
        ("path-31", "a hash of 31 bytes", [first, count, [bytes(31), path[1]], signature]),
        ("block-signature-63", "a signature of 63 bytes", [first, count, path, signature[:63]]),
    ):
        shape(name, what, 4, proof, block)
    shape("block-audience-two", "a block with two in the audience", 1, ids, block)


def proofs():
    items, block, group = signed_evidence(), block_evidence(), group_evidence()
    s = items[4]

    def change(name, what, of, refusal="Rejected", spec="11.1", **at):
        changed = list(of)
        for place, value in at.items():
            changed["card audience topic statement proof".split().index(place)] = value
        refuse(name, what, changed, refusal, spec=spec)

    forged = card_of(oracle.claims(MALLORY.public, [], **VALID), MALLORY)
    for kind, of in (("", items), ("block-", block)):
        change(f"{kind}card-other", "another sender's card", of, card=forged)
        change(f"{kind}audience-other", "another audience", of, audience=[GP.id])
        change(f"{kind}topic-other", "another topic", of, topic="zegel/7f3a/2")
        altered = cbor([9, NOW, 112, b"\x80", b""])
        change(f"{kind}statement-other", "another statement", of, statement=altered)
    change("card-renewed-by-mallory", "the device's key in a card signed by Mallory", items, card=card_of(
        oracle.claims(DEVICE.public, [], **VALID), MALLORY, DEVICE.kid), spec="8.2")
    change("card-weak", "a card of a key of low order", items, "WeakKey", "2.4", card=card_of(
        oracle.claims(ed25519.encode(ed25519.IDENTITY), [], **VALID), MALLORY,
        oracle.ed25519_id(ed25519.encode(ed25519.IDENTITY))[:8]))
    change("audience-wider", "signed for one, shown as for two", items, audience=sorted([PGO.id, GP.id]))
    change("audience-narrower", "signed for two, shown as for one", group, audience=[PGO.id])
    change("signature-flipped", "one bit of the signature flipped", items, proof=bytes([s[0] ^ 1]) + s[1:])
    high = (int.from_bytes(s[32:], "little") + ed25519.L).to_bytes(32, "little")
    change("signature-s-plus-l", "S not reduced", items, spec="5.3", proof=s[:32] + high)
    first, count, path, signature = block[4]
    for name, what, proof in (
        ("block-signature-bare", "a manifest's signature shown as the statement's", signature),
        ("block-first-1-less", "the block moved down", [first - 1, count, path, signature]),
        ("block-first-after", "the statement stands before the block", [3, count, path, signature]),
        ("block-place-beyond", "the statement stands after the block", [first, 1, [], signature]),
        ("block-count-less", "a smaller block", [first, 2, path[-1:], signature]),
        ("block-count-more", "a larger block with a path of its length", [first, 4, path, signature]),
        ("block-path-short", "one hash too few", [first, count, path[:-1], signature]),
        ("block-path-long", "one hash too many", [first, count, [*path, bytes(32)], signature]),
        ("block-path-swapped", "two hashes have changed places", [first, count, path[::-1], signature]),
        ("block-path-other", "another hash", [first, count, [bytes(32), path[1]], signature]),
        ("block-signature-flipped", "one bit of the signature flipped",
        [first, count, path, bytes([signature[0] ^ 1]) + signature[1:]]),
        ("block-of-one-statement", "the statement's own signature as that of a block", [first + 1, 1, [], s]),
    ):
        change(name, what, block, proof=proof)
    leaf = merkle.leaf(oracle.sig_structure(oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC), block[3]))
    mallory = byhand.sign_hedged(MALLORY.seed, noise("mallory"), oracle.sig_structure(
        oracle.manifest_aad(DEVICE.id, PGO.id), cbor([2, 1, leaf])))
    change("block-signed-mallory", "a block signed by another key", block, proof=[2, 1, [], mallory])
    for name, of, who in (("", items, GP), ("group-", group, MALLORY), ("block-", block, GP),
            ("origin-", items, DEVICE)):
        refuse(f"{name}forwarder", "the forwarder is not in the audience", of, forwarder=who.id, spec="11.2")
    refuse("card-none", "a card that is no card", [b"\xd2\x80", *items[1:]], "Malformed", spec="8.2")


def introductions():
    cards = sorted((oracle.read_card(c) for c in (DEVICE_CARD, WATCH_CARD, CARER_CARD)), key=lambda c: c.id)
    raw = [card.raw for card in cards]

    def case(name, what, data, refusal=None):
        data = data if isinstance(data, bytes) else cbor(data)
        expect = error(refusal) if refusal else {"ok": {"ids": [card.id for card in cards if card.raw in data]}}
        write("introduction", name, "11.3", what, {"introduction": data}, expect)

    case("ok-three", "three devices", raw)
    case("ok-one", "one device", raw[:1])
    case("ok-none", "nobody is vouched for any more", [])
    old = oracle.issue_card(DEVICE, [], not_before=1, expires=2)
    write("introduction", "ok-expired", "11.3", "an expired card introduces", {"introduction": cbor([old])},
        {"ok": {"ids": [DEVICE.id]}})
    case("unsorted", "not in ascending order", raw[::-1], "Malformed")
    case("twice", "a card twice", [raw[0], *raw], "Malformed")
    newer = oracle.issue_card(DEVICE, [], serial=2, **VALID)
    case("two-cards", "two cards of one identity", [DEVICE_CARD, newer], "Malformed")
    case("withdrawn", "a withdrawn card", [oracle.issue_card(DEVICE, [], status=1, **VALID)], "Revoked")
    case("unwrapped", "a card that is not wrapped", b"\x81" + raw[0], "Malformed")
    case("trailing-byte", "one byte follows", cbor(raw) + b"\x00", "Malformed")
    case("card-trailing-byte", "a byte follows a card", [raw[0] + b"\x00"], "Malformed")
    case("card-forged", "a card signed by another key", [card_of(oracle.claims(DEVICE.public, [], **VALID), MALLORY,
        DEVICE.kid)], "Rejected")
    people = sorted((DEVICE, WATCH, CARER), key=lambda who: who.id)
    forged = [card_of(oracle.claims(who.public, [], **VALID), MALLORY, who.kid) for who in people]
    ended = [oracle.issue_card(who, [], status=1, **VALID) for who in people]
    case("unsorted-forged", "the order is told before a signature", [forged[1], raw[0]], "Malformed")
    case("withdrawn-then-forged", "each card in turn: the first is withdrawn", [ended[0], forged[1]], "Revoked")
    case("forged-then-withdrawn", "each card in turn: the first is forged", [forged[0], ended[1]], "Rejected")
    point = ed25519.encode(ed25519.IDENTITY)
    case("card-weak", "a card of a key of low order", [
        card_of(oracle.claims(point, [], **VALID), MALLORY, oracle.ed25519_id(point)[:8])], "WeakKey")
    case("map", "a map", {}, "Malformed")
    case("sixty-five", "65 cards", [raw[0]] * 65, "Malformed")
    case("longer", "an array head in more bytes than it needs", b"\x98\x03" + cbor(raw)[1:], "Malformed")
    case("indefinite", "an array without a length", b"\x9f" + cbor(raw)[1:] + b"\xff", "Malformed")
    case("empty", "no bytes at all", b"", "Malformed")


def make():
    positive()
    shapes()
    proofs()
    introductions()
