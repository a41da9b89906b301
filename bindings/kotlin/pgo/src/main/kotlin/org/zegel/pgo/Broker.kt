package org.zegel.pgo

import org.eclipse.paho.client.mqttv3.IMqttDeliveryToken
import org.eclipse.paho.client.mqttv3.MqttCallback
import org.eclipse.paho.client.mqttv3.MqttClient
import org.eclipse.paho.client.mqttv3.MqttConnectOptions
import org.eclipse.paho.client.mqttv3.MqttMessage
import org.eclipse.paho.client.mqttv3.persist.MqttDefaultFilePersistence
import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** A message as the broker gave it: nothing of it is proven. */
class Arrived(val topic: String, val payload: ByteArray, private val done: () -> Unit) {
    /** The broker may forget it: what it says is durable here, or is worth nothing. */
    fun acknowledge() = done()
}

/**
 * A broker that nobody trusts, over Eclipse Paho: QoS 1, a session that waits for us while we are away, and no
 * acknowledgement before a message is dealt with.
 */
class Broker(host: String, port: Int, folder: Path, name: String) : AutoCloseable {
    private val client =
        MqttClient("tcp://$host:$port", name, MqttDefaultFilePersistence(folder.resolve("mqtt").toString()))
    private val arrived = LinkedBlockingQueue<Arrived>()

    init {
        client.setManualAcks(true)
        client.setCallback(object : MqttCallback {
            override fun connectionLost(cause: Throwable?) = System.err.println("the connection was lost")

            override fun deliveryComplete(token: IMqttDeliveryToken?) = Unit

            override fun messageArrived(topic: String, message: MqttMessage) {
                arrived += Arrived(topic, message.payload) { client.messageArrivedComplete(message.id, message.qos) }
            }
        })
        client.connect(MqttConnectOptions().apply { isCleanSession = false; isAutomaticReconnect = true })
    }

    fun subscribe(topic: String) = client.subscribe(topic, 1)

    /** Returns when the broker has it. */
    fun publish(topic: String, payload: ByteArray) = client.publish(topic, payload, 1, false)

    /** The next message, or `null` after so many seconds without one. */
    fun next(seconds: Long): Arrived? = arrived.poll(seconds, TimeUnit.SECONDS)

    override fun close() {
        client.disconnect()
        client.close()
    }
}
