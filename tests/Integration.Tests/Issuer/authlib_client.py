"""authlib's client, unmodified, at an OpenID provider. Its one argument is JSON: step, issuer and what the step needs; so is its answer."""
import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken

VERIFIER = "v" * 64


def begin(settings, server):
    client = OAuth2Session(
        settings["client"], settings["secret"], scope="openid profile", redirect_uri=settings["callback"], code_challenge_method="S256"
    )
    url, state = client.create_authorization_url(server["authorization_endpoint"], code_verifier=VERIFIER, nonce="a nonce")
    return {"url": url, "state": state}


def finish(settings, server):
    client = OAuth2Session(settings["client"], settings["secret"], redirect_uri=settings["callback"], state=settings["state"])
    token = client.fetch_token(server["token_endpoint"], authorization_response=settings["answer"], code_verifier=VERIFIER)
    keys = JsonWebKey.import_key_set(requests.get(server["jwks_uri"], timeout=10).json())
    claims = jwt.decode(
        token["id_token"],
        keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"essential": True, "value": server["issuer"]}, "aud": {"essential": True, "value": settings["client"]}},
        claims_params={"nonce": "a nonce", "client_id": settings["client"], "access_token": token["access_token"]},
    )
    claims.validate()
    user = client.get(server["userinfo_endpoint"]).json()
    refreshed = client.refresh_token(server["token_endpoint"])
    client.revoke_token(server["revocation_endpoint"], token=refreshed["refresh_token"], token_type_hint="refresh_token")
    return {"claims": dict(claims), "user": user, "lifetime": refreshed["expires_in"]}


def machine(settings, server):
    by_key = settings["key"] is not None
    client = OAuth2Session(
        settings["client"],
        settings["key"] or settings["secret"],
        scope="iot-bridge-api",
        token_endpoint_auth_method="private_key_jwt" if by_key else None,
    )
    client.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"], claims={"aud": server["issuer"]}, alg="ES256"))
    return {"token": client.fetch_token(server["token_endpoint"], grant_type="client_credentials")["access_token"]}


settings = json.loads(sys.argv[1])
server = requests.get(settings["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
print(json.dumps({"begin": begin, "finish": finish, "machine": machine}[settings["step"]](settings, server)))
