"""The examples of SPEC.md on groups, sessions, custody and pairing (§4.6, §5.5, §10 to §12), by name."""

import cbor2

import byhand_group
import merkle
import oracle
from byhand_session import SessionSender
from names import cbor
from pairing import Keys, Scanner, Shower, code_bytes, code_text
from vectors import BODY, DEVICE, DEVICE_CARD, GP, GP_KEM, NOW, PGO, PGO_CARD, PGO_KEM, TOPIC, noise

EXPIRES = NOW + 600
SECOND_BODY = cbor([{-3: NOW + 60, 0: "hr", 1: "beat/min", 2: 63}])


def group():
    people = [(PGO.id, PGO_KEM.public), (GP.id, GP_KEM.public)]
    sealed = byhand_group.seal(DEVICE, people, TOPIC, 0, NOW, 112, BODY, 0, noise("group signature"),
        noise("group content"))
    kids = [recipient[1][4] for recipient in sealed["recipients"]]
    return {
        "gp-id": GP.id, "gp-kem-public": GP_KEM.public, "group-envelope": sealed["envelope"],
        "group-plaintext": sealed["plaintext"],
        "group-enc-structure": byhand_group.enc_structure(TOPIC, kids), "group-digest": sealed["digest"],
        "group-noise": noise("group content"), "content-key": sealed["content_key"], "content-iv": sealed["iv"],
        "recipient-structure": byhand_group.INFO,
    }


def session():
    s = SessionSender(DEVICE, PGO.id, PGO_KEM.public, TOPIC, 8, NOW, [32, 65536, 86400], noise("keyframe signature"),
                      noise("keyframe ephemeral"))
    message = s.message(TOPIC, NOW, 112, BODY)
    found = {
        "keyframe-body": cbor(s.limits), "keyframe": s.keyframe, "session-key": s.key, "base-iv": s.base_iv,
        "session-id": s.id,
        "session-message": message, "session-plaintext": s.plaintext, "session-statement": s.statement,
        "session-enc-structure": oracle.message_aad(TOPIC), "leaf": s.leaves[0],
        "session-nonce": bytes(a ^ b for a, b in zip(s.base_iv, (9).to_bytes(12, "big"))),
    }
    s.message(TOPIC, NOW + 60, 112, SECOND_BODY)
    manifest_message = s.manifest(TOPIC, None, noise("manifest signature"))
    first, leaves, body = s.block
    proof = oracle.manifest_proof(first, leaves, 0, body[-64:])
    evidence = oracle.evidence(DEVICE_CARD, [PGO.id], TOPIC, s.statements[0], proof)
    return found | {
        "second-leaf": leaves[1], "root": merkle.root(leaves), "manifest": body, "manifest-message": manifest_message,
        "manifest-payload": cbor2.loads(body)[2], "evidence": evidence, "introduction": cbor([DEVICE_CARD]),
        "device-card": DEVICE_CARD,
    }


def pairing():
    secret = noise("pairing secret")
    keys = Keys(PGO.id, secret, EXPIRES)
    scanner = Scanner(DEVICE, DEVICE_CARD, keys, noise("pairing scanner"))
    shower = Shower(PGO, PGO_CARD, keys, noise("pairing shower"))
    sent = [scanner.start()]
    for end in (shower, scanner, shower):
        sent.append(end.take(sent[-1], NOW)["answer"])
    (scanner_key, scanner_iv), (shower_key, shower_iv) = keys.of(1), keys.of(2)
    messages = {f"pairing-message-{i + 1}": message for i, message in enumerate(sent)}
    return messages | {
        "pairing-secret": secret, "pairing-code": code_text(code_bytes(PGO.id, secret, EXPIRES)), "pairing-id": keys.id,
        "scanner-key": scanner_key, "scanner-iv": scanner_iv, "shower-key": shower_key, "shower-iv": shower_iv,
        "pairing-topics": " ".join(keys.topics), "pairing-marks": keys.marks,
        "pairing-enc-structure": keys.aad,
        "pairing-plaintext-3": plaintext(keys, sent[2]),
    }


def plaintext(keys, message):
    """What message 3 says."""
    return keys.open(message)


def examples():
    return group() | session() | pairing()
