using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>External account binding (RFC 8555 7.3.4): who may have an account, by a key that the operator gave out.</summary>
public sealed class ExternalAccountTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    private const string Provisioner = "bound";

    [SkippableFact]
    public async Task Account_Unbound_IsRefused()
    {
        using var client = await ClientAsync();
        using var http = fixture.Ca.Client();

        (await client.RegisterAsync()).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");

        JsonElement.Parse(await http.GetStringAsync($"acme/{Provisioner}/directory")).GetProperty("meta").GetProperty("externalAccountRequired").GetBoolean().ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("HS256")]
    [InlineData("HS384")]
    [InlineData("HS512")]
    public async Task Account_BoundToAKey_IsTheOnlyOneOfThatKey(string algorithm)
    {
        using var client = await ClientAsync();
        using var other = await ClientAsync();
        var key = await KeyAsync();

        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key, algorithm))).Status.ShouldBe(HttpStatusCode.Created);

        (await client.OrderAsync("bound.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await ExternalBinding.RegisterAsync(other, ExternalBinding.Of(other, key, algorithm))).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        var account = client.Account!;
        (await client.RegisterAsync()).Location.ShouldBe(account, "a retry needs no binding");
        var listed = (await fixture.Service<ExternalAccountKeys>().ListAsync(Provisioner, default)).Single(one => one.Id == key.Id);
        listed.Account.ShouldBe(account.Split('/')[^1]);
        listed.BoundAt.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Key_UsedByManyAtOnce_MakesOneAccount()
    {
        var key = await KeyAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ClientAsync()));

        var replies = await Task.WhenAll(clients.Select(client => ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))));

        replies.Count(reply => reply.Status == HttpStatusCode.Created).ShouldBe(1);
        replies.Where(reply => reply.Status != HttpStatusCode.Created).ShouldAllBe(reply => reply.Status == HttpStatusCode.Forbidden);
        (await fixture.Ca.Database.ScalarAsync<long>($"SELECT count(*) FROM acme.accounts WHERE external_account_key = '{key.Id}'")).ShouldBe(1);
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [SkippableFact]
    public async Task Key_OfAnotherServer_IsUnknown()
    {
        await fixture.AddAsync("bound-elsewhere", """{"requireEAB":true}""");
        using var client = await ClientAsync();
        var key = await fixture.Service<ExternalAccountKeys>().AddAsync("bound-elsewhere", reference: null, "admin", default);

        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
    }

    [SkippableTheory]
    [InlineData("mac", "unauthorized")]
    [InlineData("kid", "unauthorized")]
    [InlineData("url", "unauthorized")]
    [InlineData("other key", "malformed")]
    [InlineData("no key", "malformed")]
    [InlineData("nonce", "malformed")]
    [InlineData("crit", "malformed")]
    [InlineData("alg none", "malformed")]
    [InlineData("alg ES256", "malformed")]
    [InlineData("no kid", "malformed")]
    [InlineData("unprotected", "malformed")]
    public async Task Binding_Forged_BindsNothing(string kind, string error)
    {
        using var client = await ClientAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = await KeyAsync();
        var header = new Dictionary<string, string> { ["alg"] = "HS256", ["kid"] = key.Id, ["url"] = client.At("new-account") };
        var payload = client.PublicKey.ToJson();
        switch (kind)
        {
            case "kid":
                header["kid"] = new string('A', 32);
                break;
            case "url":
                header["url"] = client.At("new-order");
                break;
            case "other key":
                payload = JsonWebKey.FromPublicKey(other).ToJson();
                break;
            case "no key":
                payload = "{}";
                break;
            case "nonce":
                header["nonce"] = await client.NonceAsync();
                break;
            case "crit":
                header["crit"] = "x";
                break;
            case "alg none" or "alg ES256":
                header["alg"] = kind.Split(' ')[1];
                break;
            case "no kid":
                header.Remove("kid");
                break;
            default:
                break;
        }

        var secret = kind == "mac" ? new byte[32] : Base64Url.DecodeFromChars(key.HmacKey);
        var binding = ExternalBinding.Sign(header, payload, secret);
        if (kind == "unprotected")
        {
            binding["header"] = new { kid = key.Id };
        }

        (await ExternalBinding.RegisterAsync(client, binding)).ErrorType.ShouldBe(error);

        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).Status.ShouldBe(HttpStatusCode.Created, "the key is not spent by what was forged");
    }

    [SkippableFact]
    public async Task Key_Removed_ItsAccountOrdersAndFinishesNothingMore()
    {
        using var client = await ClientAsync();
        var key = await KeyAsync();
        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).Status.ShouldBe(HttpStatusCode.Created);
        var order = await fixture.ReadyOrderAsync(client, "removed.test");

        (await fixture.Service<ExternalAccountKeys>().RemoveAsync(Provisioner, key.Id, "admin", default)).ShouldBeTrue();

        (await client.OrderAsync("more.test")).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.FinalizeAsync(order, leafKey, null, "removed.test")).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");
    }

    [SkippableFact]
    public async Task Binding_RequiredLater_HoldsForAccountsOfBefore()
    {
        await fixture.AddAsync("later");
        using var client = await fixture.NewClientAsync("later");
        (await client.OrderAsync("before.test")).Status.ShouldBe(HttpStatusCode.Created);

        await fixture.AddAsync("later", """{"requireEAB":true}""");

        (await client.OrderAsync("after.test")).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");
    }

    /// <summary>A copy of the database alone gives none away, and nothing is kept of one that is used.</summary>
    [SkippableFact]
    public async Task Key_Stored_IsEncryptedAndForgottenWithItsUse()
    {
        using var client = await ClientAsync();
        var key = await KeyAsync();
        var secret = Base64Url.DecodeFromChars(key.HmacKey);

        var stored = Convert.FromBase64String((await fixture.Ca.Database.ScalarAsync<string>($"SELECT ciphertext FROM acme.external_account_keys WHERE id = '{key.Id}'"))!);

        stored.AsSpan().IndexOf(secret).ShouldBe(-1);
        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).Status.ShouldBe(HttpStatusCode.Created);
        (await fixture.Ca.Database.ScalarAsync<bool>($"SELECT ciphertext IS NULL FROM acme.external_account_keys WHERE id = '{key.Id}'")).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Binding_NotRequired_IsJudgedNevertheless()
    {
        await fixture.AddAsync("optional");
        using var client = new AcmeClient(fixture.Ca, "optional");
        var key = await fixture.Service<ExternalAccountKeys>().AddAsync("optional", reference: null, "admin", default);

        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Sign(new Dictionary<string, string> { ["alg"] = "HS256", ["kid"] = key.Id, ["url"] = client.At("new-account") }, client.PublicKey.ToJson(), new byte[32])))
            .ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).Status.ShouldBe(HttpStatusCode.Created);
    }

    private async Task<AcmeClient> ClientAsync()
    {
        await fixture.AddAsync(Provisioner, """{"requireEAB":true}""");
        return new AcmeClient(fixture.Ca, Provisioner);
    }

    private async Task<ExternalAccountCredentials> KeyAsync() => await fixture.Service<ExternalAccountKeys>().AddAsync(Provisioner, reference: null, "admin", default);
}
