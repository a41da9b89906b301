"""Vectors of the small kinds: topics, names, padding, derivations, signatures, whole seals, replay (SPEC §2 to §7)."""

from vectors import (
    BODY, DEVICE, GP, MALLORY, NOW, PGO, PGO_CARD, PGO_KEM, PGO_KEM_2, TOPIC, WATCH, computed, error, noise, write,
)


def topics():
    for name, topic in {
        "ok-one": "z", "ok-levels": "zegel/7f3a/1", "ok-empty-levels": "//", "ok-dollar": "$SYS/x", "ok-space": "a b",
        "ok-non-ascii": "zegel/心拍", "ok-255": "é" * 127 + "x", "ok-c1": "a\x85b", "ok-bidi": "a\u202eb",
    }.items():
        write("topic", name, "3.2", "a topic", {"topic": topic}, {"ok": {}})
    for name, (what, topic) in {
        "empty": ("no topic at all", ""), "256": ("256 bytes", "t" * 256),
        "256-bytes-128-characters": ("the limit counts bytes, not characters", "é" * 128),
        "nul": ("a NUL, which MQTT forbids", "a\x00b"), "newline": ("a newline", "a\n"),
        "unit-separator": ("0x1f", "\x1f"),
        "delete": ("DEL", "a\x7f"), "hash": ("a wildcard", "zegel/#"), "hash-inside": ("a wildcard character", "a#b"),
        "plus": ("a wildcard", "zegel/+/1"),
    }.items():
        write("topic", name, "3.2", what, {"topic": topic}, error("InvalidTopic"))


def names():
    for name, who in {"device": DEVICE, "watch": WATCH, "pgo": PGO, "gp": GP, "mallory": MALLORY}.items():
        computed("name", f"identity-{name}", "2.1", "id, kid and fingerprint", {"key": "ed25519", "public": who.public})
    for name, key in {"pgo-kem": PGO_KEM, "pgo-kem-2": PGO_KEM_2}.items():
        computed("name", name, "2.2", "thumbprint and kid", {"key": "x25519", "public": key.public})


def padding():
    for size in (0, 1, 40, 71, 72, 96, 97, 326, 327, 328, 838, 839, 1861, 1862, 1863, 2000, 2500, 10000, 65300,
            100000, 1000000):
        computed("padding", f"body-{size}", "4.5", "the pad that fills the envelope to its bucket",
                 {"sequence": 7, "time": NOW, "format": 112, "body_length": size})
    computed("padding", "no-clock", "4.5", "no time, a long sequence number",
             {"sequence": 2**32, "time": None, "format": 42, "body_length": 100})
    write("padding", "too-large", "4.5", "no bucket below 1 MiB is left",
          {"sequence": 7, "time": NOW, "format": 112, "body_length": 1 << 20}, error("TooLarge"))


def derivations():
    for i, sequence in enumerate((0, 7, 2**53 - 1)):
        computed("ephemeral", f"sequence-{sequence}", "5.2", "the ephemeral key of one envelope", {
            "seed": DEVICE.seed, "noise": noise(f"ephemeral {i}"), "sequence": sequence,
            "digest": noise(f"digest {i}")})
    stuck = {"seed": DEVICE.seed, "noise": b"\x55" * 32, "sequence": 7}
    for name in ("one", "other"):
        computed("ephemeral", f"stuck-generator-{name}", "5.2", "a stuck generator: another statement, another key",
                 stuck | {"digest": noise(f"digest {name}")})
    for size in (0, 1, 200):
        computed("signature", f"message-{size}", "5.3", "a hedged signature", {
            "seed": DEVICE.seed, "noise": noise(f"signature {size}"), "message": bytes(range(size))})


