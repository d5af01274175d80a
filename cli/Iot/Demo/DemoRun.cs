using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Identity;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>The story, step by step; whatever does not hold throws, and whatever was started is ended.</summary>
internal static class DemoRun
{
    public static async Task<DemoReport> PlayAsync(DemoFolder folder, DemoShape shape, DemoProgress progress, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using var services = await DemoServices.LaunchAsync(folder, shape, cancellationToken);
        await using var stacks = new DemoStacks(folder, services, progress, time, shape.Keep);
        var (provider, trust) = await progress.StepAsync("start the provider, make root and intermediate", async () =>
        {
            var (host, root) = await stacks.StartProviderAsync(cancellationToken);
            return ((host, root), host.Ready.Url.ToString());
        });
        using var admin = stacks.ToProvider(provider, trust);
        await services.CompleteAsync(progress, admin, time, cancellationToken);
        var prepared = await progress.StepAsync("prepare two tenants, a JOIN key each", async () =>
        {
            var keys = await stacks.PrepareAsync(admin, trust, cancellationToken);
            return (keys, string.Join(", ", keys.Select(key => key.Id)));
        });
        var tenants = await progress.StepAsync("first boot of the tenants: Sub-CA key, JOIN", async () =>
        {
            var joined = await stacks.BootAsync(prepared, trust, cancellationToken);
            return (joined, string.Join(", ", joined.Select(tenant => $"{tenant.Id} {tenant.Host.Ready.Url}")));
        });
        try
        {
            if (services.RabbitMq is not null)
            {
                await progress.StepAsync("compare RabbitMQ with what it should be, see it ask", () => CheckBrokerAsync(admin, tenants, cancellationToken));
                await progress.StepAsync("be refused under another tenant's client id", async () =>
                {
                    var refused = await new DemoIntruder(services.RabbitMq).BeRefusedAsync(tenants[^1], tenants[0], cancellationToken);
                    return (refused, $"{tenants[^1].Id} as {refused}: not authorised");
                });
            }

            await progress.StepAsync("sign the provider's staff in, at a tenant too", () => SignInAsync(folder, services.Keycloak, provider, tenants[0], trust, cancellationToken));

            return await WithTenantsAsync(folder, progress, time, shape.Keep, services, stacks, admin, trust, tenants, started, cancellationToken);
        }
        finally
        {
            foreach (var tenant in tenants)
            {
                tenant.Dispose();
            }
        }
    }

    private static async Task<DemoReport> WithTenantsAsync(
        DemoFolder folder, DemoProgress progress, TimeProvider time, bool keep, DemoServices services, DemoStacks stacks, ProviderClient admin, RootTrust trust,
        IReadOnlyList<DemoTenant> tenants, long started, CancellationToken cancellationToken)
    {
        var agents = new DemoDevices(folder, time);
        var devices = await progress.StepAsync("enrol three devices per tenant, a token each", async () =>
        {
            var enrolled = await agents.EnrollAsync(tenants, cancellationToken);
            return (enrolled, string.Create(CultureInfo.InvariantCulture, $"{enrolled.Count} devices"));
        });
        var renewal = await progress.StepAsync("renew one over mTLS with a new key", async () =>
        {
            var renewed = await agents.RenewAsync(devices[0], cancellationToken);
            return (renewed, $"{renewed.DeviceId}: {SerialNumber.Short(renewed.OldSerial)} is now {SerialNumber.Short(renewed.NewSerial)}");
        });
        var revocation = await progress.StepAsync("revoke one, its renewal is refused", async () =>
        {
            var revoked = await agents.RevokeAsync(tenants[^1], devices[^1], cancellationToken);
            return (revoked, string.Create(CultureInfo.InvariantCulture, $"{revoked.DeviceId}: {revoked.RenewalRefusedStatus} {revoked.RenewalRefusedCode}"));
        });
        await progress.StepAsync("send a reading, over the tenant's bridge to the provider", async () =>
        {
            var (stored, after) = await new DemoTelemetry(agents, time).SendAsync(tenants[0], devices[0], admin, cancellationToken);
            return (stored, string.Create(CultureInfo.InvariantCulture, $"{stored.Topic} {stored.Payload}, there after {after.TotalMilliseconds:0} ms"));
        });
        await WithAgentAsync(progress, new DemoAgent(agents, tenants[0], time), admin, cancellationToken);
        (string Stack, PlatformClient Admin)[] admins = [("provider", admin), .. tenants.Select(tenant => (tenant.Id, (PlatformClient)tenant.Admin))];
        var certificates = await progress.StepAsync("verify every chain to the root", async () =>
        {
            var verified = await new DemoCertificates(folder, time).VerifyAsync(admins, trust, cancellationToken);
            CheckRecords(verified, devices, renewal, revocation);
            return (verified, string.Create(CultureInfo.InvariantCulture, $"{verified.Count} certificates, by {string.Join(" and ", verified[0].VerifiedBy)}"));
        });
        var audit = await progress.StepAsync("verify the audit logs", () => AuditAsync(admins, cancellationToken));
        var joins = await JoinsAsync(admin, tenants, cancellationToken);
        var report = Report(stacks.Hosts);
        if (keep)
        {
            report = report with { Stacks = await stacks.WithLinksAsync(report.Stacks, trust, cancellationToken) };
        }

        await EndAsync(progress, services, stacks, keep);
        return report with { Steps = progress.Steps, DurationMs = Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1) };

