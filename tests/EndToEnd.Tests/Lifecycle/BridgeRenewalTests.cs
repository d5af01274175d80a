using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

public sealed class BridgeRenewalTests
{
    private static readonly TimeSpan PastTwoThirdsOfAYear = TimeSpan.FromDays(250);

    [SkippableFact]
    public async Task Bridge_AfterTwoThirdsOfItsLife_IsRenewedWithoutAHuman()
    {
        Requires.Tool("faketime");
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        await tenant.ReadyAsync();
        using var first = Bridge(tenant);
        tenant.Process.Terminate();
        (await tenant.Process.WaitForExitAsync()).ShouldBe(0);

        await provider.KillAsync();
        provider.LaunchAhead(PastTwoThirdsOfAYear);
        await provider.Process.WaitForLineAsync("ready ");
        tenant.LaunchAhead(PastTwoThirdsOfAYear);

        await tenant.Process.WaitForLineAsync(line => line.EndsWith("Upkeep: bridge-renewal done", StringComparison.Ordinal));
        using var second = Bridge(tenant);
        second.SerialNumber.ShouldNotBe(first.SerialNumber);
        second.NotAfter.ShouldBeGreaterThan(first.NotAfter);
        SubjectNames.FromCertificate(second).HasSameNames(SubjectNames.FromCertificate(first)).ShouldBeTrue();
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(tenant.Data, "join-bundle", "mqtt-bridge.key")));
        second.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
        // Not asked over TLS: to a client of today the provider's certificate is not yet valid.
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE serial = $1", second.SerialNumberBytes.ToArray())).ShouldBe(1);
    }

    private static X509Certificate2 Bridge(TenantStack tenant) =>
        Pem.ParseCertificate(File.ReadAllText(Path.Combine(tenant.Data, "join-bundle", "mqtt-bridge.crt")));
}
