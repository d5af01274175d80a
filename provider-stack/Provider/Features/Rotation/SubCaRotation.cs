using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;

namespace IoTPlatform.Provider.Features.Rotation;

internal sealed class SubCaRotation(Authority authority, CertificateOrders orders, TenantCertificates certificates, TenantCertificateRevocation revocation)
{
    /// <summary>Two are a rotation; more are rotations whose old Sub-CA is not retired yet. Bounded, because each can vouch for the next.</summary>
    private const int MostValid = 4;

    /// <summary>The old key has to name the new one: base64url SHA-256 of its SubjectPublicKeyInfo.</summary>
    public static bool Names(string? claim, CertificateSigningRequest csr) =>
        claim is not null && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(claim), Encoding.UTF8.GetBytes(Base64Url.EncodeToString(csr.SubjectPublicKeyInfoSha256)));

    /// <summary>Under the tenant's lock. The same new key again gets the same certificate.</summary>
    public Task<IssuedCertificate> IssueAsync(TenantRow tenant, CertificateSigningRequest csr, CancellationToken cancellationToken) =>
        IssueAsync(tenant, csr, orders.RotatedSubCa(tenant, csr), cancellationToken);

    /// <summary>For the bridge, under the tenant's lock: a key that is certified already, under the Intermediate CA of now; another one only once after an emergency. In PEM.</summary>
    public async Task<string> ReissueAsync(TenantRow tenant, CertificateSigningRequest csr, CancellationToken cancellationToken)
    {
        var order = orders.RotatedSubCa(tenant, csr);
        var intermediate = authority.Issuers.Active.Issuer.SubjectKeyIdentifier;
        var valid = (await certificates.ValidAsync(tenant.TenantId, Profiles.TenantSubCa, cancellationToken)).Where(c => SubCaKeys.PublicKeyOf(c.Der).AsSpan().SequenceEqual(csr.SubjectPublicKeyInfo.Span)).ToList();
        if (valid.Find(c => ParsedCertificate.Parse(c.Der).AuthorityKeyIdentifier is { } issuer && issuer.Span.SequenceEqual(intermediate.Span)) is { } known)
        {
            return Pem.Certificate(known.Der);
        }

        if (valid.Count > 0)
        {
            var key = $"reissue:{Convert.ToHexStringLower(intermediate.Span)}:sub-ca:{Convert.ToHexStringLower(csr.SubjectPublicKeyInfoSha256)}";
            return (await IssueAsync(tenant, csr, order with { IdempotencyKey = key }, cancellationToken)).Pem;
        }

        if (tenant.RekeySince is not { } since)
        {
            throw new ProblemException(
                StatusCodes.Status403Forbidden, "rekey_not_allowed", "This tenant's Sub-CA was not revoked so that it makes another key: the key of a valid Sub-CA has to vouch for the new one (sub-ca/rotate).");
        }

        // Also one that was retired before the emergency, perhaps by the thief: it must not take the place of the new one.
        var former = await authority.ListAsync(
            new CertificateQuery { Tenant = tenant.TenantId, Profile = Profiles.TenantSubCa.Name, Revoked = true, Limit = CertificateQuery.MaxLimit }, cancellationToken);
        if (former.Items.Any(c => SubCaKeys.PublicKeyOf(c.Der).AsSpan().SequenceEqual(csr.SubjectPublicKeyInfo.Span)))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "sub_ca_key_revoked", "This key was a Sub-CA of this tenant and is revoked. Make a new one.");
        }

        // One key for each emergency: the second one is another order with the same idempotency key.
        return (await IssueAsync(tenant, csr, order with { IdempotencyKey = string.Create(CultureInfo.InvariantCulture, $"rekey:{tenant.TenantId}:{since.ToUnixTimeMilliseconds()}") }, cancellationToken)).Pem;
    }

    private async Task<IssuedCertificate> IssueAsync(TenantRow tenant, CertificateSigningRequest csr, IssueRequest order, CancellationToken cancellationToken)
    {
        var valid = await certificates.ValidAsync(tenant.TenantId, profile: null, cancellationToken);
        var owners = valid.ToLookup(c => Convert.ToHexString(SHA256.HashData(SubCaKeys.PublicKeyOf(c.Der))), c => c, StringComparer.Ordinal);
        var mine = owners[Convert.ToHexString(csr.SubjectPublicKeyInfoSha256)].ToList();
        if (mine.Exists(c => c.Profile != Profiles.TenantSubCa.Name))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "csr_key_reused", "A Sub-CA needs a key of its own.");
        }

        if (mine.Count == 0 && owners.Count(key => key.Any(c => c.Profile == Profiles.TenantSubCa.Name)) >= MostValid)
        {
            throw new ProblemException(
                StatusCodes.Status409Conflict, "too_many_sub_cas", $"This tenant has {MostValid} valid Sub-CAs. Retire the old ones before the next rotation.");
        }

        var issued = await authority.IssueAsync(order, cancellationToken);
        // The order was filled before, and its certificate has been retired since.
        if (mine.Count == 0 && await authority.FindAsync(issued.SerialNumber, cancellationToken) is { IsRevoked: true })
        {
            throw new ProblemException(StatusCodes.Status409Conflict, "sub_ca_key_retired", "This key was a Sub-CA of this tenant and was retired. Make a new one.");
        }

        return issued;
    }

    public async Task RetireOthersAsync(ProviderDb db, string tenantId, byte[] keeper, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await revocation.RevokeOtherKeysAsync(
            db, tenantId, joinId: null, Profiles.TenantSubCa, SHA256.HashData(keeper), RevocationGrounds.Superseded("Sub-CA rotated, no certificate of it in use"), "tenant:" + tenantId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
