"""Vectors of kinds `group` and `group-seal`: several recipients (SPEC §4.6, §5.5)."""

import byhand
import byhand_group
import oracle
from faults import encoding_faults
from names import KemKey, cbor
from vectors import (
    BODY, CARER, CARER_CARD, CARER_KEM, DEVICE, GP, GP_CARD, GP_KEM, MALLORY, NOW, PGO, PGO_CARD, PGO_KEM, PGO_KEM_2,
    TOPIC, VALID, computed, error, noise, write,
)
from vectors_open import given, sealed

PEOPLE = [(PGO, PGO_KEM), (GP, GP_KEM), (CARER, CARER_KEM)]
OUTER = "tag array protected unprotected label-5 iv ciphertext recipients".split()
RECIPIENT = "recipient recipient-protected recipient-unprotected label-4 kid label-minus-4 ek encrypted-key".split()
PLAINTEXT = "array audience first-id second-id third-id signed protected unprotected label-4 kid statement signature".split()
GOOD = cbor([7, NOW, 112, BODY, b""])


def sealed_group(name, people=PEOPLE, topic=TOPIC, sequence=7, time=NOW, format=112, body=BODY, pad=0):
    return byhand_group.seal(
        DEVICE, [(who.id, key.public) for who, key in people], topic, sequence, time, format, body, pad,
        noise(name + " signature"), noise(name + " content"))


def accept(name, spec, what, receiver=None, **fields):
    parts = sealed_group(name, **fields)
    expect = {
        "sender": DEVICE.id, "sequence": fields.get("sequence", 7), "time": fields.get("time", NOW),
        "format": fields.get("format", 112), "body": fields.get("body", BODY), "digest": parts["digest"],
    }
    write("group", name, spec, what, given(parts["envelope"], **(receiver or {})), {"ok": expect})


def refuse(name, spec, what, envelope, refusal="Malformed", **receiver):
    write("group", name, spec, what, given(envelope, **receiver), error(refusal))


def strangers(count):
    """Made-up recipients; a receiver judges no place but its own."""
    made = []
    for i in range(count):
        stranger = type("Stranger", (), {"id": noise(f"stranger {i}")})
        made.append((stranger, KemKey(noise(f"stranger kem {i}"))))
    return made


def positive():
    for who, key, name in ((*PEOPLE[0], "pgo"), (*PEOPLE[1], "gp"), (*PEOPLE[2], "carer")):
        accept(f"ok-{name}", "4.6", "each of three recipients opens it", receiver={"me": who, "keys": [key]})
    accept("ok-two", "4.6", "the fewest recipients", people=PEOPLE[:2])
    accept("ok-sixteen", "4.6", "the most recipients", people=PEOPLE[:1] + strangers(15))
    accept("ok-empty", "4.6", "an empty body, no time", body=b"", time=None, sequence=0, format=42)
    accept("ok-pad", "4.5", "padded", pad=200)
    accept("ok-second-key", "7.1", "sealed to the receiver's second KEM key", people=[(PGO, PGO_KEM_2), (GP, GP_KEM)],
           receiver={"keys": [PGO_KEM, PGO_KEM_2]})
    parts = sealed_group("ok-foreign-key")
    place = next(i for i, r in enumerate(parts["recipients"]) if r[1][4] != PGO_KEM.kid)
    parts["recipients"][place] = byhand_group.recipient(parts["recipients"][place][1][4], bytes(32), bytes(48))
    expect = {"sender": DEVICE.id, "sequence": 7, "time": NOW, "format": 112, "body": BODY, "digest": parts["digest"]}
    write("group", "ok-foreign-key", "4.6", "another recipient's sealed key is broken: his loss alone", given(
        byhand_group.encode(parts["iv"], parts["ciphertext"], parts["recipients"])), {"ok": expect})


