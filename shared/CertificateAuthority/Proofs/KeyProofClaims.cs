namespace IoTPlatform.CertificateAuthority;

/// <summary>What a verified proof says.</summary>
/// <param name="Id">jti: unique per proof.</param>
/// <param name="Extra">The further string claims.</param>
public sealed record KeyProofClaims(string Subject, string Id, DateTimeOffset IssuedAt, DateTimeOffset Expires, IReadOnlyDictionary<string, string> Extra);
