using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using IoTPlatform.Tenant.Startup;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Events;

/// <summary>From an enrolment, over the audit log and the relay, to the provider.</summary>
public sealed class TenantEventsTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Device_EnrolledRenewedAndRevoked_IsPublishedToTheProviderOnce()
    {
        using var device = new TestDevice("teller-1");
        using var next = new TestDevice("teller-1");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        await device.RenewAsync(Tenant, identity, next.Csr);
        await shared.Admin.RevokeDeviceAsync("teller-1", new() { Reason = "lost" });

        await UntilAsync(() => Of("teller-1").Count == 5);

        Of("teller-1").Select(e => e.Type).ShouldBe([DeviceEnrolled.Name, CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateRevoked.Name]);
        Of("teller-1").Select(e => e.Id).Distinct().Count().ShouldBe(5);
        var first = Tenant.Provider.Events.First(e => e.GetProperty("type").GetString() == DeviceEnrolled.Name && e.GetProperty("device_id").GetString() == "teller-1");
        first.GetProperty("by").GetString()!.ShouldStartWith("token:");
        Tenant.Provider.Events.ShouldAllBe(e => !e.GetRawText().Contains("BEGIN CERTIFICATE", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Command_SentAndCancelled_IsPublishedWithItsState()
    {
        using var device = new TestDevice("told-1");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        var sent = await shared.Admin.SendCommandAsync("told-1", new SendCommandRequest { Name = "reboot", Payload = JsonElement.Parse("""{"secret":1}""") });
        await shared.Admin.CancelCommandAsync("told-1", sent.Id);

        await UntilAsync(() => Of("told-1").Count(e => e.Type == DeviceCommanded.Name) == 2);

        Tenant.Provider.Events.Where(e => e.GetProperty("type").GetString() == DeviceCommanded.Name && e.GetProperty("device_id").GetString() == "told-1")
            .Select(e => (e.GetProperty("command_id").GetInt64(), e.GetProperty("command_name").GetString(), e.GetProperty("state").GetString()))
            .ShouldBe([(sent.Id, "reboot", "queued"), (sent.Id, "reboot", "cancelled")]);
    }

    [SkippableFact]
    public async Task Device_ComesBackWithAnotherKey_IsEnrolledAgain()
    {
        using var device = new TestDevice("teller-2");
        await device.EnrollAsync(Tenant, await shared.TokenAsync("teller-2"));
        device.NewKey();
        await device.EnrollAsync(Tenant, await shared.TokenAsync("teller-2"));

        await UntilAsync(() => Of("teller-2").Count(e => e.Type == DeviceEnrolled.Name) == 2);
    }

    [SkippableFact]
    public async Task Device_EnrolledWhileTheProviderIsAway_IsPublishedWhenItIsBack()
    {
        await Tenant.Provider.GoAwayAsync();
        using var device = new TestDevice("teller-3");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());

        await Tenant.Provider.ListenAsync();

        await UntilAsync(() => Of("teller-3").Count == 2);
    }

    [SkippableFact]
    public async Task Device_NeverRenews_IsPublishedAsExpiring()
    {
        await Tenant.Database.ExecuteAsync(
            """
            INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
              VALUES ('\x0badcafe', 'teller-4', '{}', 'acme Sub-CA', '', 'device', 'enroll', 'token:1', sha256(''), now() - interval '10 h', now() + interval '1 h', now(), '')
            """);

        await Tenant.BootAsync();

        await UntilAsync(() => Of("teller-4").Count == 1);
        Of("teller-4").Single().Type.ShouldBe(CertificateExpiring.Name);
    }

    [SkippableFact]
    public async Task Upgrade_OfATenantWithAPast_PublishesNothingOfIt()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        await new AuditLog(database.DataSource).AppendAsync(new AuditEntry("token:1", DeviceEnrolled.Name, "old"), default);

        await Migrations.ApplyAsync(database.DataSource, typeof(Authority).Assembly, typeof(TenantHost).Assembly);

        (await database.ScalarAsync<long>("SELECT position FROM events.relay")).ShouldBe(1);
    }

    private IReadOnlyList<(Guid Id, string Type)> Of(string device) =>
    [
        .. Tenant.Provider.Events
            .Where(e => e.TryGetProperty("device_id", out var id) ? id.GetString() == device : e.GetProperty("certificate").GetProperty("subject").GetString() == device)
            .Select(e => (e.GetProperty("id").GetGuid(), e.GetProperty("type").GetString()!)),
    ];

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
