namespace IoTPlatform.Jose;

/// <summary>Password-encrypted compact JWE: PBES2-HS256+A128KW (RFC 7518 section 4.8) with A256GCM.</summary>
public static class Pbes2Jwe
{
    public static string Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<char> password, string contentType = "jwk+json", int iterations = 600_000)
        => throw new NotImplementedException();

    /// <summary>Wrong password and tampering are both <see cref="JoseError.DecryptionFailed"/>. More rounds than <paramref name="maxIterations"/> are refused unread.</summary>
    public static byte[] Decrypt(string compact, ReadOnlySpan<char> password, int maxIterations = 2_000_000)
        => throw new NotImplementedException();
}
