namespace IoTPlatform.Jose;

/// <summary>True if the Ed25519 signature (RFC 8032) of the data is right under the key this was made for. Called from many threads.</summary>
public delegate bool Ed25519Check(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
