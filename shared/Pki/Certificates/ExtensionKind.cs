using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>The extensions the platform knows.</summary>
internal enum ExtensionKind
{
    Unknown,
    SubjectKeyIdentifier,
    KeyUsage,
    SubjectAltName,
    BasicConstraints,
    NameConstraints,
    CrlDistributionPoints,
    AuthorityKeyIdentifier,
    ExtendedKeyUsage,
    AuthorityInfoAccess,
    OcspNoCheck,
    StepProvisioner,
}

/// <summary>Finds the kind by the object identifier.</summary>
internal static class ExtensionKinds
{
    public static ExtensionKind Find(ReadOnlySpan<byte> oid)
    {
        if (oid.Length == 3 && oid[0] == 0x55 && oid[1] == 0x1D)
        {
            return oid[2] switch
            {
                0x0E => ExtensionKind.SubjectKeyIdentifier,
                0x0F => ExtensionKind.KeyUsage,
                0x11 => ExtensionKind.SubjectAltName,
                0x13 => ExtensionKind.BasicConstraints,
                0x1E => ExtensionKind.NameConstraints,
                0x1F => ExtensionKind.CrlDistributionPoints,
                0x23 => ExtensionKind.AuthorityKeyIdentifier,
                0x25 => ExtensionKind.ExtendedKeyUsage,
                _ => ExtensionKind.Unknown,
            };
        }

        return oid.SequenceEqual(DerOid.AuthorityInfoAccess) ? ExtensionKind.AuthorityInfoAccess
            : oid.SequenceEqual(DerOid.OcspNoCheck) ? ExtensionKind.OcspNoCheck
            : oid.SequenceEqual(DerOid.StepProvisioner) ? ExtensionKind.StepProvisioner
            : ExtensionKind.Unknown;
    }
}

/// <summary>Which extension a certificate has, whether it is critical, and its DER value.</summary>
internal readonly record struct ParsedExtension(ExtensionKind Kind, bool IsCritical, ReadOnlyMemory<byte> Oid, ReadOnlyMemory<byte> Value)
{
    public string DottedOid => Asn1.DottedOid.Of(Oid.Span);
}
