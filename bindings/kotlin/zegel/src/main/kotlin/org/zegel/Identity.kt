package org.zegel

import org.zegel.internal.Identity as Bridged
import org.zegel.internal.KemKey as BridgedKey
import org.zegel.internal.KeyAgreement as BridgedAgreement
import org.zegel.internal.Signer as BridgedSigner

/** An Ed25519 key that something else holds, such as a keystore. Whatever it throws becomes [ZegelError.KEY_UNAVAILABLE]. */
public interface Signer {
    /** The public key, 32 bytes. Always the same. */
    @get:Throws(Exception::class)
    public val publicKey: ByteArray

    /**
     * An Ed25519 signature, 64 bytes. [noise] is 32 fresh random bytes for the nonce, for holders that can use them
     * (SPEC §5.3).
     */
    @Throws(Exception::class)
    public fun sign(message: ByteArray, noise: ByteArray): ByteArray
}

/** An X25519 key that something else holds. Whatever it throws becomes [ZegelError.KEY_UNAVAILABLE]. */
public interface KeyAgreement {
    /** The public key, 32 bytes. Always the same. */
    @get:Throws(Exception::class)
    public val publicKey: ByteArray

    /** `X25519(private, peer)`, 32 bytes. */
    @Throws(Exception::class)
    public fun agree(peer: ByteArray): ByteArray
}

/**
 * A private identity: it signs. What it knows is wiped when it and the sealers and pairings that were made with it are
 * closed.
 */
public class Identity internal constructor(bridged: Bridged) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    /** The name of this identity. */
    public val id: Id = Id(call { bridged.id() })

    /** The Ed25519 public key, 32 bytes. */
    public val publicKey: ByteArray get() = call { bridged.publicKey() }

    override fun close(): Unit = grip.close()

    override fun toString(): String = "Identity($id, ..)"

    public companion object {
        /** A new identity that nobody stores. To keep one, draw a [Secret] and store it first. */
        @JvmStatic
        public fun generate(): Identity = Identity(call { Bridged.generate() })

        /** The identity of a stored seed; [ZegelError.WEAK_KEY] for one that others know. */
        @JvmStatic
        public fun of(seed: Secret): Identity = Identity(call(seed.grip) { Bridged.fromSeed(seed.grip.bridged) })

        /** The identity whose key [signer] holds. [hedge] was drawn once, and is stored (SPEC §5.2); [ZegelError.WEAK_KEY]. */
        @JvmStatic
        public fun of(signer: Signer, hedge: Secret): Identity {
            val held = Signing(signer, asked { signer.publicKey })
            return Identity(call(hedge.grip) { Bridged.fromSigner(held, hedge.grip.bridged) })
        }
    }
}

/** A private KEM key: it opens. What it knows is wiped when it and the openers that hold it are closed. */
public class KemKey internal constructor(bridged: BridgedKey) : AutoCloseable {
    internal val grip = Grip(bridged)
    internal val bridged get() = grip.bridged

    /** The public half, for a card: 32 bytes. */
    public val publicKey: ByteArray get() = call { bridged.publicKey() }

    /** What an envelope names this key by. */
    public val kid: Kid get() = Kid(call { bridged.kid() })

    override fun close(): Unit = grip.close()

    override fun toString(): String = "KemKey($kid, ..)"

    public companion object {
        /** A new key that nobody stores. To keep one, draw a [Secret] and store it first. */
        @JvmStatic
        public fun generate(): KemKey = KemKey(call { BridgedKey.generate() })

        /** The key of 32 stored bytes; [ZegelError.WEAK_KEY] for one that others know. */
        @JvmStatic
        public fun of(secret: Secret): KemKey = KemKey(call(secret.grip) { BridgedKey.fromSecret(secret.grip.bridged) })

        /** The key that [agreement] holds. */
        @JvmStatic
        public fun of(agreement: KeyAgreement): KemKey {
            val held = Agreeing(agreement, asked { agreement.publicKey })
            return KemKey(call { BridgedKey.fromAgreement(held) })
        }
    }
}

/** A public key, asked for on this side: the bridge has no answer to a holder that throws here, or that gives `null`. */
private fun asked(publicKey: () -> ByteArray?): ByteArray = try {
    checkNotNull(publicKey())
} catch (exception: Exception) {
    throw ZegelException(ZegelError.KEY_UNAVAILABLE, null, exception)
}

private class Signing(private val signer: Signer, private val publicKey: ByteArray) : BridgedSigner {
    override fun publicKey(): ByteArray = publicKey

    override fun sign(message: ByteArray, noise: ByteArray): ByteArray = callback { signer.sign(message, noise) }
}

private class Agreeing(private val agreement: KeyAgreement, private val publicKey: ByteArray) : BridgedAgreement {
    override fun publicKey(): ByteArray = publicKey

    override fun agree(peer: ByteArray): ByteArray = callback { agreement.agree(peer) }
}
