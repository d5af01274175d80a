using System.Buffers.Text;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>wire-oidc-01 and wire-dpop-01: persons and their messenger clients, and those that would pass for one. A test's keys stand for the Wire server, and its own provider for the persons'.</summary>
public sealed class WireTests(AcmeHost fixture) : IClassFixture<AcmeHost>, IAsyncLifetime
{
    private const string Client = "wireapp";
    private const string Domain = "wire.example";
    private const string Name = "Smith, Alice M (QA)";
    private const string Handle = "wireapp://%40alice.smith@wire.example";
    private const string Device = "wireapp://CzbfFjDOQrenCbDxVmgnFw!594930e9d50bb175@wire.example";
    private const string Target = "https://wire-server.example/clients/594930e9d50bb175/access-token";

    private readonly OidcKey _server = OidcKey.Create("");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private OidcServer _identity = null!;
    private string _provisioner = null!;

    public async Task InitializeAsync()
    {
        _identity = await OidcServer.StartAsync(fixture.Time);
        _provisioner = "wire" + RandomNumberGenerator.GetHexString(8, lowercase: true);
        await fixture.AddAsync(_provisioner, Definition().ToJsonString());
    }

    public async Task DisposeAsync()
    {
        await _identity.DisposeAsync();
        _server.Dispose();
        _key.Dispose();
    }

    [SkippableFact]
    public async Task PersonAndClient_Proven_AreCertified()
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        var order = await PlaceAsync(client);
        var (oidc, dpop) = await ChallengesAsync(client, order);
        (oidc.Target, dpop.Target).ShouldBe((_identity.Issuer, Target));

        (await client.PostAsync(dpop.Url, new { access_token = AccessToken(client, dpop) }))["status"].ShouldBe("valid");
        (await client.PostAsync(order["finalize"], new { csr = Csr() })).ShouldBe(HttpStatusCode.Forbidden, "orderNotReady");
        (await client.PostAsync(oidc.Url, new { id_token = IdToken(client, oidc) }))["status"].ShouldBe("valid");

        foreach (var other in (string[])[Csr(names: [Handle]), Csr(names: [Handle, Device, "wireapp://more@wire.example"]), Csr(dns: "wire.example"), Csr(displayName: "Smith, Bob"), Csr(displayName: null), Csr(organization: "other.example")])
        {
            (await client.PostAsync(order["finalize"], new { csr = other })).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
        }

