package org.zegel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
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
            ZegelException refused = assertThrows(ZegelException.class, () -> opener.open("ward/3", sealed));
            assertEquals(ZegelError.DUPLICATE, refused.getError());
        }
    }
}
