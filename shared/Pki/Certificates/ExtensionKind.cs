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
    StepProvisioner,
}
