namespace IoTPlatform.Pki.Signing;

/// <summary>One line of <see cref="RevokedSubCasContent"/>.</summary>
public sealed record RevokedSubCa(ReadOnlyMemory<byte> SerialNumber, DateTimeOffset RevokedAt);
