using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>
/// The way to the provider: TLS with the provider's own server below the trusted root only, and every failure sorted into "later" or "the
/// operator must act". Of all that can go wrong with a connection, only a certificate that was seen and does not verify is the operator's.
/// </summary>
internal sealed class ProviderLink(TenantOptions options, JoinFiles files, TimeProvider time)
{
    public Uri Url => options.ProviderUrl;

    /// <summary>The newest of the root's lists that this tenant has seen; null: none, or no root is trusted yet.</summary>
    public RevokedIntermediates? RevokedIntermediates()
    {
        using var root = TrustedRoot();
        return root is null ? null : files.RevokedIntermediates.TryLoad(root);
    }

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
            throw await TranslateAsync(e, time.GetUtcNow());
        }
    }

    /// <summary>The root on disk, or null. Throws StartupException for a file that is not one.</summary>
    public X509Certificate2? TrustedRoot()
    {
        if (JoinFiles.ReadText(files.TrustedRoot) is not { } pem)
        {
            return null;
        }

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
        var asked = time.GetUtcNow();
        try
        {
            return await CallRawAsync(call, clientCertificate);
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
            throw await TranslateAsync(e, asked);
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
        var server = Server(root, ServerIdentity.Provider(files.ReadBundle()?.PlatformDomain));
        return new ProviderConnection(new ProviderClient(PlatformHttp.Create(Url, server, clientCertificate, PlatformHttp.DefaultTimeout), time), root);
    }

    /// <summary>A server of the provider, unless the root has revoked what is above it.</summary>
    public ServerVerifier Server(X509Certificate2 root, ServerIdentity identity) =>
        ServerVerifier.ForPlatform(root, identity, time).With(() => files.RevokedIntermediates.TryLoad(root));

    /// <summary>Sorts a failure of <see cref="CallRawAsync"/> into later and never.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="asked">This machine's clock when the proof was made: it may have been set right since.</param>
    public async Task<Exception> TranslateAsync(Exception e, DateTimeOffset asked) => e switch
    {
        ApiException { IsTransient: true } api => new ProviderBusyException($"the provider at {Url} answered {api.Status} {api.Code}", api.RetryAfter, api),
        ApiException { Code: "proof_refused" } api when ServerClock.Describe(api.ServerTime - asked, Url) is { } clocks =>
            new ProviderBusyException($"the provider refused a proof, because {clocks}", inner: api),
        ApiException api => new StartupException(Advice(api)),
        UnreachableException { Reason: UnreachableReason.Untrusted } tls => new StartupException(
            $"{tls.Message}. Check {TenantSettings.ProviderUrl} and {TenantSettings.RootFingerprint}: the host name must be one of the provider's IOT_NAMES"),
        UnreachableException { Reason: UnreachableReason.ClocksDiffer } tls => new ProviderBusyException($"{tls.Message}; {await ClocksAsync()}", inner: tls),
        UnreachableException away => new ProviderBusyException(away.Message, inner: away),
        _ => new StartupException(e.Message),
    };

    /// <summary>The proof was refused, and the clocks differ.</summary>
    public bool IsAMatterOfClocks(ApiException e, DateTimeOffset asked) => e.Code == "proof_refused" && ServerClock.Describe(e.ServerTime - asked, Url) is not null;

    /// <summary>The provider's time minus this machine's; null when it can't be asked.</summary>
    public Task<TimeSpan?> ClockDifferenceAsync() => ServerClock.DifferenceAsync(Url, time, CancellationToken.None);

    /// <summary>What to say about the clocks when a certificate is not valid by this machine's.</summary>
    public async Task<string> ClocksAsync()
    {
        var difference = await ClockDifferenceAsync();
        return ServerClock.Describe(difference, Url)
            ?? $"this machine's clock says {time.GetUtcNow():u}{(difference is null ? ", and the provider cannot be asked for its own" : ", as the provider's does")}";
    }

    private static string Advice(ApiException e) => e.Code switch
    {
        "join_key_refused" => $"the provider refused the JOIN key: it is wrong, expired, revoked or spent. Ask the provider's admin for a new one and set {TenantSettings.JoinKey}",
        "join_key_bound" => "the JOIN key belongs to another Sub-CA key, so it was first used with another data folder. Start with that folder, or ask the provider's admin to replace the key",
        _ => $"the provider refused ({e.Status} {e.Code}): {e.Message}",
    };
}

/// <summary>A client of the provider's API, and the root it trusts for as long as it lives.</summary>
internal sealed class ProviderConnection(ProviderClient client, X509Certificate2 root) : IDisposable
{
    public ProviderClient Client => client;

    public void Dispose()
    {
        client.Dispose();
        root.Dispose();
    }
}
