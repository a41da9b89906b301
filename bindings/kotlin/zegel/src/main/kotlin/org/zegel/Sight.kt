package org.zegel

import org.zegel.internal.Sight as Bridged
import org.zegel.internal.inspect as bridgedInspect

/** What the broker sees of a message: its shape and names. Nothing of it is proven. */
public sealed interface Sight {
    /** An envelope for one. */
    public class Envelope internal constructor(
        /** The KEM key that it names. */
        public val claimedRecipient: Kid,
        /** The encapsulated key: a fresh X25519 key, 32 bytes. */
        public val ek: ByteArray,
        /** Bytes of the ciphertext, its tag included. */
        public val ciphertextLength: Int,
    ) : Sight

    /** An envelope for several. */
    public class GroupEnvelope internal constructor(
        /** The KEM keys that it names. */
        public val claimedRecipients: List<Kid>,
        /** Bytes of the ciphertext, its tag included. */
        public val ciphertextLength: Int,
    ) : Sight

    /** A message of a session. */
    public class Message internal constructor(
        /** The session that it names. */
        public val claimedSession: SessionId,
    ) : Sight

    public companion object {
        /** Looks at a message; [ZegelError.MALFORMED] when it is none of Zegel's. */
        @JvmStatic
        public fun inspect(message: ByteArray): Sight = when (val sight = call { bridgedInspect(message) }) {
            is Bridged.Envelope -> Envelope(Kid(sight.recipient), sight.ek, sight.ciphertext.toInt())
            is Bridged.Group -> GroupEnvelope(sight.recipients.map { Kid(it) }, sight.ciphertext.toInt())
            is Bridged.Message -> Message(SessionId(sight.session))
        }
    }
}