def seals():
    base = {
        "seed": DEVICE.seed, "recipient_card": PGO_CARD, "topic": TOPIC, "sequence": 7, "time": NOW, "format": 112,
        "body": BODY, "padding": "none", "signature_noise": noise("seal signature"),
        "ephemeral_noise": noise("seal ephemeral"),
    }
    computed("seal", "plain", "6.1", "every value on the way, unpadded", base)
    computed("seal", "buckets", "6.1", "filled to 256 bytes", base | {"padding": "buckets"})
    computed("seal", "no-clock", "6.1", "no time", base | {"time": None, "sequence": 65535})
    computed("seal", "100-bytes", "6.1", "a 100-byte body", base | {"body": bytes(range(100)), "format": 42})


def replays():
    def case(name, what, *takes):
        computed("replay", name, "7.3", what, {"takes": [list(t) for t in takes]})

    case("in-order", "nothing is missing", (0, "a"), (1, "b"), (2, "c"))
    case("first-is-5", "a stream begins at 0, so five are missing", (5, "a"))
    case("gap-filled", "a late number fills its hole and is not new", (0, "a"), (3, "b"), (1, "c"), (2, "d"))
    case("duplicate", "the same content again", (0, "a"), (0, "a"))
    case("conflict", "other content under the number", (0, "a"), (0, "b"))
    case("duplicate-after-conflict", "the first content stays", (0, "a"), (0, "b"), (0, "a"))
    case("reverse", "the last comes first", (3, "a"), (2, "b"), (1, "c"), (0, "d"))
    case("largest", "the largest number", (2**53 - 1, "a"), (2**53 - 1, "a"))
    case("second-gap", "only what is newly known to be missing is told", (2, "a"), (5, "b"), (0, "c"))


def policies():
    default = {"max_age": 31 * 86400, "max_skew": 300, "max_jump": 1 << 20}
    base = {"now": NOW, "time": NOW, "next": 10, "number": 10, "policy": default}

    def ask(name, what, refusal=None, **fields):
        write("policy", name, "7.5", what, base | fields, error(refusal) if refusal else {"ok": {}})

    ask("ok", "the next number, now")
    ask("ok-oldest", "as old as it may be", time=NOW - 31 * 86400)
    ask("stale", "one second older", "Stale", time=NOW - 31 * 86400 - 1)
    ask("stale-1970", "a clock that was never set", "Stale", time=0)
    ask("ok-latest", "as early as the skew allows", time=NOW + 300)
    ask("ahead", "one second later", "Ahead", time=NOW + 301)
    ask("ahead-largest", "the largest time", "Ahead", time=2**53 - 1)
    ask("ok-no-time", "a statement without a time", time=None)
    ask("ok-no-clock", "a receiver without a clock", now=None, time=0)
    ask("ok-far", "as far as it may jump", number=10 + (1 << 20))
    ask("jump", "one number further", "Jump", number=11 + (1 << 20))
    ask("jump-first", "the first number of a stream", "Jump", next=0, number=(1 << 20) + 1)
    ask("jump-largest", "the largest number", "Jump", number=2**53 - 1)
    ask("ok-late", "a late number", number=0)
    ask("jump-no-clock", "a jump, without a clock", "Jump", now=None, number=2**53 - 1)
    ask("stale-and-jump", "the time is asked first", "Stale", time=0, number=2**53 - 1)
    ask("ahead-and-jump", "the time is asked first", "Ahead", time=2**53 - 1, number=2**53 - 1)
    ask("ok-unlimited", "nothing is limited", time=0, number=2**53 - 1,
        policy={"max_age": None, "max_skew": None, "max_jump": None})
    ask("zero-age", "no age at all", "Stale", time=NOW - 1, policy=default | {"max_age": 0})
    ask("zero-skew", "no skew at all", "Ahead", time=NOW + 1, policy=default | {"max_skew": 0})
    ask("zero-jump", "no jump at all", "Jump", number=11, policy=default | {"max_jump": 0})
    ask("ok-zero", "the very number, the very second", policy={"max_age": 0, "max_skew": 0, "max_jump": 0})


def make():
    topics()
    names()
    padding()
    derivations()
    seals()
    replays()
    policies()
