// npm's mqtt: every version, transport and QoS with one identity. Arguments: name, folder with root.pem and client.pem, MQTT port, HTTPS port.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import mqtt from 'mqtt';

const [name, folder, mqttPort, httpsPort] = process.argv.slice(2);
const [ca, pem] = [readFileSync(`${folder}/root.pem`), readFileSync(`${folder}/client.pem`)];

async function run(label, protocolVersion, url) {
  const client = await mqtt.connectAsync(url, { protocolVersion, clientId: name, ca, cert: pem, key: pem, reconnectPeriod: 0, connectTimeout: 20000, wsOptions: { ca, cert: pem, key: pem } });
  for (const qos of [0, 1, 2]) {
    const most = Math.min(qos, 1);
    const [granted] = await client.subscribeAsync(`devices/${name}/commands/#`, { qos });
    if (granted.qos !== most) throw new Error(`${label}: granted ${granted.qos}`);
    const received = new Promise(resolve => client.on('message', (topic, payload, packet) => { if (packet.qos === most) resolve(); }));
    await client.publishAsync(`devices/${name}/telemetry/${label}/${qos}`, '{}', { qos });
    await Promise.race([received, setTimeout(20000, undefined, { ref: false }).then(() => { throw new Error(`${label}: no command`); })]);
  }
  await client.endAsync();
}

for (const [version, protocolVersion] of [['v311', 4], ['v5', 5]]) {
  await run(`${version}-tcp`, protocolVersion, `mqtts://localhost:${mqttPort}`);
  await run(`${version}-ws`, protocolVersion, `wss://localhost:${httpsPort}/mqtt`);
}
console.log('done');
process.exit(0);
