using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>Certificates that devices left the factory with (IEEE 802.1AR IDevID). Their revocation is not checked: the manufacturer's CRL is not known here.</summary>
internal sealed class ManufacturerCertificates
{
    private const string CommonNameAttribute = "2.5.4.3";
    private const string SerialNumberAttribute = "2.5.4.5";

    private readonly X509Certificate2[] roots;
    private readonly X509Certificate2[] intermediates;
    private readonly TimeProvider time;

    public ManufacturerCertificates(IReadOnlyList<X509Certificate2> authorities, TimeProvider time)
    {
        roots = [.. authorities.Where(IsSelfIssued)];
        intermediates = [.. authorities.Where(a => !IsSelfIssued(a))];
        this.time = time;
    }

    public bool IsConfigured => roots.Length > 0;

    public static ManufacturerCertificates Load(string? file, TimeProvider time)
    {
        if (file is null)
            return new([], time);
        try
        {
            var authorities = Pem.ParseCertificates(File.ReadAllText(file));
            return authorities.Any(IsSelfIssued)
                ? new(authorities, time)
                : throw new StartupException($"{TenantSettings.ManufacturerCa}: {file} has no root (self-signed) certificate");
        }
        catch (Exception e) when (e is PkiException or CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{TenantSettings.ManufacturerCa}: {file} cannot be read as PEM certificates: {e.Message}");
        }
    }

    /// <summary>Null unless a manufacturer made this certificate for this very device: CN or serialNumber attribute is the device id.</summary>
    public EnrollmentGrant? Authorize(X509Certificate2 certificate, string deviceId)
    {
        if (!IsConfigured || !Names(certificate).Contains(deviceId))
            return null;
        var verified = ChainVerifier.Verify(certificate, intermediates, roots, CertificatePurpose.Any, time.GetUtcNow());
        return verified.IsValid && !IsCa(certificate) && MayBeClient(certificate)
            ? new EnrollmentGrant
            {
                AuthorizationId = $"manufacturer:{Fingerprint.Sha256Hex(certificate.RawDataMemory.Span)}",
                IsBoundToDevice = true,
            }
            : null;
    }

    private static IEnumerable<string> Names(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
            .Where(rdn => !rdn.HasMultipleElements && rdn.GetSingleElementType().Value is CommonNameAttribute or SerialNumberAttribute)
            .Select(rdn => rdn.GetSingleElementValue()?.ToLowerInvariant())
            .OfType<string>();

    // IDevIDs often have no extended key usage, which means any (RFC 5280 section 4.2.1.12).
    private static bool MayBeClient(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(e => e.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == Oids.ClientAuth));

    private static bool IsCa(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority);

    private static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
