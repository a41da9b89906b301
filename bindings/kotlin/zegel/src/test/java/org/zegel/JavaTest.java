package org.zegel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Java calls the same face. */
class JavaTest {
    @Test
    void javaSealsAndOpens() {
        try (Identity device = Identity.generate();
                Identity pgo = Identity.generate();
                KemKey key = KemKey.generate();
                Card deviceCard = Card.issue(device, new CardClaims(1, 0, 4_000_000_000L, "watch"));
                Card pgoCard = Card.issue(pgo, new CardClaims(1, 0, 4_000_000_000L, "PGO", List.of(key)));
                Store store = Store.memory();
                Sealer sealer = new Sealer(device, pgoCard, Store.memory());
                Opener opener = new Opener(pgo.getId(), List.of(key), store)) {
            store.pin(deviceCard);
            byte[] body = "61".getBytes(StandardCharsets.US_ASCII);
            byte[] sealed = sealer.seal("ward/3", new Measurement(body, Format.OCTET_STREAM));
            List<Opened> taken = new ArrayList<>();
            assertEquals(Verdict.TAKEN, opener.receive("ward/3", sealed, taken::add).getVerdict());
            assertEquals(device.getId(), taken.get(0).getSender());
            try {
                opener.open("ward/3", sealed);
                fail("taken twice");
            } catch (ZegelException refused) {
                assertEquals(ZegelError.DUPLICATE, refused.getError());
            }
        }
    }

    /** Its own code throws what Java makes it declare. */
    @Test
    void javaBringsAKeystoreAndATaker() {
        Signer gone = new Signer() {
            @Override
            public byte[] getPublicKey() throws InvalidKeyException {
                throw new InvalidKeyException("the user has removed the key");
            }

            @Override
            public byte[] sign(byte[] message, byte[] noise) {
                return null;
            }
        };
        ZegelException refused = assertThrows(ZegelException.class, () -> Identity.of(gone, Secret.random()));
        assertEquals(ZegelError.KEY_UNAVAILABLE, refused.getError());
        assertInstanceOf(InvalidKeyException.class, refused.getCause());
        Taker full = opened -> {
            throw new IOException("no room");
        };
        assertThrows(IOException.class, () -> full.take(null));
        assertTrue(Zegel.now() > 1_764_000_000L);
    }
}
