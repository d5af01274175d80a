namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>A CA certificate that is about to be signed.</summary>
internal sealed record Intent(byte[] Serial, string Subject, string Profile, string Issuer, byte[] TbsSha256, string Requester, string? IdempotencyKey);
