using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>Forged and misdirected tokens. All get the same answer; only the log has the reason.</summary>
public sealed class RefusedTokenTests(RefusedTokenTests.Fixture fixture) : IClassFixture<RefusedTokenTests.Fixture>
{
    private OidcApp App => fixture.App;
    private OidcServer Issuer => fixture.App.Issuer;
    private long Now => App.Time.GetUtcNow().ToUnixTimeSeconds();

    [SkippableTheory]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS384")]
    [InlineData("PS512")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public async Task GoodToken_OfEveryAllowedAlgorithm_IsLetIn(string algorithm)
    {
        using var key = OidcKey.Create("good-" + algorithm, algorithm);
        Issuer.Keys.Add(key);
        App.Time.Advance(SigningKeyPause);

        (await App.StatusAsync(Issuer.Token(key: key))).ShouldBe(200);

        Issuer.Keys.Remove(key);
    }

    [SkippableFact]
    public async Task Expired_Refused()
    {
        (await App.StatusAsync(Issuer.Token(c => c["exp"] = Now - 59))).ShouldBe(200);
        await RefusedAsync(Issuer.Token(c => c["exp"] = Now - 60), "Expired");
    }

    [SkippableFact]
    public async Task NotYetValid_Refused()
    {
        (await App.StatusAsync(Issuer.Token(c => c["nbf"] = Now + 60))).ShouldBe(200);
        await RefusedAsync(Issuer.Token(c => c["nbf"] = Now + 61), "NotYetValid");
    }

    [SkippableTheory]
    [InlineData(3600, "NotYetValid")]
    [InlineData(-3600, "Expired")]
    public async Task IssuersClockAnHourOff_Refused(int seconds, string reason) =>
        await RefusedAsync(
            Issuer.Token(c =>
            {
                c["iat"] = Now + seconds;
                c["exp"] = Now + seconds + 300;
            }),
            reason);

    [SkippableFact]
    public async Task NoExpiry_Refused() => await RefusedAsync(Issuer.Token(c => c.Remove("exp")), "MissingClaim");

    [SkippableFact]
    public async Task NoSubject_Refused() => await RefusedAsync(Issuer.Token(c => c.Remove("sub")), "MissingClaim");

    [SkippableFact]
    public async Task OtherAudience_Refused() => await RefusedAsync(Issuer.Token(c => c["aud"] = new JsonArray("account", "another-api")), "BadAudience");

    [SkippableTheory]
    [InlineData("/")]
    [InlineData(" ")]
    public async Task AudienceWithSomethingBehindIt_Refused(string suffix) => await RefusedAsync(Issuer.Token(c => c["aud"] = OidcServer.Audience + suffix), "BadAudience");

    [SkippableFact]
    public async Task NoAudience_Refused() => await RefusedAsync(Issuer.Token(c => c.Remove("aud")), "MissingClaim");

    [SkippableFact]
    public async Task OtherIssuer_Refused() => await RefusedAsync(Issuer.Token(c => c["iss"] = Issuer.Issuer + "/"), "BadIssuer");

    [SkippableFact]
    public async Task OtherTenantsToken_Refused()
    {
        await using var other = await OidcServer.StartAsync(App.Time);

        // Its own issuer, its own keys; and the same with a key id that exists here.
        await RefusedAsync(other.Token(), "BadSignature");
        await RefusedAsync(other.Token(c => c["iss"] = Issuer.Issuer), "BadSignature");
        await RefusedAsync(other.Token(key: other.Keys[0].As("theirs")), "UnknownKey");
    }

    [SkippableTheory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("NONE")]
    public async Task Unsigned_Refused(string algorithm)
    {
        var (header, payload) = (Encode($$"""{"alg":"{{algorithm}}","kid":"first"}"""), Encode(Issuer.Claims().ToJsonString()));

        await RefusedAsync($"{header}.{payload}.", "AlgorithmNotAllowed");
        await RefusedAsync($"{header}.{payload}.AAAA", "AlgorithmNotAllowed");
    }

    [SkippableFact]
    public async Task Hs256WithThePublicKeyAsSecret_Refused()
    {
        using var rsa = RSA.Create(2048);
        var spki = rsa.ExportSubjectPublicKeyInfo();
        foreach (var secret in new[] { spki, Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem()), Encoding.UTF8.GetBytes(Issuer.Keys[0].PublicKey.ToJson()) })
        {
            var input = $"{Encode("""{"alg":"HS256","kid":"first"}""")}.{Encode(Issuer.Claims().ToJsonString())}";
            await RefusedAsync($"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)))}", "AlgorithmNotAllowed");
        }
    }

    [SkippableTheory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES384")]
    public async Task AlgorithmOfAnotherKeyType_Refused(string algorithm)
    {
        using var other = OidcKey.Create("first", algorithm);

        await RefusedAsync(Issuer.Token(key: other), "AlgorithmNotAllowed");
    }

    [SkippableFact]
    public async Task KeysInTheHeader_AreNotLookedAt()
    {
        using var mine = OidcKey.Create("mine");
        await using var home = await OidcServer.StartAsync(App.Time);
        home.Keys.Insert(0, mine);
        using var certified = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=mine", certified, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        foreach (var (member, value) in new (string, object)[]
        {
            ("jwk", mine.PublicKey), ("jku", home.Issuer + "/jwks"), ("x5c", new[] { Convert.ToBase64String(certificate.RawData) }), ("x5u", home.Issuer + "/jwks"),
        })
        {
            foreach (var key in new[] { mine, mine.As("first") })
            {
                var header = new Dictionary<string, object> { [member] = value };
                await RefusedAsync(CompactJws.Sign(header, Encoding.UTF8.GetBytes(Issuer.Claims().ToJsonString()), key), key.KeyId == "first" ? "BadSignature" : "UnknownKey");
            }
        }

        home.DiscoveryRequests.ShouldBe(0);
        home.JwksRequests.ShouldBe(0);
    }

    [SkippableFact]
    public async Task NoKeyId_Refused()
    {
        var input = $"{Encode("""{"alg":"ES256"}""")}.{Encode(Issuer.Claims().ToJsonString())}";

        await RefusedAsync($"{input}.{Base64Url.EncodeToString(Issuer.Keys[0].Sign(Encoding.ASCII.GetBytes(input)))}", "UnknownKey");
    }

    [SkippableTheory]
    [InlineData("""{"roles":["cdm-admin"]}""")]
    [InlineData("""{"resource_access":{"iot-bridge-api":{"roles":["cdm-admin"]}}}""")]
    [InlineData("""{"groups":["cdm-admin"],"scope":"cdm-admin"}""")]
    [InlineData("""{"realm_access":["cdm-admin"]}""")]
    [InlineData("""{"realm_access":{"roles":[]}}""")]
    [InlineData("""{"realm_access":{"roles":["CDM-ADMIN","cdm-admin ","platform-admin","admin",["cdm-admin"],{"name":"cdm-admin"}]}}""")]
    public async Task RoleInTheWrongPlace_Refused(string claims) =>
        await RefusedAsync(
            Issuer.Token(c =>
            {
                c.Remove("realm_access");
                foreach (var (name, value) in JsonNode.Parse(claims)!.AsObject())
                {
                    c[name] = value!.DeepClone();
                }
            }),
            "MissingClaim");

    [SkippableFact]
    public async Task RolesThatAreNoArray_Refused() => await RefusedAsync(Issuer.Token(c => c["realm_access"] = new JsonObject { ["roles"] = "cdm-admin" }), "Malformed");

    [SkippableTheory]
    [InlineData("ID")]
    [InlineData("Refresh")]
    [InlineData("Logout")]
    public async Task KeycloaksOtherTokens_Refused(string typ) => await RefusedAsync(Issuer.Token(c => c["typ"] = typ), "Malformed");

    [SkippableTheory]
    [InlineData("logout+jwt")]
    [InlineData("secevent+jwt")]
    [InlineData("dpop+jwt")]
    public async Task TokenForAnotherPurpose_Refused(string typ) => await RefusedAsync(Issuer.Token(typ: typ), "Malformed");

    [SkippableFact]
    public async Task KeyBoundToken_WithoutItsProof_Refused() => await RefusedAsync(Issuer.Token(c => c["cnf"] = new JsonObject { ["jkt"] = "x" }), "Malformed");

    [SkippableTheory]
    [InlineData("a.b.c")]
    [InlineData("...")]
    [InlineData("eyJhbGciOiJFUzI1NiJ9.e30.e30.e30.e30")]
    public async Task NoToken_Refused(string text) => await RefusedAsync(text, "Malformed");

    [SkippableFact]
    public async Task ChangedClaims_Refused()
    {
        var parts = Issuer.Token(c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray("cdm-viewer") }).Split('.');

        await RefusedAsync($"{parts[0]}.{Encode(Issuer.Claims().ToJsonString())}.{parts[2]}", "BadSignature");
    }

    [SkippableFact]
    public async Task ClaimTwice_Refused()
    {
        var claims = Issuer.Claims().ToJsonString();
        var input = $"{Encode("""{"alg":"ES256","kid":"first"}""")}.{Encode(claims[..^1] + ",\"sub\":\"somebody else\"}")}";

        await RefusedAsync($"{input}.{Base64Url.EncodeToString(Issuer.Keys[0].Sign(Encoding.ASCII.GetBytes(input)))}", "Malformed");
    }

    [SkippableTheory]
    [InlineData("""{"alg":"ES256","kid":"first","crit":["exp"]}""", "Malformed")]
    [InlineData("""{"alg":"ES256","kid":"first","crit":["b64"],"b64":false}""", "Malformed")]
    [InlineData("""{"alg":"ES256","kid":"first","kid":"first"}""", "Malformed")]
    [InlineData("""{"alg":"none","alg":"ES256","kid":"first"}""", "Malformed")]
    public async Task SignedHeader_ThatCanBeReadInTwoWaysOrWantsMore_Refused(string header, string reason)
    {
        var input = $"{Encode(header)}.{Encode(Issuer.Claims().ToJsonString())}";

        await RefusedAsync($"{input}.{Base64Url.EncodeToString(Issuer.Keys[0].Sign(Encoding.ASCII.GetBytes(input)))}", reason);
    }

    [SkippableFact]
    public async Task SameTokenInAnotherSpelling_Refused()
    {
        var parts = Issuer.Token().Split('.');

        foreach (var (token, reason) in new[]
        {
            ($"{parts[0]}.{parts[1]}=.{parts[2]}", "Malformed"), ($"{parts[0]}.{parts[1]}.{parts[2]}==", "Malformed"), ($"{parts[0]}.{parts[1]}.{parts[2]}AAAA", "BadSignature"),
            ($"{parts[0]}.{parts[1]}.{parts[2].Replace('-', '+').Replace('_', '/')}+", "Malformed"), (Issuer.Token(c => c["long"] = new string('a', 20_000)), "Malformed"),
        })
        {
            await RefusedAsync(token, reason);
        }
    }

    private static readonly TimeSpan SigningKeyPause = TimeSpan.FromSeconds(11);

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private async Task RefusedAsync(string token, string reason)
    {
        using var anonymous = await App.AskAsync(null);
        var expected = await anonymous.Content.ReadAsStringAsync();
        var before = App.App.Log.Text.Length;

        using var response = await App.AskAsync(token);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await response.Content.ReadAsStringAsync()).ShouldBe(expected);
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        var log = App.App.Log.Text[before..];
        log.ShouldContain($"bearer token refused: {reason}: ");
        log.ShouldNotContain(token);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal OidcApp App { get; private set; } = null!;

        public async Task InitializeAsync() => App = await OidcApp.StartAsync();

        public async Task DisposeAsync()
        {
            if (App is not null)
            {
                await App.DisposeAsync();
            }
        }
    }
}
