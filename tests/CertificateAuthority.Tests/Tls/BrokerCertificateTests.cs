using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>What a RabbitMQ serves with.</summary>
public sealed class BrokerCertificateTests
{
    /// <summary>As after the Intermediate CA was replaced: a broker that sent the former one along would be refused by every device that knows the root's list.</summary>
    [SkippableFact]
    public async Task Renew_SubCaSignedAgainForTheSameKey_SendsTheChainOfNow()
    {
        using var folder = new TempFolder();
        await using var provider = await CaHost.StartAsync();
        await using var tenant = await SubCaHost.StartAsync(provider);
        var first = await StartAsync(tenant, folder);
        (await StartAsync(tenant, folder)).ShouldBe(first, "nothing has changed");
        var subCa = new SubCa(tenant.Folder, tenant.Passwords, TimeProvider.System);
        using var key = subCa.EnsureKey();
        var again = await SubCaHost.SignAsync(provider, key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
        subCa.Install(again.Pem, again.ChainPem, provider.RootFingerprint);
        tenant.Authority.UseIssuers(subCa.Load());

        var second = await StartAsync(tenant, folder);

        second.ShouldNotBe(first);
        second.ShouldEndWith(again.Pem + provider.Authority.Chain.IntermediatesPem);
        (await StartAsync(tenant, folder)).ShouldBe(second);
    }

    private static async Task<string> StartAsync(CaHost tenant, TempFolder folder)
    {
        using var broker = new BrokerCertificate(tenant.Authority, ["localhost"], new BrokerCertificateFiles(folder.Path), TimeProvider.System, NullLogger<BrokerCertificate>.Instance);
        await broker.StartAsync(CancellationToken.None);
        await broker.StopAsync(CancellationToken.None);
        return await File.ReadAllTextAsync(folder.Combine("server.pem"));
    }
}
