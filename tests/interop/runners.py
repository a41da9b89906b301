"""How the oracle runs a vector of the chapters on groups, sessions, custody and pairing."""

import byhand
import byhand_group
import merkle
import oracle
from byhand_session import SessionSender
from names import Identity, KemKey
from pairing import Keys, Scanner, Shower, code_bytes, code_text, read_code, transcripts
from shape import require
from verdicts import verdict


def unhex(*texts):
    return [bytes.fromhex(text) for text in texts]


def receiver_of(given):
    """The receiver that `me`, `kem_secrets`, `cards`, `revoked` and `policy` describe."""
    (me,) = unhex(given["me"])
    receiver = oracle.Receiver(me, [KemKey(secret) for secret in unhex(*given["kem_secrets"])])
    for card in unhex(*given["cards"]):
        receiver.pin(oracle.read_card(card))
    receiver.revoked = set(unhex(*given["revoked"]))
    if "policy" in given:
        receiver.policy = oracle.Policy(**given["policy"])
    return receiver


def run_steps(given):
    receiver, now, verdicts = receiver_of(given), given["now"], []
    for step in given["steps"]:
        if "bytes" in step:
            def receive():
                opened = receiver.open(step["topic"], now, bytes.fromhex(step["bytes"]))
                return {k: v for k, v in opened.items() if k not in ("pad", "audience")}

            verdicts.append(verdict(receive))
            continue
        ((what, value),) = step.items()
        verdicts.append(None)
        if what == "now":
            now = value
        elif what == "restart":
            receiver.restart([KemKey(secret) for secret in unhex(*value)])
        elif what == "revoke":
            receiver.revoked.add(bytes.fromhex(value))
        else:
            receiver.pin(oracle.read_card(bytes.fromhex(value)))
    return verdicts


def run_group_seal(given):
    cards = [oracle.read_card(card) for card in unhex(*given["recipient_cards"])]
    require(2 <= len(cards) <= 16, "TooLarge", "recipients")
    require(len({card.kem_publics[0] for card in cards}) == len(cards), "Equivocation", "a kid twice")
    seed, body, *noises = unhex(*(given[k] for k in ("seed", "body", "signature_noise", "content_noise")))
    fields = [given[k] for k in ("sequence", "time", "format")]
    pad = 0
    if given["padding"] == "buckets":
        pad = byhand.fill(lambda n: byhand_group.length(len(cards), *fields, len(body), n))
    recipients = [(card.id, card.kem_publics[0]) for card in cards]
    sealed = byhand_group.seal(Identity(seed), recipients, given["topic"], *fields, body, pad, *noises)
    wanted = "audience statement digest signature plaintext content_key iv eks envelope"
    return {k: sealed[k] for k in wanted.split()}


def run_session_seal(given):
    card = oracle.read_card(bytes.fromhex(given["recipient_card"]))
    seed, *noises = unhex(*(given[k] for k in ("seed", "signature_noise", "ephemeral_noise")))
    session = SessionSender(
        Identity(seed), card.id, card.kem_publics[0], given["topic"], given["sequence"], given["time"],
        [given[k] for k in ("block", "messages", "seconds")], *noises, padding=given["padding"])
    verdicts = [verdict(lambda: {"session": session.id, "bytes": session.keyframe})]
    for step in given["steps"]:
        def seal():
            if "manifest" in step:
                return {"bytes": session.manifest(step["topic"], step["time"], bytes.fromhex(step["manifest"]))}
            return {"bytes": session.message(step["topic"], step["time"], step["format"], bytes.fromhex(step["body"]))}

        verdicts.append(verdict(seal))
    return verdicts


def run_evidence(given):
    forwarder = given["forwarder"] and bytes.fromhex(given["forwarder"])
    return oracle.verify_evidence(bytes.fromhex(given["evidence"]), forwarder)


def run_introduction(given):
    return {"ids": [card.id for card in oracle.read_introduction(bytes.fromhex(given["introduction"]))]}


def run_merkle(given):
    leaves = unhex(*given["leaves"])
    return {"root": merkle.root(leaves), "path": merkle.path(leaves, given["place"])}


def run_inclusion(given):
    leaf, root = unhex(given["leaf"], given["root"])
    require(merkle.climb(leaf, given["place"], given["count"], unhex(*given["path"])) == root, "Rejected", "root")
    return {}


def run_policy(given):
    oracle.Policy(**given["policy"]).ask(given["now"], given["time"], given["next"], given["number"])
    return {}


def run_code(given):
    shower, secret, expires = read_code(given["text"], given["now"])
    return {"shower": shower, "secret": secret, "expires": expires}


def run_transcript(given):
    names = "shower_seed shower_card scanner_seed scanner_card secret noise_3 noise_4"
    shower_seed, shower_card, scanner_seed, scanner_card, secret, noise_3, noise_4 = unhex(*(given[k] for k in names.split()))
    shower, expires = Identity(shower_seed), given["expires"]
    keys = Keys(shower.id, secret, expires)
    shows = Shower(shower, shower_card, keys, noise_4)
    scans = Scanner(Identity(scanner_seed), scanner_card, keys, noise_3)
    messages = [scans.start()]
    for end in (shows, scans, shows):
        messages.append(end.take(messages[-1], None)["answer"])
    scans.take(messages[3], None)
    (scanner_key, scanner_iv), (shower_key, shower_iv) = keys.of(1), keys.of(2)
    return {
        "code": code_text(code_bytes(shower.id, secret, expires)), "pairing_id": keys.id, "topics": keys.topics,
        "scanner_key": scanner_key, "scanner_iv": scanner_iv, "shower_key": shower_key, "shower_iv": shower_iv,
        "marks": keys.marks, "messages": messages, "transcripts": transcripts(messages[:3]),
    }


def run_pairing(given):
    seed, card, shower, secret, noise = unhex(*(given[k] for k in "seed card shower secret noise".split()))
    role = {"scanner": Scanner, "shower": Shower}[given["role"]]
    end = role(Identity(seed), card, Keys(shower, secret, given["expires"]), noise)
    if role is Scanner:
        end.start()
    return [verdict(end.take, message, given["now"]) for message in unhex(*given["steps"])]


RUNNERS = {
    "session": run_steps, "custody": run_steps, "group-seal": run_group_seal, "session-seal": run_session_seal,
    "evidence": run_evidence, "introduction": run_introduction, "merkle": run_merkle, "inclusion": run_inclusion,
    "policy": run_policy, "code": run_code, "transcript": run_transcript, "pairing": run_pairing,
}
