package org.zegel

import org.zegel.internal.Secret as Bridged

/**
 * 32 secret bytes, outside of the heap of the JVM: a seed or a private key on its way to a keystore or from it.
 * [close] wipes them.
 */
public class Secret internal constructor(bridged: Bridged) : AutoCloseable {
    internal val grip = Grip(bridged)

    /**
     * Lends a copy of the bytes, for storing them where the platform keeps keys, and wipes it afterwards. The
     * collector may have moved the array meanwhile, and left a copy that nobody can wipe: keep the block short.
     */
    public fun <T> expose(use: (ByteArray) -> T): T {
        val bytes = call { grip.bridged.expose() }
        try {
            return use(bytes)
        } finally {
            bytes.fill(0)
        }
    }

    override fun close(): Unit = grip.close()

    override fun toString(): String = "Secret(..)"

    public companion object {
        /** Draws a secret; [ZegelError.ENTROPY] when the generator fails. */
        @JvmStatic
        public fun random(): Secret = Secret(call { Bridged.random() })

        /** Takes over 32 stored bytes, and wipes the array that they came in. */
        @JvmStatic
        public fun of(bytes: ByteArray): Secret {
            try {
                return Secret(call { Bridged.of(bytes) })
            } finally {
                bytes.fill(0)
            }
        }
    }
}
