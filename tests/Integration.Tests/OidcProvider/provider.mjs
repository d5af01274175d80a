// An OpenID provider that puts roles where the platform reads them. Its one argument is JSON: port, redirectUri, homeUri, secret.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${settings.port}`;
const audience = 'iot-bridge-api';
const resource = 'urn:iot-bridge-api';

// Whoever signs in has the roles that the name says, "ann.cdm-admin"; between /demote and /promote only cdm-viewer.
let demoted = false;
const rolesOf = (name) => (demoted ? ['cdm-viewer'] : name.split('.').slice(1));

const key = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' });
const robot = (alg, role) => ({
  client_id: `robot-${alg}.${role}`,
  client_secret: settings.secret,
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
});

const provider = new Provider(issuer, {
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  clients: [
    {
      client_id: 'iot-portal',
      client_secret: settings.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [settings.redirectUri],
      post_logout_redirect_uris: [settings.homeUri],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: 'step',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/'],
    },
    robot('RS256', 'cdm-operator'),
    robot('ES256', 'cdm-operator'),
    robot('RS256', 'cdm-admin'),
    robot('ES256', 'cdm-viewer'),
  ],
  pkce: { required: () => true },
  issueRefreshToken: async () => true,
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, __, client) => ({
        scope: '',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: client.clientId.includes('ES256') ? 'ES256' : 'RS256' } },
      }),
    },
  },
  extraTokenClaims: (_, token) => ({
    preferred_username: token.accountId ?? token.clientId,
    realm_access: { roles: rolesOf(token.accountId ?? token.clientId) },
  }),
  claims: { email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email');
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (ctx.path === '/demote' || ctx.path === '/promote') {
    demoted = ctx.path === '/demote';
    ctx.body = 'done';
    return;
  }
  await next();
});

provider.listen(settings.port, '127.0.0.1', () => console.log('ready'));
