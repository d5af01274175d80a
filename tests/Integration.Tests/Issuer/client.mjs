// One step of a client's work, as settings say; what it learned is printed as JSON.
import * as client from "openid-client";

const settings = JSON.parse(process.argv[2]);
const authentication = settings.key
  ? client.PrivateKeyJwt(await crypto.subtle.importKey("pkcs8", Buffer.from(settings.key.replace(/-----[^-]*-----/g, ""), "base64"), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]))
  : client.ClientSecretBasic(settings.secret);
const config = await client.discovery(new URL(settings.issuer), settings.client, undefined, authentication);
client.enableNonRepudiationChecks(config);

const steps = {
  async begin() {
    const attempt = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce() };
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: settings.callback, scope: "openid profile", state: attempt.state, nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier), code_challenge_method: "S256",
    });
    return { ...attempt, url: url.href };
  },

  async finish() {
    const tokens = await client.authorizationCodeGrant(config, new URL(settings.answer), { pkceCodeVerifier: settings.verifier, expectedState: settings.state, expectedNonce: settings.nonce, idTokenExpected: true });
    const claims = tokens.claims();
    const user = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    await client.tokenRevocation(config, refreshed.refresh_token);
    const afterwards = await client.refreshTokenGrant(config, refreshed.refresh_token).then(() => "refreshed", error => error.error);
    return { claims, user, refreshed: refreshed.claims()?.sub, afterwards, signOut: client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }).href };
  },

  async machine() {
    const tokens = await client.clientCredentialsGrant(config, { scope: "iot-bridge-api" });
    return { token: tokens.access_token, lifetime: tokens.expires_in };
  },
};

console.log(JSON.stringify(await steps[settings.step]()));
