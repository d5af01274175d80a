namespace IoTPlatform.CertificateAuthority.Storage;

/// <param name="Told">Certificates that got their audit entry now.</param>
/// <param name="More">There may be more that are due.</param>
internal readonly record struct ExpiryBatch(int Told, bool More);
