package org.zegel

import org.zegel.internal.Measurement as Bridged

/** A content format number of the CoAP registry (RFC 7252 §12.3). */
public object Format {
    /** application/senml+cbor */
    public const val SENML_CBOR: Int = 112

    /** application/cbor */
    public const val CBOR: Int = 60

    /** application/json */
    public const val JSON: Int = 50

    /** application/octet-stream */
    public const val OCTET_STREAM: Int = 42

    /** application/cose; cose-type="cose-sign1" */
    public const val COSE_SIGN1: Int = 18

    /** Whether the number is one of those that Zegel keeps for itself: 65000 and above. */
    @JvmStatic
    public fun isReserved(format: Int): Boolean = format >= 65_000
}

/** One measurement, before it is sealed. */
public class Measurement @JvmOverloads constructor(
    /** The measurement itself. */
    public val body: ByteArray,
    /** What the body is: see [Format]. */
    public val format: Int = Format.SENML_CBOR,
    /** When it was taken, seconds since 1970; `null` where the device has no clock. */
    public val time: Long? = now(),
) {
    internal fun bridged(): Bridged {
        if (format !in 0..0xffff) throw ZegelException(ZegelError.BAD_ARGUMENT)
        return Bridged(time.bridged(), format.toUShort(), body)
    }

    /** What was measured belongs in no log. */
    override fun toString(): String = "Measurement(${body.size} bytes)"
}
