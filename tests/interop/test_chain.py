"""The oracle reads what it wrote: groups, sessions and their blocks, evidence handed on, pairing. Fresh keys."""

import os

import cbor2

import byhand
import byhand_group
import merkle
import oracle
from byhand_session import SessionSender
from names import EVIDENCE, INTRODUCTION, Identity, KemKey
from pairing import Keys, Scanner, Shower, code_bytes, code_text, read_code
from test_oracle import TOPIC, refused

NOW = 1764000000


def person(name, kem=True):
    """An identity, its KEM key and its card."""
    identity, key = Identity(os.urandom(32)), KemKey(os.urandom(32))
    return identity, key, oracle.read_card(oracle.issue_card(identity, [key.public] if kem else [], label=name))


def receiver_of(who, *cards):
    receiver = oracle.Receiver(who[0].id, [who[1]], policy=oracle.Policy())
    for card in cards:
        receiver.pin(card)
    return receiver


def parts(envelope, who):
    """What `who` looks at in a group envelope."""
    *content, recipients = cbor2.loads(envelope).value
    return content, [r for r in recipients if r[1][4] == who[1].kid], [r[1][4] for r in recipients]


def test_groups_by_cwt_and_by_hand_open_for_each():
    device, *people = [person(name) for name in ("device", "pgo", "gp", "carer")]
    cards = [card for _, _, card in people]
    for envelope in (
        oracle.seal_group(device[0], cards, TOPIC, 3, NOW, 112, b"62", 7),
        byhand_group.seal(device[0], [(card.id, card.kem_publics[0]) for card in cards], TOPIC, 3, NOW, 112, b"62", 7,
                          os.urandom(32), os.urandom(32))["envelope"],
    ):
        assert len(envelope) == byhand_group.length(3, 3, NOW, 112, 2, 7)
        for who in people:
            receiver = receiver_of(who, device[2])
            opened = receiver.open(TOPIC, NOW, envelope)
            assert opened["body"] == b"62" and opened["audience"] == sorted(card.id for card in cards)
            refused("Duplicate", lambda: receiver.open(TOPIC, NOW, envelope))
        refused("NotForMe", lambda: receiver_of(device, device[2]).open(TOPIC, NOW, envelope))
        for at in range(0, len(envelope), 7):
            altered = bytearray(envelope)
            altered[at] ^= 1
            try:
                receiver_of(people[0], device[2]).open(TOPIC, NOW, bytes(altered))
            except oracle.ZegelError as err:
                assert err.name in ("Malformed", "NotForMe", "Rejected"), err
            else:  # in another recipient's sealed key, which is not ours to judge
                assert parts(bytes(altered), people[0]) == parts(envelope, people[0]), at


def open_session(device, pgo, sequence=0, limits=(4, 65536, 86400)):
    return SessionSender(device[0], pgo[0].id, pgo[1].public, TOPIC, sequence, NOW, limits, os.urandom(32),
        os.urandom(32))


def test_a_session_is_read_in_any_order_and_proven_at_last():
    device, pgo = person("device"), person("pgo")
    receiver, session = receiver_of(pgo, device[2]), open_session(device, pgo)
    messages = [session.message(TOPIC, NOW + i, 112, bytes([i])) for i in range(4)]
    refused("ManifestDue", lambda: session.message(TOPIC, NOW, 112, b"x"))
    manifest = session.manifest(TOPIC, NOW, os.urandom(32))
    refused("UnknownSession", lambda: receiver.open(TOPIC, NOW, messages[0]))
    assert receiver.open(TOPIC, NOW, session.keyframe)["session"] == session.id
    for i in (0, 3, 2):
        opened = receiver.open(TOPIC, NOW, messages[i])
        assert (opened["body"], opened["provenance"], opened["sequence"]) == (bytes([i]), "session", i + 1)
    assert receiver.open(TOPIC, NOW, manifest)["signed"] is None
    receiver.restart(receiver.keys)
    opened = receiver.open(TOPIC, NOW, messages[1])
    assert opened["signed"] == [1, 4] and opened["late"] and opened["provenance"] == "signed"
    refused("Duplicate", lambda: receiver.open(TOPIC, NOW, messages[1]))
    refused("Duplicate", lambda: receiver.open(TOPIC, NOW, manifest))
    refused("Duplicate", lambda: receiver.open(TOPIC, NOW, session.keyframe))
    receiver.restart([])
    refused("NotForMe", lambda: receiver.open(TOPIC, NOW, messages[1]))


