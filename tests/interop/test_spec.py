"""SPEC.md's examples are computed, decode and open; its CDDL describes what is on the wire; its tables agree."""

import json
import re

import pycddl

import byhand
import cbor2
import oracle
import spec_examples
from names import ERRORS, KemKey
import vectors
from pairing import Keys, read_code
from vectors import DEVICE_CARD, NOW, ROOT


def text():
    return spec_examples.SPEC.read_text()


def hex_blocks():
    return {
        name: bytes.fromhex("".join(content.split()))
        for form, name, content in spec_examples.BLOCK.findall(text())
        if form == "hex"
    }


def test_every_example_is_what_the_oracle_computes():
    checked = spec_examples.check(text())
    assert len(checked) >= 80 and ("edn", "envelope") in checked and ("hex", "envelope") in checked


def test_the_example_envelope_opens():
    blocks = hex_blocks()
    receiver = oracle.Receiver(blocks["pgo-id"], [KemKey(blocks["pgo-kem-secret"])])
    receiver.pin(oracle.read_card(DEVICE_CARD))
    opened = receiver.open("zegel/7f3a/1", None, blocks["envelope"])
    assert opened["body"] == blocks["body"] and opened["sender"] == blocks["device-id"]
    assert opened["digest"] == blocks["digest"]


def test_the_example_card_verifies():
    blocks = hex_blocks()
    card = oracle.read_card(blocks["card"])
    assert card.kem_publics == [blocks["pgo-kem-public"]] and card.label == "PGO" and card.id == blocks["pgo-id"]


def cddl(root):
    rules = "\n".join(re.findall(r"^```cddl\n(.*?)^```$", text(), re.S | re.M))
    # This validator stumbles over byte strings as values, over `.cbor` in arrays and over choices in arrays.
    # The examples hold the values, what is embedded is validated on its own, and vectors stand on the edges.
    rules = re.sub(r"h'[0-9a-f]+'|bytes \.cbor [a-z-]+", "bytes", rules)
    rules = rules.replace("uint53 / null", "any").replace("bytes .size 64 / manifest-proof", "any")
    # It also takes the names of an array's items for rules, where there are such.
    rules = re.sub(r"(?m)(^ +|\[ |, )[a-z-]+: +", r"\1", rules).replace("text .size (1..255)", "text")
    return pycddl.Schema(f"start = {root}\n{rules}")


def test_the_cddl_describes_every_accepted_vector():
    envelope, plaintext, statement, pack, card, claims = map(
        cddl, ["envelope", "plaintext", "statement", "pack", "card", "claims"])
    pack.validate_cbor(vectors.BODY)
    count = 0
    for path in ROOT.glob("*/*.json"):
        vector = json.loads(path.read_text())
        if vector["kind"] == "open" and "ok" in vector["expect"]:
            given = vector["input"]
            data = bytes.fromhex(given["envelope"])
            envelope.validate_cbor(data)
            _, headers, ciphertext = cbor2.loads(data).value
            key = next(k for k in map(KemKey, map(bytes.fromhex, given["kem_secrets"])) if k.kid == headers[4])
            inner = byhand.hpke_open(key.secret, headers[-4], byhand.enc_structure(given["topic"]), ciphertext)
            plaintext.validate_cbor(inner)
            statement.validate_cbor(cbor2.loads(inner)[2])
            count += 1
        elif vector["kind"] == "card" and "ok" in vector["expect"]:
            data = bytes.fromhex(vector["input"]["card"])
            card.validate_cbor(data)
            claims.validate_cbor(cbor2.loads(data).value[2])
            count += 1
    assert count > 40, count


def test_the_cddl_describes_the_new_examples():
    """Those of §4.6 and of §10 to §12, and what is embedded in them."""
    known = spec_examples.examples()
    group, evidence = cbor2.loads(known["group-envelope"]).value, cbor2.loads(known["evidence"])
    assert len(group[3]) == 2
    for root, data in {
        "group-envelope": known["group-envelope"], "recipient": cbor2.dumps(group[3][0]),
        "keyframe": known["keyframe-body"],
        "group-plaintext": known["group-plaintext"], "group-enc-structure": known["group-enc-structure"],
        "group-context": cbor2.loads(known["group-enc-structure"])[2], "envelope": known["keyframe"],
        "session-message": known["session-message"], "session-plaintext": known["session-plaintext"],
        "session-enc-structure": known["session-enc-structure"], "manifest": known["manifest"],
        "signed-block": known["manifest-payload"], "evidence": known["evidence"],
        "session-context": cbor2.loads(known["session-enc-structure"])[2], "manifest-proof": cbor2.dumps(evidence[4]),
        "introduction": known["introduction"],
    }.items():
        cddl(root).validate_cbor(data)


def test_the_cddl_describes_accepted_groups_sessions_and_evidence():
    roots = {root: cddl(root) for root in ("envelope", "group-envelope", "session-message", "evidence", "introduction")}
    count = 0

    def check(root, text):
        nonlocal count
        roots[root].validate_cbor(bytes.fromhex(text))
        count += 1

    for path in ROOT.glob("*/*.json"):
        vector = json.loads(path.read_text())
        kind, given, expect = vector["kind"], vector["input"], vector["expect"]
        if kind in ("session", "custody"):
            for step, verdict in zip(given["steps"], expect["ok"]):
                if verdict and "ok" in verdict:
                    check("session-message" if step["bytes"].startswith("d08344a1011818") else "envelope",
                        step["bytes"])
        elif kind in ("evidence", "introduction") and "ok" in expect:
            check(kind, given[kind])
        elif kind == "group" and "ok" in expect:
            check("group-envelope", given["envelope"])
    assert count > 400, count


def test_the_example_pairing_is_read_back():
    known = spec_examples.examples()
    assert read_code(known["pairing-code"], NOW)[1] == known["pairing-secret"]
    keys = Keys(known["pgo-id"], known["pairing-secret"], NOW + 600)
    assert [type(keys.read(step, known[f"pairing-message-{step}"], NOW)) for step in (1, 2, 3, 4)] == [list] * 4


def test_the_cddl_refuses_wrong_shapes():
    for root, name in [
        ("envelope", "open/two-items"), ("envelope", "open/kid-7"), ("card", "card/tag-16"),
        ("group-envelope", "group/iv-11"),
        ("group-envelope", "group/detached"), ("session-message", "session/partial-iv-8"),
        ("evidence", "evidence/four-items"), ("introduction", "introduction/sixty-five"),
    ]:
        vector = json.loads((ROOT / f"{name}.json").read_text())["input"]
        given = vector["steps"][1]["bytes"] if "steps" in vector else vector.get("envelope") or vector[name.split("/")[0]]
        data = bytes.fromhex(given)
        try:
            cddl(root).validate_cbor(data)
        except pycddl.ValidationError:
            continue
        raise AssertionError(name)


def test_the_error_table_has_every_number():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text(), re.M)
    assert rows == [(str(i + 1), name) for i, name in enumerate(ERRORS)]


def test_every_vector_names_a_section():
    sections = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", text(), re.M))
    for path in ROOT.glob("*/*.json"):
        assert json.loads(path.read_text())["spec"] in sections, path
