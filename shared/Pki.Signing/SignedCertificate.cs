namespace IoTPlatform.Pki.Signing;

/// <summary>An issued certificate.</summary>
public sealed class SignedCertificate
{
    internal SignedCertificate() { }

    public byte[] SerialNumber { get; } = [];

    public ReadOnlyMemory<byte> Der { get; }

    public CertificateTemplate Template { get; } = null!;

    public DateTimeOffset NotBefore => Template.NotBefore;

    public DateTimeOffset NotAfter => Template.NotAfter;

    public string Pem => throw new NotImplementedException();
}
