using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Tests.Acme;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Imports;

/// <summary>Another authority's ACME accounts go on here under their own addresses, and what is not let in.</summary>
public sealed class AcmeAccountImportTests(AcmeHost host) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Account_Imported_OrdersUnderItsOwnAddress()
    {
        using var client = Client();
        var account = Item("moved", client.PublicKey) with { Contacts = ["mailto:ops@iot.example"] };
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        client.Account = client.At($"account/{account.Id}");
        (await client.OrderAsync("moved.test")).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");

        Counted(await SendAsync(account)).ShouldBe((1, 0, 0));
        Counted(await SendAsync(account)).ShouldBe((0, 1, 0));

        using var leaf = await host.CertifiedAsync(client, key, "moved.test");
        (await client.GetAsync(client.Account)).Json.GetProperty("contact")[0].GetString().ShouldBe("mailto:ops@iot.example");
        var address = client.Account;
        (await client.RegisterAsync(new { onlyReturnExisting = true })).Location.ShouldBe(address);
        (await AuditedAsync("acme.account.imported", account.Id)).ShouldBe(1);
    }

    /// <summary>An import is no way around the operator's keys, and neither is the same account key again.</summary>
    [SkippableFact]
    public async Task Account_OfAProvisionerWithExternalAccounts_OrdersNothing()
    {
        await host.AddAsync("keyed", """{"requireEAB":true}""");
        using var client = new AcmeClient(host.Ca, "keyed");
        var account = Item("keyed", client.PublicKey) with { Provisioner = "keyed" };
        Counted(await SendAsync(account)).ShouldBe((1, 0, 0));
        client.Account = client.At($"account/{account.Id}");

        (await client.OrderAsync("keyed.test")).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");
        (await client.RegisterAsync()).Location.ShouldBe(client.At($"account/{account.Id}"));
        (await client.OrderAsync("keyed.test")).ShouldBe(HttpStatusCode.Forbidden, "externalAccountRequired");
    }

    /// <summary>Two operators, or one who was impatient.</summary>
    [SkippableFact]
    public async Task Account_ImportedManyTimesAtOnce_IsOne()
    {
        ImportedAcmeAccount[] accounts = [.. Enumerable.Range(0, 50).Select(i => Item($"crowd{i:00}", Fresh()))];

        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => SendAsync(i % 2 == 0 ? accounts : [.. accounts.Reverse()])));

        results.Sum(result => result.Imported).ShouldBe(50);
        results.ShouldAllBe(result => result.Imported + result.Known == 50 && result.Refused.Count == 0);
        (await host.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'acme.account.imported' AND details LIKE '%\"crowd%'")).ShouldBe(50);

        static JsonWebKey Fresh()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return JsonWebKey.FromPublicKey(key);
        }
    }

    /// <summary>One that never ordered here is not forgotten before its client comes.</summary>
    [SkippableFact]
    public async Task Account_Imported_IsKept()
    {
        using var client = Client();
        using var unused = await host.NewClientAsync();
        var account = Item("patient", client.PublicKey);
        await SendAsync(account);

        await host.Service<AcmeOrders>().ForgetAsync(host.Time.GetUtcNow().AddYears(1), default);

        client.Account = client.At($"account/{account.Id}");
        (await client.GetAsync(client.Account)).Status.ShouldBe(HttpStatusCode.OK);
        (await unused.GetAsync(unused.Account!)).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
    }

    [SkippableFact]
    public async Task Account_Deactivated_HereOrThere_StaysDeactivated()
    {
        using var there = Client();
        using var here = Client();
        using var since = Client();
        ImportedAcmeAccount[] accounts = [Item("there", there.PublicKey) with { IsValid = false }, Item("here", here.PublicKey), Item("since", since.PublicKey)];
        Counted(await SendAsync(accounts)).ShouldBe((3, 0, 0));
        (here.Account, there.Account, since.Account) = (here.At($"account/{accounts[1].Id}"), there.At($"account/{accounts[0].Id}"), since.At($"account/{accounts[2].Id}"));
        (await here.PostAsync(here.Account, new { status = "deactivated" })).Status.ShouldBe(HttpStatusCode.OK);
        (await since.GetAsync(since.Account)).Status.ShouldBe(HttpStatusCode.OK);

        Counted(await SendAsync(accounts[0] with { IsValid = true }, accounts[1], accounts[2] with { IsValid = false })).ShouldBe((0, 3, 1));

        foreach (var client in new[] { there, here, since })
        {
            (await client.OrderAsync("deactivated.test")).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
            client.Account = null;
            (await client.PostAsync(client.At("new-account"), new { termsOfServiceAgreed = true })).ShouldBe(HttpStatusCode.Unauthorized, "unauthorized");
        }

        (await AuditedAsync("acme.account.deactivation_imported", accounts[2].Id)).ShouldBe(1);
    }

    /// <summary>A new key of the account is what counts, whatever the other authority's copy says.</summary>
    [SkippableFact]
    public async Task Account_WithAnotherKeyMeanwhile_KeepsIt()
    {
        using var client = Client();
        var account = Item("rolled", client.PublicKey);
        await SendAsync(account);
        client.Account = client.At($"account/{account.Id}");
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.ChangeKeyAsync(next)).Status.ShouldBe(HttpStatusCode.OK);

        Counted(await SendAsync(account)).ShouldBe((0, 1, 0));

        (await client.GetAsync(client.Account)).Status.ShouldBe(HttpStatusCode.BadRequest);
        client.UseKey(next);
        (await client.GetAsync(client.Account)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Row_ThatNoAccountCouldBe_IsRefused_AndTheRestIsStored()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var owner = await host.NewClientAsync();
        using var weak = RSA.Create(1024);
        await host.AddAsync("second");
        var (taken, good) = (owner.Account![^32..], Item("good", JsonWebKey.FromPublicKey(ec)) with { Contacts = ["tel:1", "mailto:ops@iot.example", "mailto:a@iot.example?cc=b@iot.example", "mailto:\"a\nb\"@iot.example", "mailto:"] });
        var weakKey = $$"""{"kty":"RSA","e":"AQAB","n":"{{Base64Url.EncodeToString(weak.ExportParameters(false).Modulus)}}"}""";

        var result = await SendAsync(
            null!, good with { Id = "short" }, good with { Id = "../../../../../../../../../../../a" }, good with { Id = new string('ä', 32) },
            good with { Provisioner = "none" }, good with { Provisioner = "iot-bridge" },
            good with { Key = "" }, good with { Key = "[]" }, good with { Key = """{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}""" }, good with { Key = weakKey },
            good with { Key = JsonWebKey.FromPrivateKey(ec).ToJson(includePrivate: true) }, good with { Key = good.Key.Replace("{", """{"use":"enc",""", StringComparison.Ordinal) },
            good with { Key = good.Key.Replace("{", """{"kid":"\ud800",""", StringComparison.Ordinal) },
            good with { Id = taken, Provisioner = "second" }, Item("thief", owner.PublicKey), good, good with { Id = IdOf("twin") });

        result.Refused.Select(refusal => refusal.Reason).ShouldBe(
        [
            "unreadable", "unreadable", "unreadable", "unreadable", "no_provisioner", "no_provisioner", "unusable_key", "unusable_key", "unusable_key", "unusable_key", "unusable_key", "unusable_key", "unusable_key",
            "id_taken", "key_taken", "key_taken",
        ]);
        (result.Imported, result.Known).ShouldBe((1, 0));
        (await host.Ca.Database.ScalarAsync<string[]>("SELECT contacts FROM acme.accounts WHERE thumbprint = $1", JsonWebKey.FromPublicKey(ec).Thumbprint())).ShouldBe(["mailto:ops@iot.example"]);
        (await owner.GetAsync(owner.Account)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Import_ByOthersThanAdministrators_OrOfTooMany_IsRefused()
    {
        using var client = Client();
        using var viewer = host.Ca.As("vera", Roles.Viewer);
        using var admin = host.Ca.As("ada", Roles.Admin);
        var request = new ImportAcmeAccountsRequest { Items = [Item("forbidden", client.PublicKey)] };

        (await StatusAsync(viewer, request)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusAsync(admin, new ImportAcmeAccountsRequest { Items = [.. Enumerable.Repeat(request.Items[0], AcmeAccountImports.MaxAccounts + 1)] })).ShouldBe(HttpStatusCode.BadRequest);

        static async Task<HttpStatusCode> StatusAsync(HttpClient client, ImportAcmeAccountsRequest request)
        {
            using var answer = await client.PostAsJsonAsync("/portal/imports/acme-accounts", request, ContractsJson.Default.ImportAcmeAccountsRequest);
            return answer.StatusCode;
        }
    }

    /// <summary>Clients with renewal information (RFC 9773) say what their order replaces, also where another authority gave it out.</summary>
    [SkippableFact]
    public async Task Order_ReplacesACertificateOfTheOtherAuthority_IsPlaced()
    {
        using var other = new OtherAuthority("Replaced");
        using var before = other.Leaf("before.test");
        using var admin = host.Ca.As("ada", Roles.Admin);
        await other.ImportAsync(admin, other.Import(), OtherAuthority.Item(before));
        using var client = Client();
        var account = Item("replacing", client.PublicKey);
        await SendAsync(account);
        client.Account = client.At($"account/{account.Id}");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = $"{Base64Url.EncodeToString(ParsedCertificate.Parse(before.RawDataMemory).AuthorityKeyIdentifier!.Value.Span)}.{Base64Url.EncodeToString(before.SerialNumberBytes.Span)}";

        using var leaf = await host.CertifiedAsync(client, key, "before.test", replaces: id);

        leaf.SerialNumber.ShouldNotBe(before.SerialNumber);
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("else.test") }, replaces = id })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
    }

    private AcmeClient Client() => new(host.Ca, AcmeHost.Provisioner);

    /// <summary>As long as step-ca's.</summary>
    private static string IdOf(string name) => name.PadRight(32, '0');

    private static ImportedAcmeAccount Item(string name, JsonWebKey key) => new() { Id = IdOf(name), Provisioner = AcmeHost.Provisioner, Key = key.ToJson(), Contacts = [], IsValid = true };

    private async Task<AcmeAccountImportResult> SendAsync(params ImportedAcmeAccount[] items)
    {
        using var admin = host.Ca.As("ada", Roles.Admin);
        using var answer = await admin.PostAsJsonAsync("/portal/imports/acme-accounts", new ImportAcmeAccountsRequest { Items = items }, ContractsJson.Default.ImportAcmeAccountsRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AcmeAccountImportResult))!;
    }

    private static (int Imported, int Known, int Deactivated) Counted(AcmeAccountImportResult result)
    {
        result.Refused.ShouldBeEmpty();
        return (result.Imported, result.Known, result.Deactivated);
    }

    private Task<long> AuditedAsync(string action, string account) => host.Ca.Database.ScalarAsync<long>(
        "SELECT count(*) FROM audit.entries WHERE action = $1 AND details::json ->> 'account' = $2 AND actor = 'ada'", action, account);
}
