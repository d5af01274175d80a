using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// Path validation (RFC 5280 6.1) of certificates that others issued, against given roots only: no system trust, no downloads, no revocation
/// check. X509Chain decides signatures, CA flags, path lengths, name constraints and critical extensions. Decided here: dates, in UTC, and
/// which signature algorithms count below the trust anchor. The anchor's own signature is no part of the path (6.1.1 d), so a root of version 1
/// or one that signed itself with SHA-1 is as good as any.
/// </summary>
public static class ForeignChain
{
    /// <summary>The root it ends in.</summary>
    /// <param name="intermediates">Untrusted: what the tenant configured, and what was sent in the handshake.</param>
    public static ChainVerification Verify(
        X509Certificate2 leaf, IEnumerable<X509Certificate2> intermediates, IEnumerable<X509Certificate2> roots, DateTimeOffset at, out ForeignCertificate? root)
    {
        root = null;
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        policy.CustomTrustStore.AddRange(roots.ToArray());
        policy.ExtraStore.AddRange(intermediates.ToArray());
        if (policy.CustomTrustStore.Count == 0)
        {
            return ChainVerification.Invalid("There is no root to trust.");
        }

        var built = chain.Build(leaf);
        try
        {
            if (!built)
            {
                return ChainVerification.Invalid(string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct()));
            }

            ForeignCertificate[] path = [.. chain.ChainElements.Select(element => ForeignCertificate.Parse(element.Certificate.RawDataMemory.Span))];
            root = path[^1];
            return FindProblem(path, at) is { } problem ? ChainVerification.Invalid(problem) : ChainVerification.Valid;
        }
        catch (PkiException e)
        {
            return ChainVerification.Invalid(e.Message);
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    private static string? FindProblem(ForeignCertificate[] path, DateTimeOffset at)
    {
        foreach (var certificate in path)
        {
            if (at < certificate.NotBefore || at > certificate.NotAfter)
            {
                return at < certificate.NotBefore ? $"a certificate is not valid before {certificate.NotBefore:u}" : $"a certificate ended at {certificate.NotAfter:u}";
            }
        }

        return path[..^1].Select(certificate => certificate.SignatureProblem).FirstOrDefault(problem => problem is not null);
    }
}