def outer(base):
    envelope, iv, ciphertext, recipients = (base[k] for k in ("envelope", "iv", "ciphertext", "recipients"))
    rest = [f"{name}-{i}" for i in range(3) for name in RECIPIENT]
    for name, what, bytes_ in encoding_faults(envelope, OUTER + rest):
        if not name.endswith(("-1", "-2")):
            refuse(name, "3.1", what, bytes_)
    refuse("trailing-byte", "3.1", "one byte follows", envelope + b"\x00")
    refuse("truncated", "3.1", "the last byte is missing", envelope[:-1])
    refuse("tag-16", "4.6", "the tag of a one-shot envelope", b"\xd0" + envelope[2:])
    refuse("untagged", "4.6", "no tag", envelope[2:])
    encode = byhand_group.encode
    refuse("one-recipient", "4.6", "one recipient has an envelope of his own", encode(iv, ciphertext, [
        r for r in recipients if r[1][4] == PGO_KEM.kid]))
    refuse("seventeen-recipients", "3.3", "more than 16 recipients",
           sealed_group("seventeen", PEOPLE[:1] + strangers(16))["envelope"])
    refuse("kid-twice", "4.6", "a kid stands twice", encode(iv, ciphertext, [recipients[0], *recipients]))
    refuse("alg-42", "4.6", "alg 42 for the content", encode(iv, ciphertext, recipients, cbor({1: 42})))
    refuse("iv-11", "4.6", "an IV of 11 bytes", encode(iv[:11], ciphertext, recipients))
    refuse("iv-null", "4.6", "no IV", encode(None, ciphertext, recipients))
    refuse("partial-iv", "4.6", "a Partial IV beside the IV", b"\xd8\x60" + cbor(
        [oracle.ALG_CHACHA, {5: iv, 6: b"\x07"}, ciphertext, recipients]))
    refuse("detached", "4.6", "a detached ciphertext", encode(iv, None, recipients))

    def first(name, what, protected=oracle.ALG_HPKE_4_KE, unprotected=None, encrypted=recipients[0][2], more=()):
        changed = [protected, unprotected or recipients[0][1], encrypted, *more]
        refuse(f"recipient-{name}", "4.6", what, encode(iv, ciphertext, [changed, *recipients[1:]]))

    first("alg-42", "the recipient's alg is that of integrated encryption", cbor({1: 42}))
    first("protected-empty", "the recipient's protected header is empty", b"")
    first("header", "a header added to a recipient", unprotected=recipients[0][1] | {1: 50})
    first("kid-7", "a recipient's kid of 7 bytes", unprotected=recipients[0][1] | {4: bytes(7)})
    first("ek-31", "a recipient's ek of 31 bytes", unprotected=recipients[0][1] | {-4: bytes(31)})
    first("key-47", "an encrypted key of 47 bytes", encrypted=bytes(47))
    first("key-49", "an encrypted key of 49 bytes", encrypted=bytes(49))
    first("nested", "a recipient has recipients of his own", more=([],))


