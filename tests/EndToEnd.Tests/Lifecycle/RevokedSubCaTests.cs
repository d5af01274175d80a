using IoTPlatform.Client;
using IoTPlatform.EndToEnd.Tests.Cli;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

/// <summary>A Sub-CA revoked by its provider's operator: the tenant learns of it, reports it, and issues nothing more.</summary>
public sealed class RevokedSubCaTests
{
    [SkippableFact]
    public async Task Revoke_SubCaOverTheCli_IsReportedByTheTenantWhichIssuesNothing()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await provider.AdminAsync();
        using var operatorOfTenant = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, operatorOfTenant, "pump-1");
        var serial = (await admin.GetTenantAsync("acme")).SubCaSerials.Single();
        string[] at = ["--url", provider.Url.ToString(), "--data", provider.Data];
        var password = new Dictionary<string, string?> { ["IOT_ADMIN_PASSWORD"] = ProviderStack.AdminPassword };

        var unasked = await IotCli.RunWithAsync(password, ["ca", "revoke", serial, .. at]);
        var unnamed = await IotCli.RunWithAsync(password, ["ca", "revoke", serial, "--yes", .. at]);
        var misnamed = await IotCli.RunWithAsync(password, ["ca", "revoke", serial, "--yes", "--tenant-id", "globex", .. at]);
        (await admin.GetTenantAsync("acme")).SuspendedAt.ShouldBeNull("nothing was confirmed");
        var revoked = await IotCli.RunWithAsync(password, ["ca", "revoke", serial, "--yes", "--tenant-id", "acme", "--reason", "machine stolen", "--reason-code", "1", .. at]);

        (unasked.ExitCode, unnamed.ExitCode, misnamed.ExitCode).ShouldBe((2, 2, 1));
        revoked.EnsureSuccess();
        var listed = await IotCli.RunWithAsync(password, ["tenants", "list", .. at]);
        listed.Output.ShouldContain("machine stolen");
        await tenant.Process.WaitForLineAsync(line => line.Contains("refuses this tenant (sub_ca_revoked)", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        (await Should.ThrowAsync<ApiException>(() => EnrolledDevice.EnrollAsync(tenant, operatorOfTenant, "pump-2"))).Code.ShouldBe("sub_ca_revoked");
        (await Should.ThrowAsync<ApiException>(device.RenewAsync)).Code.ShouldBe("sub_ca_revoked");
        var tokens = await operatorOfTenant.ListTokensAsync();
        tokens.Items.Single(t => t.DeviceId == "pump-2").Used.ShouldBe(0, "nothing is spent on what is refused");

        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();
        (await Should.ThrowAsync<ApiException>(device.RenewAsync)).Code.ShouldBe("sub_ca_revoked", "a restart does not forget it");
    }

    /// <summary>The former Sub-CA is valid still, so to the provider the tenant has one. It issues with the revoked one.</summary>
    [SkippableFact]
    public async Task Revoke_SubCaInUseAfterARotation_TenantIssuesNothing()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await provider.AdminAsync();
        using var operatorOfTenant = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, operatorOfTenant, "pump-1");
        var former = (await admin.GetTenantAsync("acme")).SubCaSerials.Single();
        await operatorOfTenant.RotateSubCaAsync();
        var inUse = (await admin.GetTenantAsync("acme")).SubCaSerials.Single(serial => serial != former);

        (await IotCli.RunWithAsync(
            new() { ["IOT_ADMIN_PASSWORD"] = ProviderStack.AdminPassword },
            "ca", "revoke", inUse, "--yes", "--tenant-id", "acme", "--reason-code", "1", "--reason", "stolen", "--url", provider.Url.ToString(), "--data", provider.Data)).EnsureSuccess();

        await tenant.Process.WaitForLineAsync(line => line.Contains("refuses this tenant (sub_ca_revoked)", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        (await Should.ThrowAsync<ApiException>(device.RenewAsync)).Code.ShouldBe("sub_ca_revoked");
        await admin.ResumeTenantAsync("acme");
        await Task.Delay(TimeSpan.FromSeconds(20)); // longer than the tenant takes to ask again
        (await Should.ThrowAsync<ApiException>(device.RenewAsync)).Code.ShouldBe("sub_ca_revoked", "the Sub-CA in use is no better for it");
    }

    [SkippableFact]
    public async Task Revoke_Intermediate_IsRefusedOverTheCli()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var admin = await provider.AdminAsync();
        var intermediate = (await admin.ListCertificatesAsync(new CertificateFilter { Profile = "intermediate" })).Items.Single();

        var result = await IotCli.RunWithAsync(
            new() { ["IOT_ADMIN_PASSWORD"] = ProviderStack.AdminPassword }, "ca", "revoke", intermediate.SerialHex!, "--yes", "--url", provider.Url.ToString(), "--data", provider.Data);

        result.ExitCode.ShouldBe(1, result.Error);
        result.Error.ShouldContain("ca_not_revocable");
        (await admin.ListCertificatesAsync(new CertificateFilter { Profile = "intermediate", Revoked = true })).Items.ShouldBeEmpty();
    }
}
