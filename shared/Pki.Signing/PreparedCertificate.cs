namespace IoTPlatform.Pki.Signing;

/// <summary>A linted certificate waiting for its signature: a token that its own signer accepts once.</summary>
public sealed class PreparedCertificate
{
    internal PreparedCertificate() { }

    public byte[] SerialNumber { get; } = [];

    /// <summary>The DER that will be signed; its hash is the intent to record.</summary>
    public ReadOnlyMemory<byte> TbsCertificate { get; }

    public CertificateTemplate Template { get; } = null!;

    public DateTimeOffset NotBefore => Template.NotBefore;

    public DateTimeOffset NotAfter => Template.NotAfter;
}
