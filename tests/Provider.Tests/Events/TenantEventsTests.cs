using System.Net;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;
using Npgsql;

namespace IoTPlatform.Provider.Tests.Events;

/// <summary>From what an admin does, over the audit log, to a tenant's history.</summary>
public sealed class TenantEventsTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    /// <summary>"iot-evnt" in ASCII.</summary>
    private const long RelayLock = 0x696f742d65766e74;

    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Events_OverATenantsLife_ArePublishedOnceAndOutliveIt()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("storied", tenant);
        var admin = await _provider.AdminAsync();
        await admin.PostAsync("portal/admin/tenants/storied/suspend", new SuspendTenantRequest { Reason = "unpaid" }, ContractsJson.Default.SuspendTenantRequest);
        await admin.PostAsync("portal/admin/tenants/storied/resume");
        await _provider.Database.ExecuteAsync("UPDATE provider.tenants SET bridge_up_since = now() WHERE tenant_id = 'storied'");
        (await admin.DeleteAsync("portal/admin/tenants/storied")).Status.ShouldBe(HttpStatusCode.NoContent);

        var events = await ListAsync("storied", untilType: TenantRemoved.Name);

        events.Select(e => e.Type).ShouldBe(
        [
            TenantPrepared.Name, CertificateIssued.Name, CertificateIssued.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name,
            CertificateRevoked.Name, CertificateRevoked.Name, BridgeDown.Name, TenantRemoved.Name,
        ]);
        events.Select(e => e.Id).Distinct().Count().ShouldBe(events.Count);
        var prepared = events[0];
        prepared.By.ShouldBe("admin");
        prepared.Event.GetProperty("display_name").GetString().ShouldBe("Acme");
        prepared.Event.GetProperty("tenant_id").GetString().ShouldBe("storied");
        events[4].Event.GetProperty("reason").GetString().ShouldBe("unpaid");
        events[1].Event.GetProperty("certificate").GetProperty("profile").GetString().ShouldBe("tenant-sub-ca");
        events.ShouldAllBe(e => !e.Event.GetRawText().Contains("BEGIN CERTIFICATE", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Events_CertificateIsAboutToRunOut_ShowItInItsTenantsHistory()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("idle", tenant);
        var bridge = await _provider.Authority.IssueAsync(
            new IssueRequest
            {
                Profile = Profiles.MqttBridge,
                Csr = CertificateSigningRequest.ParsePem(tenant.Request().MqttBridgeCsr),
                Names = new SubjectNames { CommonName = MqttBridgeName.For("idle"), Uris = [SpiffeId.Bridge("idle", "iot.example")] },
                Lifetime = TimeSpan.FromMinutes(10),
                Provisioner = "join",
                Requester = "tenant:idle",
                Tenant = "idle",
            },
            default);

        _provider.Time.Advance(TimeSpan.FromMinutes(9));
        var events = await ListAsync("idle", CertificateExpiring.Name);

        events.Count(e => e.Type == CertificateExpiring.Name).ShouldBe(1);
        events[^1].By.ShouldBe("system");
        var certificate = events[^1].Event.GetProperty("certificate");
        certificate.GetProperty("serial").GetString().ShouldBe(SerialNumber.ToHex(bridge.SerialNumber));
        certificate.GetProperty("profile").GetString().ShouldBe("mqtt-bridge");
    }

    [SkippableFact]
    public async Task Events_ProviderStartedAgain_AreTheSame()
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.PrepareAsync("again");
        var before = await ListAsync(provider, "again", TenantPrepared.Name);

        await provider.StopAsync();
        await provider.StartAgainAsync();

        (await ListAsync(provider, "again", TenantPrepared.Name)).Select(e => e.Id).ShouldBe(before.Select(e => e.Id));
    }

    [SkippableFact]
    public async Task Events_AtOnce_AreThoseOfTheAuditLog()
    {
        await _provider.PrepareAsync("instant");
        var admin = await _provider.AdminAsync();

        var view = (await admin.GetAsync("portal/admin/tenants/instant/events")).Read(ContractsJson.Default.PageTenantEventView).Items.Single();

        var (hash, sequence) = (
            await _provider.Database.ScalarAsync<byte[]>("SELECT hash FROM audit.entries WHERE subject = 'instant'"),
            await _provider.Database.ScalarAsync<long>("SELECT sequence FROM audit.entries WHERE subject = 'instant'"));
        view.Id.ShouldBe(new Guid(hash.AsSpan(0, 16), bigEndian: true));
        view.Event.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "id", "occurred_at", "sequence", "by", "tenant_id", "display_name"], ignoreOrder: true);
        view.Event.GetProperty("id").GetGuid().ShouldBe(view.Id);
        view.Event.GetProperty("sequence").GetInt64().ShouldBe(sequence);
        view.Event.GetProperty("occurred_at").GetDateTimeOffset().ShouldBe(view.OccurredAt);
        view.Event.GetProperty("type").GetString().ShouldBe(view.Type);
    }

    [SkippableFact]
    public async Task Events_CertificateOfAnotherTenantWithThatSubject_AreTheOthersAlone()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("namesake", tenant);
        var before = (await ListAsync("namesake", TenantJoined.Name)).Count;
        var bridge = new IssueRequest
        {
            Profile = Profiles.MqttBridge,
            Csr = CertificateSigningRequest.ParsePem(tenant.Request().MqttBridgeCsr),
            Names = new SubjectNames { CommonName = MqttBridgeName.For("namesake"), Uris = [SpiffeId.Bridge("namesake", "iot.example")] },
            Lifetime = TimeSpan.FromHours(1),
            Provisioner = "join",
            Requester = "admin",
            Tenant = "impostor",
        };
        await _provider.Authority.IssueAsync(bridge, default);

        (await ListAsync("namesake", TenantJoined.Name)).Count.ShouldBe(before);
        (await ListAsync("impostor", CertificateIssued.Name)).ShouldHaveSingleItem();
    }

    [SkippableFact]
    public async Task Health_RelayIsBehind_SaysHowFarAndStaysReady()
    {
        await using var provider = await RunningProvider.StartAsync();
        await UntilAsync(provider, async () => (await provider.Anonymous().GetAsync("health/ready")).Body == """{"status":"ok","events_waiting":0}""");

        // The relay loses its lock with its connection; from here on it is ours.
        await using var gate = await provider.Database.DataSource.OpenConnectionAsync();
        await using var take = new NpgsqlCommand(
            $"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = {RelayLock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()); SELECT pg_advisory_lock({RelayLock})", gate);
        await take.ExecuteNonQueryAsync();
        await provider.PrepareAsync("unread");
        var answer = await provider.Anonymous().GetAsync("health/ready");

        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Body.ShouldContain("\"events_waiting\":");
        answer.Body.ShouldNotContain("\"events_waiting\":0}");
    }

    [SkippableFact]
    public async Task Events_InPages_ShowEachOnceNewestFirst()
    {
        await _provider.PrepareAsync("paged");
        var admin = await _provider.AdminAsync();
        foreach (var verb in new[] { "suspend", "resume", "suspend" })
        {
            await admin.PostAsync($"portal/admin/tenants/paged/{verb}", new SuspendTenantRequest { Reason = "x" }, ContractsJson.Default.SuspendTenantRequest);
        }

        await ListAsync("paged", TenantSuspended.Name, 4);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await admin.GetAsync($"portal/admin/tenants/paged/events?limit=3{(cursor is null ? "" : "&cursor=" + cursor)}")).Read(ContractsJson.Default.PageTenantEventView);
            page.Items.Count.ShouldBeLessThanOrEqualTo(3);
            seen.AddRange(page.Items.Select(e => e.Type));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.ShouldBe([TenantSuspended.Name, TenantResumed.Name, TenantSuspended.Name, TenantPrepared.Name]);
    }

    [SkippableFact]
    public async Task Events_OfTheTenantsOwnStack_AreNoPartOfWhatTheProviderSaw()
    {
        using var tenant = new TestTenant();
        using var certificate = tenant.WithBridgeKey((await _provider.ActivateAsync("talkative", tenant)).MqttBridgeCert);
        var claimed = new CertificateRevoked
        {
            Id = Guid.NewGuid(),
            OccurredAt = _provider.Time.GetUtcNow(),
            Sequence = 7,
            By = "nobody",
            ReasonCode = 1,
            Certificate = new CertificateFacts { Serial = "0A", Subject = "talkative-sub-ca", Profile = "tenant-sub-ca", Issuer = "Intermediate", NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch },
        };
        var body = new ForwardedEvents { Events = [JsonSerializer.SerializeToElement(claimed, ContractsJson.Default.CertificateRevoked)] };

        (await _provider.Anonymous(certificate).PostAsync("portal/admin/tenants/talkative/events", body, ContractsJson.Default.ForwardedEvents)).Status.ShouldBe(HttpStatusCode.NoContent);
        await (await _provider.AdminAsync()).PostJsonAsync("portal/admin/tenants/talkative/suspend", """{"reason":"x"}""");

        (await ListAsync("talkative", TenantSuspended.Name)).ShouldAllBe(e => e.Type != CertificateRevoked.Name);
    }

    [SkippableFact]
    public async Task Events_Refusals_AreProblems()
    {
        var admin = await _provider.AdminAsync();
        await _provider.PrepareAsync("asked");

        (await admin.GetAsync("portal/admin/tenants/nobody/events")).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");
        (await admin.GetAsync("portal/admin/tenants/asked/events?cursor=-1")).ShouldBe(HttpStatusCode.BadRequest, "bad_cursor");
        (await admin.GetAsync("portal/admin/tenants/A/events")).ShouldBe(HttpStatusCode.BadRequest, "tenant_id_invalid");
        (await _provider.Anonymous().GetAsync("portal/admin/tenants/asked/events")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private Task<IReadOnlyList<TenantEventView>> ListAsync(string tenantId, string untilType, int atLeast = 1) => ListAsync(_provider, tenantId, untilType, atLeast);

    /// <summary>Oldest first, once the newest is of that type.</summary>
    private static async Task<IReadOnlyList<TenantEventView>> ListAsync(RunningProvider provider, string tenantId, string untilType, int atLeast = 1)
    {
        IReadOnlyList<TenantEventView> found = [];
        var admin = await provider.AdminAsync();
        await UntilAsync(provider, async () =>
        {
            var answer = await admin.GetAsync($"portal/admin/tenants/{tenantId}/events");
            found = answer.Status == HttpStatusCode.NotFound ? [] : answer.Read(ContractsJson.Default.PageTenantEventView).Items;
            return found.Count >= atLeast && found[0].Type == untilType;
        });
        return [.. found.Reverse()];
    }

    private static Task UntilAsync(RunningProvider provider, Func<Task<bool>> condition) => Eventually.ShouldAsync(async () =>
    {
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        return await condition();
    });
}
