namespace IoTPlatform.Pki;

/// <summary>Which extension a certificate has, and whether it is critical.</summary>
internal readonly record struct ParsedExtension(ExtensionKind Kind, bool IsCritical);