def transport(base):
    """What a broker or a fellow recipient can do to the list."""
    iv, ciphertext, recipients = (base[k] for k in ("iv", "ciphertext", "recipients"))
    encode = byhand_group.encode
    mine = next(i for i, r in enumerate(recipients) if r[1][4] == PGO_KEM.kid)
    others = [r for i, r in enumerate(recipients) if i != mine]
    refuse("not-for-me", "7.1", "none of the kids is the receiver's", base["envelope"], "NotForMe", me=MALLORY,
           keys=[PGO_KEM_2])
    refuse("recipient-removed", "4.6", "a fellow recipient was removed", encode(
        iv, ciphertext, [r for r in recipients if r != others[0]]), "Rejected")
    refuse("recipient-added", "4.6", "a recipient was added",
           encode(iv, ciphertext, [*recipients, byhand_group.recipient(bytes(8), bytes(32), bytes(48))]), "Rejected")
    refuse("recipients-reversed", "4.6", "the recipients in another order", encode(iv, ciphertext, recipients[::-1]),
        "Rejected")
    refuse("fellow-kid", "4.6", "a fellow recipient's kid was altered", encode(
        iv, ciphertext, [r if i == mine else byhand_group.recipient(bytes([i]) * 8, r[1][-4], r[2])
                         for i, r in enumerate(recipients)]), "Rejected")
    swapped = [byhand_group.recipient(r[1][4], others[0][1][-4], others[0][2]) if i == mine else r for i,
        r in enumerate(recipients)]
    refuse("fellow-key", "5.5", "a fellow recipient's sealed key under our kid", encode(iv, ciphertext, swapped),
        "Rejected")
    for name, at in {"ciphertext": 30, "iv": 12, "tag": 22 + len(ciphertext)}.items():
        flipped = bytearray(base["envelope"])
        flipped[at] ^= 1
        refuse(f"flipped-{name}", "7.1", f"one bit of {name} flipped", bytes(flipped), "Rejected")
    zero = list(recipients)
    zero[mine] = byhand_group.recipient(PGO_KEM.kid, bytes(32), recipients[mine][2])
    refuse("ek-zero", "5.4", "our ek is of low order", encode(iv, ciphertext, zero), "Rejected")
    refuse("other-topic", "7.1", "published on another topic", base["envelope"], "Rejected", topic="zegel/7f3a/2")
    refuse("topic-wildcard", "3.2", "no topic", base["envelope"], "InvalidTopic", topic="zegel/+")

    def wrapped(name, what, **override):
        cek, sequence, plaintext = base["content_key"], 7, base["plaintext"]
        pair = byhand_group.wrap(DEVICE.seed, noise(name), sequence, plaintext, PGO_KEM.public, cek, **override)
        other = [byhand_group.recipient(PGO_KEM.kid, *pair) if i == mine else r for i, r in enumerate(recipients)]
        refuse(name, "5.5", what, encode(iv, ciphertext, other), "Rejected")

    wrapped("info-zegel-1", "the info of a one-shot envelope", info=b"zegel-1")
    wrapped("info-alg", "another content algorithm in the info", info=cbor(["HPKE Recipient", 3, oracle.ALG_HPKE_4_KE,
        b"zegel-1"]))
    wrapped("info-extra", "no recipient_extra_info", info=cbor(["HPKE Recipient", 24, oracle.ALG_HPKE_4_KE, b""]))
    wrapped("info-context", "the older context string", info=cbor(["Recipient", 24, oracle.ALG_HPKE_4_KE, b"zegel-1"]))
    wrapped("aad", "associated data in the key encryption", aad=byhand_group.enc_structure(TOPIC, []))
    kids = [r[1][4] for r in recipients]
    for name, what, aad in (
        ("aad-no-kids", "associated data without the kids", cbor(["Encrypt", oracle.ALG_CHACHA,
        oracle.envelope_aad(TOPIC)])),
        ("aad-encrypt0", "the context string of COSE_Encrypt0", cbor(["Encrypt0", oracle.ALG_CHACHA,
        oracle.group_aad(TOPIC, kids)])),
    ):
        other = byhand.ChaCha20Poly1305(base["content_key"]).encrypt(iv, base["plaintext"], aad)
        refuse(name, "4.6", what, encode(iv, other, recipients), "Rejected")


def inner():
    people = sorted((who.id, key.public) for who, key in PEOPLE)
    ids = [id_ for id_, _ in people]

    def signed(statement, audience, topic=TOPIC, signer=DEVICE):
        aad = oracle.statement_aad(DEVICE.id, audience, topic)
        return [oracle.ALG_ED25519, {4: DEVICE.kid}, statement, signer.sign(oracle.sig_structure(aad, statement))]

    def reject(name, what, plaintext, spec="4.6", refusal="Rejected", order=people, **receiver):
        plaintext = plaintext if isinstance(plaintext, bytes) else cbor(plaintext)
        parts = byhand_group.seal_plaintext(DEVICE.seed, [key for _, key in order], TOPIC, 7, plaintext, noise(name))
        refuse(f"inner-{name}", spec, what, parts["envelope"], refusal, **receiver)

    good = [ids, signed(GOOD, ids)]
    for name, what, plaintext in encoding_faults(cbor(good), PLAINTEXT):
        if not name.endswith(("protected", "label-4", "kid", "second-id", "third-id")):
            reject(name, what, plaintext, "3.1")
    reject("no-audience", "the plaintext of a one-shot envelope", good[1])
    reject("three-items", "a third item", [*good, b""])
    reject("audience-unsorted", "the audience is not sorted", [ids[::-1], signed(GOOD, ids[::-1])], order=people[::-1])
    swapped = [ids[1], ids[0], ids[2]]
    reject("audience-swapped", "two of the audience have changed places", [swapped, signed(GOOD, swapped)])
    reject("audience-twice", "an id twice", [[ids[0], *ids[:2]], signed(GOOD, [ids[0], *ids[:2]])])
    reject("audience-shorter", "two in the audience, three recipients", [ids[:2], signed(GOOD, ids[:2])])
    longer = sorted([*ids, MALLORY.id])
    reject("audience-longer", "four in the audience, three recipients", [longer, signed(GOOD, longer)])
    place = ids.index(PGO.id)
    absent = sorted([i for i in ids if i != PGO.id] + [MALLORY.id])
    reject("audience-absent", "the receiver is not in the audience", [absent, signed(GOOD, absent)])
    moved = [people[(place + 1) % 3] if i == place else people[place] if i == (place + 1) % 3 else p
             for i, p in enumerate(people)]
    reject("audience-place", "the receiver's id stands at a fellow's place", good, order=moved)
    reject("audience-kid", "a kid where an id belongs", [[i[:8] for i in ids], signed(GOOD, ids)])
    for name, audience in {"one": [PGO.id], "fewer": ids[:2], "other": absent}.items():
        reject(f"signed-{name}", "signed for another audience", [ids, signed(GOOD, audience)], "4.4")
    reject("signed-topic", "signed for another topic", [ids, signed(GOOD, ids, "zegel/7f3a/2")], "4.4")
    reject("signer-mallory", "signed by another key", [ids, signed(GOOD, ids, signer=MALLORY)], "7.1")
    for format in (65000, 65001, 65002, 65003, 65004):
        statement = cbor([7, NOW, format, cbor([32, 65536, 86400]), b""])
        reject(f"format-{format}", "a reserved format, which no group envelope has", [ids, signed(statement, ids)],
            "4.3")
    reject("pad", "padding that is not zero", [ids, signed(cbor([7, NOW, 112, BODY, b"\x01"]), ids)], "4.5")
    reject("unknown", "no card of the sender is pinned", good, "7.2", "UnknownSender", cards=[])
    reject("revoked", "the sender is revoked", good, "7.2", "Revoked", revoked=[DEVICE.id])
    reject("expired", "the sender's card has expired", good, "8.2", "Expired", now=VALID["expires"] + 1)


