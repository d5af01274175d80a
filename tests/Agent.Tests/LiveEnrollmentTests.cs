using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Agent.Tests;

/// <summary>Renewing over the connection that an agent has.</summary>
public sealed class LiveEnrollmentTests
{
    /// <summary>A tenant that ends its devices' sessions, so that they look and renew, is connected to again a moment later.</summary>
    [Fact]
    public async Task Renew_NotConnected_WaitsForAConnectionBeforeItFails()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        using var current = folder.LoadIdentity()!;

        var renewal = new LiveEnrollment(tenant.Time).RenewAsync(tenant.Settings, tenant.Server.Trust.Tenant(tenant.Settings.TrustDomain!), current, new RenewRequest(), CancellationToken.None);

        tenant.Time.Advance(TimeSpan.FromSeconds(29));
        renewal.IsCompleted.ShouldBeFalse();
        tenant.Time.Advance(TimeSpan.FromSeconds(2));
        (await Should.ThrowAsync<UnreachableException>(() => renewal)).Message.ShouldContain("not connected");
    }

    [Fact]
    public async Task Renew_AfterALookAtTheLists_DoesNotFetchThemOnceMore()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        var agent = tenant.Agent(folder);

        await agent.LookAtIssuerAsync(CancellationToken.None);
        using (await agent.RenewAsync(newKey: true))
        {
            tenant.Server.Seen.Count(request => request.Path == "/crl/sub-cas").ShouldBe(2, "at enrolment and by the look");
        }

        tenant.Time.Advance(TimeSpan.FromMinutes(2));
        using (await agent.RenewAsync(newKey: true))
        {
            tenant.Server.Seen.Count(request => request.Path == "/crl/sub-cas").ShouldBe(3);
        }
    }
}