        using var certificate = await CertificateAsync(client, order);
        var names = ParsedCertificate.Parse(certificate.RawDataMemory).Names;
        (names.CommonName, names.SanCount).ShouldBe((Name, 2));
        names.Uris.ShouldBe([Handle, Device], ignoreOrder: true);
        SubjectAttributes.Read(certificate.SubjectName.RawData).ShouldContain(new SubjectAttribute(SubjectAttributes.Organization, Domain));
        await fixture.Ca.ShouldVerifyByOpenSslAsync(certificate, purpose: null);
    }

    /// <summary>The template of step-ca's documentation.</summary>
    [SkippableFact]
    public async Task Template_HasWhatTheTokensSay()
    {
        var definition = Definition();
        definition["options"]!["x509"] = new JsonObject
        {
            ["template"] = """{"subject":{"organization":"example.com","commonName":{{ toJson .Oidc.name }},"organizationalUnit":{{ toJson .Dpop.team }}},"uris":[{{ toJson .Oidc.preferred_username }},{{ toJson .Dpop.sub }}],"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}""",
        };
        definition["options"]!["wire"]!["oidc"]!["transform"] = """{"name": "{{ .shown }}", "preferred_username": "wireapp://%40{{ .login | lower }}@wire.example"}""";
        await fixture.AddAsync(_provisioner, definition.ToJsonString());
        using var client = await fixture.NewClientAsync(_provisioner);
        var order = await PlaceAsync(client);
        var (oidc, dpop) = await ChallengesAsync(client, order);

        (await client.PostAsync(oidc.Url, new { id_token = IdToken(client, oidc, claims => (claims["name"], claims["preferred_username"], claims["shown"], claims["login"]) = ("x", "y", Name, "Alice.Smith")) }))["status"].ShouldBe("valid");
        (await client.PostAsync(dpop.Url, new { access_token = AccessToken(client, dpop) }))["status"].ShouldBe("valid");

        using var certificate = await CertificateAsync(client, order);
        certificate.Subject.ShouldContain("OU=team-7");
        ParsedCertificate.Parse(certificate.RawDataMemory).Names.Uris.ShouldBe([Handle, Device], ignoreOrder: true);
    }

    [SkippableTheory]
    [InlineData("another account's key")]
    [InlineData("another challenge")]
    [InlineData("another address")]
    [InlineData("another audience")]
    [InlineData("another issuer")]
    [InlineData("another person")]
    [InlineData("another handle")]
    [InlineData("no key authorization")]
    [InlineData("expired")]
    [InlineData("unknown key")]
    [InlineData("foreign key of that name")]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("members twice")]
    [InlineData("no token")]
    public async Task IdToken_ThatProvesNothing_EndsTheOrder(string kind)
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        using var other = await fixture.NewClientAsync(_provisioner);
        using var stranger = OidcKey.Create(kind == "unknown key" ? "stranger" : "first");
        var order = await PlaceAsync(client);
        var (oidc, dpop) = await ChallengesAsync(client, order);
        var token = kind switch
        {
            "another account's key" => IdToken(client, oidc, claims => claims["keyauth"] = other.KeyAuthorization(oidc.Token)),
            "another challenge" => IdToken(client, oidc, claims => claims["keyauth"] = client.KeyAuthorization(dpop.Token)),
            "another address" => IdToken(client, oidc, claims => claims["acme_aud"] = dpop.Url),
            "another audience" => IdToken(client, oidc, claims => claims["aud"] = "other"),
            "another issuer" => IdToken(client, oidc, claims => claims["iss"] = "https://other.example"),
            "another person" => IdToken(client, oidc, claims => claims["name"] = "Smith, Bob"),
            "another handle" => IdToken(client, oidc, claims => claims["preferred_username"] = "wireapp://%40bob@wire.example"),
            "no key authorization" => IdToken(client, oidc, claims => claims.Remove("keyauth")),
            "expired" => IdToken(client, oidc, claims => claims["exp"] = fixture.Time.GetUtcNow().AddMinutes(-5).ToUnixTimeSeconds()),
            "unknown key" or "foreign key of that name" => IdToken(client, oidc, key: stranger),
            "none" => Unsigned("none", IdToken(client, oidc)),
            "HS256" => Maced(IdToken(client, oidc), Encoding.UTF8.GetBytes(_identity.JwksJson())),
            "members twice" => Twice(IdToken(client, oidc)),
            _ => "token",
        };

        var reply = await client.PostAsync(oidc.Url, new { id_token = token });

        Ended(reply);
        (await client.GetAsync(order.Location!))["status"].ShouldBe("invalid");
        // There is no second try.
        (await client.PostAsync(oidc.Url, new { id_token = IdToken(client, oidc) }))["status"].ShouldBe("invalid");
    }

    [SkippableTheory]
    [InlineData("key of another account")]
    [InlineData("another server's key")]
    [InlineData("another issuer")]
    [InlineData("another audience")]
    [InlineData("another client")]
    [InlineData("another challenge")]
    [InlineData("another scope")]
    [InlineData("expired")]
    [InlineData("too long")]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("proof by another key")]
    [InlineData("proof that brings another key")]
    [InlineData("proof unsigned")]
    [InlineData("proof of another type")]
    [InlineData("proof with another nonce")]
    [InlineData("proof for another challenge")]
    [InlineData("proof for another server")]
    [InlineData("proof for another audience")]
    [InlineData("proof of another client")]
    [InlineData("proof of another handle")]
    [InlineData("proof of another name")]
    [InlineData("proof expired")]
    [InlineData("proof too long")]
    [InlineData("no proof")]
    public async Task AccessToken_ThatProvesNothing_EndsTheOrder(string kind)
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = OidcKey.Create("");
        var order = await PlaceAsync(client);
        var (oidc, dpop) = await ChallengesAsync(client, order);
        var now = fixture.Time.GetUtcNow();
        const string OtherDevice = "wireapp://CzbfFjDOQrenCbDxVmgnFw!1111111111111111@wire.example";
        var token = kind switch
        {
            "key of another account" => AccessToken(client, dpop, claims => claims["cnf"] = new JsonObject { ["kid"] = JsonWebKey.FromPublicKey(otherKey).Thumbprint() }),
            "another server's key" => AccessToken(client, dpop, key: stranger),
            "another issuer" => AccessToken(client, dpop, claims => claims["iss"] = Target + "/other"),
            "another audience" => AccessToken(client, dpop, claims => claims["aud"] = oidc.Url),
            "another client" => AccessToken(client, dpop, claims => claims["client_id"] = OtherDevice),
            "another challenge" => AccessToken(client, dpop, claims => claims["chal"] = oidc.Token),
            "another scope" => AccessToken(client, dpop, claims => claims["scope"] = "other"),
            "expired" => AccessToken(client, dpop, claims => claims["exp"] = now.AddMinutes(-5).ToUnixTimeSeconds()),
            "too long" => AccessToken(client, dpop, claims => claims["exp"] = now.AddMinutes(61).ToUnixTimeSeconds()),
            "none" => Unsigned("none", AccessToken(client, dpop)),
            "HS256" => Maced(AccessToken(client, dpop), Encoding.ASCII.GetBytes(_server.PublicKeyPem)),
            "proof by another key" => AccessToken(client, dpop, proof: Proof(client, dpop, key: otherKey, kid: client.PublicKey.Thumbprint())),
            "proof that brings another key" => AccessToken(client, dpop, proof: Proof(client, dpop, key: otherKey)),
            "proof unsigned" => AccessToken(client, dpop, proof: Unsigned("none", Proof(client, dpop))),
            "proof of another type" => AccessToken(client, dpop, proof: Proof(client, dpop, typ: "JWT")),
            "proof with another nonce" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["nonce"] = "other")),
            "proof for another challenge" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["chal"] = oidc.Token)),
            "proof for another server" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["htu"] = Target + "/other")),
            "proof for another audience" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["aud"] = oidc.Url)),
            "proof of another client" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["sub"] = OtherDevice)),
            "proof of another handle" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["handle"] = "wireapp://%40bob@wire.example")),
            "proof of another name" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["name"] = "Smith, Bob")),
            "proof expired" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["exp"] = now.AddMinutes(-5).ToUnixTimeSeconds())),
            "proof too long" => AccessToken(client, dpop, proof: Proof(client, dpop, claims => claims["exp"] = now.AddMinutes(61).ToUnixTimeSeconds())),
            _ => AccessToken(client, dpop, claims => claims.Remove("proof")),
        };

        var reply = await client.PostAsync(dpop.Url, new { access_token = token });

        Ended(reply);
        (await client.GetAsync(order.Location!))["status"].ShouldBe("invalid");
    }

    /// <summary>Tokens are good for the one challenge that they were made for.</summary>
    [SkippableFact]
    public async Task Tokens_OfAnEarlierOrder_ProveNothing()
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        var (oidc, dpop) = await ChallengesAsync(client, await PlaceAsync(client));
        var (id, access) = (IdToken(client, oidc), AccessToken(client, dpop));
        (await client.PostAsync(oidc.Url, new { id_token = id }))["status"].ShouldBe("valid");
        (await client.PostAsync(dpop.Url, new { access_token = access }))["status"].ShouldBe("valid");
        var next = await ChallengesAsync(client, await PlaceAsync(client));

        Ended(await client.PostAsync(next.Oidc.Url, new { id_token = id }));
        Ended(await client.PostAsync(next.Dpop.Url, new { access_token = access }));
    }

    [SkippableFact]
    public async Task Order_OfAnythingButOnePersonAndOneClientOfTheirs_IsMalformed()
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        var (user, device) = (User(), DeviceOf());
        foreach (var identifiers in (object[][])
        [
            [user], [device], [user, user with { Value = user.Value + " " }], [user, device, AcmeClient.Identifier("wire.example")], [user, AcmeClient.Identifier("wire.example")],
            [user, DeviceOf(name: "Smith, Bob")], [user, DeviceOf(handle: "wireapp://%40bob@wire.example")], [User(domain: "other.example"), device], [user, DeviceOf(client: "https://x!1@wire.example")],
            [user, DeviceOf(client: "wireapp://x!..%2F..%2Fadmin@wire.example")], [user, DeviceOf(client: "wireapp://x!1@other.example@wire.example")], [user, DeviceOf(client: "wireapp://x@wire.example")],
            [user, DeviceOf(client: "wireapp://x!1@other.example/@wire.example")], [user with { Value = "alice" }, device], [user with { Value = "[]" }, device], [user, device with { Value = user.Value }],
            // Another person's client as one's handle, and half of a surrogate pair.
            [User(handle: "wireapp://bob!1@wire.example"), DeviceOf(handle: "wireapp://bob!1@wire.example")], [User(handle: "wireapp://%40bob!1@wire.example"), DeviceOf(handle: "wireapp://%40bob!1@wire.example")],
            [user with { Value = user.Value.Replace("\"name\":\"", "\"name\":\"\\ud800", StringComparison.Ordinal) }, device],
            [user with { Value = user.Value[..^1] + ""","name":"Smith, Bob"}""" }, device],
        ])
        {
            (await client.PostAsync(client.At("new-order"), new { identifiers })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        }

        (await client.PostAsync(client.At("new-order"), new { identifiers = new object[] { device, user } })).Status.ShouldBe(HttpStatusCode.Created, "whatever comes first");
        using var elsewhere = await fixture.NewClientAsync();
        (await elsewhere.PostAsync(elsewhere.At("new-order"), new { identifiers = new object[] { user, device } })).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableFact]
    public async Task Payload_WithoutAToken_EndsNothing()
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        var (oidc, dpop) = await ChallengesAsync(client, await PlaceAsync(client));

        (await client.PostAsync(oidc.Url, new { })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.PostAsync(dpop.Url, new { access_token = "" })).ShouldBe(HttpStatusCode.BadRequest, "malformed");

        (await client.GetAsync(oidc.Url))["status"].ShouldBe("pending");
        (await client.GetAsync(dpop.Url))["status"].ShouldBe("pending");
    }

    /// <summary>What is the identity provider's fault ends nothing: the client asks again.</summary>
    [SkippableFact]
    public async Task IdentityProvider_WhoseKeysCantBeHad_EndsNothing()
    {
        using var client = await fixture.NewClientAsync(_provisioner);
        var order = await PlaceAsync(client);
        var (oidc, _) = await ChallengesAsync(client, order);
        var good = _identity.Jwks;
        _identity.Jwks = async context =>
        {
            var chunk = new byte[1024 * 1024];
            Array.Fill(chunk, (byte)' ');
            for (var i = 0; i < 10; i++)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        };

        (await client.PostAsync(oidc.Url, new { id_token = IdToken(client, oidc) })).ShouldBe(HttpStatusCode.ServiceUnavailable, "serverInternal").RetryAfter.ShouldNotBeNull();

        _identity.Jwks = good;
        fixture.Time.Advance(TimeSpan.FromSeconds(11));
        (await client.PostAsync(oidc.Url, new { id_token = IdToken(client, oidc) }))["status"].ShouldBe("valid");
    }

    [SkippableFact]
    public void Definition_WithoutItsOptions_IsRefused()
    {
        foreach (var change in (Action<JsonObject>[])
        [
            definition => definition.Remove("options"),
            definition => definition["options"]!["wire"]!.AsObject().Remove("oidc"),
            definition => definition["options"]!["wire"]!.AsObject().Remove("dpop"),
            definition => definition["options"]!["wire"]!["dpop"]!["key"] = "AAAA",
            definition => definition["options"]!["wire"]!["dpop"]!["target"] = "{{ .Device",
            definition => definition["options"]!["wire"]!["dpop"]!["target"] = "clients/{{ .DeviceID }}",
            definition => definition["options"]!["wire"]!["oidc"]!["transform"] = "{{ if }}",
            definition => definition["options"]!["wire"]!["oidc"]!["config"]!["clientId"] = "",
            definition => definition["options"]!["wire"]!["oidc"]!["config"]!["signatureAlgorithms"] = new JsonArray("HS256"),
            definition => definition["options"]!["wire"]!["oidc"]!["config"]!["skipExpiryCheck"] = true,
            definition => definition["options"]!["wire"]!["oidc"]!["provider"]!["jwksUrl"] = "http://idp.example/keys",
            definition => definition["options"]!["wire"]!["oidc"]!["provider"]!.AsObject().Remove("jwksUrl"),
        ])
        {
            var definition = Definition();
            (definition["type"], definition["name"]) = ("ACME", "wire");
            fixture.Ca.Module.Provisioners.Create(ProvisionerDefinition.Parse(definition.ToJsonString()));
            change(definition);
            Should.Throw<ProblemException>(() => fixture.Ca.Module.Provisioners.Create(ProvisionerDefinition.Parse(definition.ToJsonString()))).Code.ShouldBe("invalid_provisioner");
        }
    }

    /// <summary>As step-ca's documentation has it, comments aside.</summary>
    [SkippableFact]
    public void Definition_OfStepCasDocumentation_IsTaken()
    {
        var definition = JsonNode.Parse("""
            {
              "type": "ACME", "name": "wire", "claims": {"maxTLSCertDuration": "2160h", "defaultTLSCertDuration": "1440h"}, "challenges": ["wire-oidc-01", "wire-dpop-01"],
              "options": {
                "x509": {"template": "{\"subject\": {\"organization\": \"example.com\", \"commonName\": {{ toJson .Oidc.name }}}, \"uris\": [{{ toJson .Oidc.preferred_username }}, {{ toJson .Dpop.sub }}], \"keyUsage\": [\"digitalSignature\"], \"extKeyUsage\": [\"clientAuth\"]}"},
                "wire": {
                  "oidc": {
                    "provider": {
                      "discoveryBaseUrl": "https://accounts.example.com/.well-known/openid-configuration", "issuerUrl": "https://accounts.example.com", "authorizationUrl": "https://accounts.example.com/o/oauth2/v2/auth",
                      "tokenUrl": "https://oauth2.example.com/token", "jwksUrl": "https://www.example.com/oauth2/v3/certs", "userInfoUrl": "https://openidconnect.example.com/v1/userinfo",
                      "signatureAlgorithms": ["RS256", "ES256", "ES384", "EdDSA"]
                    },
                    "config": {"clientId": "wireapp", "signatureAlgorithms": ["RS256", "ES256", "ES384", "EdDSA"]},
                    "transform": "{\"name\": \"{{ .name }}\", \"preferred_username\": \"{{ .preferred_username }}\"}"
                  },
                  "dpop": {"key": "", "target": "https://wire-server.example.com/clients/{{ .DeviceID }}/access-token"}
                }
              }
            }
            """)!;
        definition["options"]!["wire"]!["dpop"]!["key"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_server.PublicKeyPem));

        fixture.Ca.Module.Provisioners.Create(ProvisionerDefinition.Parse(definition.ToJsonString())).Type.ShouldBe("ACME");
    }

    /// <summary>Messenger clients have such keys (RFC 8037).</summary>
    [SkippableFact]
    public async Task Account_OfAnEd25519Key_IsMade()
    {
        using var client = new AcmeClient(fixture.Ca, _provisioner);
        var key = new Ed25519Key();
        var header = new Dictionary<string, object> { ["url"] = client.At("new-account"), ["nonce"] = await client.NonceAsync(), ["jwk"] = key.PublicKey };

        var reply = await client.SendAsync(client.At("new-account"), AcmeClient.Flatten(CompactJws.Sign(header, "{}"u8, key)));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var next = new Dictionary<string, object> { ["url"] = reply.Location!, ["nonce"] = reply.Nonce!, ["kid"] = reply.Location! };
        (await client.SendAsync(reply.Location!, AcmeClient.Flatten(CompactJws.Sign(next, [], key)))).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static Identifier User(string domain = Domain, string handle = Handle) => new("wireapp-user", new JsonObject { ["name"] = Name, ["domain"] = domain, ["handle"] = handle }.ToJsonString());

    private static Identifier DeviceOf(string name = Name, string handle = Handle, string client = Device) =>
        new("wireapp-device", new JsonObject { ["name"] = name, ["domain"] = Domain, ["client-id"] = client, ["handle"] = handle }.ToJsonString());

    private static Task<AcmeReply> PlaceAsync(AcmeClient client) => client.PostAsync(client.At("new-order"), new { identifiers = new[] { User(), DeviceOf() } });

    private static async Task<(Evidence Oidc, Evidence Dpop)> ChallengesAsync(AcmeClient client, AcmeReply order)
    {
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);
        var found = new List<Evidence>();
        foreach (var authorization in order.Authorizations)
        {
            var challenge = (await client.GetAsync(authorization)).Json.GetProperty("challenges").EnumerateArray().Single();
            found.Add(new Evidence(challenge.GetProperty("type").GetString()!, challenge.GetProperty("url").GetString()!, challenge.GetProperty("token").GetString()!, challenge.GetProperty("target").GetString()!));
        }

        return (found.Single(one => one.Type == "wire-oidc-01"), found.Single(one => one.Type == "wire-dpop-01"));
    }

    private static void Ended(AcmeReply reply)
    {
        reply.Status.ShouldBe(HttpStatusCode.OK, reply.Body);
        reply["status"].ShouldBe("invalid");
        reply.Json.GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:rejectedIdentifier");
    }

    private static string Unsigned(string algorithm, string token) => $"{Encode($$"""{"alg":"{{algorithm}}"}""")}.{token.Split('.')[1]}.AA";

    private static string Maced(string token, byte[] key)
    {
        var input = $"{Encode("""{"alg":"HS256","kid":"first"}""")}.{token.Split('.')[1]}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(input)))}";
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private JsonObject Definition() => new()
    {
        ["challenges"] = new JsonArray("wire-oidc-01", "wire-dpop-01"),
        ["options"] = new JsonObject
        {
            ["wire"] = new JsonObject
            {
                ["oidc"] = new JsonObject
                {
                    ["provider"] = new JsonObject
                    {
                        ["issuerUrl"] = _identity.Issuer,
                        ["jwksUrl"] = _identity.Issuer + "/jwks",
                        ["roots"] = Convert.ToBase64String(File.ReadAllBytes(_identity.CaFile)),
                    },
                    ["config"] = new JsonObject { ["clientId"] = Client },
                },
                ["dpop"] = new JsonObject
                {
                    ["key"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_server.PublicKeyPem)),
                    ["target"] = "https://wire-server.example/clients/{{ .DeviceID }}/access-token",
                },
            },
        },
    };

    private string IdToken(AcmeClient client, Evidence oidc, Action<JsonObject>? change = null, ISignatureKey? key = null) => _identity.Token(
        claims =>
        {
            (claims["aud"], claims["name"], claims["preferred_username"]) = (Client, Name, Handle);
            (claims["keyauth"], claims["acme_aud"]) = (client.KeyAuthorization(oidc.Token), oidc.Url);
            change?.Invoke(claims);
        },
        key);

    /// <summary>The same claims, one of them twice.</summary>
    private string Twice(string token)
    {
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1]));
        return CompactJws.Sign(new Dictionary<string, object>(), Encoding.UTF8.GetBytes(claims[..^1] + ",\"name\":\"Smith, Bob\"}"), _identity.Keys[0]);
    }

    private string AccessToken(AcmeClient client, Evidence dpop, Action<JsonObject>? change = null, string? proof = null, OidcKey? key = null)
    {
        var now = fixture.Time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Target,
            ["aud"] = dpop.Url,
            ["sub"] = Device,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 300,
            ["jti"] = "1",
            ["chal"] = dpop.Token,
            ["nonce"] = "n-1",
            ["cnf"] = new JsonObject { ["kid"] = client.PublicKey.Thumbprint() },
            ["proof"] = proof ?? Proof(client, dpop),
            ["client_id"] = Device,
            ["api_version"] = 5,
            ["scope"] = "wire_client_id",
        };
        change?.Invoke(claims);
        var signer = key ?? _server;
        return CompactJws.Sign(new Dictionary<string, object> { ["typ"] = "at+jwt", ["kid"] = signer.PublicKey.Thumbprint() }, Encoding.UTF8.GetBytes(claims.ToJsonString()), signer);
    }

    private string Proof(AcmeClient client, Evidence dpop, Action<JsonObject>? change = null, ECDsa? key = null, string? kid = null, string typ = "dpop+jwt")
    {
        var now = fixture.Time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["jti"] = "2",
            ["htm"] = "POST",
            ["htu"] = Target,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 300,
            ["aud"] = dpop.Url,
            ["sub"] = Device,
            ["chal"] = dpop.Token,
            ["nonce"] = "n-1",
            ["handle"] = Handle,
            ["team"] = "team-7",
            ["name"] = Name,
        };
        change?.Invoke(claims);
        var header = new Dictionary<string, object> { ["typ"] = typ, [kid is null ? "jwk" : "kid"] = kid is null ? JsonWebKey.FromPublicKey(key ?? client.Key) : kid };
        return CompactJws.Sign(header, Encoding.UTF8.GetBytes(claims.ToJsonString()), new EcSignatureKey(key ?? client.Key));
    }

    private string Csr(string[]? names = null, string? dns = null, string? displayName = Name, string organization = Domain)
    {
        List<IReadOnlyList<SubjectAttribute>> subject = [[new SubjectAttribute(SubjectAttributes.Organization, organization)]];
        if (displayName is not null)
        {
            subject.Add([new SubjectAttribute("2.16.840.1.113730.3.1.241", displayName)]);
        }

        var request = new CertificateRequest(new X500DistinguishedName(SubjectAttributes.Encode(subject).Span), _key, HashAlgorithmName.SHA256);
        // As they are: System.Uri ends them in a slash.
        var san = new AsnWriter(AsnEncodingRules.DER);
        using (san.PushSequence())
        {
            foreach (var name in names ?? [Handle, Device])
            {
                san.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 6));
            }

            if (dns is not null)
            {
                san.WriteCharacterString(UniversalTagNumber.IA5String, dns, new Asn1Tag(TagClass.ContextSpecific, 2));
            }
        }

        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", san.Encode(), critical: false));
        return Base64Url.EncodeToString(request.CreateSigningRequest());
    }

    private async Task<X509Certificate2> CertificateAsync(AcmeClient client, AcmeReply order)
    {
        var finished = await client.PostAsync(order["finalize"], new { csr = Csr() });
        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        return X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
    }

    private sealed record Identifier([property: System.Text.Json.Serialization.JsonPropertyName("type")] string Type, [property: System.Text.Json.Serialization.JsonPropertyName("value")] string Value);

    private sealed record Evidence(string Type, string Url, string Token, string Target);

    private sealed class Ed25519Key : ISignatureKey
    {
        private readonly byte[] _private = RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize);

        public string Algorithm => "EdDSA";

        public string? KeyId => null;

        public JsonWebKey PublicKey
        {
            get
            {
                var point = new byte[Ed25519.PublicKeySize];
                Ed25519.GeneratePublicKey(_private, 0, point, 0);
                return new JsonWebKey { Kty = "OKP", Crv = "Ed25519", X = Base64Url.EncodeToString(point) };
            }
        }

        public byte[] Sign(ReadOnlySpan<byte> data)
        {
            var signature = new byte[Ed25519.SignatureSize];
            Ed25519.Sign(_private, 0, data.ToArray(), 0, data.Length, signature, 0);
            return signature;
        }
    }
}