def replay(base):
    refuse("duplicate", "7.3", "the same envelope again", base["envelope"], "Duplicate", before=[base["envelope"]])
    refuse("duplicate-resealed", "7.3", "the same statement in a new envelope", sealed_group("again")["envelope"],
           "Duplicate", before=[base["envelope"]])
    refuse("conflict", "7.3", "another statement under the number", sealed_group("other", body=b"\x80")["envelope"],
           "Conflict", before=[base["envelope"]])
    accept("ok-stream-one-shot", "6.2", "a one-shot envelope with this number is of another stream",
           receiver={"before": [sealed("stream one-shot")["envelope"]]})
    accept("ok-stream-fewer", "6.2", "a smaller group is another stream",
           receiver={"before": [sealed_group("stream fewer", PEOPLE[:2])["envelope"]]})


def seals():
    base = {
        "seed": DEVICE.seed, "recipient_cards": [PGO_CARD, GP_CARD], "topic": TOPIC, "sequence": 7, "time": NOW,
        "format": 112, "body": BODY, "padding": "none", "signature_noise": noise("seal signature"),
        "content_noise": noise("seal content"),
    }
    computed("group-seal", "two", "4.6", "two recipients", base)
    computed("group-seal", "reversed", "4.6", "the order of the cards does not matter",
        base | {"recipient_cards": [GP_CARD, PGO_CARD]})
    computed("group-seal", "three", "5.5", "three recipients", base | {"recipient_cards": [CARER_CARD, PGO_CARD,
        GP_CARD]})
    computed("group-seal", "buckets", "4.5", "filled to a bucket", base | {"padding": "buckets"})
    computed("group-seal", "no-clock", "4.6", "no time", base | {"time": None, "sequence": 2**32})
    for name, cards in {"one": [PGO_CARD], "none": [], "seventeen": [PGO_CARD] * 17}.items():
        write("group-seal", name, "3.3", f"a group of {name}", base | {"recipient_cards": cards}, error("TooLarge"))
    shared = oracle.issue_card(CARER, [PGO_KEM.public], **VALID)
    for name, what, cards in (
        ("twice", "a card twice", [PGO_CARD, GP_CARD, PGO_CARD]), ("kid-twice", "two people with one KEM key",
        [PGO_CARD, shared]),
    ):
        write("group-seal", name, "4.6", what, base | {"recipient_cards": cards}, error("Equivocation"))


def make():
    positive()
    base = sealed_group("group base")
    outer(base)
    transport(base)
    inner()
    replay(base)
    seals()
