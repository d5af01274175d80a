"""Eclipse Paho for Python: every version, transport and QoS with one identity. Arguments: name, folder with root.pem and client.pem, MQTT port, HTTPS port."""
import sys
import threading

import paho.mqtt.client as mqtt

name, folder, mqtt_port, https_port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def run(label, protocol, transport, port):
    acknowledged, granted, received = threading.Semaphore(0), threading.Event(), threading.Event()
    client = mqtt.Client(client_id=name, protocol=protocol, transport=transport, **({} if protocol == mqtt.MQTTv5 else {"clean_session": True}))
    client.tls_set(ca_certs=folder + "/root.pem", certfile=folder + "/client.pem", keyfile=folder + "/client.pem")
    if transport == "websockets":
        client.ws_set_options(path="/mqtt")
    client.on_publish = lambda *_: acknowledged.release()
    client.on_subscribe = lambda *_: granted.set()
    client.on_message = lambda *_: received.set()
    client.connect("localhost", port)
    client.loop_start()
    client.subscribe("devices/" + name + "/commands/#", qos=1)
    assert granted.wait(20), label + ": no SUBACK"
    for qos in range(3):
        client.publish("devices/{}/telemetry/{}/{}".format(name, label, qos), "{}", qos=qos)
        assert acknowledged.acquire(timeout=20), label + ": not acknowledged"
    assert received.wait(20), label + ": no command"
    client.disconnect()
    client.loop_stop()


for version, protocol in (("v311", mqtt.MQTTv311), ("v5", mqtt.MQTTv5)):
    run(version + "-tcp", protocol, "tcp", mqtt_port)
    run(version + "-ws", protocol, "websockets", https_port)
print("done")
