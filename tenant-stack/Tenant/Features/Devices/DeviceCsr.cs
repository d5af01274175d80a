using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Reads a device's CSR. Only its key is certified; names in it must not claim another identity.</summary>
internal static class DeviceCsr
{
    public static CertificateSigningRequest Parse(string? pem, string deviceId, string spiffeId)
    {
        var csr = ParseAny(pem);
        Require(csr, deviceId, spiffeId);
        return csr;
    }

    public static void Require(CertificateSigningRequest csr, string deviceId, string spiffeId)
    {
        if (csr.RequestsCa)
        {
            throw new ProblemException(400, "csr_requests_ca", "A device certificate is never a CA certificate.");
        }

        if ((csr.Names.CommonName is { } name && name != deviceId) || csr.Names.Dns.Any(d => d != deviceId))
        {
            throw new ProblemException(400, "csr_names_mismatch", "The CSR names another device than the URL.");
        }

        if (!csr.Names.Ip.IsEmpty || !csr.Names.Emails.IsEmpty || csr.Names.Uris.Any(u => u != spiffeId))
        {
            throw new ProblemException(400, "csr_names_mismatch", "A device certificate carries the device id and its SPIFFE id only.");
        }
    }

    private static CertificateSigningRequest ParseAny(string? pem)
    {
        try
        {
            return CertificateSigningRequest.ParsePem(pem ?? "");
        }
        catch (PkiException e)
        {
            throw new ProblemException(400, Code(e.Error), $"The CSR is refused: {e.Message}", inner: e);
        }
    }

    private static string Code(PkiError error) => error switch
    {
        PkiError.BadSignature => "csr_bad_signature",
        PkiError.WeakKey or PkiError.UnsupportedKey => "csr_key_refused",
        PkiError.WeakHash => "csr_weak_hash",
        PkiError.TooLarge => "csr_too_large",
        _ => "csr_malformed",
    };
}
