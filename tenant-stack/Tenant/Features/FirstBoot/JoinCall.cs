using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>Gets the bundle from the provider: with a JOIN key, or by asking and polling until an admin has decided.</summary>
internal sealed class JoinCall(TenantOptions options, ProviderLink provider, JoinRequestFactory requests, SubCaAtBoot subCa, TimeProvider time)
{
    private static readonly TimeSpan DefaultPoll = TimeSpan.FromSeconds(10);

    public Task<JoinBundle> RunAsync(CancellationToken cancellationToken)
    {
        if (options.JoinKey is { } key)
        {
            return provider.CallAsync(client => client.JoinAsync(key, requests.Create(), cancellationToken));
        }

        return options.TenantId is { } tenantId
            ? AskAndPollAsync(tenantId, cancellationToken)
            : throw new StartupException($"this tenant has not joined a provider yet: set {TenantSettings.JoinKey} (from the provider's admin), or {TenantSettings.TenantId} to ask for approval");
    }

    private async Task<JoinBundle> AskAndPollAsync(string tenantId, CancellationToken cancellationToken)
    {
        var status = await PollAsync(tenantId, cancellationToken) ?? await AskAsync(tenantId, cancellationToken);
        return status.Status switch
        {
            TenantStatus.Rejected => throw new StartupException($"the provider's admin rejected the request of tenant '{tenantId}': {status.Reason ?? "no reason given"}"),
            TenantStatus.Removing or TenantStatus.Removed => throw new StartupException($"the provider has removed tenant '{tenantId}'"),
            TenantStatus.Active => throw new StartupException($"tenant '{tenantId}' has joined and confirmed its bundle, which is missing here. Restore the data folder from a backup, or have the provider remove the tenant and join again"),
            _ => status.Bundle ?? throw new ProviderBusyException(
                status.Status is TenantStatus.Joining ? $"the provider is setting up tenant '{tenantId}'" : $"the provider's admin has not decided about tenant '{tenantId}' yet; the Sub-CA key to compare with has SHA-256 {KeyFingerprint}",
                status.PollAfterSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Max(1, seconds)) : DefaultPoll)
            { IsPending = true },
        };
    }

    private string KeyFingerprint => Fingerprint.Sha256Hex(subCa.Key.SubjectPublicKeyInfo);

    // Null: the provider knows no request made with this key.
    private async Task<JoinRequestStatus?> PollAsync(string tenantId, CancellationToken cancellationToken)
    {
        var asked = time.GetUtcNow();
        try
        {
            return await provider.CallRawAsync(client =>
                client.GetJoinStatusAsync(tenantId, KeyProof.Create(subCa.Key, tenantId, client.JoinStatusUrl(tenantId), time), cancellationToken));
        }
        catch (ApiException e) when (e.Status is 401 or 403 or 404 && !provider.IsAMatterOfClocks(e, asked))
        {
            return null;
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
            throw await provider.TranslateAsync(e, asked);
        }
    }

    private async Task<JoinRequestStatus> AskAsync(string tenantId, CancellationToken cancellationToken)
    {
        await provider.CallAsync(async client =>
        {
            await client.RequestJoinAsync(tenantId, requests.Create(), cancellationToken);
            return true;
        });
        return new JoinRequestStatus { TenantId = tenantId, Status = TenantStatus.Requested };
    }
}

/// <summary>The provider is away, busy, or has not decided yet: the same call later can succeed.</summary>
internal sealed class ProviderBusyException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Waiting for an approval, not for a repair: the delay is constant.</summary>
    public bool IsPending { get; init; }
}

/// <summary>What the provider has just signed is not valid by this machine's clock: a matter of the clocks, which time puts right.</summary>
internal sealed class NotYetValidException(string message) : Exception(message);
