namespace IoTPlatform.Pki.Signing;

/// <summary>An issued certificate.</summary>
public sealed class SignedCertificate
{
    private string? _pem;

    internal SignedCertificate(PreparedCertificate prepared, byte[] der)
    {
        SerialNumber = prepared.SerialNumber;
        Template = prepared.Template;
        Der = der;
    }

    /// <summary>Minimal big-endian bytes, see <see cref="Pki.SerialNumber"/>.</summary>
    public byte[] SerialNumber { get; }

    public ReadOnlyMemory<byte> Der { get; }

    public CertificateTemplate Template { get; }

    public DateTimeOffset NotBefore => Template.NotBefore;

    public DateTimeOffset NotAfter => Template.NotAfter;

    public string Pem => _pem ??= Files.Pem.Certificate(Der.Span);
}
