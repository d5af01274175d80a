using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>What a request must be (RFC 8555 6), and accounts (7.3).</summary>
public sealed class AcmeRequestTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Directory_NamesWhatIsServed()
    {
        using var http = fixture.Ca.Client();
        foreach (var prefix in (string[])["acme", "2.0/acme"])
        {
            var directory = JsonElement.Parse(await http.GetStringAsync($"{prefix}/acme/directory"));

            directory.EnumerateObject().Select(member => member.Name).ShouldBe(["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"]);
            (await http.GetAsync(directory.GetProperty("newNonce").GetString())).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        JsonElement.Parse(await http.GetStringAsync("provisioners")).GetProperty("provisioners").EnumerateArray()
            .ShouldContain(p => p.GetProperty("type").GetString() == "ACME" && p.GetProperty("name").GetString() == "acme");
        (await http.GetAsync("acme/other/directory")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task Nonce_UsedTwice_IsBad()
    {
        using var client = await fixture.NewClientAsync();
        var nonce = await client.NonceAsync();
        var body = client.Sign(client.Account!, payload: null, nonce);
        (await client.SendAsync(client.Account!, body)).Status.ShouldBe(HttpStatusCode.OK);

        (await client.SendAsync(client.Account!, body)).ShouldBe(HttpStatusCode.BadRequest, "badNonce");
    }

    /// <summary>What a crash of the database leaves: RFC 8555 6.5 has the client ask again with the nonce of the refusal.</summary>
    [SkippableFact]
    public async Task Nonce_OfARefusal_IsGoodAlthoughThoseBeforeAreNot()
    {
        using var client = await fixture.NewClientAsync();
        var nonce = await client.NonceAsync();
        await fixture.Ca.Database.ExecuteAsync("DELETE FROM acme.nonce_seals");
        await fixture.Ca.Database.ExecuteAsync("DELETE FROM acme.used_nonces");

        var refused = (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, nonce))).ShouldBe(HttpStatusCode.BadRequest, "badNonce");

        (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, refused.Nonce))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Nonce_NotGivenOut_IsBad(string? nonce)
    {
        using var client = await fixture.NewClientAsync();

        (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, nonce))).ShouldBe(HttpStatusCode.BadRequest, "badNonce");
    }

    [SkippableFact]
    public async Task Nonce_OfAForgedRequest_IsNotSpent()
    {
        using var client = await fixture.NewClientAsync();
        using var forger = new AcmeClient(fixture.Ca, AcmeHost.Provisioner) { Account = client.Account };
        var nonce = await client.NonceAsync();

        (await forger.SendAsync(client.Account!, forger.Sign(client.Account!, payload: null, nonce))).ShouldBe(HttpStatusCode.BadRequest, "malformed");

        (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, nonce))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Url_OfAnotherResource_IsUnauthorized()
    {
        using var client = await fixture.NewClientAsync();
        var body = client.Sign(client.At("new-order"), payload: null, await client.NonceAsync());

        (await client.SendAsync(client.Account!, body)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Header_KeyAndKeyId_IsMalformed()
    {
        using var client = await fixture.NewClientAsync();
        foreach (var change in (Action<Dictionary<string, object>>[])[header => header["jwk"] = client.PublicKey, header => header.Remove("kid"), header => header["kid"] = "https://elsewhere.test/acme/acme/account/x"])
        {
            (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, await client.NonceAsync(), change))).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        }

        (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, await client.NonceAsync(), header => header["kid"] = client.At("account/" + new string('A', 32))))).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
    }

    [SkippableTheory]
    [InlineData("""{"protected":"e30","payload":"","signature":"AA","header":{"kid":"x"}}""")]
    [InlineData("""{"protected":"e30","payload":"","signatures":[]}""")]
    [InlineData("""{"protected":"e30","payload":"","payload":"","signature":"AA"}""")]
    [InlineData("""{"protected":"e30"}""")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Body_NoFlattenedJws_IsMalformed(string body)
    {
        using var client = await fixture.NewClientAsync();

        (await client.SendAsync(client.Account!, body)).ShouldBe(HttpStatusCode.BadRequest, "malformed");
    }

    [SkippableFact]
    public async Task Body_OfAnotherTypeOrTooLarge_IsRefused()
    {
        using var client = await fixture.NewClientAsync();
        (await client.SendAsync(client.Account!, client.Sign(client.Account!, payload: null, await client.NonceAsync()), "application/json")).ShouldBe(HttpStatusCode.UnsupportedMediaType, "malformed");

        (await client.SendAsync(client.Account!, client.Sign(client.Account!, new { filler = new string('x', 80_000) }, await client.NonceAsync()))).ShouldBe(HttpStatusCode.RequestEntityTooLarge, "malformed");
    }

    [SkippableFact]
    public async Task Algorithm_NotAllowed_NamesThoseThatAre()
    {
        using var client = await fixture.NewClientAsync();
        var header = Base64("""{"alg":"HS256","nonce":"x","url":"x","jwk":{"kty":"oct","k":"AA"}}""");

        var reply = (await client.SendAsync(client.At("new-account"), $$"""{"protected":"{{header}}","payload":"","signature":"AAAA"}""")).ShouldBe(HttpStatusCode.BadRequest, "badSignatureAlgorithm");

        reply.Json.GetProperty("algorithms").EnumerateArray().ShouldContain(a => a.GetString() == "ES256");
        static string Base64(string text) => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>RFC 8555 6.7: a key that the server does not support.</summary>
    [SkippableFact]
    public async Task Key_TooWeak_IsBad()
    {
        using var client = new AcmeClient(fixture.Ca, AcmeHost.Provisioner);
        using var weak = RSA.Create(1024);
        var (n, e) = weak.ExportParameters(false) is var key ? (Base64(key.Modulus!), Base64(key.Exponent!)) : default;

        var header = Base64(System.Text.Encoding.UTF8.GetBytes($$$"""{"alg":"RS256","nonce":"{{{await client.NonceAsync()}}}","url":"{{{client.At("new-account")}}}","jwk":{"kty":"RSA","n":"{{{n}}}","e":"{{{e}}}"}}"""));
        var payload = Base64("{}"u8.ToArray());
        var signature = Base64(weak.SignData(System.Text.Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        (await client.SendAsync(client.At("new-account"), $$"""{"protected":"{{header}}","payload":"{{payload}}","signature":"{{signature}}"}""")).ShouldBe(HttpStatusCode.BadRequest, "badPublicKey");

        static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    [SkippableFact]
    public async Task Account_OfAKnownKey_IsTheSame()
    {
        using var client = await fixture.NewClientAsync();
        var account = client.Account;

        (await client.RegisterAsync()).Status.ShouldBe(HttpStatusCode.OK);
        client.Account.ShouldBe(account);
        (await client.RegisterAsync(new { onlyReturnExisting = true })).Location.ShouldBe(account);
        using var stranger = new AcmeClient(fixture.Ca, AcmeHost.Provisioner);
        (await stranger.RegisterAsync(new { onlyReturnExisting = true })).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
    }

    [SkippableTheory]
    [InlineData("https://ops.test", "unsupportedContact")]
    [InlineData("mailto:a@b.test,c@d.test", "invalidContact")]
    [InlineData("mailto:a@b.test?subject=x", "invalidContact")]
    [InlineData("mailto:nobody", "invalidContact")]
    public async Task Contact_NoOneMailAddress_IsRefused(string contact, string error)
    {
        using var client = new AcmeClient(fixture.Ca, AcmeHost.Provisioner);

        (await client.RegisterAsync(new { contact = new[] { contact } })).ShouldBe(HttpStatusCode.BadRequest, error);
    }

    [SkippableFact]
    public async Task Account_Deactivated_DoesNothingMore()
    {
        using var client = await fixture.NewClientAsync();
        (await client.PostAsync(client.Account!, new { contact = new[] { "mailto:new@iot.example" } })).Json.GetProperty("contact")[0].GetString().ShouldBe("mailto:new@iot.example");

        (await client.PostAsync(client.Account!, new { status = "deactivated" }))["status"].ShouldBe("deactivated");

        (await client.OrderAsync("late.test")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        (await client.RegisterAsync()).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [SkippableFact]
    public async Task Account_OfAnother_CannotBeRead()
    {
        using var client = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();

        (await other.GetAsync(client.Account!)).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        (await other.GetAsync(client.Account + "/orders")).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
    }

    [SkippableFact]
    public async Task Key_Changed_OnlyTheNewOneSigns()
    {
        using var client = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();
        var old = client.Key;
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        (await client.ChangeKeyAsync(other.Key)).Status.ShouldBe(HttpStatusCode.Conflict);
        (await client.ChangeKeyAsync(next, oldKey: JsonWebKey.FromPublicKey(next))).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.ChangeKeyAsync(next, account: other.Account)).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.ChangeKeyAsync(next)).Status.ShouldBe(HttpStatusCode.OK);

        (await client.GetAsync(client.Account!)).ShouldBe(HttpStatusCode.BadRequest, "badSignatureAlgorithm");
        client.UseKey(next);
        (await client.GetAsync(client.Account!)).Status.ShouldBe(HttpStatusCode.OK);
        old.Dispose();
    }

    /// <summary>A client that has changed its key never signs with the former one again (RFC 8555 7.3.5).</summary>
    [SkippableFact]
    public async Task Key_Changed_TheNewOneSignsAtOnce()
    {
        using var client = await fixture.NewClientAsync();
        var old = client.Key;
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        (await client.GetAsync(client.Account!)).Status.ShouldBe(HttpStatusCode.OK);
        (await client.ChangeKeyAsync(next)).Status.ShouldBe(HttpStatusCode.OK);

        client.UseKey(next);
        (await client.GetAsync(client.Account!)).Status.ShouldBe(HttpStatusCode.OK);
        old.Dispose();
    }

    /// <summary>Whatever this process remembers of the account.</summary>
    [SkippableFact]
    public async Task Account_ChangedByAnotherProcess_CountsAtOnce()
    {
        using var client = await fixture.NewClientAsync();
        var (id, old) = (client.Account!.Split('/')[^1], client.Key);
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.GetAsync(client.Account!)).Status.ShouldBe(HttpStatusCode.OK);

        await fixture.Ca.Database.ExecuteAsync("UPDATE acme.accounts SET jwk = $2, thumbprint = $3 WHERE id = $1", id, JsonWebKey.FromPublicKey(next).ToJson(), JsonWebKey.FromPublicKey(next).Thumbprint());

        (await client.GetAsync(client.Account!)).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        client.UseKey(next);
        (await client.GetAsync(client.Account!)).Status.ShouldBe(HttpStatusCode.OK);
        await fixture.Ca.Database.ExecuteAsync("UPDATE acme.accounts SET status = 'deactivated' WHERE id = $1", id);
        (await client.GetAsync(client.Account!)).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        await fixture.Ca.Database.ExecuteAsync("DELETE FROM acme.accounts WHERE id = $1", id);
        (await client.GetAsync(client.Account!)).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
        old.Dispose();
    }
}
