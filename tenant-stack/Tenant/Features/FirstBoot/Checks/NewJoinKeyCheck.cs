using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>
/// The way back of a tenant whose bridge certificate was revoked, or whose Sub-CA certificate has expired: started with a new JOIN key it
/// joins again, with a new bridge key and the Sub-CA key that it has. While both are good, a new key is refused. What it has is replaced
/// once the answer was verified and is on disk, so a wrong clock or a proxy that drops the client certificate costs it nothing.
/// </summary>
internal sealed class NewJoinKeyCheck(
    TenantOptions options, JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, IdentityStore identity, JoinRequestFactory requests, BundleRules rules, TimeProvider time) : IFirstBootCheck
{
    private readonly PendingJoin _pending = new(files);

    public string Name => "new-join-key";

    public async Task<string?> InspectAsync(CancellationToken cancellationToken)
    {
        if (_pending.Bundle is not null)
        {
            return "the answer to a new JOIN key is not in place yet";
        }

        if (options is not { HasJoined: true, JoinKey: { } key } || !CanAsk())
        {
            return null;
        }

        var record = JoinRecord.Find(options.DataPath);
        if (record is { JoinKeySha256: not null })
        {
            return record.IsKey(key) ? null : "a new JOIN key was given";
        }

        if (HasSubCaExpired())
        {
            return "a JOIN key was given, and the Sub-CA certificate has expired";
        }

        return await IsKnownToBeRefusedAsync(cancellationToken) ? "a JOIN key was given, and the provider refuses the bridge certificate" : null;
    }

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        if (_pending.Bundle is null)
        {
            RequireNeeded(await RefusalAsync(cancellationToken));
            _pending.Keep(await JoinAsync(cancellationToken), JoinRecord.Of(options));
        }

        var bundle = _pending.Bundle!;
        using var root = provider.TrustedRoot()!;
        subCa.Install(bundle.SignedCert, bundle.CaChain, Fingerprint.Sha256Hex(root.RawDataMemory.Span));
        _pending.TakeOver();
        await identity.ReopenAsync(cancellationToken);
        _pending.Clear();
    }

    /// <summary>Without bundle or bridge key the checks for these say what to do.</summary>
    private bool CanAsk()
    {
        try
        {
            using var key = files.ReadBridgeKey();
            return key is not null && files.ReadBundle() is not null;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>For a tenant that does not know its former key, which may be this one: it waits for no provider because of it.</summary>
    private async Task<bool> IsKnownToBeRefusedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await RefusalAsync(cancellationToken) is { Code: "certificate_revoked" };
        }
        catch (ProviderBusyException)
        {
            return false;
        }
    }

    /// <summary>Null: the provider takes the bridge certificate.</summary>
    private async Task<ApiException?> RefusalAsync(CancellationToken cancellationToken)
    {
        using var bridge = files.ReadBridgeIdentity(files.ReadBundle()!);
        var asked = time.GetUtcNow();
        try
        {
            await provider.CallRawAsync(client => client.GetPlatformAsync(cancellationToken), bridge);
            return null;
        }
        catch (ApiException e) when (e.Status is 401 or 403)
        {
            return e;
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
            throw await provider.TranslateAsync(e, asked);
        }
    }

    private void RequireNeeded(ApiException? refusal)
    {
        var problem = refusal switch
        {
            null when HasSubCaExpired() => null,
            null => $"{TenantSettings.JoinKey} is another key than the one this tenant joined with, and it has joined. Leave it out; to join anew, start with an empty data folder",
            { Code: "certificate_revoked" or "client_certificate_required" or "not_this_tenant" } => null,
            _ => $"{TenantSettings.JoinKey} does not help, because the provider refuses this tenant ({refusal.Code}): {refusal.Message.TrimEnd('.')}. Leave it out, and ask the provider's admin",
        };
        if (problem is not null)
        {
            throw new StartupException(problem);
        }
    }

    private bool HasSubCaExpired() => subCa.IsInstalled && subCa.Issuers.Active.Certificate.NotAfterUtc() < time.GetUtcNow();

    private async Task<JoinBundle> JoinAsync(CancellationToken cancellationToken)
    {
        using var bridgeKey = _pending.EnsureBridgeKey();
        var bundle = await CallAsync(requests.Create(bridgeKey), cancellationToken);
        if (files.ReadBundle() is { } present && present.TenantId != bundle.TenantId)
        {
            throw new StartupException($"{TenantSettings.JoinKey} is for tenant '{bundle.TenantId}', but this data folder belongs to tenant '{present.TenantId}'");
        }

        await rules.RequireUsableAsync(bundle, bridgeKey);
        return bundle;
    }

    private async Task<JoinBundle> CallAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await provider.CallAsync(client => client.JoinAsync(options.JoinKey!, request, cancellationToken));
        }
        catch (StartupException e)
        {
            throw new StartupException($"{e.Message}. The tenant goes on without the provider, and its devices with it, when {TenantSettings.JoinKey} is left out", inner: e);
        }
    }
}
