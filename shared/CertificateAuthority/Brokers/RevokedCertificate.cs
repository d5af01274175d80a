namespace IoTPlatform.CertificateAuthority;

/// <summary>A certificate that is revoked and would be in date.</summary>
/// <param name="Serial">Minimal big-endian bytes.</param>
/// <param name="IssuerKeyId">Subject key identifier of its issuer.</param>
/// <param name="Profile">Name of its profile.</param>
/// <param name="Subject">CN, for a device its id.</param>
/// <param name="RevokedAt">When.</param>
public sealed record RevokedCertificate(byte[] Serial, byte[] IssuerKeyId, string Profile, string Subject, DateTimeOffset RevokedAt);
