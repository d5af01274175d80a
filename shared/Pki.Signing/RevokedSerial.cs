namespace IoTPlatform.Pki.Signing;

/// <param name="SerialNumber">Minimal big-endian bytes, see <see cref="Pki.SerialNumber"/>.</param>
/// <param name="RevokedAt">When.</param>
public sealed record RevokedSerial(byte[] SerialNumber, DateTimeOffset RevokedAt);