        DemoReport Report(IReadOnlyList<DemoHost> hosts) => new()
        {
            Running = keep,
            DurationMs = 0,
            Folder = folder.Path,
            RootFingerprint = trust.Fingerprint,
            Stacks = [.. hosts.Select(host => new DemoStack(host.Name, host.Name == "provider" ? "provider" : "tenant", host.Ready.Url, host.Data, host.Log, InitialAdmin.Username, DemoStacks.AdminPasswordFile(host)))],
            Devices = devices,
            Renewal = renewal,
            Revocation = revocation,
            Certificates = certificates,
            Audit = audit,
            Steps = [],
            Joins = joins,
        };
    }

    private static async Task WithAgentAsync(DemoProgress progress, DemoAgent agent, ProviderClient admin, CancellationToken cancellationToken)
    {
        await using var _ = agent;
        await progress.StepAsync("enrol an agent over MQTT, connect it", () => agent.EnrollAsync(cancellationToken));
        await progress.StepAsync("its readings over MQTT, to the provider's tables", () => agent.SendReadingsAsync(admin, cancellationToken));
        await progress.StepAsync("send it a command, get its answer", () => agent.ObeyAsync(cancellationToken));
        await progress.StepAsync("send it one from the provider, over the bridge", () => agent.ObeyProviderAsync(admin, cancellationToken));
        await progress.StepAsync("renew it over MQTT", () => agent.RenewAsync(cancellationToken));
        await progress.StepAsync("revoke it: it is thrown off", () => agent.RevokeAsync(cancellationToken));
    }

    private static async Task<(bool, string)> CheckBrokerAsync(ProviderClient admin, IReadOnlyList<DemoTenant> tenants, CancellationToken cancellationToken)
    {
        foreach (var tenant in tenants)
        {
            var check = await admin.CheckBrokerAsync(tenant.Id, cancellationToken);
            Expect.That(check.Differences.Count == 0, $"RabbitMQ is not as {tenant.Id} needs it: {string.Join(", ", check.Differences.Select(difference => difference.What))}");
            Expect.That(check.Broker is { Count: 0 }, $"RabbitMQ does not do what bridges rely on: {string.Join(", ", (check.Broker ?? []).Select(difference => $"{difference.What}: {difference.Actual}"))}");
        }
        return (true, string.Join(", ", tenants.Select(tenant => $"vHost {tenant.Id}")));
    }

    private static async Task<(DemoStaff, string)> SignInAsync(DemoFolder folder, DemoKeycloak? keycloak, DemoHost provider, DemoTenant tenant, RootTrust trust, CancellationToken cancellationToken)
    {
        var staff = keycloak is null ? DemoStaff.Administrator(DemoStacks.AdminPasswordFile(provider)) : await keycloak.HireAsync(folder, cancellationToken);
        var atHome = await staff.SignInAtHomeAsync(new Uri(provider.Ready.Url, "portal"), trust);
        var atTenant = await staff.SignInAtTenantAsync(new Uri(tenant.Host.Ready.Url, "portal"), trust);
        Expect.That(atTenant == "cdm-admin", $"the provider's staff has the role {atTenant} at {tenant.Id}, not cdm-admin");
        return (staff, $"{staff.Username} (password in {staff.PasswordFile}): {atHome} at the provider, {atTenant} at {tenant.Id}");
    }

    private static void CheckRecords(IReadOnlyList<DemoCertificate> certificates, IReadOnlyList<DemoDevice> devices, DemoRenewal renewal, DemoRevocation revocation)
    {
        foreach (var serial in devices.Select(device => device.Serial).Append(renewal.NewSerial))
        {
            Expect.That(certificates.Any(certificate => certificate.Serial == serial), $"certificate {serial} was handed out and is not on record");
        }

        var revoked = devices.Single(device => device.DeviceId == revocation.DeviceId);
        Expect.That(certificates.Single(certificate => certificate.Serial == revoked.Serial).Revoked, $"{revoked.DeviceId} is not recorded as revoked");
    }

    private static async Task<IReadOnlyList<DemoJoin>> JoinsAsync(ProviderClient admin, IReadOnlyList<DemoTenant> tenants, CancellationToken cancellationToken)
    {
        var joins = new List<DemoJoin>();
        foreach (var tenant in tenants)
        {
            var detail = await admin.GetTenantAsync(tenant.Id, cancellationToken);
            Expect.That(detail.Status == TenantStatus.Active, $"{tenant.Id} is {detail.Status} at the provider, not active");
            Expect.That(detail.JoinKeyExpiresAt is null, $"the JOIN key of {tenant.Id} is not spent");
            joins.Add(new DemoJoin(tenant.Id, detail.Steps));
        }
        return joins;
    }

    private static async Task<(IReadOnlyList<DemoAudit>, string)> AuditAsync(IEnumerable<(string Stack, PlatformClient Admin)> admins, CancellationToken cancellationToken)
    {
        var logs = new List<DemoAudit>();
        foreach (var (stack, admin) in admins)
        {
            var verification = await admin.VerifyAuditAsync(cancellationToken);
            Expect.That(verification.Intact, $"the audit log of {stack} is broken at {verification.BrokenAt}: {verification.Reason}");
            Expect.That(verification.Entries > 0, $"the audit log of {stack} is empty");
            logs.Add(new DemoAudit(stack, verification));
        }
        return (logs, string.Join(", ", logs.Select(log => string.Create(CultureInfo.InvariantCulture, $"{log.Stack} {log.Verification.Entries} entries"))));
    }

    private static async Task EndAsync(DemoProgress progress, DemoServices services, DemoStacks stacks, bool keep)
    {
        if (keep)
        {
            stacks.Keep();
            return;
        }
        await progress.StepAsync("stop everything", async () =>
        {
            var unclean = await stacks.StopAsync();
            await services.StopAsync();
            Expect.That(unclean.Count == 0, string.Join("; ", unclean));
            return (true, "all processes ended cleanly");
        });
    }
}
