"""Vectors of kind `custody`: measurements handed on, and whom the forwarder vouches for (SPEC §11.2, §11.3)."""

import byhand
import byhand_group
import oracle
from names import EVIDENCE, INTRODUCTION, cbor
from session_lab import published, receive
from vectors import (
    BODY, CARER, CARER_CARD, CARER_KEM, DEVICE, DEVICE_CARD, GP, GP_KEM, MALLORY, NOW, PGO, PGO_CARD, TOPIC, VALID,
    WATCH_CARD, noise,
)
from vectors_card import card_of
from vectors_evidence import block_evidence, group_evidence, signed_evidence

KNOWS = cbor([DEVICE_CARD])
BOTH = [PGO_CARD, DEVICE_CARD]


def hand_on(sequence, body, format=EVIDENCE, name=None, forwarder=PGO, time=NOW):
    """An envelope from the PGO to the GP."""
    body = body if isinstance(body, bytes) else cbor(body)
    name = name or f"hand on {sequence}"
    return published(byhand.seal(
        forwarder, GP.id, GP_KEM.public, TOPIC, sequence, time, format, body, 0, noise(name + " signature"),
        noise(name + " ephemeral"))["envelope"])


def introduce(sequence, *cards):
    known = sorted((oracle.read_card(card) for card in cards), key=lambda card: card.id)
    return hand_on(sequence, cbor([card.raw for card in known]), INTRODUCTION)


def custody(name, what, steps, *verdicts, spec="11.2", cards=(PGO_CARD,), **more):
    receive(name, spec, what, steps, *verdicts, kind="custody", me=GP, keys=[GP_KEM], cards=cards, **more)


def known():
    items, block, group = signed_evidence(), block_evidence(), group_evidence()
    custody("ok-pinned", "the receiver has pinned the origin", [hand_on(0, items)], "pinned", cards=BOTH)
    custody("ok-pinned-block", "a measurement of a session", [hand_on(0, block)], "pinned", cards=BOTH)
    custody("ok-pinned-group", "a measurement that the receiver also got itself", [hand_on(0, group)], "pinned",
        cards=BOTH)
    custody("ok-vouched", "the forwarder vouches for the origin", [introduce(0, DEVICE_CARD), hand_on(1, items)],
            "introduction", "vouched")
    custody("ok-twice", "handed on twice: two envelopes, one digest", [hand_on(0, items), hand_on(1, items,
        name="again")],
            "pinned", "pinned", cards=BOTH)
    custody("ok-older-card", "evidence with a card older than the pinned one", [
        hand_on(0, items), {"pin": oracle.issue_card(DEVICE, [], serial=2, **VALID)}, hand_on(1, block)],
        "pinned", None, "pinned", cards=BOTH)
    custody("ok-introduced-and-pinned", "a pinned origin stays what it is", [introduce(0), hand_on(1, items)],
            "introduction", "pinned", cards=BOTH)
    custody("ok-own-measurement", "a measurement of the forwarder's own", [hand_on(0, BODY, 112)], "signed")
    custody("duplicate", "the same envelope again", [hand_on(0, items), hand_on(0, items)], "pinned", "Duplicate",
        cards=BOTH)
    custody("unknown-origin", "nobody knows the origin; when it is introduced the envelope is taken", [
        hand_on(1, items), introduce(0, WATCH_CARD), hand_on(1, items), introduce(2, DEVICE_CARD), hand_on(1, items)],
        "UnknownSender", "introduction", "UnknownSender", "introduction", "vouched")
    custody("revoked-origin", "the origin is revoked", [hand_on(0, items)], "Revoked", cards=BOTH, revoked=[DEVICE.id])
    withdrawn = oracle.issue_card(DEVICE, [], serial=2, status=1, **VALID)
    custody("withdrawn-origin", "the origin's pinned card is withdrawn, whoever vouches for it", [
        introduce(0, DEVICE_CARD), {"pin": withdrawn}, hand_on(1, items)], "introduction", None, "Revoked", cards=BOTH)
    custody("revoked-forwarder", "the forwarder is revoked", [hand_on(0, items)], "Revoked", cards=BOTH,
        revoked=[PGO.id])
    custody("unknown-forwarder", "the forwarder is not pinned", [hand_on(0, items)], "UnknownSender",
        cards=[DEVICE_CARD])


