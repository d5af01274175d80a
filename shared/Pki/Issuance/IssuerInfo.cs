using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>What issuing and lint need to know of an issuer, read once from its certificate.</summary>
public sealed class IssuerInfo
{
    private IssuerInfo() { }

    /// <summary>The subject Name, DER, byte for byte what goes into the issuer field.</summary>
    public ReadOnlyMemory<byte> SubjectName { get; private init; }

    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private init; }

    public KeyKind Key { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    public int? PathLength { get; private init; }

    public NameConstraints? NameConstraints { get; private init; }

    /// <summary>Throws <see cref="PkiError.NotACertificateAuthority"/> unless the certificate may sign certificates.</summary>
    public static IssuerInfo FromCertificate(X509Certificate2 certificate) => throw new NotImplementedException();
}
