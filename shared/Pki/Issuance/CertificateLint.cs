namespace IoTPlatform.Pki;

/// <summary>Checks a finished certificate against its profile and issuer, from its bytes alone.</summary>
public static class CertificateLint
{
    /// <summary>All findings, none for a good certificate; bytes that don't parse are one finding <c>malformed</c>. Does not verify the signature.</summary>
    public static IReadOnlyList<LintFinding> Check(ReadOnlyMemory<byte> certificateDer, CertificateProfile profile, IssuerInfo issuer) => throw new NotImplementedException();
}
