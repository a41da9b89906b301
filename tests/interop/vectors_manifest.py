"""Vectors of kinds `session` (manifests and blocks), `session-seal`, `merkle` and `inclusion` (SPEC §10.4, §11.1)."""

import hashlib

import ed25519
import merkle
import oracle
from byhand_session import manifest_payload
from names import cbor
from session_lab import LIMITS, Lab, body, receive
from vectors import (
    DEVICE, GP, MALLORY, NOW, PGO, PGO_CARD, PGO_KEM, TOPIC, WATCH, computed, error, hexed, noise, run, write,
)
from vectors_session import one_shot

PROVEN = ["session"] * 4


def blocks():
    def case(name, what, make, *verdicts, spec="10.4", **lab):
        s = Lab(**lab)
        receive(f"block-{name}", spec, what, [s.start_step, *make(s)], "keyframe", *verdicts)

    case("of-one", "a block of one", lambda s: [s.tell(), s.sign()], "session", "manifest 1-1")
    case("of-three", "three leaves, no power of two", lambda s: [*s.tells(3), s.sign()], *["session"] * 3,
        "manifest 1-3")
    case("full", "a full block", lambda s: [*s.tells(4), s.sign()], *PROVEN, "manifest 1-4")
    case("of-64", "the longest block", lambda s: [*s.tells(64), s.sign()], *["session"] * 64, "manifest 1-64",
         limits=[64, 65536, 86400])
    case("two", "two blocks; a manifest's own number is in none", lambda s: [*s.tells(2), s.sign(), *s.tells(3),
        s.sign()],
         "session", "session", "manifest 1-2", *["session"] * 3, "manifest 4-6")

    def order(*places):
        def make(s):
            sent = [*s.tells(4), s.sign()]
            return [sent[i] for i in places]

        return make

    case("disordered", "messages in any order", order(2, 0, 3, 1, 4), *PROVEN, "manifest 1-4")
    case("late", "the last message comes after the manifest", order(0, 1, 2, 4, 3), *["session"] * 3, "manifest",
        "signed 1-4")
    case("late-first", "the first message comes after the manifest", order(1, 2, 3, 4, 0), *["session"] * 3,
        "manifest", "signed 1-4")
    case("manifest-first", "the manifest comes before all of its block", order(4, 0, 1, 2, 3), "manifest",
        *["session"] * 3, "signed 1-4")
    case("gap", "a block with a gap is never proven", order(0, 1, 3, 4), *["session"] * 3, "manifest")
    case("duplicate-late", "a message twice completes nothing", order(0, 1, 3, 4, 3, 2), *["session"] * 3, "manifest",
        "Duplicate", "signed 1-4")

    def gap(s):
        first, one, two = [*s.tells(3), s.sign()], s.tells(2), s.sign()
        return [*first[:1], *first[2:], *one, two, first[1]]

    case("gap-then-next", "a gap in one block does not hold up the next",
         gap, "session", "session", "manifest", "session", "session", "manifest 5-6", "signed 1-3")

    def restarted(s):
        m, sign = s.tells(4), s.sign()
        return [*m[:2], {"restart": [PGO_KEM.secret]}, *m[2:], sign]

    case("restart", "the receiver starts again within a block", restarted, "session", "session", None, "session",
        "session", "manifest 1-4")
    case("topics", "messages of one block on two topics", lambda s: [s.tell(0), s.tell(1, topic="zegel/7f3a/2"),
        s.sign()],
         "session", "session", "manifest 1-2")
    case("manifest-topic", "the manifest on a topic of its own", lambda s: [s.tell(), s.sign(topic="zegel/7f3a/m")],
         "session", "manifest 1-1")
    case("manifest-no-time", "a manifest without a time", lambda s: [s.tell(), s.sign(time=None)], "session",
        "manifest 1-1")
    case("tail", "a manifest of the last two of four", lambda s: [
        *s.tells(4), s.false_manifest(s.manifest_of(manifest_payload(3, s.leaves[2:])))], *PROVEN, "manifest 3-4")
    case("manifest-duplicate", "the same manifest again", lambda s: [*s.tells(2), *[s.sign()] * 2],
         "session", "session", "manifest 1-2", "Duplicate")

    def resigned(s):
        steps = [*s.tells(2)]
        other = s.false_manifest(s.manifest_of(manifest_payload(1, s.leaves)))
        return [*steps, s.sign(), other]

    case("manifest-resigned", "the same manifest under another signature is another message", resigned,
         "session", "session", "manifest 1-2", "Conflict")
    case("proven-duplicate", "a message of a proven block again", lambda s: [m := s.tell(), s.sign(), m],
         "session", "manifest 1-1", "Duplicate")
    case("proven-conflict", "another message in a proven block", lambda s: [
        s.tell(), s.sign(), s.sealed([NOW, 60, body(9), b""], 1)], "session", "manifest 1-1", "Conflict")

    def contradicted(s):
        m = s.tells(4)
        false = s.false_manifest(s.manifest_of([1, 4, bytes(32)]))
        return [*m[:3], false, m[3], m[0]]

    case("contradicted-late", "the late message completes a block whose root is another: the message is not taken",
         contradicted, *["session"] * 3, "manifest", "Conflict", "Duplicate")


