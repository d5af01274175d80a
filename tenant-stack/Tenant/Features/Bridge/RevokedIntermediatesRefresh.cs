using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>Fetches the root's list from the provider. While it is not to be had, the last one seen holds.</summary>
internal sealed partial class RevokedIntermediatesRefresh(JoinFiles files, ProviderLink provider, ILogger<RevokedIntermediatesRefresh> log) : IMaintenanceTask
{
    public string Name => "revoked-intermediates";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var root = provider.TrustedRoot() ?? throw new InvalidOperationException("The root is not trusted yet.");
        if (await provider.CallAsync(client => client.FindRevokedIntermediatesAsync(root, cancellationToken)) is not { } list || !files.RevokedIntermediates.Keep(list, root))
        {
            return false;
        }

        Newer(list.Number);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The root has signed another list of revoked Intermediate CAs: {Number}")]
    private partial void Newer(long number);
}

/// <summary>
/// What this tenant hands out of the root's list: not while its own Sub-CA stands on an Intermediate CA that the list names, for devices that know the list would
/// not let it tell them of the next one.
/// </summary>
internal sealed class RelayedRootList(ProviderLink provider, Authority authority) : IRootRevocationList
{
    public RevocationList? Find() =>
        provider.RevokedIntermediates() is { } list && !authority.Chain.Certificates.Any(list.Contains) ? new RevocationList(list.Der.ToArray(), list.Number, list.ThisUpdate) : null;
}
