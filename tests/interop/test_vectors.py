"""Every file of tests/vectors/ gives its expected verdict in the oracle, and is what the generator writes."""

import json

import make_vectors
import vectors


def files():
    return {path: path.read_text() for path in vectors.ROOT.glob("*/*.json")}


def test_every_vector_holds():
    for path, text in files().items():
        vector = json.loads(text)
        assert vector["name"] == f"{path.parent.name}/{path.stem}", path
        assert vectors.run(vector) == vector["expect"], vector["name"]


def test_there_are_enough_and_most_are_negative():
    texts = files().values()
    negative = sum('"error":' in text for text in texts)
    assert len(texts) >= 1100 and negative >= 0.7 * len(texts), (len(texts), negative)


def test_the_generator_writes_these_bytes():
    made = make_vectors.make()
    assert made.keys() == files().keys()
    assert made == files()
