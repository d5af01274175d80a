using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Rotation;

/// <summary>The keys that authenticate a tenant.</summary>
internal sealed class SubCaKeys(TenantCertificates certificates, Authority authority)
{
    private const int MostRevoked = 50;

    /// <summary>SubjectPublicKeyInfo of every Sub-CA certificate that is neither expired nor revoked, newest first, and whose key has not been revoked with another one.</summary>
    public async Task<IReadOnlyList<byte[]>> ValidAsync(string tenantId, CancellationToken cancellationToken)
    {
        var valid = await certificates.ValidAsync(tenantId, Profiles.TenantSubCa, cancellationToken);
        var keys = valid.Select(c => PublicKeyOf(c.Der)).ToLookup(key => Convert.ToHexString(SHA256.HashData(key)), StringComparer.Ordinal);
        var distrusted = await authority.DistrustedKeysAsync([.. keys.Select(k => Convert.FromHexString(k.Key))], Profiles.TenantSubCa, cancellationToken);
        return [.. keys.ExceptBy(distrusted.Select(Convert.ToHexString), k => k.Key, StringComparer.Ordinal).SelectMany(k => k)];
    }

    /// <summary>Serial numbers of the tenant's valid Sub-CA certificates with the key of this one, without it.</summary>
    public async Task<IReadOnlyList<byte[]>> OthersOfTheKeyAsync(CertificateRecord subCa, CancellationToken cancellationToken)
    {
        var key = PublicKeyOf(subCa.Der);
        var valid = await certificates.ValidAsync(subCa.Tenant!, Profiles.TenantSubCa, cancellationToken);
        return [.. valid.Where(c => c.Serial != subCa.Serial && PublicKeyOf(c.Der).AsSpan().SequenceEqual(key)).Select(c => ParsedCertificate.Parse(c.Der).SerialNumber.ToArray())];
    }

    /// <summary>Throws 400 <c>sub_ca_key_revoked</c> for the key of a Sub-CA that was revoked because it can't be trusted.</summary>
    public Task ThrowIfRevokedAsync(CertificateSigningRequest subCa, CancellationToken cancellationToken) => ThrowIfRevokedAsync(subCa.SubjectPublicKeyInfoSha256, cancellationToken);

    /// <inheritdoc cref="ThrowIfRevokedAsync(CertificateSigningRequest, CancellationToken)"/>
    public async Task ThrowIfRevokedAsync(byte[] publicKeySha256, CancellationToken cancellationToken)
    {
        if ((await authority.DistrustedKeysAsync([publicKeySha256], Profiles.TenantSubCa, cancellationToken)).Count > 0)
        {
            throw new ProblemException(
                StatusCodes.Status400BadRequest, "sub_ca_key_revoked", "A Sub-CA with this key was revoked. Make a new key: start with an empty data folder.");
        }
    }

    /// <summary>The tenant's Sub-CAs were revoked at that time so that it makes another key, and it has not made it yet.</summary>
    public async Task<bool> AwaitsAnotherAsync(string tenantId, DateTimeOffset rekeySince, CancellationToken cancellationToken) =>
        (await authority.ListAsync(new CertificateQuery { Tenant = tenantId, Profile = Profiles.TenantSubCa.Name, Limit = 1 }, cancellationToken)).Items is not [var newest] || newest.IssuedAt < rekeySince;

    /// <summary>Whether the proof was made by a key of the tenant's whose Sub-CA was revoked because it can't be trusted.</summary>
    public async Task<bool> IsOfARevokedSubCaAsync(string tenantId, Func<byte[], bool> madeBy, CancellationToken cancellationToken)
    {
        var revoked = await authority.ListAsync(new CertificateQuery { Tenant = tenantId, Profile = Profiles.TenantSubCa.Name, Revoked = true, Limit = MostRevoked }, cancellationToken);
        return revoked.Items.Any(c => c.ReasonCode?.LeavesKeyTrusted() == false && madeBy(PublicKeyOf(c.Der)));
    }

    public static byte[] PublicKeyOf(byte[] der)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }
}
