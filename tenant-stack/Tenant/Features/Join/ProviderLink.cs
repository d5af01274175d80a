using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>The way to the provider: TLS against the trusted root only, and every failure sorted into "later" or "the operator must act".</summary>
internal sealed class ProviderLink(TenantOptions options, JoinFiles files, TimeProvider time)
{
    public Uri Url => options.ProviderUrl;

    public async Task<X509Certificate2> FetchRootAsync(string fingerprint, CancellationToken cancellationToken)
    {
        try
        {
            return (await RootTrust.FetchAsync(Url, fingerprint, cancellationToken: cancellationToken)).Root;
        }
        catch (ApiException e) when (e.Status == 404)
        {
            throw new StartupException($"{Url} has no root certificate with the fingerprint in {TenantSettings.RootFingerprint}: compare it with the provider's 'iot ca fingerprint'");
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
            throw Translate(e);
        }
    }

    /// <summary>The root on disk, or null. Throws StartupException for a file that is not one.</summary>
    public X509Certificate2? TrustedRoot()
    {
        if (JoinFiles.ReadText(files.TrustedRoot) is not { } pem)
            return null;
        try
        {
            return Pem.ParseCertificate(pem);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw new StartupException($"{files.TrustedRoot} is damaged; delete it, and it is fetched again by its fingerprint");
        }
    }

    /// <summary>Calls the provider. Throws <see cref="ProviderBusyException"/> or StartupException.</summary>
    public async Task<T> CallAsync<T>(Func<ProviderClient, Task<T>> call, X509Certificate2? clientCertificate = null)
    {
        try
        {
            return await CallRawAsync(call, clientCertificate);
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
            throw Translate(e);
        }
    }

    /// <summary>Calls the provider for a call without an answer. Throws <see cref="ProviderBusyException"/> or StartupException.</summary>
    public Task CallAsync(Func<ProviderClient, Task> call) => CallAsync(async client =>
    {
        await call(client);
        return true;
    });

    /// <summary>Calls the provider and leaves <see cref="ApiException"/> and <see cref="UnreachableException"/> to the caller.</summary>
    public async Task<T> CallRawAsync<T>(Func<ProviderClient, Task<T>> call, X509Certificate2? clientCertificate = null)
    {
        using var connection = Connect(clientCertificate);
        return await call(connection.Client);
    }

    /// <summary>For more than one call; the certificate stays the caller's.</summary>
    public ProviderConnection Connect(X509Certificate2? clientCertificate = null)
    {
        var root = TrustedRoot() ?? throw new InvalidOperationException("The root is not trusted yet.");
        return new ProviderConnection(new ProviderClient(PlatformHttp.Create(Url, [root], clientCertificate, PlatformHttp.DefaultTimeout), time), root);
    }

    /// <summary>Sorts a failure of <see cref="CallRawAsync"/> into later and never.</summary>
    public Exception Translate(Exception e) => e switch
    {
        ApiException { IsTransient: true } api => new ProviderBusyException($"the provider at {Url} answered {api.Status} {api.Code}", api.RetryAfter, api),
        ApiException api => new StartupException(Advice(api)),
        UnreachableException { IsTransient: true } away => new ProviderBusyException(away.Message, inner: away),
        UnreachableException { Reason: UnreachableReason.Untrusted } tls => new StartupException(
            $"{tls.Message}. Check {TenantSettings.ProviderUrl} and {TenantSettings.RootFingerprint}: the host name must be one of the provider's IOT_NAMES"),
        _ => new StartupException(e.Message),
    };

    private static string Advice(ApiException e) => e.Code switch
    {
        "join_key_refused" => $"the provider refused the JOIN key: it is wrong, expired, revoked or spent. Ask the provider's admin for a new one and set {TenantSettings.JoinKey}",
        "join_key_bound" => "the JOIN key belongs to another Sub-CA key, so it was first used with another data folder. Start with that folder, or ask the provider's admin to replace the key",
        _ => $"the provider refused ({e.Status} {e.Code}): {e.Message}",
    };
}
