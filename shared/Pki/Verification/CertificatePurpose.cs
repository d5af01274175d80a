namespace IoTPlatform.Pki;

/// <summary>What a certificate is to be accepted for.</summary>
public enum CertificatePurpose
{
    Any,
    ServerAuth,
    ClientAuth,
    /// <summary>A CA certificate that may sign certificates.</summary>
    CertificateAuthority,
}