def introductions():
    items = signed_evidence()
    custody("ok-replaced", "an introduction is the whole set", [
        introduce(0, DEVICE_CARD), introduce(1, WATCH_CARD), hand_on(2, items)],
        "introduction", "introduction", "UnknownSender", spec="11.3")
    custody("ok-late", "an older introduction comes late, and does not count", [
        introduce(5, DEVICE_CARD), introduce(2), hand_on(6, items)], "introduction", "introduction", "vouched",
        spec="11.3")
    custody("late-revival", "an older introduction does not bring anybody back", [
        introduce(5), introduce(2, DEVICE_CARD), hand_on(6, items)], "introduction", "introduction", "UnknownSender",
        spec="11.3")
    custody("replayed", "a replayed introduction", [introduce(0, DEVICE_CARD), introduce(1), introduce(0,
        DEVICE_CARD), hand_on(2, items)],
            "introduction", "introduction", "Duplicate", "UnknownSender", spec="11.3")
    custody("pins-nobody", "who is introduced is not a sender of the receiver's", [
        introduce(0, DEVICE_CARD), published(byhand.seal(DEVICE, GP.id, GP_KEM.public, TOPIC, 0, NOW, 112, BODY, 0,
        noise("d"), noise("e"))["envelope"])],
        "introduction", "UnknownSender", spec="11.3")
    carer = [PGO_CARD, CARER_CARD]
    custody("other-forwarder", "another forwarder's introduction does not count", [
        hand_on(0, cbor([DEVICE_CARD]), INTRODUCTION, forwarder=CARER), hand_on(0, items)],
        "introduction", "UnknownSender", spec="11.3", cards=carer)
    point = card_of(oracle.claims(DEVICE.public, [], **VALID), MALLORY, DEVICE.kid)
    for name, what, body in (
        ("forged", "a forged card among them", cbor([point])), ("withdrawn", "a withdrawn card among them", cbor(
            [oracle.issue_card(DEVICE, [], status=1, **VALID)])),
        ("twice", "a card twice", cbor([DEVICE_CARD, DEVICE_CARD])), ("trailing", "a byte follows", KNOWS + b"\x00"),
        ("empty", "an empty body", b""),
    ):
        custody(f"introduction-{name}", f"{what}: refused in one word, and the number stays free", [
            hand_on(0, body, INTRODUCTION, "bad"), introduce(0, DEVICE_CARD)], "Rejected", "introduction", spec="11.3")


def evidence():
    items, block = signed_evidence(), block_evidence()

    def refuse(name, what, body, refusal="Rejected", **more):
        custody(name, what, [hand_on(0, body, name="bad"), hand_on(0, items)], refusal, "pinned",
            **({"cards": BOTH} | more))

    refuse("trailing-byte", "a byte follows the evidence", cbor(items) + b"\x00")
    refuse("empty", "an empty body", b"")
    refuse("measurement", "a measurement under the format of evidence", BODY)
    refuse("altered", "the statement altered", [*items[:3], cbor([8, NOW, 112, BODY, b""]), items[4]])
    refuse("other-topic", "another topic", [*items[:2], "zegel/7f3a/2", *items[3:]])
    refuse("other-card", "another sender's card", [WATCH_CARD, *items[1:]])
    refuse("card-broken", "a card that is no card", [b"", *items[1:]])
    refuse("place-moved", "the statement at another place of its block", [*block[:4], [block[4][0] - 1, *block[4][1:]]])
    refuse("path-other", "another path", [*block[:4], [*block[4][:2], block[4][2][::-1], block[4][3]]])
    refuse("format-reserved", "evidence of evidence", [*items[:3], cbor([7, NOW, EVIDENCE, cbor(items), b""]),
        items[4]])
    to_carer = byhand.seal(DEVICE, CARER.id, CARER_KEM.public, TOPIC, 7, NOW, 112, BODY, 0, noise("carer"),
        noise("carer e"))
    others = [DEVICE_CARD, [CARER.id], TOPIC, to_carer["statement"], to_carer["signature"]]
    refuse("not-the-audience", "taken from somebody else's context", others)
    custody("not-the-audience-vouched", "the forwarder vouches for the origin, and was not its audience", [
        introduce(0, DEVICE_CARD), hand_on(1, others)], "introduction", "Rejected")
    custody("receiver-is-audience", "meant for the receiver, not for the forwarder", [hand_on(0, [
        DEVICE_CARD, [GP.id], TOPIC, *(byhand.seal(DEVICE, GP.id, GP_KEM.public, TOPIC, 7, NOW, 112, BODY, 0,
        noise("g"), noise("h"))[k]
                                       for k in ("statement", "signature"))])], "Rejected", cards=BOTH)
    ids = [(GP.id, GP_KEM.public), (CARER.id, CARER_KEM.public)]
    grouped = byhand_group.seal(PGO, ids, TOPIC, 0, NOW, EVIDENCE, cbor(items), 0, noise("gs"), noise("ge"))["envelope"]
    custody("in-a-group", "evidence in a group envelope", [published(grouped)], "Rejected", spec="4.3", cards=BOTH)
    custody("forged-first", "a forged proof is told before the origin is", [hand_on(0, [*items[:4], bytes(64)])],
        "Rejected")
    custody("policy-stale", "the policy looks at the forwarder's envelope",
        [hand_on(0, items, time=NOW - 101), hand_on(1, items)],
            "Stale", "pinned", spec="7.5", cards=BOTH, policy={"max_age": 100, "max_skew": None, "max_jump": None})


def make():
    known()
    introductions()
    evidence()
