namespace IoTPlatform.CertificateAuthority;

/// <param name="NextCursor">Null on the last page.</param>
public sealed record CertificatePage(IReadOnlyList<CertificateRecord> Items, long? NextCursor);
