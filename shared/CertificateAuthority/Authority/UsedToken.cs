namespace IoTPlatform.CertificateAuthority;

/// <summary>A one-time token: spent in the same commit as the certificate it buys, or, a key proof, when it is shown.</summary>
/// <param name="Hash">SHA-256 over who made it and its jti.</param>
/// <param name="Expires">When the token would be refused anyway, so that the entry can go.</param>
public sealed record UsedToken(byte[] Hash, DateTimeOffset Expires);
