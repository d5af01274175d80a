using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>Devices enrol, renew and are revoked while tenant and provider are killed and started: what was acknowledged is there, once.</summary>
internal static class MixedOperations
{
    private const int Workers = 4;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(25);

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        await tenant.ReadyAsync();
        var acknowledged = new ConcurrentBag<string>();
        using var load = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        load.CancelAfter(Load);
        var workers = Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(tenant, worker, count, acknowledged, load.Token), cancellationToken)).ToArray();
        await KillUntilAsync(provider, tenant, load.Token);
        await Task.WhenAll(workers);
        await CheckAsync(provider, tenant, count, acknowledged);
    }

    private static async Task KillUntilAsync(ProviderStack provider, TenantStack tenant, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(RandomNumberGenerator.GetInt32(1500, 4000), CancellationToken.None);
            if (RandomNumberGenerator.GetInt32(3) == 0)
            {
                await provider.KillAsync();
                await provider.StartProcessAsync();
            }
            else
            {
                await tenant.KillAsync();
                tenant.Launch();
                await tenant.ReadyAsync();
            }
        }
    }

    private static async Task WorkAsync(TenantStack tenant, int worker, SoakCount count, ConcurrentBag<string> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var deviceId = string.Create(CultureInfo.InvariantCulture, $"device-{worker}-{i}");
            try
            {
                using var admin = await tenant.AdminAsync();
                using var device = await EnrolledDevice.EnrollAsync(tenant, admin, deviceId);
                acknowledged.Add(device.Serial);
                count.Expect(await TokenIsSpentAsync(device), () => $"the token of {deviceId} was taken twice");
                if (i % 3 == 0)
                {
                    await admin.RevokeDeviceAsync(deviceId, new RevokeRequest { ReasonCode = 4 }, stop);
                    count.Expect(!await RenewsAsync(device), () => $"{deviceId} was revoked, and renewed");
                }
            }
            catch (ApiException refusal)
            {
                count.Expect(refusal.Status != 500, () => $"{deviceId}: 500 {refusal.Message}");
            }
            catch (UnreachableException)
            {
                // Killed under the call: whether it was done is unknown, so it does not count.
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static async Task<bool> TokenIsSpentAsync(EnrolledDevice device)
    {
        try
        {
            await device.EnrollAgainWithAnotherKeyAsync();
            return false;
        }
        catch (ApiException refusal)
        {
            return refusal.Status != 500;
        }
    }

    private static async Task<bool> RenewsAsync(EnrolledDevice device)
    {
        try
        {
            await device.RenewAsync();
            return true;
        }
        catch (ApiException)
        {
            return false;
        }
    }

    private static async Task CheckAsync(ProviderStack provider, TenantStack tenant, SoakCount count, ConcurrentBag<string> acknowledged)
    {
        using var admin = await tenant.AdminAsync();
        foreach (var serial in acknowledged)
        {
            try
            {
                var record = await admin.GetCertificateAsync(serial);
                count.Expect(record.Summary.Serial == serial, () => $"{serial} was answered, {record.Summary.Serial} is on record");
            }
            catch (ApiException refusal)
            {
                count.Expect(false, () => $"certificate {serial} was answered and is {refusal.Code}");
            }
        }

        using var provided = await provider.AdminAsync();
        count.Expect((await admin.VerifyAuditAsync()).Intact, () => "the tenant's audit log is not intact");
        count.Expect((await provided.VerifyAuditAsync()).Intact, () => "the provider's audit log is not intact");
        count.Expect(await tenant.Database.ScalarAsync<long>("SELECT count(*) FROM (SELECT idempotency_key FROM ca.certificates WHERE idempotency_key IS NOT NULL GROUP BY 1 HAVING count(*) > 1) AS twice") == 0, () => "an order was carried out twice");
        count.Measure(acknowledged.Count, "enrolments");
    }
}