def manifests():
    def refuse(name, what, make, refusal="Rejected", spec="10.4", limits=LIMITS):
        """A block of four, a false manifest, and then the true one, which must still prove the block."""
        s = Lab(limits=limits)
        m, false = s.tells(4), s.false_manifest(make(s))
        receive(f"manifest-{name}", spec, what, [s.start_step, *m, false, s.sign()],
                "keyframe", *PROVEN, refusal, "manifest 1-4")

    def items(name, what, change, **more):
        refuse(name, what, lambda s: s.manifest_of(change(s)), **more)

    root = lambda s: merkle.root(s.leaves)
    items("first-2", "a block that ends after the manifest's number", lambda s: [2, 4, root(s)])
    items("first-0", "a block that begins with the keyframe", lambda s: [0, 5, root(s)], limits=[64, 65536, 86400])
    items("short", "a block that ends before the manifest's number", lambda s: [1, 3, merkle.root(s.leaves[:3])])
    items("count-0", "an empty block", lambda s: [5, 0, root(s)])
    items("count-65", "more than any block", lambda s: [1, 65, root(s)], limits=[64, 65536, 86400])
    items("count-block", "longer than the keyframe allows", lambda s: [0, 5, root(s)])
    items("count-overflow", "first plus count beyond 2^64", lambda s: [2**64 - 1, 6, root(s)],
        limits=[64, 65536, 86400])
    items("root-31", "a root of 31 bytes", lambda s: [1, 4, root(s)[:31]])
    items("two-items", "no root", lambda s: [1, 4])
    items("four-items", "a fourth item", lambda s: [1, 4, root(s), 0])
    items("longer", "first in more bytes than it needs", lambda s: b"\x83\x18\x01" + cbor([1, 4, root(s)])[2:],
        spec="3.1")
    items("trailing-byte", "a byte follows the block", lambda s: cbor([1, 4, root(s)]) + b"\x00", spec="3.1")
    items("root-other", "another root", lambda s: [1, 4, bytes(32)], refusal="Conflict")
    items("root-reversed", "the leaves in another order", lambda s: [1, 4, merkle.root(s.leaves[::-1])],
        refusal="Conflict")
    items("root-unprefixed", "nodes without the prefix 01", lambda s: [1, 4, flat_root(s.leaves)], refusal="Conflict")
    items("root-of-digests", "digests of §4.4 for leaves", lambda s: [1, 4, merkle.root(digests(s))],
        refusal="Conflict")

    def doubled(s):
        m = s.tells(3)
        false = s.false_manifest(s.manifest_of([1, 3, merkle.root([*s.leaves, s.leaves[-1]])]))
        return [*m, false, s.sign()]

    s = Lab()
    receive("manifest-root-doubled", "10.4", "the last of three leaves doubled to fill the tree",
        [s.start_step, *doubled(s)],
            "keyframe", *["session"] * 3, "Conflict", "manifest 1-3")

    def signed(name, what, **fault):
        refuse(f"signed-{name}", what, lambda s: s.manifest_of([1, 4, root(s)], **fault), spec="10.4")

    signed("mallory", "signed by another key", signer=MALLORY, kid=DEVICE.kid)
    signed("kid", "another kid", kid=WATCH.kid)
    signed("audience", "signed for another recipient", aad=oracle.manifest_aad(DEVICE.id, GP.id))
    signed("sender", "another sender's id under the signature", aad=oracle.manifest_aad(WATCH.id, PGO.id))
    signed("statement", "signed in the context of statements", aad=oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC))
    signed("bare", "signed without context", aad=b"")
    signed("bare-audience", "the audience is not an array", aad=cbor(["zegel-manifest-1", DEVICE.id, PGO.id]))
    signed("alg-minus-8", "EdDSA's old algorithm number, properly signed", protected=cbor({1: -8}))
    signed("zero", "a signature of zeros", signature=bytes(64))

    def unreduced(s):
        good = s.manifest_of([1, 4, root(s)])
        big = (int.from_bytes(good[-32:], "little") + ed25519.L).to_bytes(32, "little")
        return good[:-32] + big

    refuse("signed-s-plus-l", "S not reduced", unreduced, spec="5.3")
    refuse("tagged", "the COSE_Sign1 has its tag", lambda s: b"\xd2" + s.manifest_of([1, 4, root(s)]))
    refuse("body-trailing", "a byte follows the COSE_Sign1", lambda s: s.manifest_of([1, 4, root(s)]) + b"\x00")
    refuse("empty", "an empty body", lambda s: b"")
    s = Lab()
    unlike = s.tells(2)
    manifest = s.manifest_of(manifest_payload(1, s.leaves))
    receive("manifest-one-shot", "4.3", "a manifest in a one-shot envelope",
        [s.start_step, *unlike, one_shot("manifest", 3, 65001, manifest)],
            "keyframe", "session", "session", "Rejected")
    s, t = Lab(), Lab("second session", sequence=3)
    two = s.tells(2)
    payload = manifest_payload(1, s.leaves)
    receive("manifest-other-session", "10.4", "a later session's manifest over this one's messages",
            [s.start_step, *two, t.start_step, t.false_manifest(t.manifest_of([1, 3, payload[-32:]]))],
            "keyframe", "session", "session", "keyframe", "Rejected")
    s = Lab()
    two, manifest = s.tells(2), s.sign()
    receive("manifest-revoked", "10.3", "the sender is revoked before the manifest",
            [s.start_step, *two, {"revoke": DEVICE.id}, manifest], "keyframe", "session", "session", None, "Revoked")
    receive("manifest-stale", "7.5", "a manifest is subject to the policy too", [
        s.start_step, *two, {"now": NOW + 101}, manifest, {"now": NOW + 100}, manifest],
        "keyframe", "session", "session", None, "Stale", None, "manifest 1-2",
        policy={"max_age": 100, "max_skew": None, "max_jump": None})


