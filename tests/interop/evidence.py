"""What is handed on: evidence and introductions, SPEC §11."""

import ed25519
import merkle
from card import claimed_id, read_card, sig_structure
from envelope import read_statement, statement_aad
from names import ZegelError, cbor, check_topic, strict
from session import manifest_aad
from shape import ascending, is_bytes, is_list, is_uint, require


def read_proof(proof, audience):
    """SPEC §11.1: a signature, or first, count, path and signature."""
    if is_bytes(proof, 64):
        return
    require(is_list(proof, 4), "Malformed", "proof")
    first, count, path, signature = proof
    require(is_uint(first) and is_uint(count, 64, 1) and is_list(path, 0, 6), "Malformed", "manifest-proof")
    require(all(is_bytes(step, 32) for step in path) and is_bytes(signature, 64), "Malformed", "path, signature")
    require(len(audience) == 1, "Malformed", "a session has one recipient")


def verify_evidence(data, forwarder=None):
    """Whose word it is: the parts of evidence that holds. With a forwarder, it must be in the audience (§11.2)."""
    items = strict(data)
    require(is_list(items, 5), "Malformed", "five items")
    raw_card, audience, topic, raw_statement, proof = items
    require(is_bytes(raw_card) and is_bytes(raw_statement), "Malformed", "card, statement")
    require(is_list(audience, 1, 16) and ascending(audience), "Malformed", "audience")
    require(type(topic) is str, "Malformed", "topic")
    try:
        check_topic(topic)
    except ZegelError as err:
        raise ZegelError("Malformed", "topic") from err
    statement = read_statement(raw_statement, error="Malformed")
    read_proof(proof, audience)
    card = read_card(raw_card)
    to_be_signed = sig_structure(statement_aad(card.id, audience, topic), raw_statement)
    if is_bytes(proof):
        signature = proof
    else:
        first, count, path, signature = proof
        place = statement.sequence - first
        require(place >= 0, "Rejected", "before the block")
        root = merkle.climb(merkle.leaf(to_be_signed), place, count, path)
        to_be_signed = sig_structure(manifest_aad(card.id, audience[0]), cbor([first, count, root]))
    require(ed25519.verify_strict(card.public, to_be_signed, signature), "Rejected", "signature")
    require(forwarder is None or forwarder in audience, "Rejected", "the forwarder is not in the audience")
    return {
        "origin": card.id, "audience": audience, "topic": topic, "sequence": statement.sequence, "time": statement.time,
        "format": statement.format, "body": statement.body, "digest": statement.digest(card.id, audience, topic),
        "signed_with": [statement.sequence] * 2 if is_bytes(proof) else [proof[0], proof[0] + proof[1] - 1],
    }


def evidence(card, audience, topic, statement, proof):
    return cbor([card, list(audience), topic, statement, proof])


def manifest_proof(first, leaves, place, signature):
    return [first, len(leaves), merkle.path(leaves, place), signature]


def read_introduction(data):
    """SPEC §11.3: the cards, by ascending Id."""
    raw = strict(data)
    require(is_list(raw, 0, 64) and all(is_bytes(card) for card in raw), "Malformed", "introduction")
    require(ascending([claimed_id(card) for card in raw]), "Malformed", "not in ascending order")
    cards = []
    for card in raw:
        cards.append(read_card(card))
        require(cards[-1].status == 0, "Revoked", "a withdrawn card")
    return cards


def introduction(cards):
    return cbor([card.raw for card in sorted(cards, key=lambda card: card.id)])
