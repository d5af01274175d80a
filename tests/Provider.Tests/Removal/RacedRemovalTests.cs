using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Removal;

/// <summary>A tenant that renews at every endpoint during its removal keeps no access, and gets none to the next tenant of that id.</summary>
public sealed class RacedRemovalTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private const int Threads = 3;
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Remove_RacedByRenewals_NoCertificateSurvivesAndTheNextTenantIsSafe()
    {
        using var old = new TestTenant();
        var bundle = await _provider.ActivateAsync("raced", old);
        var attackers = Enumerable.Range(0, Threads).Select(_ => new BridgeAttacker(_provider, "raced", old.WithBridgeKey(bundle.MqttBridgeCert))).ToList();
        var removed = false;
        var floods = attackers.ConvertAll(attacker => Task.Run(() => attacker.FloodAsync(() => Volatile.Read(ref removed))));
        await Eventually.ShouldAsync(() => Task.FromResult(attackers.TrueForAll(a => a.IsThrottled || a.Certificates.Count > 40)));

        await Eventually.ShouldAsync(async () => (await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/raced")).Status == HttpStatusCode.NoContent);

        using var next = new TestTenant();
        var secret = (await _provider.ActivateAsync("raced", next)).CdmIdpClientSecret;
        // The race goes on against the new tenant of the same name.
        foreach (var attacker in attackers)
        {
            foreach (var endpoint in BridgeAttacker.Endpoints)
            {
                (await attacker.RenewAsync(endpoint, attacker.Certificates[^1])).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
            }
        }

        Volatile.Write(ref removed, true);
        await Task.WhenAll(floods);
        var survivors = 0;
        foreach (var certificate in attackers.SelectMany(a => a.Certificates).DistinctBy(c => c.SerialNumber).ToList())
        {
            using var caller = new ApiCaller(_provider.Url, _provider.Root, certificate);
            var federation = await caller.GetAsync("portal/admin/tenants/raced/federation");
            federation.Body.ShouldNotContain(secret!);
            var events = await caller.PostAsync("portal/admin/tenants/raced/events", new ForwardedEvents { Events = [] }, ContractsJson.Default.ForwardedEvents);
            if (federation.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) || events.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
            {
                survivors++;
            }
        }

        survivors.ShouldBe(0);
        (await _provider.CertificatesAsync("raced", "mqtt-bridge", valid: true)).ShouldBe(1);
        (await _provider.CertificatesAsync("raced", "tenant-sub-ca", valid: true)).ShouldBe(1);
    }

    /// <summary>The renewal has passed every check and is about to store its certificate: the removal must see it.</summary>
    [SkippableFact]
    public async Task Remove_RenewalIsAboutToBeStored_WhatItGetsIsRevoked()
    {
        using var tenant = new TestTenant();
        var attacker = new BridgeAttacker(_provider, "about-to", tenant.WithBridgeKey((await _provider.ActivateAsync("about-to", tenant)).MqttBridgeCert));
        await _provider.Database.ExecuteAsync("""
            CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE INSERT ON ca.certificates FOR EACH ROW WHEN (NEW.tenant = 'about-to') EXECUTE FUNCTION public.slow()
            """);
        try
        {
            var renewal = attacker.RenewAsync("rekey", attacker.Certificates[0]);
            await Eventually.ShouldAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") > 0);

            (await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/about-to")).Status.ShouldBe(HttpStatusCode.NoContent);

            (await renewal).Status.ShouldBeOneOf(HttpStatusCode.Created, HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
            (await _provider.CertificatesAsync("about-to", "mqtt-bridge", valid: true)).ShouldBe(0);
        }
        finally
        {
            await _provider.Database.ExecuteAsync("DROP FUNCTION public.slow() CASCADE");
        }
    }
}