def digests(s):
    aad = oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC)
    return [hashlib.sha256(oracle.sig_structure(aad, statement)).digest() for statement in s.statements]


def flat_root(leaves):
    a, b = (hashlib.sha256(leaves[i] + leaves[i + 1]).digest() for i in (0, 2))
    return hashlib.sha256(a + b).digest()


def trees():
    leaves = [noise(f"leaf {i}") for i in range(64)]
    for count, place in ((1, 0), (2, 0), (2, 1), (3, 2), (4, 1), (5, 4), (6, 3), (7, 6), (8, 7), (13, 12), (32, 17),
            (33, 32), (63, 62), (64, 63)):
        computed("merkle", f"{place}-of-{count}", "10.4", "the root of a block, and the path of one leaf",
                 {"leaves": leaves[:count], "place": place})

    def inclusion(name, what, expect, count=13, place=6, leaf=None, path=None, root=None):
        given = {
            "leaf": leaf or leaves[place], "place": place, "count": count,
            "path": merkle.path(leaves[:13], 6) if path is None else path, "root": root or merkle.root(leaves[:13]),
        }
        write("inclusion", name, "11.1", what, given, expect)

    path, wrong = merkle.path(leaves[:13], 6), error("Rejected")
    for count, place in ((1, 0), (13, 6), (13, 12), (64, 0)):
        inclusion(f"ok-{place}-of-{count}", "a leaf and its path", {"ok": {}}, count, place,
                  path=merkle.path(leaves[:count], place), root=merkle.root(leaves[:count]))
    inclusion("other-leaf", "another leaf", wrong, leaf=leaves[7])
    inclusion("other-place", "another place", wrong, place=7, leaf=leaves[6])
    inclusion("other-root", "another root", wrong, root=merkle.root(leaves[:12]))
    inclusion("place-beyond", "a place beyond the block", wrong, place=13, leaf=leaves[6])
    inclusion("count-smaller", "a smaller block, with a shorter path", wrong, count=7)
    inclusion("count-larger", "a larger block, with a longer path", wrong, count=17)
    inclusion("path-longer", "one hash too many", wrong, path=[*path, bytes(32)])
    inclusion("path-shorter", "one hash too few", wrong, path=path[:-1])
    inclusion("path-empty", "no path", wrong, path=[])
    inclusion("path-reversed", "the path from the root down", wrong, path=path[::-1])
    inclusion("path-of-one", "a path in a block of one", wrong, 1, 0, path=[bytes(32)], root=leaves[0])


