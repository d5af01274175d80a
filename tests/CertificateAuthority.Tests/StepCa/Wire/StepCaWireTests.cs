using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The same requests to a real step-ca and to ours. What differs is in docs/step-ca-divergences.md with its reason, or a fault.</summary>
public sealed class StepCaWireTests(WirePeers peers) : IClassFixture<WirePeers>
{
    [SkippableFact]
    public async Task Information_IsAnsweredAlike()
    {
        var both = new WireComparison(peers, "information");
        foreach (var path in (string[])["/health", "/1.0/health", "/version", "/roots", "/1.0/roots", "/roots.pem", "/federation", "/provisioners", "/1.0/provisioners"])
        {
            await both.AskAsync(path, "GET", path);
        }

        await both.AskAsync("headers of an answer", peer => peer.HeadersAsync("/health"));
        await both.AskAsync("headers of a refusal", peer => peer.HeadersAsync("/root/00"));
        await both.AskAsync("root", peer => peer.AskAsync("GET", "/root/" + Pki.Fingerprint.Of(peer.Root)));
        await both.AskAsync("root, in upper case", peer => peer.AskAsync("GET", "/root/" + Pki.Fingerprint.Of(peer.Root).ToUpperInvariant()));
        await both.AskAsync("root, with hyphens", peer => peer.AskAsync("GET", "/1.0/root/" + Pki.Fingerprint.Of(peer.Root).Insert(32, "-")));
        await both.AskAsync("unknown root", "GET", "/root/00");
        await both.AskAsync("root of no fingerprint", "GET", "/root/");
        foreach (var name in (string[])[WirePeers.Jwk, WirePeers.X5c, WirePeers.Oidc])
        {
            await both.AskAsync("provisioner " + name, peer => peer.ProvisionerAsync(name));
        }

        await both.AskAsync("provisioners page by page", peer => peer.ProvisionersByOneAsync());
        await both.AskAsync("provisioners, limit that is no number", "GET", "/provisioners?limit=x");
        await both.AskAsync("provisioners, limit that is no integer", "GET", "/provisioners?limit=1.5");
        await both.AskAsync("provisioners, limit below zero", "GET", "/provisioners?limit=-1");
        await both.AskAsync("provisioners, limit of zero", "GET", "/provisioners?limit=0");
        await both.AskAsync("provisioners, limit of thousands", "GET", "/provisioners?limit=5000");
        await both.AskAsync("provisioners, cursor behind all", "GET", "/provisioners?cursor=zzzz");
        await both.AskAsync("provisioners, another parameter", "GET", "/provisioners?surprise=1");
        await both.AskAsync("encrypted key", peer => peer.AskAsync("GET", $"/provisioners/{peer.Key.KeyId}/encrypted-key"));
        await both.AskAsync("unknown encrypted key", "GET", "/1.0/provisioners/none/encrypted-key");
        await both.AskAsync("encrypted key by the provisioner's name", "GET", $"/provisioners/{WirePeers.Jwk}/encrypted-key");
        both.ShouldDifferAsDocumented();
    }

