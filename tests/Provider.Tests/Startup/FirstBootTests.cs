using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Startup;

public sealed class FirstBootTests
{
    [SkippableFact]
    public async Task Start_FirstTime_ReportsEachStepAndKeepsItsSecretsToItself()
    {
        await using var provider = await RunningProvider.StartAsync();

        var lines = provider.Output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldAllBe(line => line.StartsWith("first-boot: ", StringComparison.Ordinal));
        lines.Count(line => line.EndsWith(" done", StringComparison.Ordinal)).ShouldBe(lines.Length / 2);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(provider.DataFolder, "secrets"), "*", SearchOption.AllDirectories))
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        }
    }

    [SkippableFact]
    public async Task Start_Again_SameRootSameTenantsAndNoFirstBoot()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var tenant = new TestTenant();
        var prepared = await provider.PrepareAsync("acme");
        var before = await provider.JoinAsync(prepared.JoinKey, tenant);
        var said = provider.Output.ToString();
        await provider.StopAsync();

        await provider.StartAgainAsync();

        provider.Output.ToString().ShouldBe(said);
        var after = await provider.JoinAsync(prepared.JoinKey, tenant);
        after.RootCaCert.ShouldBe(before.RootCaCert);
        after.CdmIdpClientSecret.ShouldBe(before.CdmIdpClientSecret);
    }

    [SkippableFact]
    public async Task Audit_AfterALife_IsIntact()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var tenant = new TestTenant();
        await provider.ActivateAsync("acme", tenant);
        await (await provider.AdminAsync()).DeleteAsync("portal/admin/tenants/acme");

        var verification = await new AuditLog(provider.Database.DataSource).VerifyAsync(CancellationToken.None);

        verification.Intact.ShouldBeTrue();
        verification.Entries.ShouldBeGreaterThan(8);
    }
}