def seals():
    base = {
        "seed": DEVICE.seed, "recipient_card": PGO_CARD, "topic": TOPIC, "sequence": 7, "time": NOW, "block": 4,
        "messages": 65536, "seconds": 86400, "padding": "none", "signature_noise": noise("session signature"),
        "ephemeral_noise": noise("session ephemeral"),
    }

    def tell(i, topic=TOPIC, time=NOW, format=60):
        return {"topic": topic, "time": time, "format": format, "body": body(i)}

    def sign(name="manifest", topic=TOPIC):
        return {"topic": topic, "time": None, "manifest": noise(name)}

    def seal(name, what, *steps, spec="10", expect=(), **more):
        given = base | more | {"steps": list(steps)}
        found = run({"kind": "session-seal", "input": hexed(given)})
        assert [v["error"] for v in found["ok"] if "error" in v] == list(expect), found
        write("session-seal", name, spec, what, given, found)

    seal("messages", "a keyframe, three messages and their manifest", tell(0), tell(1), tell(2), sign())
    seal("two-blocks", "two blocks", tell(0), tell(1), sign(), tell(2), sign("second"))
    seal("buckets", "filled: the keyframe to 256 bytes, messages to 128, the manifest to 256", tell(0), tell(1),
        sign(), padding="buckets")
    seal("buckets-256", "a message beyond 128 bytes is filled to 256", {**tell(0), "body": bytes(100)},
        padding="buckets", spec="10.3")
    seal("no-clock", "no time", tell(0, time=None), sign(), time=None)
    seal("topics", "two topics", tell(0), tell(1, "zegel/7f3a/2"), sign(topic="zegel/7f3a/m"))
    seal("edge", "from the number 255 to 256", tell(0), tell(1), sequence=254)
    seal("100-bytes", "a 100-byte body", {**tell(0), "body": bytes(range(100))})
    seal("manifest-due", "a full block is signed first, and no number is used up", tell(0), tell(1), sign(), tell(2),
         block=1, spec="10.4", expect=["ManifestDue"])
    seal("over-messages", "the last number is used up", tell(0), sign(), tell(1), messages=2, spec="10.1",
        expect=["SessionOver"])
    seal("last-number", "the last number is kept for a manifest", tell(0), tell(1), sign(), messages=2, spec="10.1",
        expect=["SessionOver"])
    seal("manifest-empty", "nothing to sign, and no number is used up", sign(), tell(0), sign("second"), sign("third"),
        spec="10.4", expect=["NothingAllowed"] * 2)
    seal("over-seconds", "the session has lived its time", tell(0, time=NOW + 60), tell(1, time=NOW + 61), seconds=60,
        spec="10.1", expect=["SessionOver"])
    for format in (65000, 65001, 65002, 65535):
        seal(f"reserved-{format}", "a reserved format, and no number is used up", tell(0, format=format), tell(1),
            spec="4.3", expect=["Reserved"])


def make():
    blocks()
    manifests()
    trees()
    seals()