    [Fact]
    public void Differences_OfTheTable_AreOfAPartThatIsCompared() => WireComparison.Documented.Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).Distinct()
        .ShouldBe(["information", "paths", "sign", "token", "names", "renew", "revoke", "X5C", "OIDC"], ignoreOrder: true);

    [SkippableFact]
    public async Task Paths_ThatAreWrong_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "paths");
        foreach (var path in (string[])["/", "/nothing", "/1.0", "/1.0/nothing", "/2.0/health", "/health/", "/HEALTH", "//health", "/ssh/roots", "/provisioners/none", "/acme/none/directory"])
        {
            await both.AskAsync("GET " + path, "GET", path);
        }

        foreach (var path in (string[])["/sign", "/1.0/sign", "/renew", "/rekey", "/re-sign", "/revoke"])
        {
            await both.AskAsync("GET " + path, "GET", path);
        }

        await both.AskAsync("HEAD /health", "HEAD", "/health");
        await both.AskAsync("POST /health", "POST", "/health", "");
        await both.AskAsync("DELETE /roots", "DELETE", "/roots");
        await both.AskAsync("PUT /revoke", "PUT", "/revoke", "{}");
        await both.AskAsync("OPTIONS /sign", "OPTIONS", "/sign");
        await both.AskAsync("POST /nothing", "POST", "/nothing", "{}");
        both.ShouldDifferAsDocumented();
    }

    [SkippableFact]
    public async Task Sign_BodiesOfEveryKind_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "sign");
        await both.AskAsync("no body", "POST", "/sign");
        foreach (var body in (string[])["", "{", "[]", "7", "\"text\"", "null", "{}", "{\"csr\":5}", "{\"csr\":null,\"ott\":\"x\"}", "{\"csr\":\"\",\"ott\":\"x\"}", "{\"csr\":\"x\",\"ott\":\"x\"}", "<csr/>"])
        {
            await both.AskAsync("body " + (body.Length == 0 ? "''" : body), "POST", "/1.0/sign", body);
        }

        await both.AskAsync("no token", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), "")));
        await both.AskAsync("no request", peer => peer.AskAsync("POST", "/sign", WirePeer.Body("", peer.Token("wire.test"))));
        await both.AskAsync("text behind the body", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")) + " more"));
        await both.AskAsync("token twice", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")).Replace("{", "{\"ott\":\"a.b.c\",", StringComparison.Ordinal)));
        await both.AskAsync("members in upper case", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")).Replace("\"ott\"", "\"OTT\"", StringComparison.Ordinal)));
        await both.AskAsync("another member", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test"), ("surprise", 1)));
        await both.AskAsync("as text/plain", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")), contentType: "text/plain"));
        await both.AskAsync("as form", peer => peer.AskAsync("POST", "/sign", WirePeer.Body(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")), contentType: "application/x-www-form-urlencoded"));
        await both.AskAsync("body of 2 MiB", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test"), ("surprise", new string('x', 2 << 20))));
        await both.AskAsync("body of 32 KiB", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test"), ("surprise", new string('x', 32 << 10))));
        await both.AskAsync("request without its armour", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test").Replace("-----", "", StringComparison.Ordinal), peer.Token("wire.test")));
        await both.AskAsync("request twice", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test") + WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test")));
        await both.AskAsync("request of garbage", peer => peer.SignAsync(new string(PemEncoding.Write("CERTIFICATE REQUEST", new byte[40])), peer.Token("wire.test")));
        await both.AskAsync("request with another signature", peer => peer.SignAsync(Forged(), peer.Token("wire.test")));
        both.ShouldDifferAsDocumented();
    }

    [SkippableFact]
    public async Task Sign_TokensOfEveryKind_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "token");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        using var foreign = new EcSignatureKey(StepCaCalls.NewKey(), "another");
        await both.AskAsync("good", peer => peer.SignAsync(peer.Token("wire.test")));
        await both.AskAsync("used before", async peer =>
        {
            var token = peer.Token("wire.test");
            return $"{(await peer.SignAsync(token))[..3]}, then {await peer.SignAsync(token)}";
        });
        await both.AskAsync("forged, then the genuine one with its jti", async peer =>
        {
            var claims = peer.Claims("wire.test");
            using var forger = new EcSignatureKey(StepCaCalls.NewKey(), peer.Key.KeyId);
            return $"{await peer.SignAsync(Jwt.Sign(claims, forger))}, then {await peer.SignAsync(Jwt.Sign(claims, peer.Key))}";
        });
        await both.AskAsync("garbage", peer => peer.SignAsync("garbage"));
        await both.AskAsync("three parts of garbage", peer => peer.SignAsync("a.b.c"));
        await both.AskAsync("of an unknown key", peer => peer.SignAsync(Jwt.Sign(peer.Claims("wire.test"), foreign)));
        await both.AskAsync("without a signature", peer => peer.SignAsync(peer.Token("wire.test")[..^86]));
        await BentAsync("of another provisioner", claims => claims["iss"] = "another");
        await BentAsync("for another host", claims => claims["aud"] = "https://other.test/1.0/sign");
        await BentAsync("for revocation", claims => claims["aud"] = ((string)claims["aud"]!).Replace("/sign", "/revoke", StringComparison.Ordinal));
        await BentAsync("for the path without a version", claims => claims["aud"] = ((string)claims["aud"]!).Replace("/1.0", "", StringComparison.Ordinal));
        await BentAsync("for every step-ca", claims => claims["aud"] = "step-certificate-authority");
        await BentAsync("for several audiences", claims => claims["aud"] = new JsonArray("https://other.test/1.0/sign", (string)claims["aud"]!));
        await BentAsync("expired", claims => (claims["iat"], claims["nbf"], claims["exp"]) = (now - 900, now - 900, now - 600));
        await BentAsync("not yet valid", claims => (claims["nbf"], claims["exp"]) = (now + 600, now + 900));
        await BentAsync("made in the future", claims => (claims["iat"], claims["exp"]) = (now + 600, now + 900));
        await BentAsync("for ten years", claims => claims["exp"] = now + 315_000_000);
        await BentAsync("without exp", claims => claims.Remove("exp"));
        await BentAsync("without nbf", claims => claims.Remove("nbf"));
        await BentAsync("without iat", claims => claims.Remove("iat"));
        await BentAsync("without jti", claims => claims.Remove("jti"));
        await BentAsync("without sub", claims => claims.Remove("sub"));
        await BentAsync("without aud", claims => claims.Remove("aud"));
        await BentAsync("without iss", claims => claims.Remove("iss"));
        await BentAsync("without sans", claims => claims.Remove("sans"));
        await BentAsync("with sans of null", claims => claims["sans"] = null);
        await BentAsync("with sans that are a text", claims => claims["sans"] = "wire.test");
        await BentAsync("without sha", claims => claims.Remove("sha"));
        await BentAsync("with another root's sha", claims => claims["sha"] = new string('0', 64));
        await BentAsync("with exp that is a text", claims => claims["exp"] = "soon");
        both.ShouldDifferAsDocumented();

        Task BentAsync(string name, Action<JsonObject> change) => both.AskAsync(name, peer => peer.SignAsync(peer.Token("wire.test", change: change)));
    }

    [SkippableFact]
    public async Task Sign_NamesAndLifetimesOfEveryKind_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "names");
        await NamesAsync("another common name", "other.test", ["wire.test"], "wire.test");
        await NamesAsync("another name", "wire.test", ["other.test"], "wire.test");
        await NamesAsync("one name more", "wire.test", ["wire.test", "other.test"], "wire.test");
        await NamesAsync("one name less", "wire.test", ["wire.test"], "wire.test", "other.test");
        await NamesAsync("an address more", "wire.test", ["wire.test", "192.0.2.1"], "wire.test");
        await NamesAsync("a URI more", "wire.test", ["wire.test", "https://wire.test/a"], "wire.test");
        await NamesAsync("an e-mail address more", "wire.test", ["wire.test", "ann@wire.test"], "wire.test");
        await NamesAsync("no names asked for", "wire.test", [], "wire.test", "192.0.2.1");
        await NamesAsync("no common name asked for", null, ["wire.test"], "wire.test");
        await NamesAsync("names in another order", "wire.test", ["b.test", "a.test"], "a.test", "b.test");
        await NamesAsync("name in upper case", "wire.test", ["WIRE.test"], "wire.test");
        await NamesAsync("names of every kind", "wire.test", ["wire.test", "2001:db8::1", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "ann@wire.test"], "wire.test", "2001:db8::1", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "ann@wire.test");
        await NamesAsync("the same name twice", "wire.test", ["wire.test"], "wire.test", "wire.test");
        await NamesAsync("wildcard", "wire.test", ["*.wire.test"], "*.wire.test");
        await both.AskAsync("name with a dot at its end", peer => peer.SignAsync(Request("wire.test", "wire.test."), peer.Token("wire.test", sans: "wire.test.")));
        await both.AskAsync("common name with a colon", peer => peer.SignAsync(Request("a:b", "wire.test"), peer.Token("a:b", sans: "wire.test")));
        await both.AskAsync("common name of 70 characters", peer => peer.SignAsync(Request(new string('a', 70), "wire.test"), peer.Token(new string('a', 70), sans: "wire.test")));
        await both.AskAsync("RSA key of 1024 bits", peer => peer.SignAsync(RsaCsr(1024), peer.Token("wire.test")));
        await both.AskAsync("RSA key of 2048 bits", peer => peer.SignAsync(RsaCsr(2048), peer.Token("wire.test")));
        await LifetimeAsync("for an hour", ("notAfter", "1h"));
        await LifetimeAsync("for a minute", ("notAfter", "1m"));
        await LifetimeAsync("for 25 hours", ("notAfter", "25h"));
        await LifetimeAsync("until yesterday", ("notAfter", "-24h"));
        await LifetimeAsync("of an hour from in two hours on", ("notBefore", "2h"), ("notAfter", "1h"));
        await LifetimeAsync("that ends before it begins", ("notBefore", "2h"), ("notAfter", InHours(1)));
        await LifetimeAsync("from long ago on until now", ("notBefore", "-8760h"), ("notAfter", InHours(2)));
        await LifetimeAsync("from long ago on for an hour", ("notBefore", "-8760h"), ("notAfter", "1h"));
        await LifetimeAsync("from in an hour on", ("notBefore", "1h"));
        await LifetimeAsync("from long ago on", ("notBefore", "-8760h"));
        await LifetimeAsync("of zero", ("notAfter", "0s"));
        await LifetimeAsync("of nothing", ("notAfter", ""));
        await LifetimeAsync("until no time", ("notAfter", "tomorrow"));
        await LifetimeAsync("until a number", ("notAfter", 7));
        await LifetimeAsync("until null", ("notAfter", null));
        await LifetimeAsync("between two moments", ("notAfter", InHours(48)), ("notBefore", InHours(46)));
        await LifetimeAsync("with words for the template", ("templateData", new JsonObject { ["a"] = 1 }));
        await LifetimeAsync("with words for the template that are a text", ("templateData", "a"));
        both.ShouldDifferAsDocumented();

        Task NamesAsync(string name, string? cn, string[] asked, params string[] allowed) => both.AskAsync(name, peer => peer.SignAsync(WirePeer.Csr(cn, asked), peer.Token("wire.test", sans: allowed)));

        Task LifetimeAsync(string name, params (string Name, JsonNode? Value)[] more) => both.AskAsync(name, peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test"), peer.Token("wire.test"), [.. more.Select(one => (one.Name, one.Value?.DeepClone()))]));
    }

    private static string InHours(int hours) => TimeProvider.System.GetUtcNow().AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static string RsaCsr(int bits)
    {
        using var key = RSA.Create(bits);
        var request = new CertificateRequest("CN=wire.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSigningRequestPem();
    }

    /// <summary>For names that an honest client has not.</summary>
    private static string Request(string cn, string name)
    {
        using var key = StepCaCalls.NewKey();
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        var request = new CertificateRequest($"CN={cn}", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
        return request.CreateSigningRequestPem();
    }

    private static string Forged()
    {
        using var key = StepCaCalls.NewKey();
        var der = new CertificateRequest("CN=wire.test", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        der[^3] ^= 1;
        return new string(PemEncoding.Write("CERTIFICATE REQUEST", der));
    }
}
