namespace IoTPlatform.CertificateAuthority;

/// <summary>A one-time token to be spent in the same commit as the certificate it buys.</summary>
/// <param name="Hash">SHA-256 over the issuing provisioner and the token's jti.</param>
/// <param name="Expires">When the token would be refused anyway, so that the entry can go.</param>
public sealed record UsedToken(byte[] Hash, DateTimeOffset Expires);
