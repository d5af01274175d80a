"""Eclipse Paho for Python: every version, transport and QoS with one identity. Arguments: name, folder with root.pem and client.pem, MQTT port, HTTPS port."""
import queue
import sys
import threading

import paho.mqtt.client as mqtt

name, folder, mqtt_port, https_port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def run(label, protocol, transport, port):
    acknowledged, granted, received = threading.Semaphore(0), queue.Queue(), queue.Queue()
    client = mqtt.Client(client_id=name, protocol=protocol, transport=transport, **({} if protocol == mqtt.MQTTv5 else {"clean_session": True}))
    client.tls_set(ca_certs=folder + "/root.pem", certfile=folder + "/client.pem", keyfile=folder + "/client.pem")
    if transport == "websockets":
        client.ws_set_options(path="/mqtt")
    client.on_publish = lambda *_: acknowledged.release()
    client.on_subscribe = lambda _client, _data, _mid, codes, *_: granted.put(getattr(codes[0], "value", codes[0]))
    client.on_message = lambda _client, _data, message: received.put(message.qos)
    client.connect("localhost", port)
    client.loop_start()
    for qos in range(3):
        # The most that is granted is 1.
        client.subscribe("devices/" + name + "/commands/#", qos=qos)
        assert granted.get(timeout=20) == min(qos, 1), label + ": another QoS is granted"
        client.publish("devices/{}/telemetry/{}/{}".format(name, label, qos), "{}", qos=qos)
        assert acknowledged.acquire(timeout=20), label + ": not acknowledged"
        while received.get(timeout=20) != min(qos, 1):
            pass
    client.disconnect()
    client.loop_stop()


for version, protocol in (("v311", mqtt.MQTTv311), ("v5", mqtt.MQTTv5)):
    run(version + "-tcp", protocol, "tcp", mqtt_port)
    run(version + "-ws", protocol, "websockets", https_port)
print("done")
