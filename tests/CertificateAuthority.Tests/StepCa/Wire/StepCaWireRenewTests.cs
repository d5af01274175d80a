using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Provisioners;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Renewal, revocation and the credentials beside one-time tokens, asked of a real step-ca and of ours alike.</summary>
public sealed class StepCaWireRenewTests(WirePeers peers) : IClassFixture<WirePeers>
{
    [SkippableFact]
    public async Task RenewAndRekey_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "renew");
        using var own = StepCaCalls.NewKey();
        using var foreign = peers.Manufacturer.Issue("wire.test");
        foreach (var path in (string[])["/renew", "/1.0/renew", "/re-sign"])
        {
            await both.AskAsync($"{path} by certificate", async peer => await peer.AskAsync("POST", path, "", await peer.EnrollAsync()));
            await both.AskAsync($"{path} without certificate", "POST", path, "");
        }

        await both.AskAsync("with a body that is no JSON", async peer => await peer.AskAsync("POST", "/renew", "<renew/>", await peer.EnrollAsync()));
        await both.AskAsync("with a body of 80 KiB", async peer => await peer.AskAsync("POST", "/renew", new string('x', 80 << 10), await peer.EnrollAsync()));
        await both.AskAsync("twice", async peer =>
        {
            using var leaf = await peer.EnrollAsync();
            return $"{(await peer.AskAsync("POST", "/renew", "", leaf))[..3]}, then {await peer.AskAsync("POST", "/renew", "", leaf)}";
        });
        await both.AskAsync("by a foreign certificate", peer => peer.AskAsync("POST", "/renew", "", foreign));
        await both.AskAsync("of a revoked certificate", async peer =>
        {
            using var leaf = await peer.EnrollAsync();
            await peer.RevokeAsync(leaf.Serial(), token: null, certificate: leaf);
            return $"{await peer.AskAsync("POST", "/renew", "", leaf)}, rekey {await peer.AskAsync("POST", "/rekey", WirePeer.Body(WirePeer.Csr("wire.test"), token: null), leaf)}";
        });
        await ByTokenAsync("by token", (peer, leaf) => peer.RenewToken(leaf));
        await ByTokenAsync("by a token in another case of the scheme", (peer, leaf) => peer.RenewToken(leaf), "bearer ");
        await ByTokenAsync("by an authorization of another scheme", (peer, leaf) => peer.RenewToken(leaf), "Basic ");
        await ByTokenAsync("by a token of garbage", (_, _) => "garbage");
        await ByTokenAsync("by an empty token", (_, _) => "");
        await ByTokenAsync("by a token for another name", (peer, leaf) => peer.RenewToken(leaf, claims => claims["sub"] = "other.test"));
        await ByTokenAsync("by a token of another issuer", (peer, leaf) => peer.RenewToken(leaf, claims => claims["iss"] = "another"));
        await ByTokenAsync("by a token for another audience", (peer, leaf) => peer.RenewToken(leaf, claims => claims["aud"] = "https://other.test/renew"));
        await ByTokenAsync("by an expired token", (peer, leaf) => peer.RenewToken(leaf, claims => (claims["nbf"], claims["exp"]) = (1_700_000_000, 1_700_000_300)));
        await ByTokenAsync("by a token of a foreign certificate", (peer, _) => peer.RenewToken(foreign));
        await ByTokenAsync("by a one-time token", (peer, _) => peer.Token("wire.test"));
        await both.AskAsync("by a token, twice", async peer =>
        {
            var token = peer.RenewToken(await peer.EnrollAsync());
            return $"{(await peer.AskAsync("POST", "/renew", "", authorization: "Bearer " + token))[..3]}, then {await peer.AskAsync("POST", "/renew", "", authorization: "Bearer " + token)}";
        });
        await RekeyAsync("rekey", WirePeer.Body(StepCaCalls.Csr(own, "wire.test", "wire.test"), token: null));
        await RekeyAsync("rekey for other names", WirePeer.Body(StepCaCalls.Csr(own, "other.test", "other.test"), token: null));
        await RekeyAsync("rekey without request", "{}");
        await RekeyAsync("rekey without body", "");
        await RekeyAsync("rekey with a body that is no JSON", "<csr/>");
        await RekeyAsync("rekey with a request of garbage", WirePeer.Body("garbage", token: null));
        await RekeyAsync("rekey with a body of 2 MiB", WirePeer.Body(new string('x', 2 << 20), token: null));
        await both.AskAsync("rekey without certificate", "POST", "/rekey", WirePeer.Body(StepCaCalls.Csr(own, "wire.test"), token: null));
        both.ShouldDifferAsDocumented();

        Task RekeyAsync(string name, string body) => both.AskAsync(name, async peer => await peer.AskAsync("POST", "/1.0/rekey", body, await peer.EnrollAsync()));

        Task ByTokenAsync(string name, Func<WirePeer, System.Security.Cryptography.X509Certificates.X509Certificate2, string> token, string scheme = "Bearer ") =>
            both.AskAsync(name, async peer => await peer.AskAsync("POST", "/1.0/renew", "", authorization: scheme + token(peer, await peer.EnrollAsync())));
    }

    [SkippableFact]
    public async Task Revoke_IsAnsweredAlike()
    {
        var both = new WireComparison(peers, "revoke");
        await both.AskAsync("by token, and again", async peer =>
        {
            var serial = (await peer.EnrollAsync()).Serial();
            return $"{await peer.RevokeAsync(serial, peer.Token(serial, "revoke"))}, then {await peer.RevokeAsync(serial, peer.Token(serial, "revoke"))}";
        });
        await both.AskAsync("by certificate, and again", async peer =>
        {
            using var leaf = await peer.EnrollAsync();
            return $"{await peer.RevokeAsync(leaf.Serial(), token: null, certificate: leaf)}, then {await peer.RevokeAsync(leaf.Serial(), token: null, certificate: leaf)}";
        });
        await both.AskAsync("by certificate, and again by token", async peer =>
        {
            using var leaf = await peer.EnrollAsync();
            return $"{await peer.RevokeAsync(leaf.Serial(), token: null, certificate: leaf)}, then {await peer.RevokeAsync(leaf.Serial(), peer.Token(leaf.Serial(), "revoke"))}";
        });
        await both.AskAsync("by a token that was used", async peer =>
        {
            var (one, other) = ((await peer.EnrollAsync()).Serial(), (await peer.EnrollAsync()).Serial());
            var token = peer.Token(one, "revoke");
            return $"{await peer.RevokeAsync(one, token)}, then {await peer.RevokeAsync(other, token)}";
        });
        await both.AskAsync("of another, by certificate", async peer =>
        {
            using var leaf = await peer.EnrollAsync();
            return await peer.RevokeAsync((await peer.EnrollAsync()).Serial(), token: null, certificate: leaf);
        });
        await ByTokenAsync("by a token for another", serial => "1" + serial[1..], peer => null);
        await ByTokenAsync("by a token to sign", serial => serial, peer => "sign");
        await ByTokenAsync("for every reason", serial => serial, peer => null, [1, 2, 3, 4, 5, 6, 9, 10]);
        await ByTokenAsync("for reason 7", serial => serial, peer => null, [7]);
        await ByTokenAsync("for reason 8", serial => serial, peer => null, [8]);
        await ByTokenAsync("for reason 11", serial => serial, peer => null, [11]);
        await ByTokenAsync("for reason 99", serial => serial, peer => null, [99]);
        await ByTokenAsync("for reason -1", serial => serial, peer => null, [-1]);
        await MoreAsync("with words", ("reason", "was stolen"));
        await MoreAsync("with 600 words", ("reason", string.Concat(Enumerable.Repeat("word ", 600))));
        await MoreAsync("with words of control", ("reason", "a\nb"));
        await MoreAsync("at once, not passively", ("passive", false));
        await MoreAsync("passive of null", ("passive", null));
        await MoreAsync("passive that is a text", ("passive", "true"));
        await MoreAsync("reasonCode that is a text", ("reasonCode", "1"));
        await MoreAsync("serial that is a number", ("serial", 7));
        await MoreAsync("another member", ("surprise", 1));
        foreach (var serial in (string[])["", "1", "0xabc", "ab:cd", "-5", "007", "no serial", new string('9', 60)])
        {
            await both.AskAsync($"serial {(serial.Length == 0 ? "''" : serial.Length == 60 ? "of 60 digits" : serial)}", peer => peer.RevokeAsync(serial, peer.Token(serial.Length == 0 ? "1" : serial, "revoke")));
        }

        await both.AskAsync("without token or certificate", peer => peer.RevokeAsync("1", token: null));
        await both.AskAsync("with a token of garbage", peer => peer.RevokeAsync("1", "garbage"));
        foreach (var body in (string[])["", "{", "[]", "null", "{}", "<serial/>"])
        {
            await both.AskAsync("body " + (body.Length == 0 ? "''" : body), "POST", "/revoke", body);
        }

        await both.AskAsync("body of 2 MiB", peer => peer.RevokeAsync("1", peer.Token("1", "revoke"), more: ("surprise", new string('x', 2 << 20))));
        both.ShouldDifferAsDocumented();

        Task ByTokenAsync(string name, Func<string, string> subject, Func<WirePeer, string?> operation, int[]? reasons = null) => both.AskAsync(name, async peer =>
        {
            List<string> answers = [];
            foreach (var reason in reasons ?? [0])
            {
                var serial = (await peer.EnrollAsync()).Serial();
                answers.Add(await peer.RevokeAsync(serial, peer.Token(subject(serial), operation(peer) ?? "revoke"), reason));
            }

            return string.Join(", ", answers.Distinct());
        });

        Task MoreAsync(string name, (string Name, JsonNode? Value) more) => both.AskAsync(name, async peer =>
        {
            var serial = (await peer.EnrollAsync()).Serial();
            return await peer.RevokeAsync(serial, peer.Token(serial, "revoke"), more: (more.Name, more.Value?.DeepClone()));
        });
    }

    [SkippableFact]
    public async Task X5cTokens_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "X5C");
        using var credential = peers.Manufacturer.Issue("line 1");
        using var brief = peers.Manufacturer.Issue("line 1", lifetime: TimeSpan.FromHours(2));
        using var ended = peers.Manufacturer.Issue("line 1", start: -TimeSpan.FromDays(2), lifetime: TimeSpan.FromDays(1));
        using var server = peers.Manufacturer.Issue("line 1", usage: "1.3.6.1.5.5.7.3.1");
        using var foreignRoot = new TestRoot("Manufacturer");
        using var foreign = foreignRoot.Issue("line 1");
        await both.AskAsync("good", peer => peer.SignAsync(peer.CertificateToken(credential, "wire.test")));
        await both.AskAsync("used before", async peer =>
        {
            var token = peer.CertificateToken(credential, "wire.test");
            return $"{(await peer.SignAsync(token))[..3]}, then {await peer.SignAsync(token)}";
        });
        await both.AskAsync("of a foreign root", peer => peer.SignAsync(peer.CertificateToken(foreign, "wire.test")));
        await both.AskAsync("of an ended certificate", peer => peer.SignAsync(peer.CertificateToken(ended, "wire.test")));
        await both.AskAsync("of a server's certificate", peer => peer.SignAsync(peer.CertificateToken(server, "wire.test")));
        await both.AskAsync("for longer than its certificate", peer => peer.SignAsync(WirePeer.Csr("wire.test", "wire.test"), peer.CertificateToken(brief, "wire.test"), ("notAfter", "3h")));
        await both.AskAsync("for as long as its certificate", async peer => (await peer.SignAsync(peer.CertificateToken(brief, "wire.test")))[..3]);
        await both.AskAsync("for other names", peer => peer.SignAsync(WirePeer.Csr("other.test", "other.test"), peer.CertificateToken(credential, "wire.test")));
        await BentAsync("for no provisioner", claims => claims["aud"] = ((string)claims["aud"]!).Split('#')[0]);
        await BentAsync("for another provisioner", claims => claims["aud"] = ((string)claims["aud"]!).Replace("#x5c/fleet", "#x5c/other", StringComparison.Ordinal));
        await BentAsync("for another host", claims => claims["aud"] = "https://other.test/1.0/sign#x5c/fleet");
        await BentAsync("of another issuer", claims => claims["iss"] = WirePeers.Jwk);
        await BentAsync("expired", claims => (claims["nbf"], claims["exp"]) = (1_700_000_000, 1_700_000_300));
        await BentAsync("without exp", claims => claims.Remove("exp"));
        await BentAsync("without jti", claims => claims.Remove("jti"));
        await BentAsync("without sub", claims => claims.Remove("sub"));
        await BentAsync("without sans", claims => claims.Remove("sans"));
        await both.AskAsync("to revoke what it bought", async peer =>
        {
            var serial = (await peer.EnrollAsync(name => peer.CertificateToken(credential, name))).Serial();
            return await peer.RevokeAsync(serial, peer.CertificateToken(credential, serial, operation: "revoke"));
        });
        await both.AskAsync("to revoke what another bought", async peer =>
        {
            var serial = (await peer.EnrollAsync()).Serial();
            return await peer.RevokeAsync(serial, peer.CertificateToken(credential, serial, operation: "revoke"));
        });
        both.ShouldDifferAsDocumented();

        Task BentAsync(string name, Action<JsonObject> change) => both.AskAsync(name, peer => peer.SignAsync(peer.CertificateToken(credential, "wire.test", change)));
    }

    [SkippableFact]
    public async Task IdTokens_AreAnsweredAlike()
    {
        var both = new WireComparison(peers, "OIDC");
        using var foreign = OidcKey.Create("first");
        using var unknown = OidcKey.Create("unknown");
        await both.AskAsync("person", peer => peer.SignAsync(peers.IdToken()));
        await both.AskAsync("person, for other names", peer => peer.SignAsync(WirePeer.Csr("other.test", "other.test", "ann@example.com"), peers.IdToken()));
        await both.AskAsync("admin", peer => peer.SignAsync(peers.IdToken(claims => claims["email"] = "admin@example.com")));
        await both.AskAsync("admin in another case", peer => peer.SignAsync(peers.IdToken(claims => claims["email"] = "Admin@Example.com")));
        await both.AskAsync("used before", async peer =>
        {
            var token = peers.IdToken();
            return $"{(await peer.SignAsync(token))[..3]}, then {await peer.SignAsync(token)}";
        });
        await both.AskAsync("used before, without nonce", async peer =>
        {
            var token = peers.IdToken(claims => claims.Remove("nonce"));
            return $"{(await peer.SignAsync(token))[..3]}, then {await peer.SignAsync(token)}";
        });
        await both.AskAsync("of a foreign key", peer => peer.SignAsync(peers.IdToken(key: foreign)));
        await both.AskAsync("of an unknown key", peer => peer.SignAsync(peers.IdToken(key: unknown)));
        await BentAsync("without e-mail address", claims => claims.Remove("email"));
        await BentAsync("with an address that is not verified", claims => claims["email_verified"] = false);
        await BentAsync("without word on the address", claims => claims.Remove("email_verified"));
        await BentAsync("for another client", claims => claims["aud"] = "another");
        await BentAsync("for several clients, without azp", claims => claims["aud"] = new JsonArray(WirePeers.Client, "another"));
        await BentAsync("given to another client", claims => claims["azp"] = "another");
        await BentAsync("of another issuer", claims => claims["iss"] = "https://other.test");
        await BentAsync("expired", claims => (claims["iat"], claims["exp"]) = (1_700_000_000, 1_700_000_300));
        await BentAsync("without exp", claims => claims.Remove("exp"));
        await BentAsync("without iat", claims => claims.Remove("iat"));
        await BentAsync("without sub", claims => claims.Remove("sub"));
        await BentAsync("made in the future", claims => claims["iat"] = 4_000_000_000);
        await both.AskAsync("to revoke", async peer => await peer.RevokeAsync((await peer.EnrollAsync()).Serial(), peers.IdToken()));
        await both.AskAsync("of an admin, to revoke", async peer => await peer.RevokeAsync((await peer.EnrollAsync()).Serial(), peers.IdToken(claims => claims["email"] = "admin@example.com")));
        both.ShouldDifferAsDocumented();

        Task BentAsync(string name, Action<JsonObject> change) => both.AskAsync(name, peer => peer.SignAsync(peers.IdToken(change)));
    }
}
