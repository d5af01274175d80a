using IoTPlatform.Client;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>
/// Which tenant a command means: below the platform's root every tenant may sign any host name, so its trust domain has to be known
/// before a password is sent. Without the tenant's data folder its server also has to show a list of revoked Sub-CAs that is in date.
/// </summary>
internal static class TenantServer
{
    public const string Variable = "IOT_TRUST_DOMAIN";

    public static async Task<ServerVerifier> FindAsync(Run run, Uri url, RootTrust root, CancellationToken cancellationToken)
    {
        var local = LocalStack.Of(run, ServerOptions.Tenant);
        var server = root.Tenant(TrustDomain(run, url, local), run.Time).With(() => local.RevokedIntermediates(root));
        if (local.RevokedSubCas is { } known)
        {
            return server.With(known, required: false);
        }

        return await WithTheProvidersListAsync(url, server, cancellationToken);
    }

    /// <summary>One that a log-in remembers.</summary>
    public static Task<ServerVerifier> OfAsync(Run run, Uri url, RootTrust root, string trustDomain, RevokedIntermediates? known, CancellationToken cancellationToken) =>
        WithTheProvidersListAsync(url, root.Tenant(trustDomain, run.Time).With(() => known), cancellationToken);

    private static async Task<ServerVerifier> WithTheProvidersListAsync(Uri url, ServerVerifier server, CancellationToken cancellationToken)
    {
        using var client = TenantClient.Create(url, server);
        return server.With(await client.GetRevokedSubCasAsync(cancellationToken), required: true);
    }

    public static string TrustDomain(Run run, Uri url) => TrustDomain(run, url, LocalStack.Of(run, ServerOptions.Tenant));

    private static string TrustDomain(Run run, Uri url, LocalStack local)
    {
        var domain = run.Get(ServerOptions.TrustDomain) ?? run.Env(Variable) ?? local.RequireKind(ServerOptions.Tenant).TrustDomain ?? throw CliException.Usage(
            $"which tenant has to answer at {url}? give --trust-domain (its id and the platform domain, as in acme.iotplatform.internal), {Variable}, or --data FOLDER of the tenant on this machine");
        return SpiffeId.TryParse($"spiffe://{domain}", out _, out _)
            ? domain
            : throw CliException.Usage($"'{domain}' is no trust domain; it is a DNS name in lower case: the tenant's id and the platform domain, as in acme.iotplatform.internal");
    }
}