def test_a_message_of_100_bytes_costs_at_most_52():
    device, pgo = person("device"), person("pgo")
    session = open_session(device, pgo, 300)
    assert len(session.message(TOPIC, NOW, 112, bytes(100))) <= 152


def test_merkle_paths_climb_to_the_root():
    for count in range(1, 65):
        leaves = [os.urandom(32) for _ in range(count)]
        for place in range(count):
            path = merkle.path(leaves, place)
            assert merkle.climb(leaves[place], place, count, path) == merkle.root(leaves)
            refused("Rejected", lambda: merkle.climb(leaves[place], place, count, [*path, bytes(32)]))
            if path:
                refused("Rejected", lambda: merkle.climb(leaves[place], place, count, path[:-1]))


def test_evidence_goes_from_hand_to_hand():
    device, pgo, gp = person("device"), person("pgo"), person("gp")
    session = open_session(device, pgo)
    session.message(TOPIC, NOW, 112, b"61")
    session.message(TOPIC, NOW, 112, b"62")
    session.manifest(TOPIC, NOW, os.urandom(32))
    first, leaves, body = session.block
    signature = body[-64:]
    evidence = oracle.evidence(device[2].raw, [pgo[0].id], TOPIC, session.statements[1],
                               oracle.manifest_proof(first, leaves, 1, signature))
    said = oracle.verify_evidence(evidence, pgo[0].id)
    assert (said["body"], said["origin"], said["signed_with"]) == (b"62", device[0].id, [1, 2])
    refused("Rejected", lambda: oracle.verify_evidence(evidence, gp[0].id))
    receiver = receiver_of(gp, pgo[2])

    def hand_on(sequence, format, body):
        return receiver.open(TOPIC, NOW, oracle.seal(pgo[0], gp[2], TOPIC, sequence, NOW, format, body))

    refused("UnknownSender", lambda: hand_on(0, EVIDENCE, evidence))
    assert hand_on(1, INTRODUCTION, oracle.introduction([device[2], pgo[2]]))["ids"] == sorted([device[0].id,
        pgo[0].id])
    opened = hand_on(0, EVIDENCE, evidence)
    assert (opened["known"], opened["origin"], opened["sender"]) == ("vouched", said, pgo[0].id)
    assert hand_on(3, INTRODUCTION, oracle.introduction([]))["ids"] == []
    refused("UnknownSender", lambda: hand_on(4, EVIDENCE, evidence))
    sealed = byhand.seal(device[0], pgo[0].id, pgo[1].public, TOPIC, 9, None, 42, b"x", 3, os.urandom(32),
        os.urandom(32))
    alone = oracle.evidence(device[2].raw, [pgo[0].id], TOPIC, sealed["statement"], sealed["signature"])
    assert oracle.verify_evidence(alone)["digest"] == sealed["digest"]


def test_two_ends_pair():
    shower, scanner = person("shower"), person("scanner")
    secret, expires = os.urandom(32), NOW + 600
    text = code_text(code_bytes(shower[0].id, secret, expires))
    assert len(text) == 125 and read_code(text, NOW) == (shower[0].id, secret, expires)
    keys = Keys(shower[0].id, secret, expires)
    show = Shower(shower[0], shower[2].raw, keys, os.urandom(32))
    scan = Scanner(scanner[0], scanner[2].raw, keys, os.urandom(32))
    one = scan.start()
    two = show.take(one, NOW)["answer"]
    assert show.take(one, NOW)["answer"] == two
    three = scan.take(two, NOW)["answer"]
    four = show.take(three, NOW)
    assert four["paired"] == scanner[0].id
    assert scan.take(four["answer"], NOW) == {"answer": None, "paired": shower[0].id}
    refused("CodeUsed", lambda: show.take(three, NOW))
    refused("CodeUsed", lambda: scan.take(four["answer"], NOW))
