// Enrols a device from a phone's browser: a P-256 key, a CSR (RFC 2986), and the endpoint that devices use.
(() => {
  "use strict";
  // Out of the address and its history before anything else: what is shared or looked up later has no token.
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);

  const device = given.get("device_id") ?? "";
  let token = given.get("token") ?? "";
  let key = null;
  const by = id => document.getElementById(id);
  const say = text => by("state").textContent = text;

  const der = (tag, ...parts) => {
    const body = parts.flatMap(part => [...part]);
    const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
    return Uint8Array.of(tag, ...length, ...body);
  };
  const sequence = (...parts) => der(0x30, ...parts);
  // X.690 section 8.3: no leading zeroes but the one that keeps it positive.
  const unsigned = bytes => {
    const first = bytes.findIndex(b => b !== 0);
    const significant = first < 0 ? [0] : [...bytes.slice(first)];
    return der(0x02, significant[0] & 0x80 ? [0, ...significant] : significant);
  };
  const commonName = Uint8Array.of(0x06, 0x03, 0x55, 0x04, 0x03);
  const ecdsaWithSha256 = sequence([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
  const pem = (label, bytes) => `-----BEGIN ${label}-----\n${btoa(String.fromCharCode(...bytes)).replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;

  const request = async () => {
    const subject = sequence(der(0x31, sequence(commonName, der(0x0c, new TextEncoder().encode(device)))));
    const info = sequence([0x02, 0x01, 0x00], subject, new Uint8Array(await crypto.subtle.exportKey("spki", key.publicKey)), [0xa0, 0x00]);
    // Web Crypto answers r and s side by side, a CSR has them as a sequence (RFC 3279 section 2.2.3).
    const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, info));
    const signature = sequence(unsigned(raw.slice(0, 32)), unsigned(raw.slice(32)));
    return pem("CERTIFICATE REQUEST", sequence(info, ecdsaWithSha256, der(0x03, [0], signature)));
  };

  const enrol = async () => {
    by("enrol").disabled = true;
    say("Enrolling…");
    try {
      // Kept for another attempt: the same token with the same key gets the same certificate.
      key ??= await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
      const answer = await fetch(`/devices/${device}/enroll`, {
        method: "POST", cache: "no-store", credentials: "omit",
        headers: { "Authorization": "Bearer " + token, "Content-Type": "application/json" },
        body: JSON.stringify({ csr: await request() }),
      });
      const content = await answer.json();
      if (!answer.ok) {
        throw new Error(content.detail ?? content.title ?? "The server answers " + answer.status + ".");
      }

      const file = pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key.privateKey))) + [content.certificate, content.ca_chain].map(text => text.trim() + "\n").join("");
      by("save").href = URL.createObjectURL(new Blob([file], { type: "application/x-pem-file" }));
      by("save").download = device + ".pem";
      [token, key] = ["", null];
      by("enrol").hidden = true;
      by("done").hidden = false;
      say("It is enrolled. Its certificate ends on " + new Date(content.not_after).toLocaleString() + ".");
    } catch (error) {
      say(error instanceof TypeError ? "The server can't be reached. Try again." : error.message);
      by("enrol").disabled = false;
    }
  };

  if (!token || device.length > 64 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(device)) {
    say("This address is of no device. Scan the QR code of an enrolment token again; it is good for one opening of this page.");
    return;
  }

  by("device").textContent = device;
  by("host").textContent = location.host;
  by("facts").hidden = false;
  by("enrol").hidden = false;
  by("enrol").addEventListener("click", enrol);
})();
