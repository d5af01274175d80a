using System.Net;
using System.Net.Http.Json;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.Contracts;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority.Tests.Issuers;

/// <summary>Rows that were damaged or forged, and folders of earlier versions that become rows.</summary>
public sealed class IssuerRowTests : IAsyncLifetime
{
    private CaHost _ca = null!;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync();

    public async Task DisposeAsync() => await _ca.DisposeAsync();

    [SkippableFact]
    public async Task Row_ThatIsBroken_IsDisabledWithItsReason_AndTheOthersServe_AlsoAfterARestart()
    {
        using var good = new OtherAuthority("Good");
        using var bad = new OtherAuthority("Bad");
        using var serving = new TokenMaker("serving");
        using var broken = new TokenMaker("broken");
        await serving.UseAsync(_ca, await _ca.ImportAsync(good));
        await broken.UseAsync(_ca, await _ca.ImportAsync(bad));
        using var leaf = await broken.EnrollAsync(_ca, "before.bad.test");
        using var foreign = CaKey.Generate(KeyKind.P256);
        var original = (await _ca.Database.ScalarAsync<string>("SELECT key || '|' || chain FROM ca.issuers WHERE name = 'bad-intermediate'")).ShouldNotBeNull();
        var (key, chain) = (original.Split('|')[0], original.Split('|')[1]);

        await BrokenAsync("UPDATE ca.issuers SET key = (SELECT key FROM ca.issuers WHERE name = 'good-intermediate') WHERE name = 'bad-intermediate'", "not the key of the CA certificate");
        await BrokenAsync($"UPDATE ca.issuers SET key = '{EncryptedKeyPem.Encrypt(foreign, "another password", 1000)}' WHERE name = 'bad-intermediate'", "wrong password");
        await BrokenAsync("UPDATE ca.issuers SET key = 'rubbish' WHERE name = 'bad-intermediate'", "its key can't be used");
        await BrokenAsync("UPDATE ca.issuers SET chain = 'rubbish' WHERE name = 'bad-intermediate'", "its chain can't be used");
        await BrokenAsync($"UPDATE ca.issuers SET chain = '{_ca.Authority.Chain.Pem}', key_id = '\\x01' WHERE name = 'bad-intermediate'", "key identifier");
        await BrokenAsync(
            $"UPDATE ca.issuers SET chain = '{_ca.Authority.Chain.Pem}', key_id = '\\x{Convert.ToHexString(IssuerInfo.FromCertificate(_ca.Authority.Chain.Issuer).SubjectKeyIdentifier.Span)}' WHERE name = 'bad-intermediate'",
            "the stack's own issuer");

        await _ca.RestartAsync();
        (await serving.EnrollAsync(_ca, "restarted.good.test")).ShouldBeOf(good);
        (await broken.SignAsync(_ca, "restarted.bad.test")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await _ca.Database.ExecuteAsync($"UPDATE ca.issuers SET chain = '{chain}', key = '{key}', key_id = decode('{bad.Id}', 'hex') WHERE name = 'bad-intermediate'");
        await _ca.Module.Provisioners.ReloadAsync(default);
        (await broken.EnrollAsync(_ca, "mended.bad.test")).ShouldBeOf(bad);

        async Task BrokenAsync(string update, string why)
        {
            await _ca.Database.ExecuteAsync(update);
            await _ca.Module.Provisioners.ReloadAsync(default);
            _ca.DisabledReason("broken").ShouldNotBeNull().ShouldContain(why);
            (await broken.SignAsync(_ca, "after.bad.test")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            using var holder = _ca.Client(leaf);
            (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.ServiceUnavailable);
            (await serving.EnrollAsync(_ca, "after.good.test")).ShouldBeOf(good);
            (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'after.bad.test'")).ShouldBe(0);
        }
    }

    [SkippableFact]
    public async Task Leaf_OfAnIssuerWhoseKeyCantBeOpened_IsRenewedByNobody()
    {
        using var other = new OtherAuthority("Locked");
        using var leaf = other.Leaf("leaf.locked.test");
        await _ca.ImportAsync(other, issue: false);
        using var admin = _ca.As("ada", Roles.Admin);
        await other.ImportAsync(admin, other.Import("password"), OtherAuthority.Item(leaf));
        await _ca.Database.ExecuteAsync("UPDATE ca.issuers SET key = 'rubbish'");
        await _ca.Module.Provisioners.ReloadAsync(default);

        using var holder = _ca.Client(leaf);
        var reply = await holder.SendAsync("/1.0/renew", "");

        reply.Status.ShouldBe(HttpStatusCode.ServiceUnavailable, reply.Body);
    }

    [SkippableFact]
    public async Task Issuer_BeyondAHundred_IsRefused()
    {
        await _ca.Database.ExecuteAsync("INSERT INTO ca.issuers (name, key_id, chain, source, state, created_at) SELECT 'n' || n, decode(lpad(n::text, 40, '0'), 'hex'), 'rubbish', 'imported', 'retired', now() FROM generate_series(1, 100) n");
        using var other = new OtherAuthority("Surplus");
        using var admin = _ca.As("ada", Roles.Admin);

        using var answer = await admin.PostAsJsonAsync("/portal/imports/issuers", other.Import(), ContractsJson.Default.ImportIssuerRequest);

        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("too_many_issuers");
    }

    [SkippableFact]
    public async Task Folder_OfAnEarlierVersion_BecomesRows_HoweverOftenItsMoveIsCutOff()
    {
        using var moved = new OtherAuthority("Moved");
        using var keyless = new OtherAuthority("Keyless");
        using var leaf = moved.Leaf("leaf.moved.test");
        Write(moved, withKey: true);
        Write(keyless, withKey: false);
        Write(new OtherAuthority("Damaged"), withKey: false, chain: "rubbish");
        // Cut off before its chain was there.
        Directory.CreateDirectory(_ca.Folder.Combine("imported", "00"));

        await _ca.RestartAsync();
        // Killed between the row and the folder's move.
        Directory.CreateDirectory(_ca.Folder.Combine("imported.moved", moved.Id, "x"));
        Write(moved, withKey: true);
        await _ca.RestartAsync();

        using var admin = _ca.As("ada", Roles.Admin);
        var issuers = (await admin.GetFromJsonAsync("/portal/imports/issuers", ContractsJson.Default.ImportedIssuerList))!.Items;
        issuers.Select(one => (one.Issuer, one.HasKey, string.Join(' ', one.Names))).ShouldBe([("keyless-intermediate", false, "a.test b.test"), ("moved-intermediate", true, "a.test b.test")], ignoreOrder: true);
        await moved.ImportAsync(admin, moved.ImportWithoutKey(), OtherAuthority.Item(leaf));
        using var holder = _ca.Client(leaf);
        (await holder.SendAsync("/1.0/renew", "")).Certificate.ShouldBeOf(moved);
        Directory.GetDirectories(_ca.Folder.Combine("imported")).ShouldHaveSingleItem();
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'issuer.moved'")).ShouldBe(2);
    }

    private void Write(OtherAuthority other, bool withKey, string? chain = null)
    {
        var folder = Directory.CreateDirectory(_ca.Folder.Combine("imported", other.Id)).FullName;
        if (withKey)
        {
            using var key = ForeignKeyPem.Read(other.Import().Key!, password: null);
            new CaKeyFile(Path.Combine(folder, "key")).Save(key, File.ReadAllText(_ca.Folder.Combine("ca-password")).Trim(), rounds: 1000);
        }

        File.WriteAllText(Path.Combine(folder, "names"), "a.test\nb.test\n");
        File.WriteAllText(Path.Combine(folder, "chain.pem"), chain ?? Pem.Certificates([other.Issuer, other.Root]));
    }
}
