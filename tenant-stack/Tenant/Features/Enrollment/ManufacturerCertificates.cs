using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>Certificates that devices left the factory with (IEEE 802.1AR IDevID). Their revocation is not checked: the manufacturer's CRL is not known here.</summary>
internal sealed partial class ManufacturerCertificates
{
    private const int MinRsaBits = 2048;

    private readonly X509Certificate2[] _roots;
    private readonly X509Certificate2[] _intermediates;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private ManufacturerCertificates(IReadOnlyList<X509Certificate2> authorities, TimeProvider time, ILogger logger)
    {
        _roots = [.. authorities.Where(IsSelfIssued)];
        _intermediates = [.. authorities.Where(a => !IsSelfIssued(a))];
        _time = time;
        _logger = logger;
        foreach (var weak in authorities.Where(IsWeak))
        {
            WeakKey(logger, weak.Subject, MinRsaBits);
        }
    }

    public static ManufacturerCertificates Load(string? file, TimeProvider time, ILogger logger)
    {
        if (file is null)
        {
            return new([], time, logger);
        }

        try
        {
            var authorities = Pem.ParseCertificates(File.ReadAllText(file));
            return authorities.Any(IsSelfIssued)
                ? new(authorities, time, logger)
                : throw new StartupException($"{TenantSettings.ManufacturerCa}: {file} has no root (self-signed) certificate");
        }
        catch (Exception e) when (e is PkiException or CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{TenantSettings.ManufacturerCa}: {file} cannot be read as PEM certificates: {e.Message}");
        }
    }

    /// <summary>
    /// The grant of a certificate that a manufacturer made for this very device: a CN or serialNumber attribute is the device id. Else 401
    /// <c>manufacturer_certificate_refused</c> with the reason, also in the log.
    /// </summary>
    /// <param name="presented">DER of what was sent after it in the handshake, untrusted.</param>
    public EnrollmentGrant Authorize(X509Certificate2 certificate, IReadOnlyList<byte[]> presented, string deviceId)
    {
        X509Certificate2[] sent = [];
        try
        {
            sent = [.. presented.Select(X509CertificateLoader.LoadCertificate)];
            var read = ForeignCertificate.Parse(certificate.RawDataMemory.Span);
            var problem = FindProblem(certificate, read, sent, deviceId, out var root);
            return problem is null
                ? new EnrollmentGrant
                {
                    AuthorizationId = $"manufacturer:{Fingerprint.Sha256Hex(certificate.RawDataMemory.Span)}",
                    IsBoundToDevice = true,
                    Manufacturer = ManufacturerIdentity.Of(read, root!),
                }
                : throw Refused(certificate, deviceId, problem);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw Refused(certificate, deviceId, $"it can't be read: {e.Message}");
        }
        finally
        {
            foreach (var issuer in sent)
            {
                issuer.Dispose();
            }
        }
    }

    private string? FindProblem(X509Certificate2 certificate, ForeignCertificate read, X509Certificate2[] sent, string deviceId, out ForeignCertificate? root)
    {
        root = null;
        if (_roots.Length == 0)
        {
            return $"this tenant accepts none ({TenantSettings.ManufacturerCa} is not set)";
        }

        if (!read.CommonNames.Concat(read.SerialNumbers).Any(name => name.ToLowerInvariant() == deviceId))
        {
            return "no common name or serialNumber attribute in it is the device id";
        }

        if (IsCa(certificate))
        {
            return "it is a CA certificate";
        }

        if (!MayBeClient(certificate))
        {
            return "its extended key usage does not include client authentication";
        }

        var verified = ForeignChain.Verify(certificate, [.. _intermediates, .. sent], _roots, _time.GetUtcNow(), out root);
        return verified.IsValid ? null : $"its chain to a root of {TenantSettings.ManufacturerCa} does not verify: {verified.Reason}";
    }

    private ProblemException Refused(X509Certificate2 certificate, string deviceId, string reason)
    {
        CertificateRefused(_logger, deviceId, Fingerprint.Of(certificate), reason);
        return new ProblemException(401, "manufacturer_certificate_refused", $"The client certificate is no manufacturer certificate for this device: {reason.TrimEnd('.')}.");
    }

    // IDevIDs often have no extended key usage, which means any (RFC 5280 section 4.2.1.12).
    private static bool MayBeClient(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(e => e.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == Oids.ClientAuth));

    private static bool IsCa(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority);

    private static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    private static bool IsWeak(X509Certificate2 authority)
    {
        using var rsa = authority.GetRSAPublicKey();
        return rsa?.KeySize < MinRsaBits;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Manufacturer certificate {Fingerprint} refused for device {DeviceId}: {Reason}")]
    private static partial void CertificateRefused(ILogger logger, string deviceId, string fingerprint, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The manufacturer CA {Subject} has an RSA key of fewer than {Bits} bits: certificates of it can be forged. Replace it when its devices are gone.")]
    private static partial void WeakKey(ILogger logger, string subject, int bits);
}

/// <summary>
/// What makes a manufacturer certificate that of one physical device. A common name does not: whole product lines share one. The serialNumber
/// attribute is unique under its issuer (IEEE 802.1AR 8.6), a key by nature.
/// </summary>
/// <param name="SerialSha256">Of trust anchor, issuer and serialNumber attribute; null unless there is exactly one.</param>
internal sealed record ManufacturerIdentity(byte[]? SerialSha256, byte[] KeySha256)
{
    public static ManufacturerIdentity Of(ForeignCertificate certificate, ForeignCertificate root) => new(
        certificate.SerialNumbers is [var serial] ? Hash(root.KeySha256, certificate.Issuer, serial) : null,
        certificate.KeySha256);

    // Two hashes of fixed length in front: no issuer can spell another's name and number.
    private static byte[] Hash(byte[] rootKey, byte[] issuer, string serial) =>
        SHA256.HashData([.. rootKey, .. SHA256.HashData(issuer), .. Encoding.UTF8.GetBytes(serial)]);
}
