"""What all vector files share: the keys they use, how one is written, and how it is run against the oracle."""

import hashlib
import json
import pathlib

import byhand
import oracle
import runners
from names import ZegelError, cbor, check_topic, fingerprint, identity, kem
from verdicts import error, hexed, verdict

ROOT = pathlib.Path(__file__).parent.parent / "vectors"
TOPIC = "zegel/7f3a/1"
NOW = 1764000000
VALID = {"not_before": 1760000000, "expires": 1770000000}
DEVICE, WATCH, PGO, GP, CARER, MALLORY = map(identity, "device watch pgo gp carer mallory".split())
PGO_KEM, PGO_KEM_2, GP_KEM, CARER_KEM, MALLORY_KEM = map(
    kem, "pgo kem,pgo new kem,gp kem,carer kem,mallory kem".split(","))
BODY = cbor([{-3: NOW, 0: "hr", 1: "beat/min", 2: 62}])


def noise(name):
    """The 32 random bytes of a vector."""
    return hashlib.sha256(b"zegel vector noise: " + name.encode()).digest()


DEVICE_CARD = oracle.issue_card(DEVICE, [], label="device 7f3a", **VALID)
WATCH_CARD = oracle.issue_card(WATCH, [], label="watch", **VALID)
PGO_CARD = oracle.issue_card(PGO, [PGO_KEM.public], label="PGO", **VALID)
GP_CARD = oracle.issue_card(GP, [GP_KEM.public], label="GP", **VALID)
CARER_CARD = oracle.issue_card(CARER, [CARER_KEM.public], label="carer", **VALID)


def write(kind, name, spec, what, given, expect):
    """One file's text, after the oracle has said the same."""
    vector = {
        "name": f"{kind}/{name}", "spec": spec, "what": what, "kind": kind,
        "input": hexed(given), "expect": hexed(expect),
    }
    found = run(vector)
    assert found == vector["expect"], f"{kind}/{name}: oracle says {found}, expected {vector['expect']}"
    path = ROOT / kind / f"{name}.json"
    assert path not in made, path
    made[path] = json.dumps(vector, indent=2, ensure_ascii=False) + "\n"


def computed(kind, name, spec, what, given):
    """A vector whose results are the oracle's."""
    write(kind, name, spec, what, given, run({"kind": kind, "input": hexed(given)}))


def run(vector):
    """The oracle's verdict on a vector, in the form of its `expect`."""
    return verdict(RUNNERS[vector["kind"]], vector["input"])


def run_open(given):
    receiver = runners.receiver_of(given)
    for earlier in given["opened_before"]:
        receiver.open(given["topic"], given["now"], bytes.fromhex(earlier))
    envelope = bytes.fromhex(given["envelope"])
    envelope += bytes(max(0, given.get("extend_with_zeros_to", 0) - len(envelope)))
    opened = receiver.open(given["topic"], given["now"], envelope)
    return {k: opened[k] for k in ("sender", "sequence", "time", "format", "body", "digest")}


def run_card(given):
    card = oracle.read_card(bytes.fromhex(given["card"]))
    card.check_valid(given["now"])
    return {
        "id": card.id, "serial": card.serial, "not_before": card.not_before, "expires": card.expires,
        "label": card.label, "kem_keys": card.kem_publics, "status": card.status, "digest": card.digest,
    }


def run_topic(given):
    check_topic(given["topic"])
    return {}


def run_name(given):
    public = bytes.fromhex(given["public"])
    if given["key"] == "ed25519":
        full = oracle.ed25519_id(public)
        return {"id": full, "kid": full[:8], "fingerprint": fingerprint(full)}
    full = oracle.x25519_thumbprint(public)
    return {"thumbprint": full, "kid": full[:8]}


def run_padding(given):
    fields = [given[k] for k in ("sequence", "time", "format", "body_length")]
    pad = byhand.pad_length(*fields)
    return {
        "unpadded": byhand.envelope_length(*fields, 0), "pad": pad, "length": byhand.envelope_length(*fields, pad)
    }


def run_ephemeral(given):
    seed, random, digest = (bytes.fromhex(given[k]) for k in ("seed", "noise", "digest"))
    ikm = byhand.ephemeral_ikm(seed, random, given["sequence"], digest)
    secret, public = byhand.derive_key_pair(ikm)
    return {"hedge": byhand.hedge(seed), "ikm": ikm, "secret": secret, "ek": public}


def run_signature(given):
    seed, random, message = (bytes.fromhex(given[k]) for k in ("seed", "noise", "message"))
    return {"signature": byhand.sign_hedged(seed, random, message)}


def run_seal(given):
    card = oracle.read_card(bytes.fromhex(given["recipient_card"]))
    sender = oracle.Identity(bytes.fromhex(given["seed"]))
    fields = [given["sequence"], given["time"], given["format"]]
    body = bytes.fromhex(given["body"])
    if given["padding"] == "buckets":
        pad = byhand.pad_length(*fields, len(body))
    else:
        pad = 0
    sealed = byhand.seal(
        sender, card.id, card.kem_publics[0], given["topic"], *fields, body, pad,
        bytes.fromhex(given["signature_noise"]), bytes.fromhex(given["ephemeral_noise"]),
    )
    return {k: sealed[k] for k in ("statement", "to_be_signed", "digest", "signature", "plaintext", "ek", "envelope")}


def run_replay(given):
    """SPEC §7.3's exact guard over (sequence, content) pairs."""
    taken, upcoming, verdicts = {}, 0, []
    for sequence, content in given["takes"]:
        if sequence in taken:
            verdicts.append(error("Duplicate" if taken[sequence] == content else "Conflict"))
            continue
        taken[sequence] = content
        late = sequence < upcoming
        missing = [upcoming, sequence - 1] if sequence > upcoming else None
        upcoming = max(upcoming, sequence + 1)
        verdicts.append({"ok": {"missing": missing, "late": late}})
    return verdicts


def run_succession(given):
    """SPEC §8.3: the pinned cards in order, then the verdict on the last."""
    pinned, succession = None, None
    for data in given["cards"]:
        card = oracle.read_card(bytes.fromhex(data))
        succession = "New" if pinned is None else "Newer"
        if pinned is not None and card.digest == pinned.digest:
            succession = "Same"
        elif pinned is not None and (pinned.status or given["revoked"]):
            raise ZegelError("Revoked")
        elif pinned is not None and card.status == 0 and card.serial < pinned.serial:
            raise ZegelError("Rollback")
        elif pinned is not None and card.status == 0 and card.serial == pinned.serial:
            raise ZegelError("Equivocation")
        pinned = card
    return {"succession": succession}


RUNNERS = {
    "open": run_open, "card": run_card, "topic": run_topic, "name": run_name, "padding": run_padding,
    "ephemeral": run_ephemeral, "signature": run_signature, "seal": run_seal, "replay": run_replay,
    "succession": run_succession, "group": run_open,
} | runners.RUNNERS
made = {}  # path: text, in the order of making
