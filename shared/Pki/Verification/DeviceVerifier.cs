using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Judges a device's certificate: signed by a Sub-CA of one tenant, with that tenant's SPIFFE id of that device, in date.</summary>
public static class DeviceVerifier
{
    /// <param name="leaf">The device's.</param>
    /// <param name="issuers">Sub-CA and Intermediate CA.</param>
    /// <param name="root">The only trust anchor.</param>
    /// <param name="trustDomain">The tenant's.</param>
    /// <param name="deviceId">Whose certificate it must be.</param>
    /// <param name="revoked">The list of revoked Sub-CAs, where one is known.</param>
    /// <param name="revokedIntermediates">The root's list, where one is known.</param>
    /// <param name="at">The time to verify for.</param>
    /// <returns>Null, or why the certificate is refused.</returns>
    public static string? FindViolation(
        X509Certificate2 leaf, IEnumerable<X509Certificate2> issuers, X509Certificate2 root, string trustDomain, string deviceId, RevokedSubCas? revoked,
        RevokedIntermediates? revokedIntermediates, DateTimeOffset at)
    {
        var verified = ChainVerifier.Verify(leaf, issuers, [root], CertificatePurpose.ClientAuth, at);
        if (!verified.IsValid)
        {
            return verified.WrongTime is null ? $"its chain does not verify: {verified.Reason}" : $"it is {verified.Reason} by this machine's clock, which says {at:u}";
        }

        return PlatformPath.TenantViolation(verified.Path, trustDomain)
            ?? (verified.Path[0].Names.Uris is [var id] && string.Equals(id, $"spiffe://{trustDomain}/device/{deviceId}", StringComparison.Ordinal)
                ? null
                : $"its SPIFFE id is not that of {deviceId} of {trustDomain}")
            ?? revokedIntermediates?.FindViolation(verified.Path)
            ?? (revoked is not null && revoked.IsSignedBy(verified.Path[^2]) && revoked.Contains(verified.Path[1]) ? "the provider has revoked its Sub-CA" : null);
    }
}
